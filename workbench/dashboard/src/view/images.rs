//! Reconstructions and samples, in half blocks where cells can be coloured and in shades where not.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{paint, titled};
use crate::keys::View;
use crate::state::State;
use crate::state::picture::{Picture, brightness};
use crate::theme::{Hue, Styles};

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
            if state.ui.whole && state.ui.view == View::Images {
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

/// Draws a picture as large as fits; returns the rows used.
pub(crate) fn paint_picture(
    styles: &Styles,
    picture: &Picture,
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    let (width, height) = picture.fit(usize::from(area.width), usize::from(area.height) * 2);
    let scaled = picture.scaled(width, height);
    let pixel = |x: usize, y: usize| scaled.pixels.get(y * width + x).copied();
    for row in 0..height.div_ceil(2) {
        for column in 0..width {
            let at = (area.x + column as u16, area.y + row as u16);
            let Some(cell) = buf.cell_mut(at) else { continue };
            let upper = pixel(column, row * 2).unwrap_or([0; 3]);
            let lower = if row * 2 + 1 < height { pixel(column, row * 2 + 1) } else { None };
            if let Some(color) = styles.rgb(upper) {
                if !styles.unicode() {
                    // A cell without a half block has one colour.
                    let mean = |i: usize| {
                        let lower = lower.unwrap_or(upper);
                        ((u16::from(upper[i]) + u16::from(lower[i])) / 2) as u8
                    };
                    cell.set_bg(styles.rgb([mean(0), mean(1), mean(2)]).unwrap_or(color));
                    continue;
                }
                match lower.and_then(|lower| styles.rgb(lower)) {
                    // One colour in both halves is a space: the cheapest cell there is.
                    Some(below) if below == color => {
                        cell.set_char(' ').set_bg(color);
                    }
                    Some(below) => {
                        cell.set_char('▀').set_fg(color).set_bg(below);
                    }
                    None => {
                        cell.set_char('▀').set_fg(color);
                    }
                }
            } else {
                let both = (brightness(upper) + brightness(lower.unwrap_or(upper))) / 2.0;
                cell.set_char(shade(both, styles.unicode()));
            }
        }
    }
    height.div_ceil(2) as u16
}

/// A glyph that covers as much of its cell as the picture is bright.
pub(crate) fn shade(brightness: f64, unicode: bool) -> char {
    let ramp: &[char] = if unicode {
        &[' ', '░', '▒', '▓', '█']
    } else {
        &[' ', '.', ':', '-', '=', '+', '*', '#', '%', '@']
    };
    let last = ramp.len() - 1;
    ramp[((brightness * last as f64).round() as usize).min(last)]
}
