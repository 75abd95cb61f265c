//! What a check found.

use serde::{Deserialize, Serialize};
use workbench_host::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Passed,
    /// Not wrong, and perhaps not meant.
    Warning,
    Failed,
    /// It could not be tried, or need not be.
    Skipped,
}

/// A check's result, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub state: State,
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Outcome {
    pub fn passed(message: impl Into<String>) -> Outcome {
        Outcome { state: State::Passed, message: message.into(), help: None }
    }

    pub fn skipped(message: impl Into<String>) -> Outcome {
        Outcome { state: State::Skipped, message: message.into(), help: None }
    }

    pub fn warning(message: impl Into<String>, help: &str) -> Outcome {
        Outcome { state: State::Warning, message: message.into(), help: Some(help.to_owned()) }
    }

    /// `help` may be empty, where the message says it all.
    pub fn failed(message: impl Into<String>, help: &str) -> Outcome {
        let help = (!help.is_empty()).then(|| help.to_owned());
        Outcome { state: State::Failed, message: message.into(), help }
    }

    /// The plugin answered with an error where it should not have.
    pub fn error(error: &Error) -> Outcome {
        let help = match error {
            Error::Failed { panicked: true, .. } => Some(PANICS),
            _ if is_wordless(error) => Some(WORDLESS),
            _ => None,
        };
        Outcome { state: State::Failed, message: error.to_string(), help: help.map(str::to_owned) }
    }

    /// The plugin refused what it may or must refuse: `Some` where it did not do so well.
    pub fn of_refusal(error: &Error) -> Option<Outcome> {
        match error {
            Error::Failed { panicked: true, .. } => Some(Outcome::error(error)),
            Error::Contract { .. } => Some(Outcome::error(error)),
            _ if is_wordless(error) => Some(Outcome::error(error)),
            _ => None,
        }
    }
}

const PANICS: &str =
    "answer with an error that says what to change: bail!, ensure! or `?` in Rust, host->fail in C";
const WORDLESS: &str = "call host->fail with a message before returning WB_ERR";

fn is_wordless(error: &Error) -> bool {
    matches!(error, Error::Failed { message, .. } if message.trim().is_empty() || message.ends_with("without saying why"))
}
