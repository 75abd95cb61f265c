//! What each key, each move of the mouse and each answer changes.

use std::path::PathBuf;

use super::decoder::{DrawFrom, Origin, Random, Space};
use super::keys::{Action, Mark, Size, TABLE, View};
use super::mouse;
use super::space::Basis;
use super::state::{Notice, Row, STEPS, Start, State};
use super::travel;
use super::view::layout;
use super::work::{Answer, Drawn, Job};
use crate::keys::{self, Key};
use crate::terminal::Input;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Message {
    Input(Input),
    Answer(Answer),
    /// The next moment of what plays.
    Tick,
}

/// Something to be done outside of the state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Leave,
    Suspend,
    Redraw,
    /// The mouse is ours, or no more.
    Mouse(bool),
    Work(Job),
    /// These files were written.
    Saved(Vec<PathBuf>),
}

/// What is asked for at the beginning.
pub(crate) fn begin(state: &mut State, point: Option<usize>) -> Vec<Effect> {
    let start = point.and_then(|point| {
        state.ui.point = point;
        state.point()
    });
    let is_point = start.is_some();
    match start {
        Some(start) => state.begin(start),
        None => state.ui.point = 0,
    }
    let mut effects: Vec<Effect> = settle(state);
    if state.known.space.items > 0 && !is_point {
        effects.extend(item(state, 0));
    }
    effects
}

/// Folds a message into the state.
pub(crate) fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Input(Input::Resize(columns, rows)) => {
            state.size = (columns, rows);
            Vec::new()
        }
        Message::Input(Input::Key(key)) => press(state, key),
        Message::Input(Input::Mouse(mouse)) => {
            mouse::point_at(state, mouse);
            Vec::new()
        }
        Message::Tick => works(state.show(1)),
        Message::Answer(answer) => {
            let mut effects = hear(state, answer);
            while !state.is_beginning()
                && let Some(key) = state.held.pop_front()
            {
                let held = std::mem::take(&mut state.held);
                effects.extend(press(state, key));
                state.held.extend(held);
            }
            effects
        }
    };
    effects.extend(settle(state));
    effects
}

fn settle(state: &mut State) -> Vec<Effect> {
    let rows = state.rows().len();
    state.ui.chosen = state.ui.chosen.min(rows.saturating_sub(1));
    let room = usize::from(layout::of(state).list.height).max(1);
    let (least, most) = (state.ui.chosen.saturating_sub(room - 1), state.ui.chosen);
    state.ui.top = state.ui.top.clamp(least, most).min(rows.saturating_sub(room));
    works(state.settle())
}

