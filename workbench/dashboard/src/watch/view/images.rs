//! Reconstructions and samples, in half blocks where cells can be coloured and in shades where not.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::draw::areas::titled;
use crate::draw::paint;
use crate::draw::pictures::paint_picture;
use crate::theme::Hue;
use crate::watch::keys::View;
use crate::watch::state::State;

/// From this width on two pictures stand side by side.
const TWO_FROM: u16 = 96;

/// A digit of 28 pixels is legible down to 10.
const LEAST_SCALE: f64 = 0.36;

/// Draws the pictures of the step that is chosen.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let tags = state.picture_tags();
    if tags.is_empty() {
        let text = "no pictures yet: reconstructions and samples show here once they are logged";
        paint::middle(buf, area, text, state.styles.of(Hue::Faint));
        return;
    }
    let shown = if area.width >= TWO_FROM { tags.len().min(2) } else { 1 };
    let (top, body) = titled(area);
    place(state, top, buf);
    let width = area.width / shown as u16;
    for (i, tag) in tags.iter().take(shown).enumerate() {
        let pane = Rect { x: body.x + i as u16 * width, width: width.saturating_sub(1), ..body };
        self::pane(state, tag, pane, buf);
    }
}

/// Which of the steps this is, and that there are more tags.
fn place(state: &State, area: Rect, buf: &mut Buffer) {
    let faint = state.styles.of(Hue::Faint);
    let steps = state.picture_steps();
    let Some(&newest) = steps.last() else { return };
    let upto = state.ui.picture_step.unwrap_or(newest);
    let index = steps.partition_point(|&step| step <= upto).max(1);
    let at = steps[index - 1];
    let whole = if state.ui.whole { "z: larger" } else { "z: the whole pictures" };
    let follow = if state.ui.picture_step.is_none() { "the newest" } else { "End: the newest" };
    let text = format!("step {at}  ({index} of {})  {follow}  {whole}", steps.len());
    paint::put(buf, area.x, area.y, area.width, &text, faint);
}

/// One picture under its name; returns the rows used.
pub(crate) fn pane(state: &State, tag: &str, area: Rect, buf: &mut Buffer) -> u16 {
    let (title, body) = titled(area);
    let Some((step, picture)) = state.pictures.get(tag) else { return 0 };
    let name = tag.strip_prefix("images/").unwrap_or(tag);
    let taken = paint::put(buf, title.x, title.y, title.width, name, state.styles.bold());
    paint::right(buf, title, taken, &format!("step {step}"), state.styles.of(Hue::Faint));
    match picture {
        Ok(picture) if body.width > 0 && body.height > 0 => {
            let (width, height) = (usize::from(body.width), usize::from(body.height) * 2);
            let pairs = name.contains("recon");
            // Pixels are legible at any size.
            if state.styles.pixels.is_some() || (state.ui.whole && state.ui.view == View::Images) {
                return 1 + paint_picture(&state.styles, picture, body, buf);
            }
            1 + paint_picture(
                &state.styles,
                &picture.part(width, height, LEAST_SCALE, pairs),
                body,
                buf,
            )
        }
        Ok(_) => 1,
        Err(why) => {
            paint::put(buf, body.x, body.y, body.width, why, state.styles.of(Hue::Bad));
            2
        }
    }
}
