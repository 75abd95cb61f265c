use std::io;
use std::path::{Path, PathBuf};

use crate::claim::{Fate, Holder};

/// What can go wrong with a run directory. Every message says what was wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused something.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// A run of this name is there already.
    #[error(
        "the run `{name}` exists already ({}); `workbench resume {name}` goes on with it, \
         or give another --name",
        path.display()
    )]
    Exists { name: String, path: PathBuf },
    /// A name that cannot name a run directory.
    #[error("`{name}` cannot name a run: {why}")]
    BadName { name: String, why: &'static str },
    /// A directory that holds none of a run's files.
    #[error(
        "{} is not a run directory: it holds no experiment.toml, no status.json and no event file",
        path.display()
    )]
    NotARun { path: PathBuf },
    /// There is no run at all.
    #[error("there is no run in {} yet; `workbench train EXPERIMENT` makes one", runs.display())]
    NoRuns { runs: PathBuf },
    /// No run is called so.
    #[error("no run in {} matches `{query}`; {}", runs.display(), listed("there are", candidates, *total))]
    NotFound { query: String, runs: PathBuf, candidates: Vec<String>, total: usize },
    /// Several runs are called so.
    #[error("`{query}` is part of {total} names; write more of one: {}", listed("", candidates, *total))]
    Ambiguous { query: String, candidates: Vec<String>, total: usize },
    /// Another process writes this run directory.
    #[error(
        "{} is being written by {holder}; stop that one first{}",
        path.display(), elsewhere(holder)
    )]
    Claimed { path: PathBuf, holder: Box<Holder> },
    /// A file's contents are not what they should be.
    #[error("{} is damaged: {why}", path.display())]
    Damaged { path: PathBuf, why: String },
    /// A run has checkpoints, and none of them is good.
    #[error(
        "none of the {count} checkpoints in {} is good (the newest: {newest}); \
         remove that folder to start from step 0",
        path.display()
    )]
    NoGoodCheckpoint { path: PathBuf, count: usize, newest: Box<Error> },
    /// The disk took nothing for so long that no more records can be kept for it.
    #[error(
        "the log's record of step {step} cannot be kept: 64 MiB of records wait in memory for the disk already ({why})"
    )]
    LogFull { path: PathBuf, step: u64, why: Box<Error> },
    /// Something that cannot be stored in the file's format.
    #[error("cannot write {}: {why}", path.display())]
    Unwritable { path: PathBuf, why: String },
}

impl Error {
    /// For `map_err`: an input/output error with what was being done, and to what.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { doing, path, source }
    }

    pub(crate) fn damaged(path: &Path, why: impl ToString) -> Error {
        Error::Damaged { path: path.to_path_buf(), why: why.to_string() }
    }

    pub(crate) fn unwritable(path: &Path, why: impl ToString) -> Error {
        Error::Unwritable { path: path.to_path_buf(), why: why.to_string() }
    }
}

/// `there are a, b, c and 4 more`.
fn listed(lead: &str, names: &[String], total: usize) -> String {
    let mut text = String::from(lead);
    if !lead.is_empty() {
        text.push(' ');
    }
    text.push_str(&names.join(", "));
    if total > names.len() {
        text.push_str(&format!(" and {} more", total - names.len()));
    }
    text
}

/// Only its own host can tell at once that a process is gone, so elsewhere a person has to.
fn elsewhere(holder: &Holder) -> &'static str {
    match holder.fate() {
        Fate::Unknown => ", or remove claim.json if it is surely gone",
        Fate::Lives | Fate::Gone => "",
    }
}
