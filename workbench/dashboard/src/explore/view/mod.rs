//! The explorer's screens. They draw the state and do nothing else.

mod footer;
mod header;
mod help;
pub(crate) mod layout;
mod map;
mod pictures;
mod sliders;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::keys::View;
use super::state::State;
use crate::draw::paint;

/// The least screen that shows sliders and a picture.
const LEAST: (u16, u16) = (44, 10);

/// Draws the whole screen.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let lines = [
            format!("{} at step {}", state.name, state.known.space.step),
            format!("too small: {}x{} at least", LEAST.0, LEAST.1),
        ];
        for (y, line) in (area.top()..area.bottom()).zip(lines) {
            paint::put(buf, area.x, y, area.width, &line, Style::new());
        }
        return;
    }
    let layout = layout::of(state);
    footer::draw(state, layout.footer, buf);
    if state.ui.help {
        let upper = Rect { height: area.height - 1, ..area };
        return help::draw(state, upper, buf);
    }
    header::draw(state, layout.header, buf);
    match state.ui.view {
        View::Palette => {
            sliders::draw(state, &layout, buf);
            pictures::strip(state, &layout, buf);
            pictures::side(state, layout.side, buf);
        }
        View::Map => map::draw(state, &layout, buf),
    }
    pictures::current(state, layout.picture, buf);
}
