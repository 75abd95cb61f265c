use super::Series;

/// Thins a series to three quarters of `limit` points. The newest quarter of them stay as they are; those
/// before keep the least and the greatest of each of `limit / 4` stretches of equally many steps, so that
/// spikes outlive any number of thinnings and all of the run stays evenly covered.
pub(super) fn thin(series: &mut Series, limit: usize) {
    let stretches = (limit / 4).max(1);
    let end = series.len().saturating_sub(stretches);
    let Some((&first, &last)) = series.steps[..end].first().zip(series.steps[..end].last()) else {
        return;
    };
    let span = u128::from(last - first) + 1;
    let stretches = stretches as u128;
    let (mut kept, mut from) = (0, 0);
    while from < end {
        let stretch = u128::from(series.steps[from] - first) * stretches / span;
        // The first step of the next stretch.
        let next = u128::from(first) + ((stretch + 1) * span).div_ceil(stretches);
        let to = from + series.steps[from..end].partition_point(|&step| u128::from(step) < next);
        for at in extremes(&series.values[from..to]).into_iter().flatten() {
            series.steps[kept] = series.steps[from + at];
            series.values[kept] = series.values[from + at];
            series.wall_times[kept] = series.wall_times[from + at];
            kept += 1;
        }
        from = to;
    }
    series.steps.drain(kept..end);
    series.values.drain(kept..end);
    series.wall_times.drain(kept..end);
}

/// Where the least and the greatest are, in their order; one where there is only one.
fn extremes(values: &[f32]) -> [Option<usize>; 2] {
    let by_value = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
    let least = (0..values.len()).min_by(by_value);
    let greatest = (0..values.len()).max_by(by_value);
    [least.min(greatest), least.max(greatest).filter(|_| least != greatest)]
}
