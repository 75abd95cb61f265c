//! Keys and answers become messages, messages become state, and the state becomes frames when they are due.

use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEventKind};

use super::decoder::{Decoder, Space};
use super::keys::Stroke;
use super::mouse::Mouse;
use super::state::State;
use super::update::{self, Effect, Message, update};
use super::view;
use super::work::{self, Worker};
use crate::pacing::Pacer;
use crate::terminal::{self, Signals, Terminal, Waited};
use crate::theme::Styles;
use crate::{Error, Options, event_loop};

/// How long the terminal and the decoder are waited on before signals are looked at.
const TURN: Duration = Duration::from_millis(100);
/// As long as a frame waits for the picture that belongs to it: one frame costs less than two.
const PATIENCE: Duration = Duration::from_millis(60);

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
    mouse: bool,
) -> Result<Vec<PathBuf>, Error> {
    event_loop::refuse_dumb(options)?;
    let signals = Signals::catch()?;
    let mut terminal = Terminal::take()?;
    terminal.mouse(mouse)?;
    let worker = work::start(decoder)?;
    let mut state = State::new(name.to_owned(), Styles::decide(options), space, mouse);
    state.size = crossterm::terminal::size().map_err(Error::terminal("measure"))?;
    let mut explorer = Explorer {
        signals,
        terminal,
        worker,
        pacer: Pacer::lively(),
        waiting: None,
        saved: Vec::new(),
    };
    let effects = update::begin(&mut state);
    explorer.carry_out(&mut state, effects)?;
    explorer.turn_until_left(&mut state)?;
    Ok(explorer.saved)
}

struct Explorer {
    signals: Signals,
    terminal: Terminal,
    worker: Worker,
    pacer: Pacer,
    /// Since when a picture is on its way.
    waiting: Option<Instant>,
    saved: Vec<PathBuf>,
}

impl Explorer {
    fn turn_until_left(&mut self, state: &mut State) -> Result<(), Error> {
        loop {
            let wait = self.due_in(state).map_or(TURN, |due| due.min(TURN));
            let waited = terminal::wait_with(wait, &self.worker.bell)?;
            if waited == Waited::Closed || self.signals.end() {
                return Ok(());
            }
            if self.terminal.is_lost() {
                return Err(Error::Reader);
            }
            let mut effects = Vec::new();
            for message in self.messages()? {
                self.pacer.touch();
                effects.extend(update(state, message));
            }
            if self.signals.take_stop() {
                effects.push(Effect::Suspend);
            }
            if !self.carry_out(state, effects)? {
                return Ok(());
            }
            if self.signals.take_go_on() {
                self.terminal.retake()?;
                self.measure(state);
            }
            if self.due_in(state) == Some(Duration::ZERO) {
                let start = Instant::now();
                let mut buffer = terminal::blank(state.size);
                view::draw(state, buffer.area, &mut buffer);
                let flush = self.terminal.show(buffer)?;
                self.pacer.drawn(start, flush.unwrap_or_default());
            }
        }
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
        self.pacer.due_in(now).map(|due| due.max(patience))
    }

    /// All that has happened since the last turn.
    fn messages(&mut self) -> Result<Vec<Message>, Error> {
        let mut messages = Vec::new();
        while event::poll(Duration::ZERO).map_err(Error::terminal("read from"))? {
            messages.extend(message(event::read().map_err(Error::terminal("read from"))?));
        }
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
    fn carry_out(&mut self, state: &mut State, effects: Vec<Effect>) -> Result<bool, Error> {
        for effect in effects {
            match effect {
                Effect::Leave => return Ok(false),
                Effect::Redraw => self.terminal.forget(),
                Effect::Suspend => {
                    self.terminal.suspend()?;
                    self.signals.take_go_on();
                    self.measure(state);
                }
                Effect::Mouse(on) => self.terminal.mouse(on)?,
                Effect::Work(job) => self.worker.jobs.send(job).map_err(|_| Error::Reader)?,
                Effect::Saved(paths) => self.saved.extend(paths),
            }
        }
        Ok(true)
    }

    /// While the process was stopped nobody told of a new size.
    fn measure(&mut self, state: &mut State) {
        if let Ok((columns, rows)) = crossterm::terminal::size() {
            update(state, Message::Resize(columns, rows));
        }
        self.pacer.touch();
    }
}

fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(event) => stroke(event).map(Message::Key),
        Event::Resize(columns, rows) => Some(Message::Resize(columns, rows)),
        Event::Mouse(event) => {
            let (x, y) = (event.column, event.row);
            let mouse = match event.kind {
                MouseEventKind::Down(MouseButton::Left) => Mouse::Down(x, y),
                MouseEventKind::Drag(MouseButton::Left) => Mouse::Drag(x, y),
                MouseEventKind::Up(MouseButton::Left) => Mouse::Up,
                _ => return None,
            };
            Some(Message::Mouse(mouse))
        }
        _ => None,
    }
}

fn stroke(event: KeyEvent) -> Option<Stroke> {
    // Of a character, and of Shift-Tab, it tells by itself that Shift was held.
    let is_told = matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab);
    let shift = event.modifiers.contains(KeyModifiers::SHIFT) && !is_told;
    event_loop::key(event).map(|key| Stroke { key, shift })
}
