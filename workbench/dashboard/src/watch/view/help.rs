//! The keys, from the table that they are dispatched by.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::paint;
use crate::keys::Place;
use crate::theme::Hue;
use crate::watch::keys::{Action, Binding, TABLE};
use crate::watch::state::State;

/// A column of keys is at least so wide.
const COLUMN: u16 = 74;

/// Draws the help in as many columns as fit; what holds in the view comes first.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let view = state.ui.view;
    let here = |binding: &&Binding| binding.places.contains(&view);
    let everywhere = |binding: &&Binding| binding.places.is_empty() && !is_about_views(binding);
    let elsewhere =
        |binding: &&Binding| !binding.places.is_empty() && !binding.places.contains(&view);
    let mut lines: Vec<(String, String)> = Vec::new();
    for binding in TABLE.iter().filter(here).chain(TABLE.iter().filter(everywhere)) {
        lines.push((binding.names(), binding.help.to_owned()));
    }
    let come_back = (!state.come_back.is_empty())
        .then(|| format!("to come back after leaving: {}", state.come_back));
    let rows = usize::from(area.height.saturating_sub(1 + u16::from(come_back.is_some()))).max(1);
    let columns = usize::from(area.width / COLUMN).max(1);
    if columns * rows >= lines.len() + TABLE.iter().filter(elsewhere).count() {
        for binding in TABLE.iter().filter(elsewhere) {
            lines.push((binding.names(), format!("{} (in {})", binding.help, binding.place())));
        }
    }
    // Two narrow columns say more than one that is cut.
    let columns = if lines.len() > columns * rows { lines.len().div_ceil(rows) } else { columns };
    let width = area.width / columns as u16;
    let title = format!("Keys in {} (1 to 7, Tab and Shift-Tab choose the view)", view.name());
    paint::put(buf, area.x, area.y, area.width, &title, state.styles.bold());
    for (i, (names, help)) in lines.iter().enumerate() {
        let (column, row) = (i / rows, i % rows);
        let (x, y) = (area.x + column as u16 * width, area.y + 1 + row as u16);
        let name_width = if width < 50 { 11 } else { 14 };
        paint::put(buf, x, y, width, names, state.styles.of(Hue::Train));
        let room = width.saturating_sub(name_width + 1);
        let help = paint::cut(help, room, state.styles.unicode());
        paint::put(buf, x + name_width, y, room, &help, Style::new());
    }
    if let Some(text) = come_back {
        let text = paint::cut(&text, area.width, state.styles.unicode());
        paint::put(buf, area.x, area.bottom() - 1, area.width, &text, state.styles.of(Hue::Faint));
    }
}

/// One line stands for all of these.
fn is_about_views(binding: &Binding) -> bool {
    matches!(binding.action, Action::Show(_) | Action::NextView | Action::PreviousView)
}
