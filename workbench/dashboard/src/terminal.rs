//! The terminal: set up, restored however the dashboard ends, and written to as little as can be.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Read, Stdout, Write};
use std::os::fd::AsFd;
use std::panic;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use rustix::event::{PollFd, PollFlags, Timespec};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};

use crate::Error;

/// The alternate screen, cleared; no cursor; a line that is too long is cut, not continued.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[0m\x1b[2J\x1b[H";
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
const END_FRAME: &[u8] = b"\x1b[?2026l";
/// Buttons, and the pointer while one is held, in the form that knows no greatest column.
const MOUSE_ON: &[u8] = b"\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

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

    /// Brings the screen to `next` and tells how long handing it over took; `None` where the screen is
    /// so already and nothing was written.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn show(&mut self, next: Buffer) -> Result<Option<Duration>, Error> {
        if self.is_lost() {
            return Ok(None);
        }
        let Some(frame) = frame(self.shown.as_ref(), &next) else { return Ok(None) };
        let start = Instant::now();
        let written = self.out.write_all(&frame).and_then(|()| self.out.flush());
        written.map_err(Error::terminal("write to"))?;
        self.shown = Some(next);
        Ok(Some(start.elapsed()))
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

/// What waiting on the terminal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// There may be keys, or a new size.
    Ready,
    /// Nobody is at the other end any more.
    Closed,
}

/// Waits for keys, a signal or the end of `wait`. crossterm's own waiting never returns once a terminal
/// has been closed, so it is only asked about terminals that are open.
///
/// # Errors
/// [`Error::Terminal`].
pub(crate) fn wait(wait: Duration) -> Result<Waited, Error> {
    let stdin = io::stdin();
    poll(&mut [PollFd::new(&stdin, PollFlags::IN)], wait)
}

/// As [`wait`], and for something else that may have something to read.
///
/// # Errors
/// [`Error::Terminal`].
pub(crate) fn wait_with(wait: Duration, other: &impl AsFd) -> Result<Waited, Error> {
    let stdin = io::stdin();
    poll(&mut [PollFd::new(&stdin, PollFlags::IN), PollFd::new(other, PollFlags::IN)], wait)
}

/// The first is the terminal.
fn poll(fds: &mut [PollFd<'_>], wait: Duration) -> Result<Waited, Error> {
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.min(MOST).subsec_nanos()) };
    match rustix::event::poll(fds, Some(&timeout)) {
        // A signal, such as that of a new size, ends the wait early.
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(e) => return Err(Error::terminal("wait on")(e.into())),
    }
    let closed = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    Ok(if fds[0].revents().intersects(closed) { Waited::Closed } else { Waited::Ready })
}

/// No wait is longer; it keeps the nanoseconds under a second.
const MOST: Duration = Duration::from_millis(900);

/// The signals that were caught and not yet seen to.
pub(crate) struct Signals {
    end: Arc<AtomicBool>,
    interrupt: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    go_on: Arc<AtomicBool>,
}

impl Signals {
    /// Catches them from now on.
    ///
    /// # Errors
    /// [`Error::Terminal`].
    pub fn catch() -> Result<Signals, Error> {
        let signals = Signals {
            end: Arc::default(),
            interrupt: Arc::default(),
            stop: Arc::default(),
            go_on: Arc::default(),
        };
        let caught = [
            (SIGTERM, &signals.end),
            (SIGHUP, &signals.end),
            (SIGINT, &signals.interrupt),
            (SIGTSTP, &signals.stop),
            (SIGCONT, &signals.go_on),
        ];
        for (signal, flag) in
            [(SIGTERM, &signals.end), (SIGHUP, &signals.end), (SIGINT, &signals.interrupt)]
        {
            // The second of them ends the process at once, should the first not be seen to.
            signal_hook::flag::register_conditional_default(signal, Arc::clone(flag))
                .map_err(Error::terminal("catch the signals of"))?;
        }
        for (signal, flag) in caught {
            signal_hook::flag::register(signal, Arc::clone(flag))
                .map_err(Error::terminal("catch the signals of"))?;
        }
        Ok(signals)
    }

    /// The process was asked to end.
    pub fn end(&self) -> bool {
        self.end.load(Ordering::SeqCst) || self.interrupt.load(Ordering::SeqCst)
    }

    /// The process was asked to stop for a while.
    pub fn take_stop(&self) -> bool {
        self.stop.swap(false, Ordering::SeqCst)
    }

    /// The process was stopped, and goes on.
    pub fn take_go_on(&self) -> bool {
        self.go_on.swap(false, Ordering::SeqCst)
    }
}

