//! The keys, from the table that they are dispatched by.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::areas::split_top;
use crate::draw::paint;
use crate::home::keys::{Action, Binding, TABLE};
use crate::home::state::State;
use crate::theme::Hue;

/// Draws all keys, in as many columns as it takes.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (title, body) = split_top(area, 1);
    let text = "Keys of Home (1 to 4, Tab, Left and Right choose the section)";
    paint::put(buf, title.x, title.y, title.width, text, state.styles.bold());
    let bindings: Vec<_> = TABLE.iter().filter(|binding| !is_about_sections(binding)).collect();
    let rows = usize::from(body.height).max(1);
    let columns = bindings.len().div_ceil(rows).max(1);
    let width = body.width / columns as u16;
    let names = if width < 60 { 12 } else { 16 };
    for (i, binding) in bindings.into_iter().enumerate() {
        let (x, y) = (body.x + (i / rows) as u16 * width, body.y + (i % rows) as u16);
        let text = paint::cut(&binding.names(), names - 1, state.styles.unicode());
        paint::put(buf, x, y, width, &text, state.styles.of(Hue::Train));
        let place = binding.place();
        let help = match place.is_empty() {
            true => binding.help.to_owned(),
            false => format!("{}: {}", place.to_lowercase(), binding.help),
        };
        let room = width.saturating_sub(names + 1);
        let help = paint::cut(&help, room, state.styles.unicode());
        paint::put(buf, x + names, y, room, &help, Style::new());
    }
}

/// One line stands for all of these.
fn is_about_sections(binding: &Binding) -> bool {
    matches!(binding.action, Action::Show(_) | Action::NextSection | Action::PreviousSection)
}
