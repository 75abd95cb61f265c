//! Going from point to point on the map.

use super::keys::{Action, Size, View};
use super::state::State;
use super::view::layout;

/// Keys that mean something of their own on the map; false where it was none of those.
pub(super) fn travel(state: &mut State, action: Action) -> bool {
    let points = state.points();
    match action {
        Action::Left(size) => seek(state, [-1.0, 0.0], size),
        Action::Right(size) => seek(state, [1.0, 0.0], size),
        Action::Above(size) => seek(state, [0.0, 1.0], size),
        Action::Below(size) => seek(state, [0.0, -1.0], size),
        Action::NextPoint => state.ui.point = (state.ui.point + 1) % points.max(1),
        Action::PreviousPoint => {
            state.ui.point = (state.ui.point + points.saturating_sub(1)) % points.max(1);
        }
        Action::Color => {
            let latent = state.known.latent.as_ref();
            let color = state.ui.color.as_ref();
            state.ui.color = latent.and_then(|latent| latent.next_color(color));
        }
        Action::Pick => {
            if let Some(start) = state.point() {
                state.begin(start);
            }
            state.ui.view = View::Palette;
        }
        _ => return false,
    }
    true
}

/// The nearest point in a direction, at least so far away that it can be told from this one.
fn seek(state: &mut State, [x, y]: [f64; 2], size: Size) {
    let points = state.known.points(state.ui.basis);
    let Some(&from) = points.get(state.ui.point) else { return };
    let (across, up) = layout::ranges(points);
    let least = if size == Size::Fine { 0.006 } else { 0.12 };
    let mut best = None;
    for (i, to) in points.iter().enumerate() {
        let (dx, dy) = ((to[0] - from[0]) / across.span(), (to[1] - from[1]) / up.span());
        let (along, aside) = (dx * x + dy * y, (dx * y - dy * x).abs());
        let cost = along + 2.0 * aside;
        if along >= least && aside <= along && best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, i));
        }
    }
    if let Some((_, point)) = best {
        state.ui.point = point;
    }
}
