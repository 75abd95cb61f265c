//! A last look at a process that plugin code ends: by a signal of its own making, or by `exit`.

use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use libc::{c_int, c_void, siginfo_t};
use workbench_host::calls;

/// What a crash comes as. Others end a process too, but are sent to it by someone.
const SIGNALS: [c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGABRT];
/// So long the thread that crashed waits for the one that tells of it, which may need a lock that the crash holds.
const PATIENCE_MS: c_int = 5000;

/// Where to say that a crash has happened; -1 before [`report_to`].
static TELL: AtomicI32 = AtomicI32::new(-1);
/// What was done about each signal before: Rust's own handler tells of stacks that overflow.
static BEFORE: OnceLock<[libc::sigaction; SIGNALS.len()]> = OnceLock::new();
/// Only the first crash is told of.
static CRASHED: AtomicBool = AtomicBool::new(false);

/// What is written to the one who tells: the signal (0: the plugin called `exit`), whether the thread that crashed was
/// in a call itself, and the call's place in the table, low byte first.
pub type Word = [u8; 4];

/// From now on, where this process is about to end while a call into a plugin lasts, a [`Word`] is written to `tell`
/// first. Whoever reads it says why and ends the process by [`end`]; where that takes too long, the call's bare words go
/// to stderr and the process ends with code 1. Without a call in progress, everything is as before.
pub fn report_to(tell: UnixStream) {
    TELL.store(tell.into_raw_fd(), Ordering::Release);
    // SAFETY: all zeros is a valid sigaction: the default action, no flags, an empty mask.
    let mut before: [libc::sigaction; SIGNALS.len()] = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = crashed;
    for (signal, before) in SIGNALS.iter().zip(&mut before) {
        // SAFETY: as above; the handler has the signature that SA_SIGINFO asks for and calls only what is
        // async-signal-safe. ONSTACK: after an overflow there is no other stack to run it on.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(*signal, &action, before);
        }
    }
    // Set once; a crash in between finds nothing here, and takes the default action.
    let _ = BEFORE.set(before);
    // SAFETY: a function that returns where there is nothing to tell, as a handler at exit must.
    unsafe { libc::atexit(exiting) };
}

/// Ends the process at once: no destructor runs, which could wait for a plugin.
pub fn end(code: u8) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code.into()) }
}

extern "C" fn crashed(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    if let Some(slot) = calls::mine().or_else(calls::any) {
        tell(signal, slot);
    }
    let place = SIGNALS.iter().position(|&known| known == signal);
    let before = place.and_then(|place| BEFORE.get()?.get(place));
    // SAFETY: async-signal-safe calls; `before` came from the system, and zeros are the default action; the system
    // hands over a valid `info`.
    unsafe {
        let default = std::mem::zeroed();
        libc::sigaction(signal, before.unwrap_or(&default), std::ptr::null_mut());
        // A fault is met again on return, and `abort` raises anew; what someone sent has to be sent again.
        if (*info).si_code <= 0 && signal != libc::SIGABRT {
            libc::raise(signal);
        }
    }
}

extern "C" fn exiting() {
    if let Some(slot) = calls::mine() {
        tell(0, slot);
    }
}

fn tell(signal: c_int, slot: usize) -> ! {
    let wait = |ms| {
        // SAFETY: no descriptors are handed over; async-signal-safe.
        unsafe { libc::poll(std::ptr::null_mut(), 0, ms) };
    };
    if CRASHED.swap(true, Ordering::AcqRel) {
        // Another thread is at it.
        wait(2 * PATIENCE_MS);
        end(1);
    }
    let [low, high, ..] = slot.to_le_bytes();
    let own = calls::mine() == Some(slot);
    let word: Word = [signal as u8, own.into(), low, high];
    let there: RawFd = TELL.load(Ordering::Acquire);
    // SAFETY: `write` is async-signal-safe; the bytes live as long as the call.
    unsafe { libc::write(there, word.as_ptr().cast(), word.len()) };
    wait(PATIENCE_MS);
    let mut text = [0; calls::TEXT];
    let length = calls::copy(slot, &mut text).unwrap_or(0);
    for part in [&b"error: this process crashed in the plugin "[..], &text[..length], b"\n"] {
        // SAFETY: as above.
        unsafe { libc::write(libc::STDERR_FILENO, part.as_ptr().cast(), part.len()) };
    }
    end(1)
}
