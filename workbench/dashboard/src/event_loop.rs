//! Events and files become messages, messages become state, and the state becomes frames when they are due.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyEvent, KeyEventKind, KeyModifiers};
use workbench_runs::{RunDir, State as RunState};

use crate::keys::{Key, View};
use crate::message::{Effect, Message, Read};
use crate::pacing::Pacer;
use crate::reader::{self, Command};
use crate::readers::Readers;
use crate::save::Saver;
use crate::state::{State, rivals};
use crate::terminal::{self, Signals, Terminal, Waited};
use crate::theme::Styles;
use crate::update::update;
use crate::{Error, Options, view};

/// How long the terminal is waited on before files and signals are looked at.
const TURN: Duration = Duration::from_millis(100);
/// The same while a history is read.
const BUSY_TURN: Duration = Duration::from_millis(5);
/// As long as one turn folds what the reader found: keys are not to wait for a long log.
const FOLDING: Duration = Duration::from_millis(40);

/// What stands on the screen until the explorer has it.
pub(crate) const LOADING: &str = "loading the model";

/// How the person left the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The run goes on, or the directory is no run of ours.
    Detached,
    /// The run had ended, in this state.
    Ended(RunState),
}

/// Shows the run in `dir`, or any TensorBoard log directory, until the person leaves or the process is
/// told to end (SIGTERM, SIGHUP, SIGINT). The terminal is as it was when this returns, and when it panics.
///
/// # Errors
/// [`Error::Runs`] and [`Error::Several`] where `dir` is no run, [`Error::NotATerminal`], [`Error::Dumb`],
/// [`Error::Terminal`].
pub fn attach(dir: &Path, options: Options) -> Result<Outcome, Error> {
    compare(dir, &[], options)
}

/// The same, with other runs drawn over it from the start; more can be chosen among the runs beside it.
///
/// # Errors
/// As [`attach`], for any of the directories; [`Error::TooMany`].
pub fn compare(dir: &Path, others: &[PathBuf], options: Options) -> Result<Outcome, Error> {
    let run = reader::open(dir)?;
    let others = others.iter().map(|dir| reader::open(dir)).collect::<Result<Vec<_>, _>>()?;
    if others.len() >= rivals::MOST {
        return Err(Error::TooMany { runs: others.len() + 1, most: rivals::MOST });
    }
    refuse_dumb(&options)?;
    let signals = Signals::catch()?;
    let mut terminal = Terminal::take()?;
    follow(run, others, &options, &mut terminal, &signals)
}

/// # Errors
/// [`Error::Dumb`].
pub(crate) fn refuse_dumb(options: &Options) -> Result<(), Error> {
    if options.env.term.as_deref() == Some("dumb") {
        return Err(Error::Dumb);
    }
    Ok(())
}

/// Shows a run, with others over it, on a terminal that was taken before.
///
/// # Errors
/// [`Error::Reader`], [`Error::Terminal`].
pub(crate) fn follow(
    run: RunDir,
    others: Vec<RunDir>,
    options: &Options,
    terminal: &mut Terminal,
    signals: &Signals,
) -> Result<Outcome, Error> {
    let (run, styles) = (absolute(run), Styles::decide(options));
    let path = run.path().to_path_buf();
    let mut state = State::new(path, styles, options.come_back.clone(), Instant::now());
    let mut readers = Readers::start(run)?;
    for other in others.into_iter().map(absolute) {
        if state.pin(other.path()) {
            pin(&mut state, &mut readers, other.path());
        }
    }
    state.size = crossterm::terminal::size().map_err(Error::terminal("measure"))?;
    let saver = Saver::new(options.save.clone());
    turn_until_left(&mut state, terminal, signals, &mut readers, &saver, &options.explore)?;
    let ended = state.status.map(|status| status.state).filter(|state| !state.is_live());
    Ok(ended.map_or(Outcome::Detached, Outcome::Ended))
}

/// The run by its absolute path, by which it is found again in the list of runs.
fn absolute(run: RunDir) -> RunDir {
    let path = run.path().canonicalize().ok();
    path.and_then(|path| RunDir::open(&path).ok()).unwrap_or(run)
}

fn pin(state: &mut State, readers: &mut Readers, path: &Path) {
    if state.rivals.iter().all(|rival| rival.path != path) {
        return;
    }
    if let Err(why) = readers.pin(path) {
        update(state, Message::Read(Read::NotPinned(path.to_path_buf(), why)));
    }
}

