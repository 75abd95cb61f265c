//! Why a run can't start or go on.

use crate::source::SourceError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data set's own words; the plugin and the item are in them.
    #[error("{0}")]
    Source(SourceError),
    #[error("item {item} of `{split}`: {what}")]
    BadItem { split: String, item: u64, what: String },
    #[error("the data set has no split `{split}`")]
    NoSplit { split: String },
    #[error("the split `{split}` is empty")]
    Empty { split: String },
    #[error("a batch of {batch} is larger than the {items} items that there are to train on")]
    BatchTooLarge { batch: usize, items: u64 },
    #[error("validation = {share} leaves no item to {what} of {items}")]
    Validation { share: f64, what: &'static str, items: u64 },
    #[error("the checkpoint of step {step} does not belong to this experiment: {why}")]
    Checkpoint { step: u64, why: String },
    #[error("there is no tag `{monitor}` to monitor; there are {there}")]
    Monitor { monitor: String, there: String },
    #[error("{}: the run directory is gone; there is nowhere to save to", .path.display())]
    Vanished { path: std::path::PathBuf },
    #[error(
        "the last state, of step {step}, could not be saved: {why}; {}",
        newest_good(.newest.as_deref())
    )]
    NotSaved { step: u64, why: String, newest: Option<std::path::PathBuf> },
    #[error("this trainer has shown no sign for a minute, and the run was taken over by {0}")]
    TakenOver(Box<workbench_runs::Holder>),
    #[error(transparent)]
    Engine(#[from] workbench_engine::Error),
    #[error(transparent)]
    Run(#[from] workbench_runs::Error),
    #[error("a picture can't be encoded: {0}")]
    Picture(#[from] png::EncodingError),
    #[error("signals can't be handled: {0}")]
    Signals(std::io::Error),
}

fn newest_good(newest: Option<&std::path::Path>) -> String {
    match newest {
        Some(path) => format!(
            "make the disk take files again, and go on with `workbench resume` from the newest checkpoint, {}",
            path.display()
        ),
        None => "there is no checkpoint: make the disk take files again, and begin anew with `workbench resume`"
            .to_owned(),
    }
}
