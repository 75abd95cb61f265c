//! The picture of the code, the test image beside it, and the strip from A to B.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::Layout;
use crate::draw::areas::titled;
use crate::draw::paint;
use crate::draw::picture::Picture;
use crate::draw::pictures::{cells, paint_picture};
use crate::explore::decoder::Origin;
use crate::explore::state::State;
use crate::theme::Hue;

/// The picture of what is looked at, under a line that tells where it comes from.
pub(crate) fn current(state: &State, area: Rect, buf: &mut Buffer) {
    let (title, body) = titled(area);
    let current = state.current();
    let mut text = current.origin.text();
    let class = current.code.class.or(match current.origin {
        Origin::Point { point, .. } => state.known.label(point),
        Origin::Test(item) => {
            state.item.as_ref().filter(|shown| shown.item == item).and_then(|shown| shown.label)
        }
        _ => None,
    });
    if let Some(class) = class {
        text += &format!(": {}", state.class_name(class));
    }
    if current.origin == state.start.origin && current.code != state.start.code {
        text += ", moved";
    }
    let text = paint::cut(&text, title.width, state.styles.unicode());
    paint::put(buf, title.x, title.y, title.width, &text, state.styles.bold());
    match &state.picture {
        Some(picture) => {
            middle(state, picture, body, buf);
        }
        None if state.trouble.is_some() => {
            paint::middle(buf, body, "no picture", state.styles.of(Hue::Bad));
        }
        None => {}
    }
}

/// The test image that was begun from last, and its reconstruction.
pub(crate) fn side(state: &State, area: Rect, buf: &mut Buffer) {
    let Some(shown) = &state.item else { return };
    let faint = state.styles.of(Hue::Faint);
    let label = shown.label.map(|label| format!(": {}", state.class_name(label)));
    let texts =
        [format!("test {}{}", shown.item, label.unwrap_or_default()), "reconstructed".to_owned()];
    let mut area = area;
    for (text, picture) in texts.iter().zip([&shown.input, &shown.reconstruction]) {
        if area.height < 3 {
            return;
        }
        let (title, body) = titled(area);
        let text = paint::cut(text, title.width, state.styles.unicode());
        paint::put(buf, title.x, title.y, title.width, &text, faint);
        let body = Rect { height: body.height.min((state.size.1 - 4) / 2), ..body };
        let rows = paint_picture(&state.styles, picture, body, buf);
        let used = (rows + 1).min(area.height);
        area = Rect { y: area.y + used, height: area.height - used, ..area };
    }
}

/// From A to B in as many pictures as are wished.
pub(crate) fn strip(state: &State, layout: &Layout, buf: &mut Buffer) {
    let [Some(a), Some(b)] = &state.marks else { return };
    let title = Rect { height: layout.strip.height.min(1), ..layout.strip };
    if title.height == 0 {
        return;
    }
    let arrow = state.styles.pick("→", "->");
    let text = format!("A {} {arrow} B {}", a.origin.text(), b.origin.text());
    let text = paint::cut(&text, title.width, state.styles.unicode());
    let taken = paint::put(buf, title.x, title.y, title.width, &text, state.styles.bold());
    let steps = state.ui.steps;
    let text = match state.ui.place {
        Some(place) => format!("{} of {steps}", place + 1),
        None => format!("{steps} steps, + - change"),
    };
    paint::right(buf, title, taken, &text, state.styles.of(Hue::Faint));
    for (place, picture) in state.strip.iter().take(state.ui.steps).enumerate() {
        let tile = layout.strip_tile(state, place);
        paint_picture(&state.styles, picture, tile, buf);
        if state.ui.place == Some(place) {
            // The gap beside a picture is free; colour alone would not tell which it is.
            for y in tile.top()..tile.bottom() {
                let mark = state.styles.pick("▏", "|");
                paint::put(buf, tile.right(), y, 1, mark, state.styles.of(Hue::Mark));
            }
        }
    }
}

/// A picture in the middle of a pane's width, from its top.
fn middle(state: &State, picture: &Picture, area: Rect, buf: &mut Buffer) {
    let (width, _) = cells(&state.styles, picture, area);
    let aside = (area.width - width.min(area.width)) / 2;
    let area = Rect { x: area.x + aside, width: area.width - aside, ..area };
    paint_picture(&state.styles, picture, area, buf);
}
