//! Who listens while training goes on.

use std::collections::BTreeMap;
use std::path::Path;

use workbench_runs::{Snapshot, State};

use crate::Media;

/// Told what happens, between steps: whoever takes long here slows training down.
pub trait Observer {
    fn observe(&mut self, progress: Progress);
}

/// What happened. Metrics are by tag (`train/loss`), in nats an image.
#[derive(Debug)]
pub enum Progress<'a> {
    /// Training begins, or goes on from `step`.
    Started { step: u64, total_steps: u64, parameters: usize },
    /// A step whose measures were logged. Steps and epochs count from 1.
    Step { step: u64, epoch: u64, metrics: &'a BTreeMap<String, f32>, images_per_second: f64 },
    /// An epoch and its validation are done.
    Epoch { step: u64, epoch: u64, metrics: &'a BTreeMap<String, f32>, seconds_left: Option<f64> },
    /// It is time for figures; what they show that is not in the log.
    Media { step: u64, media: &'a Media, snapshot: Option<&'a Snapshot> },
    /// What samples are drawn from was fitted to the codes of the trained model, in words, or why it was not.
    Sampler { step: u64, words: &'a str },
    /// A checkpoint is on disk.
    Checkpoint { step: u64, path: &'a Path },
    /// Something was asked or said that belongs into the run's story: "beta = 2 (was 1)", "paused",
    /// an item that was left out.
    Control { step: u64, message: &'a str },
    /// Nothing follows.
    Ended { state: State, step: u64, metrics: &'a BTreeMap<String, f32> },
}
