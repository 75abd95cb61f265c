//! The last row: what is being typed, what needs an answer, what was asked, or what keys there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use workbench_runs::State as RunState;

use crate::draw::paint;
use crate::theme::Hue;
use crate::watch::keys::View;
use crate::watch::state::{Input, State};

/// Draws the most pressing of them.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (text, style) = line(state, area.width);
    let text = paint::cut(&text, area.width, state.styles.unicode());
    let taken = paint::put(buf, area.x, area.y, area.width, &text, style);
    if state.ui.input.is_some() {
        // The terminal's own cursor stays hidden; this one is part of the frame.
        paint::put(buf, taken, area.y, 1, " ", state.styles.chosen());
    }
}

fn line(state: &State, width: u16) -> (String, Style) {
    let (plain, faint) = (Style::new(), state.styles.of(Hue::Faint));
    match &state.ui.input {
        Some(Input::Command(text)) if text.is_empty() => {
            let knobs = state.knobs();
            let knob = knobs.first().map_or("lr", |knob| knob);
            return (format!(":  (set {knob} NUMBER, pause, continue, save, stop)"), plain);
        }
        Some(Input::Command(text)) => return (format!(":{text}"), plain),
        Some(Input::Filter(text)) if !state.ui.filter.is_regular() => {
            return (format!("/{text}  (no regular expression: looked for as it stands)"), plain);
        }
        Some(Input::Filter(text) | Input::RunFilter(text)) => {
            return (format!("/{text}"), plain);
        }
        None => {}
    }
    if state.ui.stop_pressed {
        let text = "stop the run? S again: it writes a checkpoint and ends; any other key: no";
        return (text.to_owned(), state.styles.of(Hue::Bad).patch(state.styles.bold()));
    }
    if let Some(notice) = &state.ui.notice {
        return (notice.clone(), state.styles.of(Hue::Valid));
    }
    if !state.asked.is_empty() {
        let asked: Vec<String> = state.asked.iter().map(|asked| asked.text()).collect();
        let dots = state.styles.pick("…", "...");
        return (format!("asked: {}{dots}", asked.join(", ")), state.styles.of(Hue::Mark));
    }
    if let Some(percent) = state.loading {
        return (format!("reading history {percent}%"), state.styles.of(Hue::Valid));
    }
    if let Some(rival) = state.rivals.iter().find(|rival| rival.loading) {
        return (format!("reading {}", rival.name), state.styles.of(Hue::Valid));
    }
    let others = state.rivals.iter().filter_map(|rival| rival.trouble.as_ref());
    if let Some(trouble) = state.trouble.iter().chain(others).next() {
        return (trouble.clone(), state.styles.of(Hue::Bad));
    }
    if state.damaged > 0 {
        let files = if state.damaged == 1 { "1 event file is" } else { "event files are" };
        return (
            format!("{files} damaged: what came after the damage is missing here"),
            state.styles.of(Hue::Bad),
        );
    }
    (hints(state, width), faint)
}

/// The keys that matter most; where they do not all fit, the view's own give way from the last on.
fn hints(state: &State, width: u16) -> String {
    let sides = state.styles.pick("←→", "Left/Right");
    let updown = state.styles.pick("↑↓", "Up/Down");
    let (read, step) = (format!("{sides} read"), format!("{sides} step"));
    let (metric, picture, scroll) =
        (format!("{updown} metric"), format!("{updown} picture"), format!("{updown} scroll"));
    let run = format!("{updown} choose");
    let mut own: Vec<&str> = match state.ui.view {
        View::Loss => {
            vec!["] more", &read, &metric, "c compare", "+ - zoom", "e smooth", "y log", "/ filter"]
        }
        View::Images => vec![&step, &picture, "z whole"],
        View::Latent => {
            vec![&step, "p components", "x y axes", "b colour", "HJKL point", "w write"]
        }
        View::Log | View::Model | View::Experiment => vec![&scroll],
        View::Runs => vec!["Enter pin", &run, "/ filter", "x none", "1 curves"],
    };
    let live = state.status.as_ref().is_some_and(|status| status.state.is_live());
    let paused = state.status.as_ref().is_some_and(|status| status.state == RunState::Paused);
    let space = if paused { "Space continue" } else { "Space pause" };
    let mut common = if live { vec![space, "s save", "S stop"] } else { Vec::new() };
    common.extend(["? help", "q leave"]);
    loop {
        let text = own.iter().chain(&common).copied().collect::<Vec<_>>().join("  ");
        if paint::width(&text) <= width || own.pop().is_none() {
            return text;
        }
    }
}
