//! Keys and answers become messages, messages become state, and the state becomes frames when they are due.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use super::decoder::{Decoder, Space};
use super::state::State;
use super::update::{self, Effect, Message, update};
use super::view;
use super::work::{self, Worker};
use crate::pacing::Pacer;
use crate::stage::{Stage, TURN};
use crate::{Error, Options};

/// As long as a frame waits for the picture that belongs to it: one frame costs less than two.
const PATIENCE: Duration = Duration::from_millis(60);

/// How long each moment of what plays is shown.
const MOMENT: Duration = Duration::from_millis(125);

/// How an exploration begins.
#[derive(Debug, Clone, Copy, Default)]
pub struct Begin {
    /// The terminal tells of the mouse.
    pub mouse: bool,
    /// The point of the newest snapshot whose code the sliders take; without one, the first test image's.
    pub point: Option<usize>,
}

/// Explores the latent space of the run called `name` until the person leaves or the process is told to end
/// (SIGTERM, SIGHUP, SIGINT), and returns the files that were saved. The terminal is as it was when this returns, and
/// when it panics.
///
/// # Errors
/// [`Error::NotATerminal`], [`Error::Dumb`], [`Error::Terminal`], [`Error::Reader`].
pub fn explore(
    decoder: Box<dyn Decoder>,
    space: Space,
    name: &str,
    options: &Options,
    begin: Begin,
) -> Result<Vec<PathBuf>, Error> {
    let mut stage = Stage::take(options, Pacer::lively())?;
    stage.mouse(begin.mouse)?;
    let worker = work::start(decoder)?;
    let mut state = State::new(name.to_owned(), stage.styles(), space, begin.mouse);
    state.size = stage.size();
    let mut explorer =
        Explorer { stage, worker, waiting: None, played: Instant::now(), saved: Vec::new() };
    let effects = update::begin(&mut state, begin.point);
    explorer.carry_out(effects)?;
    explorer.turn_until_left(&mut state)?;
    Ok(explorer.saved)
}

struct Explorer {
    stage: Stage,
    worker: Worker,
    /// Since when a picture is on its way.
    waiting: Option<Instant>,
    /// When the last moment of what plays began.
    played: Instant,
    saved: Vec<PathBuf>,
}

impl Explorer {
    fn turn_until_left(&mut self, state: &mut State) -> Result<(), Error> {
        loop {
            let wait = self.due_in(state).map_or(TURN, |due| due.min(TURN));
            let wait = if state.ui.is_playing { wait.min(MOMENT) } else { wait };
            let bell = Some(self.worker.bell.as_fd());
            let Some(inputs) = self.stage.hear(wait, bell)? else { return Ok(()) };
            let mut messages: Vec<Message> = inputs.into_iter().map(Message::Input).collect();
            messages.extend(self.answers()?);
            messages.extend(self.tick(state));
            let mut effects = Vec::new();
            for message in messages {
                self.stage.touch();
                effects.extend(update(state, message));
            }
            if !self.carry_out(effects)? {
                return Ok(());
            }
            if self.due_in(state) == Some(Duration::ZERO) {
                self.stage.show(|area, buffer| view::draw(state, area, buffer))?;
            }
        }
    }

    /// What plays goes on when its last picture is there and was seen: a slow line or model slows it down.
    fn tick(&mut self, state: &State) -> Option<Message> {
        let is_due = state.ui.is_playing && !state.is_waiting() && self.played.elapsed() >= MOMENT;
        is_due.then(|| {
            self.played = Instant::now();
            Message::Tick
        })
    }

    /// How long until a frame is due. While a picture is on its way, a frame waits for it.
    fn due_in(&mut self, state: &State) -> Option<Duration> {
        let now = Instant::now();
        let since = match state.is_waiting() {
            true => Some(*self.waiting.get_or_insert(now)),
            false => None,
        };
        self.waiting = since;
        let patience = since.map_or(Duration::ZERO, |since| PATIENCE.saturating_sub(now - since));
        self.stage.due_in().map(|due| due.max(patience))
    }

    /// All that the worker has done since the last turn.
    fn answers(&mut self) -> Result<Vec<Message>, Error> {
        let mut messages = Vec::new();
        let mut rung = [0; 64];
        loop {
            match self.worker.bell.read(&mut rung) {
                Ok(0) => return Err(Error::Reader),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        loop {
            match self.worker.answers.try_recv() {
                Ok(answer) => messages.push(Message::Answer(answer)),
                Err(TryRecvError::Empty) => return Ok(messages),
                Err(TryRecvError::Disconnected) => return Err(Error::Reader),
            }
        }
    }

    /// False where the person leaves.
    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<bool, Error> {
        for effect in effects {
            match effect {
                Effect::Leave => return Ok(false),
                Effect::Redraw => self.stage.redraw(),
                Effect::Suspend => self.stage.suspend()?,
                Effect::Mouse(on) => self.stage.mouse(on)?,
                Effect::Work(job) => self.worker.jobs.send(job).map_err(|_| Error::Reader)?,
                Effect::Saved(paths) => self.saved.extend(paths),
            }
        }
        Ok(true)
    }
}
