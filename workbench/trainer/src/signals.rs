//! Signals that a scheduler or a user sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::flag;

use crate::Error;

/// Exit code of a second SIGINT: stopped, resumable.
const STOPPED: i32 = 4;

/// Whether someone asked the process to stop.
#[derive(Clone, Default)]
pub struct Signals {
    stop: Arc<AtomicBool>,
}

impl Signals {
    /// From now on TERM, INT and USR1 ask for a save and an end, a second INT ends at once, and HUP does nothing:
    /// the terminal or the connection may go, training stays. A file that grows beyond what the system lets it (XFSZ)
    /// is an error of that write, as a full disk is.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub fn install() -> Result<Signals, Error> {
        let signals = Signals::default();
        let install = || -> std::io::Result<()> {
            // First, so that the first INT finds the flag still down.
            flag::register_conditional_shutdown(SIGINT, STOPPED, signals.stop.clone())?;
            for signal in [SIGTERM, SIGINT, SIGUSR1] {
                flag::register(signal, signals.stop.clone())?;
            }
            for signal in [SIGHUP, SIGXFSZ] {
                flag::register(signal, Arc::default())?;
            }
            Ok(())
        };
        install().map_err(Error::Signals)?;
        Ok(signals)
    }

    pub(crate) fn stop_asked(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
