//! What each key and each find changes.

use std::path::PathBuf;

use crossterm::event::KeyCode;

use super::keys::{Action, Section, TABLE};
use super::scan::Seen;
use super::state::{Ask, Notice, Page, State};
use super::work::{Done, Job};
use crate::keys::{self, Key, Place};
use crate::terminal::Input;
use crate::watch::state::rivals;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Message {
    Input(Input),
    Seen(Seen),
    Done(Done),
    /// The editor was left; what it could not do, in words.
    Edited(Option<String>),
    /// A run's dashboard could not be shown.
    NotShown(String),
}

/// Something to be done outside of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Leave,
    Suspend,
    Redraw,
    /// Show a run's dashboard, with others drawn over it.
    Open(PathBuf, Vec<PathBuf>),
    /// Give the screen to a run's explorer.
    Explore(PathBuf),
    Edit(PathBuf),
    Work(Job),
}

/// Folds a message into the state.
pub(crate) fn update(state: &mut State, message: Message) -> Vec<Effect> {
    match message {
        Message::Input(Input::Resize(columns, rows)) => state.size = (columns, rows),
        Message::Seen(seen) => state.see(seen),
        Message::Done(Done::Started { run }) => {
            state.note(Done::Started { run: run.clone() });
            let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
            state.ui.section = Section::Runs as usize;
            state.ui.filter[Section::Runs as usize].clear();
            state.ui.chosen[Section::Runs as usize] = Some(name);
            state.ui.page = None;
            return vec![Effect::Open(run, Vec::new())];
        }
        Message::Done(done) => state.note(done),
        Message::Edited(Some(why)) | Message::NotShown(why) => {
            if why.lines().count() > 1 {
                state.ui.page = Some(Page::new("it did not work".to_owned(), &why, true));
            } else {
                state.ui.notice = Some(Notice { is_bad: true, ..Notice::new(why) });
            }
        }
        Message::Edited(None) => {}
        Message::Input(Input::Key(key)) => return press(state, key),
        Message::Input(Input::Mouse(_)) => {}
    }
    Vec::new()
}

fn press(state: &mut State, key: Key) -> Vec<Effect> {
    state.ui.notice = None;
    if state.ui.typing && key != keys::INTERRUPT {
        type_filter(state, key);
        return Vec::new();
    }
    let action = keys::action(TABLE, key, state.section());
    if let Some((ask, name)) = state.ui.asked.take() {
        return answer(state, ask, name, action);
    }
    let Some(action) = action else { return Vec::new() };
    if state.ui.page.is_some() || state.ui.help {
        return read_on(state, action);
    }
    act(state, action)
}

/// The second press of a key that is asked twice, or another one.
fn answer(state: &mut State, ask: Ask, name: String, action: Option<Action>) -> Vec<Effect> {
    let wanted = match ask {
        Ask::Stop => Action::Stop,
        Ask::Delete => Action::Delete,
    };
    let run = state.chosen_run().filter(|run| run.name == name).map(|run| run.path.clone());
    match (action, run, ask) {
        (Some(action), Some(run), Ask::Stop) if action == wanted => {
            work(state, Job::Stop { run, name })
        }
        (Some(action), Some(run), Ask::Delete) if action == wanted => {
            work(state, Job::Delete { run, name })
        }
        (Some(Action::Leave), ..) => vec![Effect::Leave],
        _ => {
            let word = if ask == Ask::Stop { "stopped" } else { "deleted" };
            say(state, &format!("{name} is not {word}"))
        }
    }
}

/// Keys while a text lies over the lists.
fn read_on(state: &mut State, action: Action) -> Vec<Effect> {
    let rows = page_rows(state);
    let columns = usize::from(state.size.0);
    if let Some(page) = &mut state.ui.page {
        let last = super::view::page_lines(page, columns).len().saturating_sub(1);
        let to = |by: isize| page.scroll.saturating_add_signed(by).min(last);
        page.scroll = match action {
            Action::Up => to(-1),
            Action::Down => to(1),
            Action::PageUp => to(-rows),
            Action::PageDown => to(rows),
            Action::First => 0,
            Action::Last => to(isize::MAX).saturating_sub(rows as usize - 1),
            _ => page.scroll,
        };
    }
    match action {
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Leave | Action::Dismiss | Action::Help => {
            state.ui.page = None;
            state.ui.help = false;
        }
        Action::Open | Action::Start | Action::ShowDetails => state.ui.page = None,
        _ => {}
    }
    Vec::new()
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let sections = Section::ALL.len();
    match action {
        Action::Show(section) => state.ui.section = section as usize,
        Action::NextSection => state.ui.section = (state.ui.section + 1) % sections,
        Action::PreviousSection => {
            state.ui.section = (state.ui.section + sections - 1) % sections;
        }
        Action::Up => choose(state, -1),
        Action::Down => choose(state, 1),
        Action::PageUp => choose(state, -page_rows(state)),
        Action::PageDown => choose(state, page_rows(state)),
        Action::First => choose(state, isize::MIN),
        Action::Last => choose(state, isize::MAX),
        Action::Open => {
            return state
                .chosen_run()
                .map(|run| Effect::Open(run.path.clone(), Vec::new()))
                .into_iter()
                .collect();
        }
        Action::Mark => mark(state),
        Action::Compare => return compare(state),
        Action::Explore => {
            let run = state.chosen_run().map(|run| Effect::Explore(run.path.clone()));
            return run.into_iter().collect();
        }
        Action::Start | Action::Check | Action::Edit => return experiment(state, action),
        Action::ShowDetails => {
            if let Some((title, text)) = super::view::details_text(state) {
                state.ui.page = Some(Page::new(title, &text, false));
            }
        }
        Action::Resume | Action::Stop | Action::Delete => return run(state, action),
        Action::Filter => state.ui.typing = true,
        Action::Help => state.ui.help = true,
        Action::Dismiss => {
            state.ui.filter[state.ui.section].clear();
            state.ui.marked.clear();
        }
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Leave => return vec![Effect::Leave],
    }
    Vec::new()
}

