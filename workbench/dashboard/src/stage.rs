//! What every screen does with the terminal: it waits, hears, and shows frames when they are due.

use std::ffi::OsString;
use std::os::fd::BorrowedFd;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::draw::pixels::Pixels;
use crate::pacing::Pacer;
use crate::terminal::{self, Input, Signals, Terminal, Waited};
use crate::theme::Styles;
use crate::{Error, Options};

/// How long the terminal is waited on before files and signals are looked at.
pub(crate) const TURN: Duration = Duration::from_millis(100);
/// What stands on the screen until another program has it.
pub(crate) const LOADING: &str = "loading the model";

/// A terminal that a screen is shown on, with its signals.
pub(crate) struct Stage {
    terminal: Terminal,
    signals: Signals,
    pacer: Pacer,
    size: (u16, u16),
    styles: Styles,
}

impl Stage {
    /// Takes the terminal over; it is given back when this is dropped.
    ///
    /// # Errors
    /// [`Error::Dumb`], [`Error::NotATerminal`], [`Error::Terminal`].
    pub fn take(options: &Options, pacer: Pacer) -> Result<Stage, Error> {
        if options.env.term.as_deref() == Some("dumb") {
            return Err(Error::Dumb);
        }
        let signals = Signals::catch()?;
        let terminal = Terminal::take()?;
        let size = crossterm::terminal::size().map_err(Error::terminal("measure"))?;
        let pixels = Pixels::choose(options.pictures)?;
        let styles = Styles { pixels, ..Styles::decide(options) };
        Ok(Stage { terminal, signals, pacer, size, styles })
    }

    /// How things look on this terminal.
    pub fn styles(&self) -> Styles {
        self.styles
    }

    /// Columns and rows, as of the last turn.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Waits for a person or for `other` to have something to read, `most` at longest, and tells what the person did;
    /// `None` where they are gone, or the process was told to end.
    ///
    /// # Errors
    /// [`Error::Terminal`]; [`Error::Reader`] where another thread has panicked.
    pub fn hear(
        &mut self,
        most: Duration,
        other: Option<BorrowedFd<'_>>,
    ) -> Result<Option<Vec<Input>>, Error> {
        let waited = terminal::wait(most, other)?;
        if waited == Waited::Closed || self.signals.end() {
            return Ok(None);
        }
        if self.terminal.is_lost() {
            return Err(Error::Reader);
        }
        if self.signals.take_stop() {
            self.suspend()?;
        }
        if self.signals.take_go_on() {
            self.terminal.retake()?;
            self.redraw();
        }
        let mut inputs = if waited == Waited::Typed { terminal::read()? } else { Vec::new() };
        if let Ok(size) = crossterm::terminal::size()
            && size != self.size
        {
            self.size = size;
            inputs.push(Input::Resize(size.0, size.1));
        }
        if !inputs.is_empty() {
            self.pacer.hurry(Instant::now());
        }
        Ok(Some(inputs))
    }

    /// The screen may have to look different now.
    pub fn touch(&mut self) {
        self.pacer.touch();
    }

    /// How long until a frame is due; `None` while nothing changed.
    pub fn due_in(&self) -> Option<Duration> {
        self.pacer.due_in(Instant::now())
    }

    /// Draws a frame, and brings the screen to it.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn show(&mut self, draw: impl FnOnce(Rect, &mut Buffer)) -> Result<(), Error> {
        let start = Instant::now();
        let mut buffer = terminal::blank(self.size);
        draw(buffer.area, &mut buffer);
        let cells = buffer.area.area() as usize;
        let cost = self.terminal.show(buffer)?;
        self.pacer.drawn(start, cost.unwrap_or_default(), cells);
        Ok(())
    }

    /// The next frame is written whole.
    pub fn redraw(&mut self) {
        self.terminal.forget();
        if let Some(pixels) = self.styles.pixels {
            pixels.forget();
        }
        self.pacer.touch();
        self.pacer.hurry(Instant::now());
    }

    /// Stops this process until the shell lets it go on.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn suspend(&mut self) -> Result<(), Error> {
        self.terminal.suspend()?;
        self.signals.take_go_on();
        self.redraw();
        Ok(())
    }

    /// Has the terminal tell of the mouse, or leave it to itself, to mark and copy text.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn mouse(&mut self, on: bool) -> Result<(), Error> {
        self.terminal.mouse(on)
    }

    /// Gives the terminal to another program until that has ended. What went wrong with it is the inner error.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn lend(&mut self, command: &mut Command) -> Result<Result<ExitStatus, String>, Error> {
        let ended = self.terminal.lend(command, &self.signals)?;
        self.redraw();
        Ok(ended)
    }

    /// As [`Stage::lend`], to a program that takes the screen over as this one does. Returns what it said where it did
    /// not end well.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn lend_screen(&mut self, words: &[OsString]) -> Result<Option<String>, Error> {
        let said = self.terminal.lend_screen(words, LOADING, &self.signals)?;
        self.redraw();
        Ok(said)
    }
}
