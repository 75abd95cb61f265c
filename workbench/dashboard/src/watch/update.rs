//! What each message changes.

use crossterm::event::KeyCode;
use workbench_runs::{Request, State as RunState};

use super::keys::{Action, TABLE, View};
use super::mouse;
use crate::keys::{self, Key, Place};
use crate::terminal::Input as Typed;
use crate::watch::message::{Effect, Message};
use crate::watch::state::asked::{self, Asked};
use crate::watch::state::panels::Filter;
use crate::watch::state::traces::Splits;
use crate::watch::state::zoom;
use crate::watch::state::{Input, State};

/// What a message led to.
#[derive(Debug, Default)]
pub(crate) struct Updated {
    /// The screen may look different now.
    pub changed: bool,
    pub effects: Vec<Effect>,
}

/// Folds a message into the state.
pub(crate) fn update(state: &mut State, message: Message) -> Updated {
    match message {
        Message::Tick(now) => Updated { changed: state.tick(now), effects: Vec::new() },
        Message::Input(Typed::Resize(columns, rows)) => {
            let changed = state.size != (columns, rows);
            state.size = (columns, rows);
            Updated { changed, effects: Vec::new() }
        }
        Message::Read(read) => {
            state.fold(read);
            Updated { changed: true, effects: Vec::new() }
        }
        Message::Explored(why) => {
            // Of several lines the first says what is wrong.
            let line = |why: String| why.lines().next().unwrap_or_default().to_owned();
            let line = why.map(line);
            state.ui.notice =
                line.map(|line| line.strip_prefix("error: ").unwrap_or(&line).to_owned());
            Updated { changed: true, effects: Vec::new() }
        }
        Message::Input(Typed::Key(key)) => Updated { changed: true, effects: press(state, key) },
        Message::Input(Typed::Mouse(mouse)) => {
            let before = state.ui.clone();
            let effects = mouse::point_at(state, mouse);
            Updated { changed: before != state.ui || !effects.is_empty(), effects }
        }
    }
}

fn press(state: &mut State, key: Key) -> Vec<Effect> {
    state.ui.notice = None;
    if key != keys::INTERRUPT
        && let Some(input) = state.ui.input.take()
    {
        return type_into(state, input, key);
    }
    let action = keys::action(TABLE, key, state.ui.view);
    if state.ui.stop_pressed && action != Some(Action::Stop) {
        state.ui.stop_pressed = false;
        state.ui.notice = Some("not stopped".to_owned());
        if action != Some(Action::Detach) {
            return Vec::new();
        }
    }
    action.map_or(Vec::new(), |action| act(state, action))
}

pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let view = state.ui.view;
    let pages = crate::watch::view::pages(state);
    let ui = &mut state.ui;
    match action {
        Action::Show(view) => show(state, view),
        Action::NextView | Action::PreviousView => {
            let by = if action == Action::NextView { 1 } else { View::ALL.len() - 1 };
            show(state, View::ALL[(view as usize + by) % View::ALL.len()]);
        }
        Action::Back => scrub(state, Scrub::By(-1)),
        Action::Forward => scrub(state, Scrub::By(1)),
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::First
        | Action::Last
            if view == View::Runs =>
        {
            let rows = page_rows(state);
            state.choose_run(match action {
                Action::Up => -1,
                Action::Down => 1,
                Action::PageUp => -rows,
                Action::PageDown => rows,
                Action::First => isize::MIN,
                _ => isize::MAX,
            });
        }
        Action::Pin => return state.toggle_chosen().into_iter().collect(),
        Action::UnpinAll => {
            let gone: Vec<_> = state.rivals.iter().map(|rival| rival.path.clone()).collect();
            gone.iter().for_each(|path| state.unpin(path));
            return gone.into_iter().map(Effect::Unpin).collect();
        }
        Action::First if is_text(view) => scroll(state, isize::MIN),
        Action::Last if is_text(view) => scroll(state, isize::MAX),
        Action::First => scrub(state, Scrub::First),
        Action::Last => scrub(state, Scrub::Newest),
        Action::Up | Action::Down => {
            let by = if action == Action::Up { -1 } else { 1 };
            if is_text(view) { scroll(state, by) } else { choose(state, by) }
        }
        Action::PageUp => scroll(state, -page_rows(state)),
        Action::PageDown => scroll(state, page_rows(state)),
        Action::NextPage => ui.page = (ui.page + 1).min(pages),
        Action::PreviousPage => ui.page = ui.page.saturating_sub(1),
        Action::Filter if view == View::Runs => {
            ui.input = Some(Input::RunFilter(ui.run_filter.clone()));
        }
        Action::Filter => ui.input = Some(Input::Filter(ui.filter.text().to_owned())),
        Action::Smooth => {
            ui.smoothing = match ui.smoothing {
                0.0 => 0.6,
                0.6 => 0.9,
                0.9 => 0.98,
                _ => 0.0,
            }
        }
        Action::LogScale => {
            ui.log_scale = !ui.log_scale;
            state.reset_axes();
        }
        Action::Splits => {
            state.ui.splits = Some(match state.splits() {
                Splits::All => Splits::Valid,
                Splits::Valid => Splits::Train,
                Splits::Train => Splits::All,
            });
            state.reset_axes();
        }
        Action::AboveFloor => {
            if state.has_floor() {
                state.ui.above_floor = !state.ui.above_floor;
                state.reset_axes();
            } else {
                let none = "no `floor` is logged: the loss has no part that no model can lower";
                state.ui.notice = Some(none.to_owned());
            }
        }
        Action::ZoomIn
        | Action::ZoomOut
        | Action::PanLeft
        | Action::PanRight
        | Action::AllSteps => zoom(state, action),
        Action::Whole => ui.whole = !ui.whole,
        Action::Principal => ui.principal = !ui.principal,
        Action::AxisX | Action::AxisY => {
            let dims = state.latent().map_or(1, |latent| latent.snapshot.dims).max(1);
            let ui = &mut state.ui;
            // Choosing a dimension means that dimensions are wanted.
            if ui.principal && dims > 2 {
                ui.principal = false;
            } else if action == Action::AxisX {
                ui.axes.0 = (ui.axes.0 + 1) % dims;
            } else {
                ui.axes.1 = (ui.axes.1 + 1) % dims;
            }
        }
        Action::Color => {
            if let Some(latent) = state.latent() {
                state.ui.color = latent.next_color(state.ui.color.as_ref());
            }
        }
        Action::ColorByClass => ui.color = None,
        Action::PointLeft => state.move_point((-1.0, 0.0)),
        Action::PointRight => state.move_point((1.0, 0.0)),
        Action::PointUp => state.move_point((0.0, 1.0)),
        Action::PointDown => state.move_point((0.0, -1.0)),
        Action::SaveView => return state.latent_view().map(Effect::Save).into_iter().collect(),
        Action::PauseOrContinue => {
            let paused = state.status.as_ref().is_some_and(|s| s.state == RunState::Paused);
            return ask(state, if paused { Request::Continue } else { Request::Pause });
        }
        Action::Save => return ask(state, Request::Save),
        Action::Stop if !ui.stop_pressed => match state.why_not_asked() {
            Some(why) => state.ui.notice = Some(why),
            None => state.ui.stop_pressed = true,
        },
        Action::Stop => {
            ui.stop_pressed = false;
            return ask(state, Request::Stop);
        }
        Action::Prompt => ui.input = Some(Input::Command(String::new())),
        Action::Explore => return vec![Effect::Explore(state.looked_at())],
        Action::Mouse => {
            ui.mouse = !ui.mouse;
            let words = match ui.mouse {
                true => "the mouse is ours: click tabs, curves, points and runs; the wheel zooms",
                false => "the mouse is the terminal's",
            };
            ui.notice = Some(words.to_owned());
            return vec![Effect::Mouse(ui.mouse)];
        }
        Action::Help => ui.help = !ui.help,
        Action::Dismiss => {
            if ui.help {
                ui.help = false;
            } else {
                ui.cursor = None;
                ui.picture_step = None;
                ui.latent_step = None;
                ui.point = None;
                ui.color = None;
                ui.main = None;
                ui.page = 0;
                ui.filter = Filter::default();
                ui.run_filter.clear();
                if ui.zoom.take().is_some() {
                    state.reset_axes();
                }
            }
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Detach => return vec![Effect::Detach],
    }
    Vec::new()
}

