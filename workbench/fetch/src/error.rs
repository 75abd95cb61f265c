//! What can go wrong.

use std::io;
use std::path::{Path, PathBuf};

/// A file that could not be got.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This machine's files.
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// A write that must survive a crash.
    #[error(transparent)]
    Durable(#[from] workbench_runs::Error),
    #[error("no thread can be started: {0}")]
    Thread(io::Error),
    /// The flag was raised.
    #[error("stopped with {kept} bytes of {name}, which are kept")]
    Stopped { name: String, kept: u64 },
    #[error("another process is fetching into {}", .0.display())]
    Busy(PathBuf),
    /// No address gave it; each with what was wrong there last.
    #[error("{name} could not be fetched:{}", list(troubles))]
    Nowhere { name: String, troubles: Vec<(String, Trouble)> },
    #[error("the archive {}: {why}", path.display())]
    Archive { path: PathBuf, why: String },
    #[error("the certificates that were given cannot be read: {0}")]
    Certificates(String),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { action, path, source }
    }
}

fn list(troubles: &[(String, Trouble)]) -> String {
    troubles.iter().map(|(address, trouble)| format!("\n  {address}: {trouble}")).collect()
}

/// What was wrong with one address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("the server answers {0}")]
    Status(u16),
    /// It was there, and broke.
    #[error("{0}")]
    Connection(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("nothing came for {0} s")]
    Silence(u64),
    #[error("it redirects more than {0} times")]
    Redirects(u32),
    #[error("it redirects from https to {0}, where anybody on the way could change what comes")]
    Downgrade(String),
    /// Whoever answers can't show to be who was asked.
    #[error("{0}")]
    Certificate(String),
    #[error("this is no address to fetch from: {0}")]
    Address(String),
    #[error("the proxy {0}")]
    Proxy(String),
    #[error("the connection ended after {got} of {of} bytes")]
    Short { got: u64, of: u64 },
    #[error("what is there has {says} bytes instead of {wanted}")]
    OtherSize { says: u64, wanted: String },
    #[error("more came than the {0} bytes that the file has at most")]
    TooLong(u64),
    #[error("the server answers with another part of the file than was asked for")]
    OtherPart,
    #[error("what came is not the file: {0}")]
    Wrong(String),
}

impl Trouble {
    /// Whether another try at the same address may go better, after one that brought something or did not.
    pub(crate) fn may_pass(&self, brought: bool) -> bool {
        match self {
            Trouble::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            Trouble::Short { .. } | Trouble::Connection(_) => true,
            // It has had its time.
            Trouble::Silence(_) => brought,
            _ => false,
        }
    }

    /// Whether the bytes that are there are to be thrown away.
    pub(crate) fn spoils(&self) -> bool {
        matches!(self, Trouble::TooLong(_) | Trouble::Wrong(_) | Trouble::OtherPart)
    }
}
