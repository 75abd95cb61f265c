use std::io;

/// Why the dashboard could not be shown, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The run cannot be read.
    #[error(transparent)]
    Runs(#[from] workbench_runs::Error),
    /// More runs were given than can be drawn over one another.
    #[error(
        "{} runs are too many to tell apart in one chart: give {most} at most of {}",
        .names.len(),
        some(.names)
    )]
    TooMany { names: Vec<String>, most: usize },
    /// Standard input or output is a file or a pipe.
    #[error(
        "the dashboard needs a terminal on stdin and stdout; `workbench log --follow` prints lines"
    )]
    NotATerminal,
    /// `TERM=dumb` cannot place text.
    #[error(
        "the terminal says TERM=dumb and cannot show a dashboard; `workbench log --follow` prints lines"
    )]
    Dumb,
    /// Pixels were wished for, and the terminal does not tell how many a cell has.
    #[error(
        "the terminal does not tell how many pixels its cells have: `--pictures auto` asks it, `--pictures blocks` needs none"
    )]
    NoPixels,
    /// The terminal went away, or refused what was asked of it.
    #[error("cannot {action} the terminal: {source}")]
    Terminal { action: &'static str, source: io::Error },
    /// The thread that reads the run's files ended, or another one panicked.
    #[error("a thread of the dashboard ended unexpectedly; the run itself is not touched by that")]
    Reader,
}

/// The first of many.
fn some(names: &[String]) -> String {
    let shown = names.len().min(12);
    let more = if names.len() > shown {
        format!(" and {} more", names.len() - shown)
    } else {
        String::new()
    };
    names[..shown].join(", ") + &more
}

impl Error {
    /// For `map_err`.
    pub(crate) fn terminal(action: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Terminal { action, source }
    }
}
