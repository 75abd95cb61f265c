//! KL per latent dimension, greatest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{paint, titled};
use crate::format;
use crate::state::State;
use crate::state::latent::Latent;
use crate::theme::Hue;

/// Draws as many bars as there are rows, in two columns where that shows more.
pub(crate) fn draw(state: &State, latent: &Latent, area: Rect, buf: &mut Buffer) {
    let (title, body) = titled(area);
    let dims = latent.snapshot.dims;
    let total: f64 = latent.kl.iter().sum();
    let text = format!("KL {} nats", format::number(total));
    let taken = paint::put(buf, title.x, title.y, title.width, &text, state.styles.bold());
    let active = format!("{} of {dims} active", latent.active_units());
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