fn show(state: &mut State, view: View) {
    state.ui.view = view;
    state.ui.help = false;
}

fn is_text(view: View) -> bool {
    matches!(view, View::Log | View::Model | View::Experiment)
}

fn page_rows(state: &State) -> isize {
    (isize::try_from(state.size.1).unwrap_or(24) - 6).max(1)
}

/// The log is scrolled from its end, the others from their start.
fn scroll(state: &mut State, by: isize) {
    let (which, length) = match state.ui.view {
        View::Log => (0, crate::watch::view::log_lines(state).len()),
        View::Model => {
            (1, crate::watch::view::layers_text(state).map_or(0, |text| text.lines().count()))
        }
        _ => (2, crate::watch::view::experiment_text(state).map_or(0, |text| text.lines().count())),
    };
    let by = if which == 0 { by.saturating_neg() } else { by };
    let place = &mut state.ui.scroll[which];
    *place = place.saturating_add_signed(by).min(length.saturating_sub(1));
}

fn zoom(state: &mut State, action: Action) {
    let (shown, whole) = (state.steps(), state.all_steps());
    // Without a cursor what is newest stays in sight.
    let anchor = state.ui.cursor.unwrap_or(shown.1.min(state.last_logged()));
    let window = match action {
        Action::ZoomIn => Some(zoom::closer(shown, anchor)),
        Action::ZoomOut => zoom::wider(shown, anchor, whole),
        Action::PanLeft => Some(zoom::beside(shown, false, whole)),
        Action::PanRight => Some(zoom::beside(shown, true, whole)),
        _ => None,
    };
    state.ui.zoom = window.filter(|window| *window != whole);
    state.reset_axes();
}

enum Scrub {
    By(isize),
    First,
    Newest,
}

fn scrub(state: &mut State, to: Scrub) {
    match state.ui.view {
        View::Loss => {
            let steps = cursor_steps(state);
            // A key moves the cursor by at least a column of the chart.
            let (from, end) = state.steps();
            let stride = (end - from) / u64::from(state.size.0.saturating_sub(12).max(1));
            let cursor = match (to, state.ui.cursor) {
                (Scrub::First, _) => steps.first().copied(),
                (Scrub::Newest, _) => None,
                (Scrub::By(_), None) => {
                    let shown = steps.partition_point(|&step| step <= end);
                    steps.get(shown.saturating_sub(1)).copied()
                }
                (Scrub::By(by), Some(at)) if by < 0 => {
                    let upto = at.saturating_sub(stride.max(1));
                    let index = steps.partition_point(|&step| step <= upto);
                    steps.get(index.saturating_sub(1)).copied().or(Some(at))
                }
                (Scrub::By(_), Some(at)) => {
                    let index = steps.partition_point(|&step| step < at + stride.max(1));
                    steps.get(index).or(steps.last()).copied()
                }
            };
            look_at(state, cursor);
        }
        View::Images => {
            let steps = state.picture_steps();
            let step = moved(&steps, state.ui.picture_step, to);
            look_at(state, step);
        }
        View::Latent => {
            let step = moved(&state.snapshots, state.ui.latent_step, to);
            look_at(state, step);
        }
        View::Log | View::Model | View::Experiment | View::Runs => {}
    }
}

/// Curves, pictures and latents are looked at at one moment; `None` follows the newest.
pub(super) fn look_at(state: &mut State, step: Option<u64>) {
    let ui = &mut state.ui;
    (ui.cursor, ui.picture_step, ui.latent_step) = (step, step, step);
    let window = ui.zoom.zip(step).map(|(shown, step)| zoom::showing(shown, step));
    if window.is_some() && window != ui.zoom {
        ui.zoom = window;
        state.reset_axes();
    }
}

