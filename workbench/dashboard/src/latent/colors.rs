//! Numbers as the colours of points; where there is no colour, as tenths of their range.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::axis::{self, Range};
use crate::draw::heat::heat;
use crate::draw::paint;
use crate::theme::Styles;

/// Colours each cell by the mean of its points' numbers; without colour its tenth of the range stands there.
pub(crate) fn by_value(
    styles: &Styles,
    values: &[f64],
    area: Rect,
    by_letter: bool,
    cell_of: &dyn Fn(usize) -> Option<(u16, u16)>,
    buf: &mut Buffer,
) {
    let Some(range) = value_range(values) else { return };
    let mut sums: BTreeMap<(u16, u16), (f64, f64)> = BTreeMap::new();
    for (i, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        if let Some(cell) = cell_of(i) {
            let sum = sums.entry(cell).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    for ((column, row), (sum, n)) in sums {
        let Some(cell) = buf.cell_mut((area.x + column, area.y + row)) else { continue };
        let share = (sum / n - range.lo) / range.span();
        if by_letter {
            cell.set_char(tenth(share));
        } else if let Some(color) = styles.rgb(value_color(share)) {
            cell.set_fg(color);
        }
    }
}

/// The ends of what colours the points, and the colours between.
pub(crate) fn numbers_legend(
    styles: &Styles,
    name: &str,
    of: &[f64],
    area: Rect,
    buf: &mut Buffer,
) {
    let Some(range) = value_range(of) else { return };
    let mut pieces = vec![(format!("colour {name}: {:.2}", range.lo), Style::new())];
    let by_letter = styles.rgb([0; 3]).is_none();
    pieces.extend((0..10).map(|i| {
        let share = f64::from(i) / 9.0;
        let glyph = if by_letter { tenth(share) } else { styles.pick('●', tenth(share)) };
        let color = styles.rgb(value_color(share));
        (glyph.to_string(), color.map_or(Style::new(), |color| Style::new().fg(color)))
    }));
    pieces.push((format!("{:.2}", range.hi), Style::new()));
    paint::pieces(buf, area, 1, &pieces);
}

/// The range of what colours the points, a few far ones aside.
fn value_range(values: &[f64]) -> Option<Range> {
    let bulk = axis::bulk(&mut values.iter().map(|&value| (0, value)).collect())?;
    let range = bulk.range;
    Some(if range.span() > 0.0 { range } else { Range::nice(range.lo, range.hi) })
}

/// Not as dark as a heat map's: a point of nothing is a point all the same.
fn value_color(share: f64) -> [u8; 3] {
    heat(0.25 + 0.75 * share.clamp(0.0, 1.0))
}

fn tenth(share: f64) -> char {
    char::from_digit((share.clamp(0.0, 1.0) * 9.99) as u32, 10).unwrap_or('9')
}
