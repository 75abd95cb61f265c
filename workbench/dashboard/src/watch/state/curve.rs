//! A series as the columns of a chart.

use workbench_runs::Series;

/// What a series does within one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    pub lo: f64,
    pub hi: f64,
    /// The last finite value.
    pub last: f64,
    /// A value here is not finite.
    pub broken: bool,
}

/// The least, greatest and last value in each of `n` columns over the steps `from..=to`, so that a spike
/// stays however many points share its column. `None` where a column has no point.
pub(crate) fn columns(
    steps: &[u64],
    values: impl Iterator<Item = f64>,
    (from, to): (u64, u64),
    n: usize,
) -> Vec<Option<Column>> {
    let mut columns: Vec<Option<Column>> = vec![None; n];
    for (&step, value) in steps.iter().zip(values) {
        let Some(at) = column_of(step, (from, to), n) else { continue };
        let column = columns[at].get_or_insert(Column {
            lo: f64::INFINITY,
            hi: f64::NEG_INFINITY,
            last: f64::NAN,
            broken: false,
        });
        if value.is_finite() {
            column.lo = column.lo.min(value);
            column.hi = column.hi.max(value);
            column.last = value;
        } else {
            column.broken = true;
        }
    }
    columns
}

/// The column of a step; `None` outside of the axis.
pub(crate) fn column_of(step: u64, (from, to): (u64, u64), n: usize) -> Option<usize> {
    if n == 0 || step < from || step > to {
        return None;
    }
    let span = (to - from).max(1);
    let at = u128::from(step - from) * (n as u128 - 1) + u128::from(span) / 2;
    Some((at / u128::from(span)) as usize)
}

/// The exponential moving average, unbiased at its start as Adam's moments are; what is not finite is
/// passed over.
pub(crate) fn smooth(values: &[f32], weight: f64) -> Vec<f64> {
    let (mut mean, mut mass) = (0.0, 0.0);
    values
        .iter()
        .map(|&value| {
            if value.is_finite() {
                mean = weight * mean + (1.0 - weight) * f64::from(value);
                mass = weight * mass + (1.0 - weight);
            }
            if mass > 0.0 { mean / mass } else { f64::NAN }
        })
        .collect()
}

/// The last step and value at or before a step.
pub(crate) fn at(series: &Series, step: u64) -> Option<(u64, f32)> {
    let index = series.steps.partition_point(|&at| at <= step).checked_sub(1)?;
    Some((series.steps[index], series.values[index]))
}

/// The step and value of the least finite value.
pub(crate) fn least(series: &Series) -> Option<(u64, f32)> {
    let finite = series.steps.iter().zip(&series.values).filter(|(_, value)| value.is_finite());
    finite.min_by(|a, b| a.1.total_cmp(b.1)).map(|(&step, &value)| (step, value))
}

/// The step and value of the best finite value: the greatest of what is better when it is greater, else the least.
pub(crate) fn best(tag: &str, series: &Series) -> Option<(u64, f32)> {
    let tag = tag.to_ascii_lowercase();
    if !(tag.contains("elbo") || tag.contains("acc")) {
        return least(series);
    }
    let finite = series.steps.iter().zip(&series.values).filter(|(_, value)| value.is_finite());
    finite.max_by(|a, b| a.1.total_cmp(b.1)).map(|(&step, &value)| (step, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_of_one_step_in_a_million_stays_in_its_column() {
        let steps: Vec<u64> = (0..=1_000_000).collect();
        let values = steps.iter().map(|&step| if step == 400_000 { 9.0 } else { 1.0 });
        let columns = columns(&steps, values, (0, 1_000_000), 101);
        let column = columns[40].unwrap();
        assert_eq!((column.lo, column.hi, column.last), (1.0, 9.0, 1.0));
        assert_eq!(columns.iter().flatten().filter(|column| column.hi > 1.0).count(), 1);
    }

    #[test]
    fn the_ends_of_the_axis_are_the_first_and_the_last_column() {
        assert_eq!(column_of(5, (5, 25), 11), Some(0));
        assert_eq!(column_of(25, (5, 25), 11), Some(10));
        assert_eq!(column_of(26, (5, 25), 11), None);
        assert_eq!(column_of(7, (7, 7), 4), Some(0));
        assert_eq!(column_of(u64::MAX, (0, u64::MAX), 4), Some(3));
    }

    #[test]
    fn what_is_not_finite_is_told_and_not_drawn() {
        let values = [1.0, f64::NAN, 2.0];
        let columns = columns(&[0, 1, 2], values.into_iter(), (0, 2), 2);
        assert!(columns.iter().flatten().any(|column| column.broken));
        assert_eq!(columns[1].unwrap().last, 2.0);
    }

    #[test]
    fn smoothing_starts_at_the_first_value_and_passes_over_nan() {
        let smoothed = smooth(&[4.0, f32::NAN, 4.0, 0.0], 0.9);
        assert_eq!(&smoothed[..3], &[4.0, 4.0, 4.0]);
        assert!(smoothed[3] < 4.0 && smoothed[3] > 2.0);
        assert_eq!(smooth(&[1.0, 3.0], 0.0), [1.0, 3.0]);
    }

    #[test]
    fn values_are_read_at_or_before_a_step() {
        let series =
            Series { steps: vec![10, 20], values: vec![3.0, 1.0], wall_times: vec![0.0; 2] };
        assert_eq!(at(&series, 19), Some((10, 3.0)));
        assert_eq!(at(&series, 9), None);
        assert_eq!(least(&series), Some((20, 1.0)));
        assert_eq!(best("valid/loss", &series), Some((20, 1.0)));
        assert_eq!(best("valid/elbo", &series), Some((10, 3.0)));
    }
}
