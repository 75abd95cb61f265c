//! What the mouse does, where it is wanted.

use super::keys::{Action, View};
use super::message::Effect;
use super::state::{State, zoom};
use super::update::{act, look_at};
use super::view::{Spot, spot};
use crate::terminal::Mouse;

/// As many lines as a notch of the wheel moves a text.
const NOTCH: usize = 3;

/// Clicks choose what they hit; the wheel zooms curves, goes through steps, and scrolls.
pub(super) fn point_at(state: &mut State, mouse: Mouse) -> Vec<Effect> {
    if !state.ui.mouse || state.ui.input.is_some() {
        return Vec::new();
    }
    match mouse {
        Mouse::Down(x, y) => {
            state.ui.notice = None;
            state.ui.stop_pressed = false;
            click(state, spot(state, (x, y)))
        }
        Mouse::Drag(x, y) => {
            // A cursor is drawn along; anything else has been chosen.
            if let Spot::Step(step) = spot(state, (x, y)) {
                look_at(state, Some(step));
            }
            Vec::new()
        }
        Mouse::Up => Vec::new(),
        Mouse::Wheel { up, at } => wheel(state, up, at),
    }
}

fn click(state: &mut State, spot: Spot) -> Vec<Effect> {
    match spot {
        Spot::Tab(view) => return act(state, Action::Show(view)),
        Spot::Step(step) => look_at(state, Some(step)),
        Spot::Point(point) => state.ui.point = Some(point),
        // What is chosen already is pinned.
        Spot::Run(row) if row == state.run_cursor() && state.ui.run.is_some() => {
            return act(state, Action::Pin);
        }
        Spot::Run(row) => {
            state.ui.run = state.listed().get(row).map(|listed| listed.entry.path.clone());
        }
        Spot::Elsewhere => {}
    }
    Vec::new()
}

fn wheel(state: &mut State, up: bool, at: (u16, u16)) -> Vec<Effect> {
    let (action, times) = match state.ui.view {
        View::Loss => {
            if let Spot::Step(step) = spot(state, at) {
                zoom_about(state, step, up);
            }
            return Vec::new();
        }
        View::Images | View::Latent => (if up { Action::Back } else { Action::Forward }, 1),
        View::Runs => (if up { Action::Up } else { Action::Down }, 1),
        View::Log | View::Model | View::Experiment => {
            (if up { Action::Up } else { Action::Down }, NOTCH)
        }
    };
    (0..times).flat_map(|_| act(state, action)).collect()
}

/// What is under the pointer stays under it.
fn zoom_about(state: &mut State, step: u64, closer: bool) {
    let (shown, whole) = (state.steps(), state.all_steps());
    let window =
        if closer { Some(zoom::closer(shown, step)) } else { zoom::wider(shown, step, whole) };
    state.ui.zoom = window.filter(|window| *window != whole);
    state.reset_axes();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Input;
    use crate::theme::Theme;
    use crate::watch::message::Message;
    use crate::watch::update::update;
    use crate::watch::view::tests::{press, read, recorded, screen, styles};

    /// With the mouse taken, and a screen on which to find things.
    fn watched() -> State {
        let mut state = read(recorded(), styles(Theme::None, false));
        assert_eq!(press(&mut state, "M"), [Effect::Mouse(true)]);
        screen(&mut state, recorded(), 80, 24);
        state
    }

    fn point(state: &mut State, mouse: Mouse) -> Vec<Effect> {
        update(state, Message::Input(Input::Mouse(mouse))).effects
    }

    /// Where a text begins on a screen.
    fn place(screen: &str, text: &str) -> (u16, u16) {
        let rows = screen.lines().map(|row| row.trim_start_matches('"'));
        let found = rows.enumerate().find_map(|(y, row)| {
            let at = row.find(text)?;
            Some((row[..at].chars().count() as u16, y as u16))
        });
        found.unwrap_or_else(|| panic!("no {text} on {screen}"))
    }

    #[test]
    fn a_click_on_a_tab_shows_its_view() {
        let mut state = watched();
        let shown = screen(&mut state, recorded(), 80, 24);
        for (name, view) in [("5 Model", View::Model), ("3 Latent", View::Latent)] {
            let (x, y) = place(&shown, name);
            point(&mut state, Mouse::Down(x, y));
            assert_eq!(state.ui.view, view);
        }
    }

    #[test]
    fn a_click_on_a_curve_reads_it_off_and_the_wheel_zooms_about_it() {
        let mut state = watched();
        let whole = state.steps();
        point(&mut state, Mouse::Down(40, 8));
        let step = state.ui.cursor.unwrap();
        assert!(whole.0 < step && step < whole.1, "{step} in {whole:?}");
        point(&mut state, Mouse::Drag(50, 8));
        assert!(state.ui.cursor.unwrap() > step);
        point(&mut state, Mouse::Wheel { up: true, at: (40, 8) });
        let (from, to) = state.ui.zoom.unwrap();
        assert!(from < step && step < to && to - from < whole.1 - whole.0);
        point(&mut state, Mouse::Wheel { up: false, at: (40, 8) });
        assert_eq!(state.ui.zoom, None);
    }

    #[test]
    fn a_click_looks_at_the_point_under_it() {
        let mut state = watched();
        press(&mut state, "3");
        screen(&mut state, recorded(), 80, 24);
        press(&mut state, "K");
        let keyed = state.ui.point;
        let shown = screen(&mut state, recorded(), 80, 24);
        let mark = place(&shown, "◎");
        state.ui.point = None;
        screen(&mut state, recorded(), 80, 24);
        point(&mut state, Mouse::Down(mark.0, mark.1));
        let clicked = state.ui.point;
        assert!(keyed.is_some() && clicked.is_some());
        assert_eq!(place(&screen(&mut state, recorded(), 80, 24), "◎"), mark);
        let before = state.ui.latent_step;
        point(&mut state, Mouse::Wheel { up: true, at: mark });
        assert_ne!(state.ui.latent_step, before, "the wheel goes through the steps");
    }

    #[test]
    fn the_wheel_scrolls_texts_and_without_the_mouse_nothing_happens() {
        let mut state = watched();
        press(&mut state, "5");
        point(&mut state, Mouse::Wheel { up: false, at: (3, 9) });
        assert_eq!(state.ui.scroll[1], NOTCH);
        press(&mut state, "M1");
        let before = state.ui.clone();
        point(&mut state, Mouse::Down(40, 8));
        assert_eq!(state.ui, before);
    }
}
