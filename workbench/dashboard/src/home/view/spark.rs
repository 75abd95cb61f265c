//! A curve as bars of one column each, in one row of text or several.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::draw::paint;
use crate::theme::{Hue, Styles};

const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 6] = ['_', '.', '-', '=', '*', '#'];

/// As many of the columns, from the greatest on, are cut at the top: the first steps of a loss would flatten the
/// rest.
const CUT: f64 = 0.15;

/// The curve in one row of at most `width` columns.
pub(crate) fn line(styles: &Styles, points: &[(u64, f32)], width: u16) -> String {
    let Some((columns, low, high)) = columns(points, usize::from(width)) else {
        return String::new();
    };
    let glyphs: &[char] = styles.pick(&EIGHTHS, &ASCII);
    let level = |value: f64| ((value - low) / (high - low) * glyphs.len() as f64) as usize;
    columns.iter().map(|&value| glyphs[level(value).min(glyphs.len() - 1)]).collect()
}

/// The curve over several rows, with its least and greatest value to the left.
pub(crate) fn area(styles: &Styles, points: &[(u64, f32)], area: Rect, buf: &mut Buffer) {
    const LABELS: u16 = 7;
    if area.width <= LABELS + 4 || area.height < 2 {
        return;
    }
    let width = area.width - LABELS;
    let Some((columns, low, high)) = columns(points, usize::from(width)) else { return };
    let faint = styles.of(Hue::Faint);
    for (value, y) in [(high, area.y), (low, area.bottom() - 1)] {
        let label = crate::format::number(value);
        let space = (LABELS - 1).saturating_sub(paint::width(&label));
        paint::put(buf, area.x + space, y, LABELS, &label, faint);
    }
    let style = styles.of(Hue::Train);
    let levels = f64::from(area.height) * 8.0;
    for (i, &value) in columns.iter().enumerate() {
        let filled = (((value - low) / (high - low)).clamp(0.0, 1.0) * (levels - 1.0)) as u16 + 1;
        for row in 0..area.height {
            let eighths = filled.saturating_sub(row * 8).min(8);
            let glyph = match eighths {
                0 => break,
                n if styles.unicode() => EIGHTHS[usize::from(n) - 1],
                n if n >= 4 => '#',
                _ => '.',
            };
            let at = (area.x + LABELS + i as u16, area.bottom() - 1 - row);
            if let Some(cell) = buf.cell_mut(at) {
                cell.set_char(glyph).set_style(style);
            }
        }
    }
}

/// The mean of each column's points, spread evenly over the steps, and the range to show; columns without a point lie
/// on the line between their neighbours. `None` where there is no finite point.
fn columns(points: &[(u64, f32)], width: usize) -> Option<(Vec<f64>, f64, f64)> {
    let points: Vec<(u64, f64)> =
        points.iter().filter(|(_, v)| v.is_finite()).map(|&(s, v)| (s, f64::from(v))).collect();
    let (&(from, _), &(to, _)) = (points.first()?, points.last()?);
    if width == 0 {
        return None;
    }
    let mut sums = vec![(0.0, 0u32); width];
    let span = to.saturating_sub(from).max(1) as f64;
    for (step, value) in points {
        let place = (step.saturating_sub(from) as f64 / span * (width - 1) as f64).round() as usize;
        let (sum, count) = &mut sums[place.min(width - 1)];
        *sum += value;
        *count += 1;
    }
    let means: Vec<Option<f64>> =
        sums.iter().map(|(sum, count)| (*count > 0).then(|| sum / f64::from(*count))).collect();
    let known: Vec<(usize, f64)> =
        means.iter().enumerate().filter_map(|(at, mean)| Some((at, (*mean)?))).collect();
    let between = |at: usize| {
        let next = known.partition_point(|(known, _)| *known < at);
        match (next.checked_sub(1).map(|before| known[before]), known.get(next)) {
            (_, Some(&(there, value))) if there == at => value,
            (Some((a, low)), Some(&(b, high))) => {
                low + (high - low) * (at - a) as f64 / (b - a) as f64
            }
            (Some((_, value)), None) | (None, Some(&(_, value))) => value,
            (None, None) => 0.0,
        }
    };
    let columns: Vec<f64> = (0..width).map(between).collect();
    let mut sorted = columns.clone();
    sorted.sort_by(f64::total_cmp);
    let low = sorted[0];
    let cut = ((sorted.len() - 1) as f64 * (1.0 - CUT)).ceil() as usize;
    let high = sorted[cut];
    // A level curve has some range all the same.
    let high = if high > low { high } else { low + low.abs().max(1e-9) };
    Some((columns, low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::{Glyphs, Theme};

    fn styles(glyphs: Glyphs) -> Styles {
        Styles { theme: Theme::None, ground: crate::theme::Ground::Dark, glyphs, pixels: None }
    }

    #[test]
    fn a_falling_curve_falls_and_its_start_is_cut() {
        let points: Vec<(u64, f32)> =
            (0..80).map(|i| (i, 100.0 + 500.0 * (-(i as f32) / 8.0).exp())).collect();
        let text = line(&styles(Glyphs::Braille), &points, 10);
        assert_eq!(text.chars().count(), 10);
        assert!(text.starts_with('█') && text.ends_with('▁'), "{text}");
        assert!(line(&styles(Glyphs::Ascii), &points, 10).is_ascii());
    }

    #[test]
    fn few_points_are_joined() {
        let points = [(0, 0.0), (10, 7.9)];
        assert_eq!(line(&styles(Glyphs::Braille), &points, 8), "▁▂▃▅▆▇██");
    }

    #[test]
    fn what_is_not_finite_or_not_there_does_no_harm() {
        let styles = styles(Glyphs::Braille);
        assert_eq!(line(&styles, &[], 10), "");
        assert_eq!(line(&styles, &[(1, f32::NAN)], 10), "");
        assert_eq!(line(&styles, &[(1, 1.0)], 0), "");
        let level = line(&styles, &[(1, 5.0), (2, f32::INFINITY), (9, 5.0)], 4);
        assert_eq!(level, "▁▁▁▁");
        assert_eq!(line(&styles, &[(7, 5.0)], 3), "▁▁▁");
    }
}