/// The bytes that turn one screen into another; `None` where they are the same.
fn frame(shown: Option<&Buffer>, next: &Buffer) -> Option<Vec<u8>> {
    let blank;
    let (shown, whole) = match shown {
        Some(shown) if shown.area == next.area => (shown, false),
        _ => {
            blank = Buffer::empty(next.area);
            (&blank, true)
        }
    };
    let changes = shown.diff(next);
    if changes.is_empty() && !whole {
        return None;
    }
    let mut out = Vec::with_capacity(256 + changes.len() * 6);
    out.extend_from_slice(BEGIN_FRAME);
    if whole {
        out.extend_from_slice(CLEAR);
    }
    let mut pen = Pen::default();
    let mut cursor: Option<(u16, u16)> = None;
    for (x, y, cell) in changes {
        match cursor {
            Some(at) if at == (x, y) => {}
            Some((cx, cy)) if cy == y && x > cx => out.extend(format!("\x1b[{}C", x - cx).bytes()),
            _ => out.extend(format!("\x1b[{};{}H", y + 1, x + 1).bytes()),
        }
        pen.dip(cell, &mut out);
        out.extend(cell.symbol().bytes());
        // How far a terminal moves for what is not ASCII, braille or a block, terminals disagree on.
        let sure =
            cell.symbol().chars().all(|c| c.is_ascii() || ('\u{2500}'..='\u{28ff}').contains(&c));
        cursor = sure.then_some((x + 1, y)).filter(|&(x, _)| x < next.area.width);
    }
    pen.lift(&mut out);
    out.extend_from_slice(END_FRAME);
    Some(out)
}

/// How the terminal would draw the next character.
#[derive(Default)]
pub(crate) struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Pen {
    /// Changes to a cell's style, in as few bytes as that takes.
    pub fn dip(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        // A space shows no foreground, whatever it is.
        let empty = cell.symbol() == " "
            && !cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED);
        let fg = if empty && cell.modifier == self.modifier { self.fg } else { cell.fg };
        if (self.fg, self.bg, self.modifier) == (fg, cell.bg, cell.modifier) {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        if cell.modifier != self.modifier {
            // Taking attributes off one by one is not understood everywhere; starting anew is.
            codes.push("0".to_owned());
            (self.fg, self.bg) = (Color::Reset, Color::Reset);
            let known = [
                (Modifier::BOLD, "1"),
                (Modifier::DIM, "2"),
                (Modifier::UNDERLINED, "4"),
                (Modifier::REVERSED, "7"),
            ];
            codes.extend(
                known
                    .iter()
                    .filter(|(m, _)| cell.modifier.contains(*m))
                    .map(|(_, c)| (*c).to_owned()),
            );
            self.modifier = cell.modifier;
        }
        if fg != self.fg {
            codes.push(code(fg, 30));
            self.fg = fg;
        }
        if cell.bg != self.bg {
            codes.push(code(cell.bg, 40));
            self.bg = cell.bg;
        }
        let codes = if codes == ["0"] { String::new() } else { codes.join(";") };
        out.extend(format!("\x1b[{codes}m").bytes());
    }

    pub fn lift(self, out: &mut Vec<u8>) {
        if (self.fg, self.bg, self.modifier) != (Color::Reset, Color::Reset, Modifier::empty()) {
            out.extend_from_slice(b"\x1b[m");
        }
    }
}

/// The code of a colour: 30 is the first of the foreground's, 40 of the background's.
fn code(color: Color, base: u8) -> String {
    let (dim, bright) = (|n: u8| (base + n).to_string(), |n: u8| (base + 60 + n).to_string());
    match color {
        Color::Reset => dim(9),
        Color::Black => dim(0),
        Color::Red => dim(1),
        Color::Green => dim(2),
        Color::Yellow => dim(3),
        Color::Blue => dim(4),
        Color::Magenta => dim(5),
        Color::Cyan => dim(6),
        Color::Gray => dim(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(index) => format!("{};5;{index}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}

/// A buffer for a screen of this size.
pub(crate) fn blank((columns, rows): (u16, u16)) -> Buffer {
    Buffer::empty(Rect::new(0, 0, columns, rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn text(frame: Option<Vec<u8>>) -> String {
        String::from_utf8(frame.unwrap()).unwrap().replace('\x1b', "^")
    }

    #[test]
    fn an_unchanged_screen_costs_nothing() {
        let mut buffer = blank((10, 2));
        buffer.set_string(0, 0, "loss", Style::new());
        assert_eq!(frame(Some(&buffer), &buffer.clone()), None);
    }

    #[test]
    fn only_what_changed_is_written_in_one_synchronised_frame() {
        let before = blank((20, 3));
        let mut after = before.clone();
        after.set_string(2, 1, "ab", Style::new().fg(Color::Red));
        after.set_string(6, 1, "c", Style::new().add_modifier(Modifier::BOLD));
        assert_eq!(
            text(frame(Some(&before), &after)),
            "^[?2026h^[2;3H^[31mab^[2C^[0;1mc^[m^[?2026l"
        );
    }

    #[test]
    fn another_size_is_drawn_whole() {
        let mut after = blank((4, 1));
        after.set_string(0, 0, "β", Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(9)));
        let frame = text(frame(Some(&blank((5, 1))), &after));
        assert_eq!(frame, "^[?2026h^[0m^[2J^[1;1H^[38;2;1;2;3;48;5;9mβ^[m^[?2026l");
    }
}
