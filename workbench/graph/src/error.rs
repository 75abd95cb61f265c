//! Where in a plugin's source a node was recorded, and what is wrong with it.

use std::fmt;
use std::sync::Arc;

/// A place in a plugin's source, as its compiler saw it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Location {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

/// A node that can't be recorded: which op, where, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TraceError {
    /// The op's name, or what was being declared ("input", "loss").
    pub what: String,
    pub location: Location,
    pub message: String,
}

impl fmt::Display for TraceError {
    /// `mul at plugins/beta/src/lib.rs:65:21: shapes [B,1,64,64] and [B,1,63,63] do not broadcast`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if !self.location.file.is_empty() {
            write!(f, " at {}", self.location)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        // C knows no columns.
        if self.column > 0 { write!(f, ":{}", self.column) } else { Ok(()) }
    }
}
