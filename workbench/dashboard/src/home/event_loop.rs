//! Keys and finds become messages, messages become state, and the state becomes frames when they are due.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event};

use super::owner::Owner;
use super::scan::{self, Scanner};
use super::state::State;
use super::update::{Effect, Message, update};
use super::view;
use super::work::{self, Worker};
use crate::pacing::Pacer;
use crate::terminal::{self, Signals, Terminal, Waited};
use crate::theme::Styles;
use crate::{Error, Options, event_loop, reader};

/// How long the terminal is waited on before finds and signals are looked at.
const TURN: Duration = Duration::from_millis(100);

/// Shows Home over the runs in `runs` until the person leaves or the process is told to end (SIGTERM, SIGHUP,
/// SIGINT). The terminal is as it was when this returns, and when it panics.
///
/// # Errors
/// [`Error::NotATerminal`], [`Error::Dumb`], [`Error::Terminal`], [`Error::Reader`].
pub fn home(owner: Arc<dyn Owner>, runs: &Path, options: &Options) -> Result<(), Error> {
    event_loop::refuse_dumb(options)?;
    let signals = Signals::catch()?;
    let terminal = Terminal::take()?;
    let scanner = scan::start(runs, Some(Arc::clone(&owner)))?;
    let worker = work::start(&owner)?;
    let mut state = State::new(Styles::decide(options), runs.display().to_string());
    state.size = crossterm::terminal::size().map_err(Error::terminal("measure"))?;
    let home = Home { owner, options, signals, terminal, scanner, worker, pacer: Pacer::new() };
    home.turn_until_left(&mut state)
}

struct Home<'a> {
    owner: Arc<dyn Owner>,
    options: &'a Options,
    signals: Signals,
    terminal: Terminal,
    scanner: Scanner,
    worker: Worker,
    pacer: Pacer,
}

impl Home<'_> {
    fn turn_until_left(mut self, state: &mut State) -> Result<(), Error> {
        loop {
            let wait = self.pacer.due_in(Instant::now()).map_or(TURN, |due| due.min(TURN));
            if terminal::wait(wait)? == Waited::Closed || self.signals.end() {
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
            for effect in effects {
                if effect == Effect::Leave {
                    return Ok(());
                }
                self.carry_out(state, effect)?;
            }
            if self.signals.take_go_on() {
                self.terminal.retake()?;
                self.measure(state);
            }
            if self.pacer.due_in(Instant::now()) == Some(Duration::ZERO) {
                let start = Instant::now();
                let mut buffer = terminal::blank(state.size);
                view::draw(state, buffer.area, &mut buffer);
                let flush = self.terminal.show(buffer)?;
                self.pacer.drawn(start, flush.unwrap_or_default());
            }
        }
    }

    /// All that has happened since the last turn.
    fn messages(&self) -> Result<Vec<Message>, Error> {
        let mut messages = Vec::new();
        while event::poll(Duration::ZERO).map_err(Error::terminal("read from"))? {
            match event::read().map_err(Error::terminal("read from"))? {
                Event::Key(event) => {
                    messages.extend(event_loop::key(event).map(Message::Key));
                }
                Event::Resize(columns, rows) => messages.push(Message::Resize(columns, rows)),
                _ => {}
            }
        }
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
            Effect::Redraw => self.terminal.forget(),
            Effect::Suspend => {
                self.terminal.suspend()?;
                self.signals.take_go_on();
                self.measure(state);
            }
            Effect::Work(job) => self.worker.jobs.send(job).map_err(|_| Error::Reader)?,
            Effect::Edit(file) => {
                let mut editor = self.owner.editor(&file);
                let ended = self.terminal.lend(&mut editor, &self.signals)?;
                let wrong = match ended {
                    Ok(status) if status.success() => None,
                    Ok(status) => Some(format!("the editor ended with {status}")),
                    Err(why) => Some(why),
                };
                update(state, Message::Edited(wrong));
                self.look()?;
                self.measure(state);
            }
            Effect::Explore(run) => {
                let explorer = self.owner.explorer(&run);
                let loading = event_loop::LOADING;
                if let Some(why) = self.terminal.lend_screen(&explorer, loading, &self.signals)? {
                    update(state, Message::NotShown(why));
                }
                self.measure(state);
            }
            Effect::Open(run, others) => {
                let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let options = Options {
                    come_back: self.owner.come_back(&name),
                    explore: self.owner.explorer(&run),
                    ..self.options.clone()
                };
                let others: Result<Vec<_>, _> =
                    others.iter().map(|other| reader::open(other)).collect();
                match reader::open(&run).and_then(|run| Ok((run, others?))) {
                    Ok((run, others)) => {
                        self.terminal.forget();
                        let (terminal, signals) = (&mut self.terminal, &self.signals);
                        event_loop::follow(run, others, &options, terminal, signals)?;
                    }
                    Err(error) => {
                        update(state, Message::NotShown(error.to_string()));
                    }
                }
                self.terminal.forget();
                self.look()?;
                self.measure(state);
            }
        }
        Ok(())
    }

    /// While something else had the terminal nobody told of a new size.
    fn measure(&mut self, state: &mut State) {
        if let Ok((columns, rows)) = crossterm::terminal::size() {
            update(state, Message::Resize(columns, rows));
        }
        self.pacer.touch();
    }
}
