//! The terminal: set up, restored however the dashboard ends, and written to as little as can be.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Read, Stdout, Write};
use std::panic;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::buffer::Buffer;

mod frame;
mod input;
mod signals;

pub(crate) use frame::{Pen, blank};
pub(crate) use input::{Input, Mouse, Waited, answers, read, wait};
pub(crate) use signals::Signals;

use crate::Error;
use crate::pacing::Cost;
use frame::{CLEAR, frame};

/// The alternate screen, cleared; no cursor; a line that is too long is cut, not continued.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J\x1b[H";
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Buttons, and the pointer while one is held, in the form that knows no greatest column.
const MOUSE_ON: &[u8] = b"\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l";

/// As much as a frame may be before it is written in parts.
const BUFFER: usize = 64 << 10;

/// Whether the terminal is ours. A thread that panics gives it back, and then nothing may draw on it.
static OURS: AtomicBool = AtomicBool::new(false);
/// Whether the terminal tells of the mouse, which has to end with the rest.
static MOUSE: AtomicBool = AtomicBool::new(false);

type Hook = dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync;

/// A terminal in our hands; dropping it gives the terminal back as it was.
pub(crate) struct Terminal {
    out: BufWriter<Stdout>,
    /// What is on the screen; `None` where that is not known.
    shown: Option<Buffer>,
    hook: Arc<Hook>,
    /// The mouse is wanted.
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// [`Error::NotATerminal`], [`Error::Terminal`].
    pub fn take() -> Result<Terminal, Error> {
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            return Err(Error::NotATerminal);
        }
        let hook: Arc<Hook> = Arc::from(panic::take_hook());
        let before = Arc::clone(&hook);
        panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        let out = BufWriter::with_capacity(BUFFER, io::stdout());
        let mut terminal = Terminal { out, shown: None, hook, mouse: false };
        terminal.enter()?;
        Ok(terminal)
    }

    fn enter(&mut self) -> Result<(), Error> {
        OURS.store(true, Ordering::SeqCst);
        enable_raw_mode().map_err(Error::terminal("set up"))?;
        self.shown = None;
        let written = self.out.write_all(ENTER).and_then(|()| self.out.flush());
        written.map_err(Error::terminal("write to"))?;
        if self.mouse { self.mouse(true) } else { Ok(()) }
    }

    /// Has the terminal tell of the mouse, or leave it to itself, to mark and copy text.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn mouse(&mut self, on: bool) -> Result<(), Error> {
        self.mouse = on;
        if on != MOUSE.swap(on, Ordering::SeqCst) {
            let bytes = if on { MOUSE_ON } else { MOUSE_OFF };
            let written = self.out.write_all(bytes).and_then(|()| self.out.flush());
            written.map_err(Error::terminal("write to"))?;
        }
        Ok(())
    }

    /// Whether a panic has taken the terminal away, even one of another thread.
    pub fn is_lost(&self) -> bool {
        !OURS.load(Ordering::SeqCst)
    }

    /// The next frame is written whole.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// Brings the screen to `next` and tells what that cost; `None` where the screen is
    /// so already and nothing was written.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn show(&mut self, next: Buffer) -> Result<Option<Cost>, Error> {
        if self.is_lost() {
            return Ok(None);
        }
        let Some(frame) = frame(self.shown.as_ref(), &next) else { return Ok(None) };
        let start = Instant::now();
        let written = self.out.write_all(&frame).and_then(|()| self.out.flush());
        written.map_err(Error::terminal("write to"))?;
        self.shown = Some(next);
        Ok(Some(Cost { flush: start.elapsed(), bytes: frame.len() }))
    }

    /// Gives the terminal back, stops this process and those that were started with it, and takes the
    /// terminal again when they go on. Does nothing where there is no shell to come back from.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn suspend(&mut self) -> Result<(), Error> {
        let group = rustix::process::getpgrp();
        if rustix::process::getsid(None).is_ok_and(|session| session == group) {
            return Ok(());
        }
        give_back();
        // Not SIGTSTP, which is caught to come here.
        let stopped = rustix::process::kill_process_group(group, rustix::process::Signal::STOP);
        stopped.map_err(|e| Error::terminal("leave")(e.into()))?;
        self.enter()
    }

    /// Gives the terminal to another program until that has ended, and takes it again. Stops this process too
    /// where the other one is stopped from the keyboard, so that the shell has its job back.
    ///
    /// # Errors
    /// [`Error::Terminal`]. What went wrong with the program is the inner error, in words.
    pub fn lend(
        &mut self,
        command: &mut Command,
        signals: &Signals,
    ) -> Result<Result<ExitStatus, String>, Error> {
        give_back();
        let ended = wait_for(command, signals);
        // What was typed at the other program was not meant for this one.
        signals.interrupt.store(false, Ordering::SeqCst);
        self.retake()?;
        let wrong = |e| format!("{}: {e}", command.get_program().display());
        Ok(ended.map(|(status, _)| status).map_err(wrong))
    }

    /// As [`Terminal::lend`], to a program that takes the screen over as this one does, and says on stderr why it
    /// cannot; `meanwhile` stands there until it has. Returns what it said where it did not end well.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn lend_screen(
        &mut self,
        words: &[OsString],
        meanwhile: &str,
        signals: &Signals,
    ) -> Result<Option<String>, Error> {
        let [program, arguments @ ..] = words else { return Ok(None) };
        let written = self.out.write_all(CLEAR).and_then(|()| {
            self.out.write_all(b"\x1b[H")?;
            self.out.write_all(meanwhile.as_bytes())?;
            self.out.flush()
        });
        written.map_err(Error::terminal("write to"))?;
        disable_raw_mode().map_err(Error::terminal("set up"))?;
        let mut command = Command::new(program);
        let ended = wait_for(command.args(arguments).stderr(Stdio::piped()), signals);
        signals.interrupt.store(false, Ordering::SeqCst);
        self.retake()?;
        Ok(match ended {
            Ok((status, _)) if status.success() => None,
            Ok((status, said)) if said.trim().is_empty() => Some(format!("it ended with {status}")),
            Ok((_, said)) => Some(said.trim().to_owned()),
            Err(e) => Some(format!("{}: {e}", program.display())),
        })
    }

    /// Takes the terminal again after something else had it.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn retake(&mut self) -> Result<(), Error> {
        // Raw mode is only set anew where it is thought to be off.
        disable_raw_mode().map_err(Error::terminal("set up"))?;
        self.enter()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
        if !std::thread::panicking() {
            let hook = Arc::clone(&self.hook);
            panic::set_hook(Box::new(move |info| hook(info)));
        }
    }
}