/// The steps at which the curves shown large have points.
fn cursor_steps(state: &State) -> Vec<u64> {
    let Some(panel) = state.main_panel() else { return Vec::new() };
    let traces = state.traces(panel).into_iter();
    let mut steps: Vec<u64> = traces.flat_map(|trace| trace.series.steps.iter().copied()).collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

/// Another step of a list; past its end, `None`, which follows the newest.
fn moved(steps: &[u64], at: Option<u64>, to: Scrub) -> Option<u64> {
    let newest = steps.len().checked_sub(1)?;
    let index = match at {
        None => newest,
        Some(at) => steps.partition_point(|&step| step <= at).saturating_sub(1),
    };
    let index = match to {
        Scrub::First => 0,
        Scrub::Newest => newest,
        Scrub::By(by) => index.saturating_add_signed(by).min(newest),
    };
    (index < newest).then(|| steps[index])
}

fn choose(state: &mut State, by: isize) {
    if state.ui.view == View::Images {
        let tags = state.pictures.len().max(1);
        let by = if by < 0 { tags - 1 } else { 1 };
        state.ui.picture = (state.ui.picture + by) % tags;
        return;
    }
    let shown = state.shown_panels();
    let main = state.main_panel();
    let at = shown.iter().position(|panel| Some(*panel) == main);
    let next = match at {
        None => 0,
        Some(at) => at.saturating_add_signed(by).min(shown.len().saturating_sub(1)),
    };
    state.ui.main = shown.get(next).map(|panel| panel.name.clone());
}

fn ask(state: &mut State, request: Request) -> Vec<Effect> {
    if let Some(why) = state.why_not_asked() {
        state.ui.notice = Some(why);
        return Vec::new();
    }
    state.asked.retain(|asked| asked.request != request);
    state.asked.push(Asked { request: request.clone(), taken: false });
    vec![Effect::Post(request)]
}

impl State {
    /// Why a request makes no sense now.
    fn why_not_asked(&self) -> Option<String> {
        match &self.status {
            None => Some("this log has no status.json: nobody would take the request".to_owned()),
            Some(status) if !status.state.is_live() => {
                Some(format!("the run is {}: nobody would take the request", status.state))
            }
            Some(_) => None,
        }
    }
}

fn type_into(state: &mut State, input: Input, key: Key) -> Vec<Effect> {
    let is_command = matches!(input, Input::Command(_));
    let (Input::Command(mut text) | Input::Filter(mut text) | Input::RunFilter(mut text)) =
        input.clone();
    match key.code {
        KeyCode::Esc if is_command => return Vec::new(),
        KeyCode::Esc => {
            set_filter(state, &input, "");
            return Vec::new();
        }
        KeyCode::Enter if !is_command => return Vec::new(),
        KeyCode::Enter => {
            return match asked::parse(&text, &state.knobs()) {
                Ok(Request::Stop) => act(state, Action::Stop),
                Ok(request) => ask(state, request),
                Err(_) if text.trim().is_empty() => Vec::new(),
                Err(why) => {
                    state.ui.notice = Some(why);
                    Vec::new()
                }
            };
        }
        KeyCode::Char('u') if key.ctrl => text.clear(),
        KeyCode::Char(c) if !key.ctrl && text.len() < 200 => text.push(c),
        // Of an empty command there is nothing to take away but the prompt.
        KeyCode::Backspace if text.pop().is_none() && is_command => return Vec::new(),
        _ => {}
    }
    set_filter(state, &input, &text);
    state.ui.input = Some(match input {
        Input::Command(_) => Input::Command(text),
        Input::Filter(_) => Input::Filter(text),
        Input::RunFilter(_) => Input::RunFilter(text),
    });
    Vec::new()
}

/// What is typed into a filter holds at once.
fn set_filter(state: &mut State, input: &Input, text: &str) {
    match input {
        Input::Command(_) => {}
        Input::Filter(_) => {
            state.ui.filter = Filter::new(text);
            // What was filtered out shows in the grid.
            state.ui.page = usize::from(!text.is_empty());
        }
        Input::RunFilter(_) => text.clone_into(&mut state.ui.run_filter),
    }
}
