//! The keys, from the table that they are dispatched by.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::paint;
use crate::explore::keys::TABLE;
use crate::explore::state::State;
use crate::keys::Place;
use crate::theme::Hue;

/// Draws the keys of the screen that is shown, in as many columns as it takes.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let title = format!("Keys of the {} (m changes between sliders and map)", state.ui.view.name());
    paint::put(buf, area.x, area.y, area.width, &title, state.styles.bold());
    let bindings: Vec<_> = TABLE.iter().filter(|binding| binding.holds_in(state.ui.view)).collect();
    let rows = usize::from(area.height.saturating_sub(1)).max(1);
    let columns = bindings.len().div_ceil(rows).max(1);
    let width = area.width / columns as u16;
    let names = if width < 60 { 12 } else { 20 };
    for (i, binding) in bindings.into_iter().enumerate() {
        let (x, y) = (area.x + (i / rows) as u16 * width, area.y + 1 + (i % rows) as u16);
        let text = paint::cut(&binding.names(), names - 1, state.styles.unicode());
        paint::put(buf, x, y, width, &text, state.styles.of(Hue::Train));
        let room = width.saturating_sub(names + 1);
        let help = paint::cut(binding.help, room, state.styles.unicode());
        paint::put(buf, x + names, y, room, &help, Style::new());
    }
}
