//! What can happen, and what the state asks to be done.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use workbench_runs::{Event, Request, Snapshot, Status};

use crate::home::RunEntry;
use crate::latent::Usage;
use crate::terminal::Input;
use crate::watch::look::Look;
use crate::watch::save::{LatentView, Saved};

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Message {
    Input(Input),
    /// The time, by the monotonic clock.
    Tick(Instant),
    Read(Read),
    /// The explorer was left; why it could not be shown, in words.
    Explored(Option<String>),
}

/// Something the reader found.
#[derive(Debug)]
pub(crate) enum Read {
    Events(Vec<Event>),
    /// How much of the log that was there at the start is read, in percent; `None` once all is.
    Loading(Option<u8>),
    /// Event files that are damaged in the middle.
    Damaged(usize),
    Status(Box<Status>),
    /// The last lines of trainer.log.
    Tail(Vec<String>),
    /// The text of experiment.toml.
    Experiment(String),
    /// Its settings, by their paths.
    Settings(BTreeMap<String, String>),
    /// The runs of the folder that this one is in.
    Runs(Vec<Arc<RunEntry>>),
    /// What was found of another run that is drawn over this one.
    Rival(PathBuf, Box<Read>),
    /// Another run cannot be drawn over this one.
    NotPinned(PathBuf, String),
    /// The steps of the latent snapshots, ascending.
    Snapshots(Vec<u64>),
    Snapshot(u64, Result<Box<Snapshot>, String>),
    /// What the snapshot of a step tells of each dimension.
    Usage(u64, Usage),
    /// How many requests no trainer has taken yet.
    Waiting(usize),
    /// A request could not be posted.
    NotPosted(Request, String),
    /// The image of a point and its reconstruction, or why they can't be shown.
    Look(usize, Result<Look, String>),
    /// A view was saved, or not.
    Saved(Saved),
    /// What cannot be read at the moment; `None` when it can be again.
    Trouble(Option<String>),
}

/// Something to be done outside of the state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Detach,
    Suspend,
    Redraw,
    /// The mouse is ours, or no more.
    Mouse(bool),
    /// Give the screen to the explorer of this run, from a point on where one is looked at.
    Explore(Option<usize>),
    Post(Request),
    /// Read the latent snapshot of a step.
    Load(u64),
    /// Read what the snapshots of some steps tell of each dimension.
    Trace(Vec<u64>),
    /// Ask for the image of a point.
    Look(usize),
    /// Read another run, and go on reading it.
    Pin(PathBuf),
    Unpin(PathBuf),
    /// Draw a view into files.
    Save(LatentView),
}
