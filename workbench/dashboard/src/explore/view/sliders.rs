//! The list of sliders, those that carry most first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::layout::{self, Layout};
use crate::draw::paint;
use crate::explore::space::Basis;
use crate::explore::state::{Row, State};
use crate::theme::Hue;

/// Draws as many rows as there is room for, the chosen one among them.
pub(crate) fn draw(state: &State, layout: &Layout, buf: &mut Buffer) {
    title(state, layout, buf);
    let list = layout.list;
    let rows = state.rows();
    for (i, row) in rows.iter().enumerate().skip(state.ui.top).take(usize::from(list.height)) {
        let area = Rect { y: list.y + (i - state.ui.top) as u16, height: 1, ..list };
        match *row {
            Row::Class => class(state, area, i == state.ui.chosen, buf),
            Row::Told(told) => self::told(state, told, area, i == state.ui.chosen, buf),
            Row::Coordinate(coordinate) => {
                slider(state, coordinate, area, i == state.ui.chosen, buf);
            }
        }
    }
}

fn title(state: &State, layout: &Layout, buf: &mut Buffer) {
    let area = layout.list_title;
    let (text, unit) = match (state.ui.basis, &state.known.latent) {
        (Basis::Principal, _) => ("principal directions", "%"),
        (Basis::Attributes, _) => ("attributes: -1 without, 1 with", "% told"),
        (Basis::Dimensions, Some(_)) => ("dimensions by KL", "nats"),
        (Basis::Dimensions, None) => ("dimensions", ""),
    };
    let taken = paint::put(buf, area.x, area.y, area.width, text, state.styles.bold());
    let faint = state.styles.of(Hue::Faint);
    let (rows, room) = (state.rows().len(), usize::from(layout.list.height));
    if layout::has_share(layout.list) {
        paint::right(buf, area, taken, unit, faint);
    }
    if rows > room {
        let text = format!("{} to {} of {rows}", state.ui.top + 1, (state.ui.top + room).min(rows));
        let area = Rect { width: layout::track(state, layout.list).right() + 6 - area.x, ..area };
        paint::right(buf, area, taken, &text, faint);
    }
}

fn class(state: &State, area: Rect, is_chosen: bool, buf: &mut Buffer) {
    let Some(class) = state.code.class else { return };
    let style = if is_chosen { state.styles.chosen() } else { Style::new() };
    let x = paint::put(buf, area.x, area.y, area.width, "class", style) + 1;
    let (left, right) = state.styles.pick(("◂", "▸"), ("<", ">"));
    let classes = state.known.space.classes.len();
    let text = format!("{left} {} {right}", state.class_name(class));
    let width = area.right().saturating_sub(x);
    let taken = paint::put(buf, x, area.y, width, &text, state.styles.of(Hue::Class(class)));
    let of = format!("{} of {classes}", class + 1);
    paint::right(buf, area, taken, &of, state.styles.of(Hue::Faint));
}

/// An attribute that the model is told, and its value.
fn told(state: &State, told: usize, area: Rect, is_chosen: bool, buf: &mut Buffer) {
    let Some(attribute) = state.known.space.told.get(told) else { return };
    let style = if is_chosen { state.styles.chosen() } else { Style::new() };
    let name = crate::format::plain(&attribute.name);
    let name = paint::cut(&name, area.width / 2, state.styles.unicode());
    let x = paint::put(buf, area.x, area.y, area.width, &name, style) + 1;
    let (left, right) = state.styles.pick(("◂", "▸"), ("<", ">"));
    let value = attribute.show(state.code.told[told].unwrap_or(f32::NAN));
    let text = format!("{left} {} {right}", crate::format::plain(&value));
    let taken = paint::put(buf, x, area.y, area.right().saturating_sub(x), &text, Style::new());
    let of = attribute.kind.name();
    paint::right(buf, area, taken, of, state.styles.of(Hue::Faint));
}

fn slider(state: &State, coordinate: usize, row: Rect, is_chosen: bool, buf: &mut Buffer) {
    let styles = &state.styles;
    let faint = styles.of(Hue::Faint);
    let is_live = state.known.is_active(state.ui.basis, coordinate);
    let is_locked = state.is_locked(coordinate);
    let text = if is_live { Style::new() } else { faint };
    let name = state.known.name(state.ui.basis, coordinate);
    let width = layout::name_width(state);
    let name = paint::cut(&name, width, styles.unicode());
    let name = format!("{name:<width$}", width = usize::from(width));
    let name_style = if is_chosen { styles.chosen() } else { text };
    paint::put(buf, row.x, row.y, row.width, &name, name_style);

    let track = layout::track(state, row);
    let reach = state.known.reach(state.ui.basis, coordinate);
    let last = track.width.saturating_sub(1);
    let column = |value: f32| {
        let share = ((value / reach + 1.0) / 2.0).clamp(0.0, 1.0);
        track.x + (share * f32::from(last)).round() as u16
    };
    let (value, start) = (state.value(coordinate), state.start_value(coordinate));
    let (zero, knob, begun) = (column(0.0), column(value), column(start));
    let hue = if is_locked { Hue::Mark } else { Hue::Train };
    let drawn = if is_live { styles.of(hue) } else { faint };
    for x in track.left()..track.right() {
        let between = (zero.min(knob)..=zero.max(knob)).contains(&x);
        let (glyph, style) = if x == knob {
            let knob = if is_locked { styles.pick("■", "#") } else { styles.pick("●", "O") };
            (knob, if is_chosen { drawn.patch(styles.bold()) } else { drawn })
        } else if x == begun {
            // Where resetting leads to.
            (styles.pick("╎", "'"), faint)
        } else if between {
            (styles.pick("━", "="), drawn)
        } else if x == zero {
            (styles.pick("┼", "+"), faint)
        } else {
            (styles.pick("─", "-"), faint)
        };
        paint::put(buf, x, row.y, 1, glyph, style);
    }
    let number = format!("{value:>7.2}");
    let number = if paint::width(&number) > 7 { format!("{value:>7.0}") } else { number };
    let x = paint::put(buf, track.right(), row.y, 7, &number, text);
    if is_locked {
        paint::put(buf, x, row.y, 1, "x", styles.of(Hue::Mark));
    }
    if layout::has_share(row)
        && let Some(share) = state.known.carries(state.ui.basis, coordinate)
    {
        let digits = if state.ui.basis == Basis::Dimensions { 2 } else { 1 };
        paint::right(buf, row, x + 1, &format!("{share:>5.digits$}"), faint);
    }
}
