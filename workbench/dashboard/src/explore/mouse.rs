//! What the mouse does, where it is wanted.

use super::keys::{Action, View};
use super::state::{Row, State};
use super::travel::travel;
use super::update::{go, put};
use super::view::layout;
use crate::terminal::Mouse;

/// Chooses, drags and picks.
pub(super) fn point_at(state: &mut State, mouse: Mouse) {
    if !state.ui.mouse || state.ui.help {
        return;
    }
    let layout = layout::of(state);
    match mouse {
        Mouse::Up => state.ui.dragging = None,
        Mouse::Wheel { .. } => {}
        Mouse::Down(x, y) if state.ui.view == View::Map => {
            state.ui.notice = None;
            let Some(point) = layout.nearest_point(state, x, y) else { return };
            if state.ui.point == point {
                travel(state, Action::Pick);
            } else {
                state.ui.point = point;
            }
        }
        Mouse::Down(x, y) => {
            state.ui.notice = None;
            if let Some(place) = layout.strip_place(state, x, y) {
                return go(state, place);
            }
            let Some(row) = layout.row(state, x, y) else { return };
            state.ui.chosen = row;
            state.ui.dragging = Some(row);
            drag(state, row, x, false);
        }
        Mouse::Drag(x, _) => {
            if let Some(row) = state.ui.dragging {
                drag(state, row, x, true);
            }
        }
    }
}

/// Brings a slider to a column; a click beside its track only chooses it.
fn drag(state: &mut State, row: usize, x: u16, is_held: bool) {
    let Some(Row::Coordinate(coordinate)) = state.rows().get(row).copied() else { return };
    let track = layout::track(state, layout::of(state).list);
    if !is_held && !(track.left()..track.right()).contains(&x) {
        return;
    }
    let last = f32::from(track.width.saturating_sub(1).max(1));
    let share = (f32::from(x) - f32::from(track.x)).clamp(0.0, last) / last;
    let reach = state.known.reach(state.ui.basis, coordinate);
    put(state, coordinate, (share * 2.0 - 1.0) * reach);
}