fn press(state: &mut State, key: Key) -> Vec<Effect> {
    let Some(action) = keys::action(TABLE, key, state.ui.view) else {
        state.ui.notice = None;
        return Vec::new();
    };
    // On a slow line keys come together: a mark is of the image that was asked for before it.
    let waits = state.is_beginning()
        && !matches!(
            action,
            Action::NextItem
                | Action::PreviousItem
                | Action::Leave
                | Action::Suspend
                | Action::Redraw
        );
    if waits || !(state.held.is_empty() || action == Action::Leave) {
        state.held.push_back(key);
        return Vec::new();
    }
    state.ui.notice = None;
    if state.ui.help {
        return match action {
            Action::Redraw => vec![Effect::Redraw],
            Action::Suspend => vec![Effect::Suspend],
            Action::Leave | Action::Help | Action::Dismiss => {
                state.ui.help = false;
                Vec::new()
            }
            _ => Vec::new(),
        };
    }
    if state.ui.view == View::Map && travel::travel(state, action) {
        return Vec::new();
    }
    act(state, action)
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let rows = state.rows().len();
    let ui = &mut state.ui;
    match action {
        Action::Up => ui.chosen = ui.chosen.saturating_sub(1),
        Action::Down => ui.chosen = (ui.chosen + 1).min(rows.saturating_sub(1)),
        Action::First => ui.chosen = 0,
        Action::Last => ui.chosen = rows.saturating_sub(1),
        Action::Left(size) => slide(state, -1.0, size),
        Action::Right(size) => slide(state, 1.0, size),
        Action::ResetOne => match state.chosen_row() {
            Some(Row::Class) => state.code.class = state.start.code.class,
            Some(Row::Told(told)) => state.code.told[told] = state.start.code.told[told],
            Some(Row::Coordinate(coordinate)) => {
                let value = state.start_value(coordinate);
                put(state, coordinate, value);
            }
            None => {}
        },
        Action::ResetAll => {
            let start = state.start.code.clone();
            let keep = state.clone();
            state.code = start;
            state.ui.place = None;
            restore_locked(state, &keep);
        }
        Action::Zero => {
            let keep = state.clone();
            state.code.z.fill(0.0);
            state.ui.place = None;
            restore_locked(state, &keep);
        }
        Action::Lock => match state.chosen_row() {
            Some(Row::Coordinate(coordinate)) => {
                let lock = &mut state.ui.locks[state.ui.basis as usize][coordinate];
                *lock = !*lock;
            }
            _ => say(state, "what the model is told has no lock: random values leave it alone"),
        },
        Action::Randomise | Action::Draw => {
            ui.draws += 1;
            let what = if action == Action::Draw { Drawn::Start } else { Drawn::Unlocked };
            let (draw, from) = (ui.draws, ui.from);
            return vec![Effect::Work(Job::Random { draw, what, of: state.code.clone(), from })];
        }
        Action::Source => {
            (ui.from, ui.notice) = match ui.from {
                DrawFrom::Fitted => {
                    (DrawFrom::Prior, notice("d and a draw from the prior N(0, I)"))
                }
                DrawFrom::Prior => {
                    (DrawFrom::Fitted, notice("d and a draw from what was fitted to the codes"))
                }
            };
        }
        Action::NextItem => return next_item(state, 1),
        Action::PreviousItem => return next_item(state, -1),
        Action::Principal => turn(state),
        Action::NextClass => class(state, 1),
        Action::PreviousClass => class(state, -1),
        Action::Mark(mark) => {
            let current = state.current();
            state.marks[mark as usize] = Some(current);
            state.ui.place = None;
            if let Some(other) =
                [Mark::A, Mark::B].into_iter().find(|&m| state.marks[m as usize].is_none())
            {
                say(
                    state,
                    &format!("{mark:?} is marked; {other:?} marks the other end of a strip"),
                );
            }
        }
        Action::More | Action::Fewer => {
            ui.steps = if action == Action::More { ui.steps + 1 } else { ui.steps - 1 };
            ui.steps = ui.steps.clamp(*STEPS.start(), *STEPS.end());
            ui.place = None;
        }
        Action::Along => walk(state, 1),
        Action::Back => walk(state, -1),
        Action::Save => return vec![Effect::Work(Job::Save(Box::new(state.work())))],
        Action::Map => match state.ui.view {
            View::Map => state.ui.view = View::Palette,
            View::Palette if state.points() == 0 => {
                say(state, "no latent snapshot yet: the trainer writes them now and then");
            }
            View::Palette => state.ui.view = View::Map,
        },
        Action::Mouse => {
            ui.mouse = !ui.mouse;
            ui.dragging = None;
            let on = ui.mouse;
            say(
                state,
                if on { "sliders follow the mouse now" } else { "the mouse is the terminal's" },
            );
            return vec![Effect::Mouse(on)];
        }
        Action::NextMoment | Action::PreviousMoment => {
            state.ui.is_playing = false;
            let by = if action == Action::NextMoment { 1 } else { -1 };
            return show(state, by);
        }
        Action::Play => {
            let plays = !state.ui.is_playing;
            let jobs = if plays { show(state, 1) } else { Vec::new() };
            state.ui.is_playing = plays && !jobs.is_empty();
            return jobs;
        }
        Action::Help => ui.help = true,
        Action::Dismiss if ui.view == View::Map => ui.view = View::Palette,
        Action::Dismiss => {
            state.marks = [None, None];
            ui.place = None;
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Leave => return vec![Effect::Leave],
        // Of the map alone.
        Action::Above(_) | Action::Below(_) | Action::Pick => {}
        Action::NextPoint | Action::PreviousPoint | Action::Color => {}
    }
    Vec::new()
}

fn works(jobs: Vec<Job>) -> Vec<Effect> {
    jobs.into_iter().map(Effect::Work).collect()
}

fn show(state: &mut State, by: isize) -> Vec<Effect> {
    let jobs = state.show(by);
    if jobs.is_empty() {
        say(state, "these images are pictures: volumes turn and clips play");
    }
    works(jobs)
}

fn say(state: &mut State, text: &str) {
    state.ui.notice = notice(text);
}

fn notice(text: &str) -> Option<Notice> {
    Some(Notice { text: text.to_owned(), is_bad: false })
}

/// Moves what is chosen; a fine step is a fortieth of the way from the middle to the end.
fn slide(state: &mut State, towards: f32, size: Size) {
    match state.chosen_row() {
        Some(Row::Class) => class(state, towards as isize),
        Some(Row::Told(told)) => {
            state.tell(told, towards, if size == Size::Fine { 1.0 / 40.0 } else { 1.0 / 8.0 });
        }
        Some(Row::Coordinate(coordinate)) => {
            let reach = state.known.reach(state.ui.basis, coordinate);
            let by = if size == Size::Fine { reach / 40.0 } else { reach / 8.0 };
            let value = state.value(coordinate);
            // A code from elsewhere may lie beyond the end, and is not to jump back.
            let end = reach.max(value.abs());
            put(state, coordinate, (value + towards * by).clamp(-end, end));
        }
        None => {}
    }
}

pub(super) fn put(state: &mut State, coordinate: usize, value: f32) {
    if state.is_locked(coordinate) {
        let name = state.known.name(state.ui.basis, coordinate);
        return say(state, &format!("{name} is locked: x unlocks it"));
    }
    state.put(coordinate, value);
}

/// The locked coordinates as they were in another state.
fn restore_locked(state: &mut State, keep: &State) {
    for coordinate in 0..state.known.count(state.ui.basis) {
        if state.is_locked(coordinate) {
            state.put(coordinate, keep.value(coordinate));
        }
    }
}

fn class(state: &mut State, by: isize) {
    let classes = state.known.space.classes.len();
    match state.code.class {
        Some(class) if classes > 0 => {
            let next = (class as isize + by).rem_euclid(classes as isize);
            state.code.class = Some(next as usize);
            state.ui.place = None;
        }
        _ => say(state, "pictures of this model do not depend on a class"),
    }
}

fn turn(state: &mut State) {
    let all = Basis::ALL;
    let now = state.ui.basis as usize;
    let next = (1..all.len()).map(|by| all[(now + by) % all.len()]);
    let Some(next) = next.into_iter().find(|&basis| state.known.count(basis) > 0) else {
        return say(
            state,
            "no principal directions: they need a latent snapshot of up to 256 dimensions",
        );
    };
    state.ui.basis = next;
    let first = usize::from(state.code.class.is_some()) + state.code.told.len();
    if state.ui.chosen >= first {
        state.ui.chosen = first;
    }
}

fn next_item(state: &mut State, by: isize) -> Vec<Effect> {
    let items = state.known.space.items as isize;
    if items == 0 {
        say(state, "the data have no test images");
        return Vec::new();
    }
    let next = state.ui.item.map_or(0, |item| (item as isize + by).rem_euclid(items));
    item(state, next as usize)
}

fn item(state: &mut State, item: usize) -> Vec<Effect> {
    state.ui.item = Some(item);
    state.ui.is_coming = true;
    vec![Effect::Work(Job::Item { item, begin: true })]
}

/// A step along the strip: what is there becomes the code.
fn walk(state: &mut State, by: isize) {
    let way = state.way();
    let Some(last) = way.len().checked_sub(1) else {
        return say(state, "no strip yet: A and B mark its two ends");
    };
    let place = match state.ui.place {
        None if by > 0 => 0,
        None => last,
        Some(place) => place.saturating_add_signed(by).min(last),
    };
    go(state, place);
}

pub(super) fn go(state: &mut State, place: usize) {
    let way = state.way();
    let Some(code) = way.get(place) else { return };
    state.begin(Start { origin: Origin::Between { place, of: way.len() }, code: code.clone() });
    state.ui.place = Some(place);
}

/// A random code is the start, or its coordinates those of the sliders that are not locked.
fn random(state: &mut State, draw: u64, what: Drawn, from: DrawFrom, made: Random) {
    let Random { mut z, unfitted } = made;
    z.resize(state.known.dims(), 0.0);
    let from = match unfitted {
        Some(why) => {
            state.ui.from = DrawFrom::Prior;
            say(state, &format!("of the prior: {why}"));
            DrawFrom::Prior
        }
        None => from,
    };
    if what == Drawn::Start {
        let code = super::decoder::Code { z, ..state.code.clone() };
        return state.begin(Start { origin: Origin::Draw { draw, from }, code });
    }
    let basis = state.ui.basis;
    // What coordinates are worth is the prior's to say for the dimensions alone: along others it is noise as wide as the
    // codes are.
    let value = |state: &State, coordinate: usize| match from {
        DrawFrom::Fitted => Some(state.known.value(basis, coordinate, &z)),
        DrawFrom::Prior => {
            z.get(coordinate).map(|noise| noise * state.known.spread(basis, coordinate))
        }
    };
    for coordinate in 0..state.known.count(basis) {
        if let Some(value) = value(state, coordinate).filter(|_| !state.is_locked(coordinate)) {
            state.put(coordinate, value);
        }
    }
}

fn hear(state: &mut State, answer: Answer) -> Vec<Effect> {
    match &answer {
        Answer::Random { draw, .. } => state.ui.drawn = *draw,
        Answer::Item { item, begin: true, .. } if Some(*item) == state.ui.item => {
            state.ui.is_coming = false;
        }
        _ => {}
    }
    match answer {
        Answer::Picture { version, picture } => state.answer_picture(version, picture),
        Answer::Strip { version, pictures } => state.answer_strip(version, pictures),
        Answer::Item { item, begin, read: Ok(read) } => state.answer_item(item, begin, read),
        Answer::Random { draw, what, from, made: Ok(made) } => {
            random(state, draw, what, from, made);
        }
        Answer::Saved(Ok(paths)) => {
            // All are in the folder of the first.
            let name = |(i, path): (usize, &PathBuf)| match path.file_name() {
                Some(name) if i > 0 => name.to_string_lossy().into_owned(),
                _ => path.display().to_string(),
            };
            let names: Vec<String> = paths.iter().enumerate().map(name).collect();
            say(state, &format!("saved {}", names.join(", ")));
            return vec![Effect::Saved(paths)];
        }
        Answer::Newer(Ok(space)) => return newer(state, *space),
        Answer::Item { read: Err(why), .. }
        | Answer::Random { made: Err(why), .. }
        | Answer::Saved(Err(why))
        | Answer::Newer(Err(why)) => {
            state.ui.notice = Some(Notice { text: why, is_bad: true });
        }
    }
    Vec::new()
}

fn newer(state: &mut State, space: Space) -> Vec<Effect> {
    let (before, step) = (state.known.space.step, space.step);
    state.take_up(space);
    if before != step {
        say(state, &format!("the checkpoint of step {step} is loaded"));
    }
    let item = state.ui.item.map(|item| Job::Item { item, begin: false });
    item.map(Effect::Work).into_iter().collect()
}
