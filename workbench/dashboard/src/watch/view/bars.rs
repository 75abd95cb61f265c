//! KL per latent dimension, greatest first: as a heat map over the run, and as a bar at the step that is looked at.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::areas::titled;
use crate::draw::half_blocks::shade;
use crate::draw::heat::heat;
use crate::draw::paint;
use crate::format;
use crate::latent::{self, Latent};
use crate::theme::Hue;
use crate::watch::state::State;

/// Draws as many bars as there are rows, in two columns where that shows more.
pub(crate) fn draw(state: &State, latent: &Latent, area: Rect, buf: &mut Buffer) {
    let (title, body) = titled(area);
    let dims = latent.snapshot.dims;
    let total: f64 = latent.kl.iter().sum();
    let over = match (state.usage.keys().next(), state.usage.keys().next_back()) {
        (Some(first), Some(last)) if first < last && is_wide(area.width) => {
            format!(", steps {first} to {last}")
        }
        _ => String::new(),
    };
    let active = format!("{} of {dims} active", latent.active_units());
    let text = format!("KL {} nats", format::number(total));
    // How many are active matters more.
    let fits = paint::width(&text) + paint::width(&over) + paint::width(&active) + 2 <= area.width;
    let text = if fits { text + &over } else { text };
    let taken = paint::put(buf, title.x, title.y, title.width, &text, state.styles.bold());
    let style = if latent.warning().is_some() { state.styles.of(Hue::Bad) } else { Style::new() };
    paint::right(buf, title, taken, &active, style);
    if body.height == 0 || body.width < 16 {
        return;
    }
    let rows = usize::from(body.height);
    let columns =
        if dims > rows { usize::from(body.width / 24).clamp(1, dims.div_ceil(rows)) } else { 1 };
    let width = body.width / columns as u16;
    let greatest = latent.order.first().map_or(0.0, |&most| latent.kl[most]).max(1e-9);
    let room = columns * rows;
    // The last row tells of those that have no room.
    let shown = if dims > room { room - 1 } else { dims };
    for (place, &dim) in latent.order.iter().take(shown).enumerate() {
        let x = body.x + (place / rows) as u16 * width;
        let row = Rect {
            x,
            y: body.y + (place % rows) as u16,
            width: width.saturating_sub(1),
            height: 1,
        };
        bar(state, latent, dim, greatest, row, buf);
    }
    if let Some(&next) = latent.order.get(shown) {
        let rest = dims - shown;
        let kl = format::number(latent.kl[next]);
        let text = format!("and {rest} more, each at most {kl}");
        let x = body.x + (columns as u16 - 1) * width;
        paint::put(buf, x, body.bottom() - 1, width, &text, state.styles.of(Hue::Faint));
    }
}

fn bar(state: &State, latent: &Latent, dim: usize, greatest: f64, row: Rect, buf: &mut Buffer) {
    let digits = latent.snapshot.dims.to_string().len().max(2);
    // Dimensions count from 1, as in figures and papers.
    let name = format!("z{:<digits$}", dim + 1);
    let live = latent.active[dim];
    let style = state.styles.of(if live { Hue::Train } else { Hue::Faint });
    let x =
        paint::put(buf, row.x, row.y, row.width, &name, if live { Style::new() } else { style })
            + 1;
    let value = if live { format!("{:>6.3}", latent.kl[dim]) } else { format!("{:>6}", "dead") };
    let x = strip(
        state,
        dim,
        greatest,
        Rect { x, width: row.right().saturating_sub(x + 7), ..row },
        buf,
    );
    let room = row.right().saturating_sub(x + 7);
    let eighths = (latent.kl[dim] / greatest * f64::from(room) * 8.0).round().max(0.0) as u16;
    for i in 0..room.min(eighths.div_ceil(8)) {
        let part = (eighths - i * 8).min(8);
        let glyph = if state.styles.unicode() {
            ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"][usize::from(part)]
        } else if part >= 4 {
            "#"
        } else {
            "-"
        };
        paint::put(buf, x + i, row.y, 1, glyph, style);
    }
    paint::put(buf, x + room + 1, row.y, 6, &value, if live { Style::new() } else { style });
}

/// A narrower list has no room for the past.
fn is_wide(width: u16) -> bool {
    width >= 30
}

/// A dimension's KL over the run, as a strip of cells from its first snapshot to its last; returns the column behind.
fn strip(state: &State, dim: usize, greatest: f64, area: Rect, buf: &mut Buffer) -> u16 {
    let ends = state.usage.keys().next().zip(state.usage.keys().next_back());
    let Some((&first, &last)) = ends.filter(|(first, last)| first < last) else { return area.x };
    if !is_wide(area.width + 12) {
        return area.x;
    }
    let most = state.usage.values().flat_map(|usage| usage.kl.iter().copied());
    let most = most.filter(|kl| kl.is_finite()).fold(greatest, f64::max);
    let width = area.width * 55 / 100;
    let points: Vec<(u64, f64)> = latent::of_dimension(&state.usage, dim).collect();
    for i in 0..width {
        let step = first + (last - first) * u64::from(i) / u64::from(width.max(2) - 1);
        let at = points.partition_point(|(at, _)| *at <= step).saturating_sub(1);
        let Some((_, kl)) = points.get(at) else { continue };
        // By its root, since half a nat is much beside none and little beside four.
        let share = if kl.is_finite() { (kl / most).max(0.0).sqrt() } else { 1.0 };
        let Some(cell) = buf.cell_mut((area.x + i, area.y)) else { continue };
        match state.styles.rgb(heat(share)) {
            Some(color) => drop(cell.set_char(' ').set_bg(color)),
            None => drop(cell.set_char(shade(share, state.styles.unicode()))),
        }
    }
    area.x + width + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::picture::brightness;

    #[test]
    fn more_is_brighter_all_the_way() {
        let bright: Vec<f64> = (0..=20).map(|i| brightness(heat(f64::from(i) / 20.0))).collect();
        assert!(bright.windows(2).all(|pair| pair[0] < pair[1]), "{bright:?}");
    }
}
