//! Text into a buffer, cut to where it may go.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Writes a text into at most `width` columns from (x, y), and returns the column behind it.
pub(crate) fn put(buf: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    let area = *buf.area();
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    let width = width.min(area.right() - x);
    buf.set_stringn(x, y, text, usize::from(width), style).0
}

/// Writes pieces of text side by side; those that do not fit whole are left out, from the first such on.
pub(crate) fn pieces(buf: &mut Buffer, area: Rect, gap: u16, pieces: &[(String, Style)]) -> u16 {
    let mut x = area.x;
    for (text, style) in pieces {
        let from = if x == area.x { x } else { x + gap };
        if from + width(text) > area.right() {
            break;
        }
        x = put(buf, from, area.y, area.right() - from, text, *style);
    }
    x
}

/// Writes a text against the right edge where at least `clear` columns from the left stay free.
pub(crate) fn right(buf: &mut Buffer, area: Rect, taken_to: u16, text: &str, style: Style) {
    let wide = width(text);
    if area.height > 0 && taken_to + 1 + wide <= area.right() {
        put(buf, area.right() - wide, area.y, wide, text, style);
    }
}

/// A text in the middle of an area, for a pane with nothing to show.
pub(crate) fn middle(buf: &mut Buffer, area: Rect, text: &str, style: Style) {
    if area.height == 0 {
        return;
    }
    let x = area.x + area.width.saturating_sub(width(text)) / 2;
    put(buf, x, area.y + area.height / 2, area.right() - x, text, style);
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> u16 {
    ratatui::text::Span::raw(text).width().min(usize::from(u16::MAX)) as u16
}

/// A text cut to so many columns, with a mark where it was cut.
pub(crate) fn cut(text: &str, columns: u16, unicode: bool) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mark = if unicode { "…" } else { "~" };
    let mut out = String::new();
    for c in text.chars() {
        if width(&out) + width(&c.to_string()) + 1 > columns {
            break;
        }
        out.push(c);
    }
    if columns > 0 { out + mark } else { out }
}
