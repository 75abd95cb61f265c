//! Keys and finds become messages, messages become state, and the state becomes frames when they are due.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use workbench_runs::RunDir;

use super::owner::Owner;
use super::scan::{self, Scanner};
use super::state::State;
use super::update::{Effect, Message, update};
use super::view;
use super::work::{self, Worker};
use crate::pacing::Pacer;
use crate::stage::{Stage, TURN};
use crate::watch::follow;
use crate::{Error, Options};

/// Shows Home over the runs in `runs` until the person leaves or the process is told to end (SIGTERM, SIGHUP,
/// SIGINT). The terminal is as it was when this returns, and when it panics.
///
/// # Errors
/// [`Error::NotATerminal`], [`Error::Dumb`], [`Error::Terminal`], [`Error::Reader`].
pub fn home(owner: Arc<dyn Owner>, runs: &Path, options: &Options) -> Result<(), Error> {
    let stage = Stage::take(options, Pacer::new())?;
    let scanner = scan::start(runs, Some(Arc::clone(&owner)))?;
    let worker = work::start(&owner)?;
    let mut state = State::new(stage.styles(), runs.display().to_string());
    state.size = stage.size();
    let home = Home { owner, options, stage, scanner, worker };
    home.turn_until_left(&mut state)
}

struct Home<'a> {
    owner: Arc<dyn Owner>,
    options: &'a Options,
    stage: Stage,
    scanner: Scanner,
    worker: Worker,
}

impl Home<'_> {
    fn turn_until_left(mut self, state: &mut State) -> Result<(), Error> {
        loop {
            let wait = self.stage.due_in().map_or(TURN, |due| due.min(TURN));
            let Some(inputs) = self.stage.hear(wait, None)? else { return Ok(()) };
            let mut messages: Vec<Message> = inputs.into_iter().map(Message::Input).collect();
            messages.extend(self.messages()?);
            let mut effects = Vec::new();
            for message in messages {
                self.stage.touch();
                effects.extend(update(state, message));
            }
            for effect in effects {
                if effect == Effect::Leave {
                    return Ok(());
                }
                self.carry_out(state, effect)?;
            }
            if self.stage.due_in() == Some(Duration::ZERO) {
                self.stage.show(|area, buffer| view::draw(state, area, buffer))?;
            }
        }
    }

    /// All that was found and done since the last turn.
    fn messages(&self) -> Result<Vec<Message>, Error> {
        let mut messages = Vec::new();
        loop {
            match self.scanner.seen.try_recv() {
                Ok(seen) => messages.push(Message::Seen(seen)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(Error::Reader),
            }
        }
        loop {
            match self.worker.done.try_recv() {
                Ok(done) => {
                    messages.push(Message::Done(done));
                    self.look()?;
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(Error::Reader),
            }
        }
        Ok(messages)
    }

    /// What was done shows at once.
    fn look(&self) -> Result<(), Error> {
        self.scanner.look.send(()).map_err(|_| Error::Reader)
    }

    fn carry_out(&mut self, state: &mut State, effect: Effect) -> Result<(), Error> {
        match effect {
            Effect::Leave => {}
            Effect::Redraw => self.stage.redraw(),
            Effect::Suspend => self.stage.suspend()?,
            Effect::Work(job) => self.worker.jobs.send(job).map_err(|_| Error::Reader)?,
            Effect::Edit(file) => {
                let mut editor = self.owner.editor(&file);
                let ended = self.stage.lend(&mut editor)?;
                let wrong = match ended {
                    Ok(status) if status.success() => None,
                    Ok(status) => Some(format!("the editor ended with {status}")),
                    Err(why) => Some(why),
                };
                update(state, Message::Edited(wrong));
                self.look()?;
            }
            Effect::Explore(run) => {
                let explorer = self.owner.explorer(&run);
                if let Some(why) = self.stage.lend_screen(&explorer)? {
                    update(state, Message::NotShown(why));
                }
            }
            Effect::Open(run, others) => {
                let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let options = Options {
                    come_back: self.owner.come_back(&name),
                    explore: self.owner.explorer(&run),
                    look: self.owner.looker(&run),
                    ..self.options.clone()
                };
                let others: Result<Vec<_>, _> =
                    others.iter().map(|other| RunDir::open(other)).collect();
                match RunDir::open(&run).and_then(|run| Ok((run, others?))) {
                    Ok((run, others)) => {
                        self.stage.redraw();
                        follow(run, others, &options, &mut self.stage)?;
                        self.stage.mouse(false)?;
                    }
                    Err(error) => {
                        update(state, Message::NotShown(error.to_string()));
                    }
                }
                self.stage.redraw();
                state.size = self.stage.size();
                self.look()?;
            }
        }
        Ok(())
    }
}
