//! Events and files become messages, messages become state, and the state becomes frames when they are due.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use workbench_runs::{RunDir, State as RunState};

use super::keys::View;
use super::look::Looker;
use super::message::{Effect, Message, Read};
use super::reader::{self, Command};
use super::readers::Readers;
use super::save::Saver;
use super::state::{State, rivals};
use super::update::update;
use super::view;
use crate::pacing::Pacer;
use crate::stage::{Stage, TURN};
use crate::{Error, Options};

/// How long the terminal is waited on while a history is read.
const BUSY_TURN: Duration = Duration::from_millis(5);
/// As long as one turn folds what the reader found: keys are not to wait for a long log.
const FOLDING: Duration = Duration::from_millis(40);

/// How the person left the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The run goes on, or the directory is no run of ours.
    Detached,
    /// The run had ended, in this state.
    Ended(RunState),
}

/// Shows the run in `dir`, or any TensorBoard log directory, or the logs below it over one another, until the person leaves or the process is
/// told to end (SIGTERM, SIGHUP, SIGINT). The terminal is as it was when this returns, and when it panics.
///
/// # Errors
/// [`Error::Runs`] where `dir` is no run, [`Error::TooMany`] where there are too many below it, [`Error::NotATerminal`], [`Error::Dumb`],
/// [`Error::Terminal`].
pub fn attach(dir: &Path, options: Options) -> Result<Outcome, Error> {
    compare(dir, &[], options)
}

/// The same, with other runs drawn over it from the start; more can be chosen among the runs beside it.
///
/// # Errors
/// As [`attach`], for any of the directories; [`Error::TooMany`].
pub fn compare(dir: &Path, others: &[PathBuf], options: Options) -> Result<Outcome, Error> {
    let mut runs = Vec::new();
    for dir in [dir].into_iter().chain(others.iter().map(PathBuf::as_path)) {
        runs.extend(reader::open_all(dir)?);
    }
    if runs.len() > rivals::MOST {
        let names = runs.iter().map(|run| run.path().display().to_string()).collect();
        return Err(Error::TooMany { names, most: rivals::MOST });
    }
    let others = runs.split_off(1);
    let Some(run) = runs.pop() else { return Err(Error::Reader) };
    let mut stage = Stage::take(&options, Pacer::new())?;
    follow(run, others, &options, &mut stage)
}

/// Shows a run, with others over it, on a stage that was taken before.
///
/// # Errors
/// [`Error::Reader`], [`Error::Terminal`].
pub(crate) fn follow(
    run: RunDir,
    others: Vec<RunDir>,
    options: &Options,
    stage: &mut Stage,
) -> Result<Outcome, Error> {
    let (run, styles) = (absolute(run), stage.styles());
    let path = run.path().to_path_buf();
    let mut state = State::new(path, styles, options.come_back.clone(), Instant::now());
    state.size = stage.size();
    state.ui.mouse = options.mouse;
    stage.mouse(options.mouse)?;
    let mut dashboard = Dashboard {
        stage,
        readers: Readers::start(run)?,
        saver: Saver::new(options.save.clone()),
        looker: Looker::new(&options.look),
        explore: &options.explore,
    };
    for other in others.into_iter().map(absolute) {
        if state.pin(other.path()) {
            dashboard.pin(&mut state, other.path());
        }
    }
    dashboard.turn_until_left(&mut state)?;
    let ended = state.status.map(|status| status.state).filter(|state| !state.is_live());
    Ok(ended.map_or(Outcome::Detached, Outcome::Ended))
}

/// The run by its absolute path, by which it is found again in the list of runs.
fn absolute(run: RunDir) -> RunDir {
    let path = run.path().canonicalize().ok();
    path.and_then(|path| RunDir::open(&path).ok()).unwrap_or(run)
}

struct Dashboard<'a> {
    stage: &'a mut Stage,
    readers: Readers,
    saver: Saver,
    looker: Looker,
    /// The command that explores the run; empty where there is none.
    explore: &'a [OsString],
}

impl Dashboard<'_> {
    fn turn_until_left(&mut self, state: &mut State) -> Result<(), Error> {
        loop {
            let is_busy = state.loading.is_some() || state.rivals.iter().any(|rival| rival.loading);
            let turn = if is_busy { BUSY_TURN } else { TURN };
            let wait = self.stage.due_in().map_or(turn, |due| due.min(turn));
            let Some(inputs) = self.stage.hear(wait, None)? else { return Ok(()) };
            let now = Instant::now();
            let mut effects = self.tell(state, Message::Tick(now));
            for input in inputs {
                effects.extend(self.tell(state, Message::Input(input)));
            }
            while let Ok(saved) = self.saver.done.try_recv() {
                effects.extend(self.tell(state, Message::Read(Read::Saved(saved))));
            }
            while let Ok((point, look)) = self.looker.seen.try_recv() {
                effects.extend(self.tell(state, Message::Read(Read::Look(point, look))));
            }
            while now.elapsed() < FOLDING
                && let Some(read) = self.readers.next()?
            {
                effects.extend(self.tell(state, Message::Read(read)));
            }
            for effect in effects {
                if effect == Effect::Detach {
                    return Ok(());
                }
                self.carry_out(state, effect)?;
            }
            self.readers.list(state.ui.view == View::Runs)?;
            if self.stage.due_in() == Some(Duration::ZERO) {
                for effect in state.settle() {
                    self.carry_out(state, effect)?;
                }
                self.stage.show(|area, buffer| view::draw(state, area, buffer))?;
            }
        }
    }

    fn tell(&mut self, state: &mut State, message: Message) -> Vec<Effect> {
        let updated = update(state, message);
        if updated.changed {
            self.stage.touch();
        }
        updated.effects
    }

    fn carry_out(&mut self, state: &mut State, effect: Effect) -> Result<(), Error> {
        match effect {
            Effect::Detach => {}
            Effect::Suspend => self.stage.suspend()?,
            Effect::Mouse(on) => self.stage.mouse(on)?,
            Effect::Redraw => self.stage.redraw(),
            Effect::Explore(point) => {
                let why = if self.explore.is_empty() {
                    Some("this log is no run of ours: there is no model to explore".to_owned())
                } else {
                    let mut words = self.explore.to_vec();
                    let point = point.map(|point| ["--point".into(), point.to_string().into()]);
                    words.extend(point.into_iter().flatten());
                    self.stage.lend_screen(&words)?
                };
                self.tell(state, Message::Explored(why));
            }
            Effect::Post(request) => self.readers.ask(Command::Post(request))?,
            Effect::Load(step) => self.readers.ask(Command::Load(step))?,
            Effect::Trace(steps) => self.readers.ask(Command::Trace(steps))?,
            Effect::Look(point) => self.looker.ask(point),
            Effect::Save(view) => self.saver.start(view),
            Effect::Pin(path) => self.pin(state, &path),
            Effect::Unpin(path) => self.readers.unpin(&path),
        }
        Ok(())
    }

    fn pin(&mut self, state: &mut State, path: &Path) {
        if state.rivals.iter().all(|rival| rival.path != path) {
            return;
        }
        if let Err(why) = self.readers.pin(path) {
            self.tell(state, Message::Read(Read::NotPinned(path.to_path_buf(), why)));
        }
    }
}
