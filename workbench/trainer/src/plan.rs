//! What a run will do, known before it does it.

use workbench_experiment::{Experiment, Position};

use crate::split::MOST_ITEMS;
use crate::{Error, Source, Splits};

/// Sizes and lengths of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub train_items: u64,
    pub valid_items: u64,
    pub test_items: u64,
    /// The last, smaller batch of an epoch counts.
    pub steps_per_epoch: u64,
    pub total_steps: u64,
}

impl Plan {
    /// From counts alone: nothing is read.
    ///
    /// # Errors
    /// A split is missing or empty, validation leaves nothing, the batch is larger than the data.
    pub fn of(experiment: &Experiment, source: &dyn Source) -> Result<Plan, Error> {
        let count = |split: &str| match source.len(split).map_err(Error::Source)? {
            Some(0) => Err(Error::Empty { split: split.to_owned() }),
            Some(items) if items > MOST_ITEMS => {
                Err(Error::TooMany { split: split.to_owned(), items })
            }
            other => Ok(other),
        };
        let missing = |split: &str| Error::NoSplit { split: split.to_owned() };
        let train = count("train")?.ok_or_else(|| missing("train"))?;
        let test = count("test")?.ok_or_else(|| missing("test"))?;
        let share = experiment.train.validation;
        let (train, valid) = match count("valid")? {
            Some(valid) => (train, valid),
            None if share == 0.0 => (train, test),
            None => Splits::sizes(train, share)?,
        };
        Plan::new(experiment, train, valid, test)
    }

    pub(crate) fn new(
        experiment: &Experiment,
        train: u64,
        valid: u64,
        test: u64,
    ) -> Result<Plan, Error> {
        let batch = experiment.train.batch_size;
        if batch as u64 > train {
            return Err(Error::BatchTooLarge { batch, items: train });
        }
        let steps_per_epoch = train.div_ceil(batch as u64);
        Ok(Plan {
            train_items: train,
            valid_items: valid,
            test_items: test,
            steps_per_epoch,
            total_steps: experiment.train.length.in_steps(steps_per_epoch),
        })
    }

    /// Where schedules stand before step number `step`, counted from 0.
    pub fn position(&self, step: u64) -> Position {
        Position { step, steps_per_epoch: self.steps_per_epoch, total_steps: self.total_steps }
    }
}
