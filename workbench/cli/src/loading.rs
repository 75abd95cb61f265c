//! Reading an experiment's data before training.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use workbench_trainer::{Error, Splits};

use crate::prepare::Prepared;

/// Reads every item once, and holds what memory allows, with a bar where someone looks and it takes a while. `beat` is
/// called now and then, from any thread.
pub fn load(prepared: &Prepared, beat: &(dyn Fn() + Sync)) -> Result<Splits, Error> {
    let bar = match std::io::stderr().is_terminal() {
        true => ProgressBar::new(0).with_style(
            ProgressStyle::with_template("reading items {wide_bar} {human_pos}/{human_len}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        ),
        false => ProgressBar::hidden(),
    };
    let source = prepared.source.shared();
    let splits = Splits::load(&prepared.experiment, source, &|done, of| {
        bar.set_length(of);
        bar.set_position(done);
        beat();
    });
    bar.finish_and_clear();
    splits
}