/// How it ended, and what it said on stderr where that is a pipe.
fn wait_for(command: &mut Command, signals: &Signals) -> io::Result<(ExitStatus, String)> {
    let mut child = command.spawn()?;
    let heard = child.stderr.take().map(|pipe| std::thread::spawn(move || hear(pipe)));
    loop {
        if let Some(status) = child.try_wait()? {
            let said = heard.and_then(|heard| heard.join().ok()).unwrap_or_default();
            return Ok((status, said));
        }
        if signals.take_stop() {
            let group = rustix::process::getpgrp();
            rustix::process::kill_process_group(group, rustix::process::Signal::STOP)?;
            signals.take_go_on();
        }
        std::thread::sleep(LOOK);
    }
}

/// What a program says, up to as much as anyone reads; the rest is taken, so that it does not wait to say it.
fn hear(mut pipe: impl Read) -> String {
    let mut said = Vec::new();
    let all = (&mut pipe).take(BUFFER as u64).read_to_end(&mut said);
    let _ = all.and_then(|_| io::copy(&mut pipe, &mut io::sink()));
    String::from_utf8_lossy(&said).into_owned()
}

/// How often it is looked whether a program that has the terminal has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Restores the terminal, once. What cannot be written any more has nobody to be told.
fn give_back() {
    if OURS.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        if MOUSE.swap(false, Ordering::SeqCst) {
            let _ = out.write_all(MOUSE_OFF);
        }
        let _ = out.write_all(LEAVE).and_then(|()| out.flush());
        let _ = disable_raw_mode();
    }
}
