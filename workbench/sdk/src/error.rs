//! Errors with the line that made them.

use std::fmt;
use std::panic::Location;

/// Why a plugin's function failed, and where: the host shows both.
///
/// Made by [`bail!`], [`ensure!`], or `?` on any standard error.
#[derive(Debug)]
pub struct Error {
    pub(crate) message: String,
    pub(crate) location: &'static Location<'static>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    #[track_caller]
    pub fn new(message: impl fmt::Display) -> Error {
        Error { message: message.to_string(), location: Location::caller() }
    }

    /// The same error, with what was being done in front: `reading train.gz: unexpected end of file`.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Error {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for Error {
    #[track_caller]
    fn from(error: E) -> Error {
        Error::new(error)
    }
}

/// Returns an [`Error`] with a formatted message.
#[macro_export]
macro_rules! bail {
    ($($message:tt)*) => {
        return ::core::result::Result::Err($crate::Error::new(::std::format!($($message)*)))
    };
}

/// Returns an [`Error`] with a formatted message unless a condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            $crate::bail!($($message)*);
        }
    };
}