fn turn_until_left(
    state: &mut State,
    terminal: &mut Terminal,
    signals: &Signals,
    readers: &mut Readers,
    saver: &Saver,
    explore: &[OsString],
) -> Result<(), Error> {
    let mut pacer = Pacer::new();
    loop {
        let mut effects = Vec::new();
        let mut tell = |state: &mut State, pacer: &mut Pacer, message: Message| {
            let updated = update(state, message);
            if updated.changed {
                pacer.touch();
            }
            effects.extend(updated.effects);
        };

        let is_busy = state.loading.is_some() || state.rivals.iter().any(|rival| rival.loading);
        let turn = if is_busy { BUSY_TURN } else { TURN };
        let wait = pacer.due_in(Instant::now()).map_or(turn, |due| due.min(turn));
        if terminal::wait(wait)? == Waited::Closed || signals.end() {
            return Ok(());
        }
        if terminal.is_lost() {
            return Err(Error::Reader);
        }
        let now = Instant::now();
        tell(state, &mut pacer, Message::Tick(now));
        while event::poll(Duration::ZERO).map_err(Error::terminal("read from"))? {
            let event = event::read().map_err(Error::terminal("read from"))?;
            if let Some(message) = message(event) {
                tell(state, &mut pacer, message);
            }
        }
        // The size is asked for as well: where many changes come at once, the event of the last can be missed.
        if let Ok((columns, rows)) = crossterm::terminal::size()
            && (columns, rows) != state.size
        {
            tell(state, &mut pacer, Message::Resize(columns, rows));
        }
        while let Ok(saved) = saver.done.try_recv() {
            tell(state, &mut pacer, Message::Read(Read::Saved(saved)));
        }
        while now.elapsed() < FOLDING {
            match readers.next()? {
                Some(read) => tell(state, &mut pacer, Message::Read(read)),
                None => break,
            }
        }

        if signals.take_stop() {
            effects.push(Effect::Suspend);
        }
        for effect in effects {
            match effect {
                Effect::Detach => return Ok(()),
                Effect::Suspend => {
                    terminal.suspend()?;
                    signals.take_go_on();
                    resize(state, &mut pacer);
                }
                Effect::Redraw => terminal.forget(),
                Effect::Explore => {
                    let why = if explore.is_empty() {
                        Some("this log is no run of ours: there is no model to explore".to_owned())
                    } else {
                        terminal.lend_screen(explore, LOADING, signals)?
                    };
                    update(state, Message::Explored(why));
                    resize(state, &mut pacer);
                }
                Effect::Post(request) => readers.ask(Command::Post(request))?,
                Effect::Load(step) => readers.ask(Command::Load(step))?,
                Effect::Trace(steps) => readers.ask(Command::Trace(steps))?,
                Effect::Save(view) => saver.start(view),
                Effect::Pin(path) => pin(state, readers, &path),
                Effect::Unpin(path) => readers.unpin(&path),
            }
        }
        readers.list(state.ui.view == View::Runs)?;
        if signals.take_go_on() {
            terminal.retake()?;
            resize(state, &mut pacer);
        }
        if pacer.due_in(Instant::now()) == Some(Duration::ZERO) {
            let start = Instant::now();
            for effect in state.settle() {
                match effect {
                    Effect::Load(step) => readers.ask(Command::Load(step))?,
                    Effect::Trace(steps) => readers.ask(Command::Trace(steps))?,
                    _ => {}
                }
            }
            let mut buffer = terminal::blank(state.size);
            view::draw(state, buffer.area, &mut buffer);
            let flush = terminal.show(buffer)?;
            pacer.drawn(start, flush.unwrap_or_default());
        }
    }
}

/// While the process was stopped nobody told of a new size.
fn resize(state: &mut State, pacer: &mut Pacer) {
    if let Ok(size) = crossterm::terminal::size() {
        state.size = size;
    }
    pacer.touch();
}

fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(event) => key(event).map(Message::Key),
        Event::Resize(columns, rows) => Some(Message::Resize(columns, rows)),
        _ => None,
    }
}

/// A key that went down, or repeats.
pub(crate) fn key(event: KeyEvent) -> Option<Key> {
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    (event.kind != KeyEventKind::Release).then_some(Key { code: event.code, ctrl })
}