/// Marks the run that is chosen, or takes its mark away, and goes on to the next.
fn mark(state: &mut State) {
    let Some(name) = state.chosen_run().map(|run| run.name.clone()) else { return };
    if !state.ui.marked.remove(&name) {
        state.ui.marked.insert(name);
    }
    choose(state, 1);
}

/// The dashboard of the runs that are marked, the chosen one first where it is one of them.
fn compare(state: &mut State) -> Vec<Effect> {
    let chosen = state.chosen_run().map(|run| run.name.clone());
    let runs = state.runs.as_deref().unwrap_or_default().iter();
    let mut marked: Vec<_> = runs.filter(|run| state.ui.marked.contains(&run.name)).collect();
    marked.sort_by_key(|run| Some(&run.name) != chosen.as_ref());
    let mut paths: Vec<PathBuf> = marked.iter().map(|run| run.path.clone()).collect();
    if paths.len() < 2 {
        return say(state, "mark two runs or more with m, then compare them");
    }
    if paths.len() > rivals::MOST {
        let text = format!("{} runs are marked; {} can be told apart", paths.len(), rivals::MOST);
        return say(state, &text);
    }
    let first = paths.remove(0);
    vec![Effect::Open(first, paths)]
}

fn experiment(state: &mut State, action: Action) -> Vec<Effect> {
    let Some(entry) = state.chosen_experiment() else { return Vec::new() };
    let (experiment, name) = (entry.path.clone(), entry.name.clone());
    match action {
        Action::Edit => vec![Effect::Edit(experiment)],
        Action::Check => work(state, Job::Check { experiment, name }),
        _ => work(state, Job::Start { experiment, name }),
    }
}

fn run(state: &mut State, action: Action) -> Vec<Effect> {
    let Some(entry) = state.chosen_run().cloned() else { return Vec::new() };
    let name = entry.name.clone();
    match action {
        Action::Resume if entry.is_resumable() => {
            work(state, Job::Resume { run: entry.path.clone(), name })
        }
        Action::Resume if entry.is_live() => say(state, &format!("{name} is {}", entry.word())),
        Action::Resume if entry.status.is_none() => {
            say(state, &format!("{name} has no status.json: no trainer of ours was at work on it"))
        }
        Action::Resume => say(state, &format!("{name} is finished: nothing is left to do")),
        Action::Stop if entry.is_live() => ask(state, Ask::Stop, name),
        Action::Stop => {
            say(state, &format!("{name} is {}: nothing is there to stop", entry.word()))
        }
        _ if entry.is_live() => {
            say(state, &format!("{name} is {}: stop it first, with S", entry.word()))
        }
        _ => ask(state, Ask::Delete, name),
    }
}

fn ask(state: &mut State, ask: Ask, name: String) -> Vec<Effect> {
    state.ui.asked = Some((ask, name));
    Vec::new()
}

fn say(state: &mut State, text: &str) -> Vec<Effect> {
    state.ui.notice = Some(Notice::new(text));
    Vec::new()
}

fn work(state: &mut State, job: Job) -> Vec<Effect> {
    if let Some(working) = &state.working {
        let text = format!("not now: {} first", working.text());
        return say(state, &text);
    }
    state.working = Some(job.clone());
    vec![Effect::Work(job)]
}

fn page_rows(state: &State) -> isize {
    (isize::try_from(state.size.1).unwrap_or(24) - 6).max(1)
}

fn choose(state: &mut State, by: isize) {
    let section = state.section();
    let shown = state.shown(section);
    let at = state.cursor(section).saturating_add_signed(by).min(shown.len().saturating_sub(1));
    state.ui.chosen[section as usize] = shown.get(at).map(|&place| state.name(section, place));
}

fn type_filter(state: &mut State, key: Key) {
    let filter = &mut state.ui.filter[state.ui.section];
    match key.code {
        KeyCode::Esc => {
            filter.clear();
            state.ui.typing = false;
        }
        KeyCode::Enter => state.ui.typing = false,
        KeyCode::Up => choose(state, -1),
        KeyCode::Down => choose(state, 1),
        KeyCode::Char('u') if key.ctrl => filter.clear(),
        KeyCode::Char(c) if !key.ctrl && filter.len() < 100 => filter.push(c),
        // Of an empty filter there is nothing to take away but the prompt.
        KeyCode::Backspace if filter.pop().is_none() => state.ui.typing = false,
        _ => {}
    }
}
