//! A text to read, over the lists: what a check said, why something did not work.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::details;
use crate::draw::areas::split_top;
use crate::draw::paint;
use crate::home::state::{Page, State};
use crate::theme::Hue;

/// Draws a page from where it is scrolled to.
pub(crate) fn draw(state: &State, page: &Page, area: Rect, buf: &mut Buffer) {
    let (title, body) = split_top(area, 1);
    let lines = lines(page, usize::from(area.width));
    let style = if page.is_bad { state.styles.of(Hue::Bad) } else { Style::new() };
    let text = paint::cut(&page.title, title.width, state.styles.unicode());
    let bold = style.patch(state.styles.bold());
    let taken = paint::put(buf, title.x, title.y, title.width, &text, bold);
    let rows = usize::from(body.height);
    let from = page.scroll.min(lines.len().saturating_sub(1));
    let to = (from + rows).min(lines.len());
    if from > 0 || to < lines.len() {
        let place = format!("lines {} to {to} of {}", from + 1, lines.len());
        paint::right(buf, title, taken, &place, state.styles.of(Hue::Faint));
    }
    for (y, line) in (body.top()..body.bottom()).zip(&lines[from..]) {
        // The marks below a line of a file are told apart from the file's.
        let is_caret = line.trim_start().starts_with('|') && line.contains('^');
        let style = if is_caret { state.styles.of(Hue::Bad) } else { Style::new() };
        paint::put(buf, body.x, y, body.width, line, style);
    }
}

/// The page's lines, those that are too long continued on the next.
pub(crate) fn lines(page: &Page, columns: usize) -> Vec<String> {
    let columns = u16::try_from(columns).unwrap_or(u16::MAX);
    page.lines.iter().flat_map(|line| details::wrap(line, columns)).collect()
}
