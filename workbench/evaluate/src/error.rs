//! Why a model can't be judged.

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "`{run}` can't judge: its architecture marks no prediction; give a run of `classifier`"
    )]
    NoClassifier { run: String },
    #[error("`{run}` can't judge: it sees images of {judge}, and the model draws {model}")]
    Shape { run: String, judge: String, model: String },
    #[error(
        "`{run}` can't judge: `{target}` has other values in its data ({judge}) than in the model's ({model})"
    )]
    Values { run: String, target: String, judge: String, model: String },
    #[error("`{run}` can't judge: the model's data have none of what it tells ({targets})")]
    NothingInCommon { run: String, targets: String },
    #[error(
        "`{run}` can't judge: its prediction `{target}` has {found} numbers an image, and the data have {expected} values"
    )]
    Prediction { run: String, target: String, found: usize, expected: usize },
    #[error(transparent)]
    Engine(#[from] workbench_engine::Error),
    #[error(transparent)]
    Trainer(#[from] workbench_trainer::Error),
    /// Drawing codes; the words of whoever draws.
    #[error("{0}")]
    Draw(String),
}
