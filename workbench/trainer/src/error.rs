//! Why a run can't start or go on.

use crate::source::SourceError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data set's own words; the plugin and the item are in them.
    #[error("{0}")]
    Source(SourceError),
    /// An item that was good when the run began.
    #[error("{error}; it could be read before. {}", after_mending(*.saved, *.is_skipped))]
    Lost { error: Box<Error>, saved: Option<u64>, is_skipped: bool },
    #[error(
        "`input.crop` takes {}x{} of images, and these have {}x{}",
        .crop[0], .crop[1], .image[0], .image[1]
    )]
    Crop { crop: [usize; 2], image: [usize; 2] },
    #[error(
        "`input.shift` of {shift} can move images of {}x{} out of sight",
        .image[0], .image[1]
    )]
    Shift { shift: usize, image: [usize; 2] },
    #[error("`input.dequantize` is for bytes, and this data set gives numbers of 32 bits")]
    Dequantize,
    #[error("item {item} of `{split}`: {what}")]
    BadItem { split: String, item: u64, what: String },
    #[error(
        "the data set has no split `{split}`; `train` and `test` must be there: its `len` says how many items each has"
    )]
    NoSplit { split: String },
    #[error("the split `{split}` is empty")]
    Empty { split: String },
    #[error(
        "the split `{split}` is said to have {items} items, and at most 4294967295 can be held"
    )]
    TooMany { split: String, items: u64 },
    #[error("all {items} items of `{split}` were skipped; the first, {first}")]
    AllBad { split: String, items: u64, first: String },
    #[error("a batch of {batch} is larger than the {items} items that there are to train on")]
    BatchTooLarge { batch: usize, items: u64 },
    #[error("validation = {share} leaves no item to {what} of {items}")]
    Validation { share: f64, what: &'static str, items: u64 },
    #[error("the checkpoint of step {step} does not belong to this experiment: {why}")]
    Checkpoint { step: u64, why: String },
    #[error(
        "`{name}` (a parameter, or its moment in the optimizer) is not finite after step {step}; try a smaller learning \
         rate, or clipping of the gradient norm"
    )]
    NotFinite { name: String, step: u64 },
    #[error(
        "the checkpoint of step {step} does not fit the architecture:\n  {}\nwhat changes the parameters needs a new \
         run; a fork can have another loss, other knobs, another way of training",
        listed(differences)
    )]
    Parameters { step: u64, differences: Vec<String> },
    #[error(
        "there is nothing left to train: the checkpoint is of step {step}, and {total} steps are wanted"
    )]
    NothingLeft { step: u64, total: u64 },
    #[error(
        "there is nothing left to train: {epochs} epochs without improvement have passed, and patience is {patience}"
    )]
    WornOut { step: u64, epochs: u64, patience: u64 },
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

/// More lines than these tell nothing more.
const MOST_LISTED: usize = 12;

fn listed(lines: &[String]) -> String {
    let mut shown: Vec<&str> = lines.iter().take(MOST_LISTED).map(String::as_str).collect();
    let more = match lines.len().saturating_sub(MOST_LISTED) {
        0 => String::new(),
        more => format!("and {more} more"),
    };
    shown.extend((!more.is_empty()).then_some(more.as_str()));
    shown.join("\n  ")
}

fn after_mending(saved: Option<u64>, is_skipped: bool) -> String {
    let saved = saved.map(|step| format!("What was trained is saved as of step {step}: "));
    let which = if is_skipped { ", which leaves out what still can't be read" } else { "" };
    let mend = if saved.is_some() { "mend" } else { "Mend" };
    format!(
        "{}{mend} the data, and go on with `workbench resume`{which}",
        saved.unwrap_or_default()
    )
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
