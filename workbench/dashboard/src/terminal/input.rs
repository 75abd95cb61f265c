//! What comes from the terminal.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use crossterm::event::{
    self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::Error;
use crate::keys::Key;

/// What a person did at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Input {
    Key(Key),
    Mouse(Mouse),
    /// Its columns and rows are others now.
    Resize(u16, u16),
}

/// The left button, at a column and a row, and the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mouse {
    Down(u16, u16),
    Drag(u16, u16),
    Up,
    /// Towards the person, or away.
    Wheel {
        up: bool,
        at: (u16, u16),
    },
}

/// What waiting on the terminal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// Something was typed.
    Typed,
    /// A signal came, the other file has something, or the time is over.
    Quiet,
    /// Nobody is at the other end any more.
    Closed,
}

/// No wait is longer; it keeps the nanoseconds under a second.
const MOST: Duration = Duration::from_millis(900);
/// What crossterm is given to see that there is nothing more; with none at all it does not look.
const MOMENT: Duration = Duration::from_millis(1);

/// Waits for keys, something to read from `other`, a signal or the end of `wait`. crossterm's own waiting never
/// returns once a terminal has been closed, so it is only asked about terminals that are open.
///
/// # Errors
/// [`Error::Terminal`].
pub(crate) fn wait(wait: Duration, other: Option<BorrowedFd<'_>>) -> Result<Waited, Error> {
    let stdin = io::stdin();
    let mut fds = vec![PollFd::new(&stdin, PollFlags::IN)];
    fds.extend(other.as_ref().map(|other| PollFd::new(other, PollFlags::IN)));
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.min(MOST).subsec_nanos()) };
    match rustix::event::poll(&mut fds, Some(&timeout)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Waited::Quiet),
        Err(e) => return Err(Error::terminal("wait on")(e.into())),
    }
    let found = fds[0].revents();
    Ok(if found.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        Waited::Closed
    } else if found.contains(PollFlags::IN) {
        Waited::Typed
    } else {
        Waited::Quiet
    })
}

/// All that was typed, once [`wait`] has told that there is something.
///
/// # Errors
/// [`Error::Terminal`].
pub(crate) fn read() -> Result<Vec<Input>, Error> {
    let mut inputs = Vec::new();
    while event::poll(MOMENT).map_err(Error::terminal("read from"))? {
        inputs.extend(input(event::read().map_err(Error::terminal("read from"))?));
    }
    Ok(inputs)
}

/// How long a terminal that answers takes to do so, over any line.
const ANSWER: Duration = Duration::from_secs(1);
/// A device status report, and what every terminal says to it.
const STATUS: &str = "\x1b[5n";
const STATUS_OK: &[u8] = b"\x1b[0n";

/// Whether the terminal answers what it is asked; behind tmux, the one that tmux is shown on. What is typed meanwhile is
/// lost.
///
/// # Errors
/// [`Error::Terminal`].
pub(crate) fn answers(behind_tmux: bool) -> Result<bool, Error> {
    let question = match behind_tmux {
        true => format!("\x1bPtmux;\x1b{STATUS}\x1b\\"),
        false => STATUS.to_owned(),
    };
    let mut out = io::stdout();
    let asked = out.write_all(question.as_bytes()).and_then(|()| out.flush());
    asked.map_err(Error::terminal("write to"))?;
    let (began, mut heard, mut some) = (Instant::now(), Vec::new(), [0; 256]);
    while let Some(left) = ANSWER.checked_sub(began.elapsed()) {
        match wait(left, None)? {
            Waited::Closed => return Ok(false),
            Waited::Quiet => {}
            Waited::Typed => {
                let read = rustix::io::read(io::stdin(), &mut some);
                let read = read.map_err(|e| Error::terminal("read from")(e.into()))?;
                heard.extend_from_slice(&some[..read]);
                if heard.windows(STATUS_OK.len()).any(|bytes| bytes == STATUS_OK) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// The size is left out: it is asked for, since the event of the last of many changes may be missed.
fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(event) => key(event).map(Input::Key),
        Event::Mouse(event) => {
            let (x, y) = (event.column, event.row);
            Some(Input::Mouse(match event.kind {
                MouseEventKind::Down(MouseButton::Left) => Mouse::Down(x, y),
                MouseEventKind::Drag(MouseButton::Left) => Mouse::Drag(x, y),
                MouseEventKind::Up(MouseButton::Left) => Mouse::Up,
                MouseEventKind::ScrollUp => Mouse::Wheel { up: true, at: (x, y) },
                MouseEventKind::ScrollDown => Mouse::Wheel { up: false, at: (x, y) },
                _ => return None,
            }))
        }
        _ => None,
    }
}

/// A key that went down, or repeats.
fn key(event: KeyEvent) -> Option<Key> {
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    // Of a character, and of Shift-Tab, it tells by itself that Shift was held.
    let is_told = matches!(event.code, KeyCode::Char(_) | KeyCode::BackTab);
    let shift = event.modifiers.contains(KeyModifiers::SHIFT) && !is_told;
    (event.kind != KeyEventKind::Release).then_some(Key { code: event.code, ctrl, shift })
}
