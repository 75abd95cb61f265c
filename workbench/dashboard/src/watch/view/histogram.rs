//! Histograms over the steps: each column a histogram, brighter where more numbers lie.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use workbench_runs::Histogram;

use super::chart;
use crate::draw::areas::titled;
use crate::draw::axis::Range;
use crate::draw::half_blocks::shade;
use crate::draw::heat::heat;
use crate::draw::paint;
use crate::format;
use crate::theme::Hue;
use crate::watch::state::{Axis, State};

/// Draws the histograms of a tag.
pub(crate) fn draw(state: &State, tag: &str, area: Rect, buf: &mut Buffer) {
    let (title, body) = titled(area);
    let faint = state.styles.of(Hue::Faint);
    let Some(list) = state.history.histograms.get(tag).filter(|list| !list.is_empty()) else {
        return;
    };
    let upto = state.ui.cursor.unwrap_or(u64::MAX);
    let at = list.partition_point(|(step, _)| *step <= upto).saturating_sub(1);
    let (step, shown) = &list[at];
    let name = paint::cut(tag, title.width, state.styles.unicode());
    let mut pieces = vec![(name, state.styles.bold())];
    if shown.num > 0.0 {
        let mean = shown.sum / shown.num;
        let variance = (shown.sum_squares / shown.num - mean * mean).max(0.0);
        let text = format!(
            "at {step}: mean {} std {}",
            format::number(mean),
            format::number(variance.sqrt())
        );
        pieces.push((text, faint));
    }
    paint::pieces(buf, title, 2, &pieces);
    let Some(range) = range(list) else {
        paint::middle(buf, body, "no finite value", faint);
        return;
    };
    let Some(plot) = chart::plot(body) else { return };
    let axis = Axis { range, above: None, below: None };
    chart::y_axis(state, &axis, false, plot, false, buf);
    let steps = state.steps();
    if body.height >= 4 {
        chart::x_axis(state, steps, plot, buf);
    }
    columns(state, list, range, steps, plot, buf);
    chart::cursor(state, steps, plot, buf);
}

/// The least and the greatest of all that were counted.
fn range(list: &[(u64, Histogram)]) -> Option<Range> {
    let ends = list.iter().filter(|(_, h)| h.num > 0.0).map(|(_, h)| (h.min, h.max));
    let ends = ends.filter(|(min, max)| min.is_finite() && max.is_finite());
    let (lo, hi) = ends.fold((f64::MAX, f64::MIN), |(a, b), (min, max)| (a.min(min), b.max(max)));
    (lo <= hi).then(|| Range::nice(lo, hi))
}

fn columns(
    state: &State,
    list: &[(u64, Histogram)],
    range: Range,
    (from, to): (u64, u64),
    plot: Rect,
    buf: &mut Buffer,
) {
    let last = list.last().map_or(0, |(step, _)| *step);
    let span = to.saturating_sub(from).max(1);
    for i in 0..plot.width {
        let step = from + span * u64::from(i) / u64::from(plot.width.max(2) - 1);
        let at = list.partition_point(|(at, _)| *at <= step);
        // Nothing is known before the first, and nothing after the last.
        let Some((_, histogram)) = at.checked_sub(1).and_then(|at| list.get(at)) else { continue };
        if step > last.saturating_add(span / u64::from(plot.width.max(1))) {
            continue;
        }
        let shares = shares(histogram, range, usize::from(plot.height));
        let most = shares.iter().copied().fold(0.0, f64::max);
        for (row, share) in shares.into_iter().enumerate().filter(|(_, share)| *share > 0.0) {
            let Some(cell) = buf.cell_mut((plot.x + i, plot.y + row as u16)) else { continue };
            // By its root: tails are what one looks for.
            let strength = 0.1 + 0.9 * (share / most).sqrt();
            match state.styles.rgb(heat(strength)) {
                Some(color) => drop(cell.set_char(' ').set_bg(color)),
                None => drop(cell.set_char(shade(strength, state.styles.unicode()))),
            }
        }
    }
}

/// How many of the numbers lie in each of `rows` equal parts of a range, from its top; a bucket's numbers are taken to be
/// spread evenly over it.
fn shares(histogram: &Histogram, range: Range, rows: usize) -> Vec<f64> {
    let mut shares = vec![0.0; rows];
    let height = range.span() / rows.max(1) as f64;
    let mut lower = histogram.min;
    for (&limit, &count) in histogram.bucket_limit.iter().zip(&histogram.bucket) {
        // The outermost buckets of some writers reach to the ends of all numbers.
        let (lo, hi) = (lower.max(histogram.min), limit.min(histogram.max));
        lower = limit;
        if !(count > 0.0 && lo.is_finite() && hi.is_finite()) {
            continue;
        }
        let row = |value: f64| ((range.hi - value) / height).clamp(0.0, rows as f64);
        let (top, bottom) = (row(hi.max(lo)), row(lo));
        let first = (top as usize).min(rows.saturating_sub(1));
        let end = (bottom.ceil() as usize).clamp(first + 1, rows.max(first + 1));
        for (at, share) in shares.iter_mut().enumerate().take(end).skip(first) {
            let part = bottom.min(at as f64 + 1.0) - top.max(at as f64);
            // What has no extent falls into one row.
            let part = if bottom > top { part.max(0.0) / (bottom - top) } else { 1.0 };
            *share += count * part;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_lost_or_counted_twice() {
        let numbers: Vec<f32> = (0..1000).map(|i| (i as f32 / 100.0).sin()).collect();
        let histogram = Histogram::of(&numbers, 30);
        let shares = shares(&histogram, Range { lo: -1.5, hi: 1.5 }, 12);
        assert!((shares.iter().sum::<f64>() - 1000.0).abs() < 1e-6, "{shares:?}");
        assert_eq!(shares[0], 0.0, "above the greatest");
        // The sine lies most often near its ends.
        assert!(shares[2] > shares[6]);
    }

    #[test]
    fn equal_numbers_fall_into_one_row() {
        let histogram = Histogram::of(&[0.5; 7], 4);
        let shares = shares(&histogram, Range { lo: 0.0, hi: 1.0 }, 5);
        assert_eq!(shares.iter().sum::<f64>(), 7.0, "{shares:?}");
        assert_eq!(shares.iter().filter(|share| **share > 0.0).count(), 1);
    }
}
