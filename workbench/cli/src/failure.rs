//! How a command ends when it does not succeed.

use std::fmt;
use std::process::ExitCode;

use crate::console;

/// An error with the exit code that scripts rely on.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Training diverged; the last finite checkpoint is kept.
pub const DIVERGED: u8 = 3;
/// Stopped by a request or a signal; resumable.
pub const STOPPED: u8 = 4;

impl Failure {
    /// Bad usage, or an invalid experiment, plugin or file: nothing was started.
    pub fn usage(message: impl fmt::Display) -> Failure {
        Failure { code: 2, message: message.to_string() }
    }

    /// It failed while it ran.
    pub fn running(message: impl fmt::Display) -> Failure {
        Failure { code: 1, message: message.to_string() }
    }

    /// With the exit code of a process that failed for this one.
    pub fn with_code(code: Option<i32>, message: impl fmt::Display) -> Failure {
        let code = code.and_then(|code| u8::try_from(code).ok()).filter(|&code| code != 0);
        Failure { code: code.unwrap_or(1), message: message.to_string() }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// Prints the message to stderr, and gives the exit code.
    pub fn report(self) -> ExitCode {
        console::error(&self.message);
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What comes unasked is a failure while running; wrong input is turned into [`Failure::usage`] by hand.
impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::running(error)
    }
}
