//! What the process is told from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

use crate::Error;

/// The signals that were caught and not yet seen to.
pub(crate) struct Signals {
    end: Arc<AtomicBool>,
    pub(super) interrupt: Arc<AtomicBool>,
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
            // Ends a wait; the size is asked for at each turn.
            (SIGWINCH, &Arc::default()),
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
