//! The last row: what has just happened, or what keys there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::paint;
use crate::explore::keys::View;
use crate::explore::state::State;
use crate::theme::Hue;

/// Draws the more pressing of them.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (text, style) = line(state, area.width);
    let text = match paint::width(&text) > area.width {
        // Of a long path its end tells most.
        true if text.starts_with("saved ") => tail(state, &text, area.width),
        _ => paint::cut(&text, area.width, state.styles.unicode()),
    };
    paint::put(buf, area.x, area.y, area.width, &text, style);
}

fn line(state: &State, width: u16) -> (String, Style) {
    if let Some(notice) = &state.ui.notice {
        let hue = if notice.is_bad { Hue::Bad } else { Hue::Good };
        return (crate::format::plain(&notice.text), state.styles.of(hue));
    }
    if let Some(trouble) = &state.trouble {
        return (crate::format::plain(trouble), state.styles.of(Hue::Bad));
    }
    (hints(state, width), state.styles.of(Hue::Faint))
}

/// The keys that matter most; where they do not all fit, the last of them give way.
fn hints(state: &State, width: u16) -> String {
    let move_ = state.styles.pick("←→ move", "Left/Right move");
    let choose = state.styles.pick("↑↓ choose", "Up/Down choose");
    let point = state.styles.pick("←→↑↓ point", "arrows point");
    let mut own = match state.ui.view {
        View::Palette if state.ui.help => Vec::new(),
        View::Palette => {
            let strip =
                if state.marks.iter().all(Option::is_some) { ". , walk" } else { "A B strip" };
            let all = [move_, choose, "n image", "d draw", "a random", "x lock", "r reset", strip];
            all.iter().copied().chain(["m map", "s save", "p directions"]).collect()
        }
        View::Map => {
            vec![point, "Enter start here", "A B strip", "p directions", "s save", "m back"]
        }
    };
    loop {
        let text = own.iter().chain(&["? help", "q leave"]).copied().collect::<Vec<_>>().join("  ");
        if paint::width(&text) <= width || own.pop().is_none() {
            return text;
        }
    }
}

fn tail(state: &State, text: &str, width: u16) -> String {
    let mark = state.styles.pick("…", "~");
    let mut rest = text.trim_start_matches("saved ");
    while paint::width(rest) + paint::width("saved ") + 1 > width {
        let mut chars = rest.chars();
        if chars.next().is_none() {
            break;
        }
        rest = chars.as_str();
    }
    format!("saved {mark}{rest}")
}
