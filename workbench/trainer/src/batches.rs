//! Which batches are wanted: those of training, and those of a split in order.

use std::ops::Range;
use std::thread::Scope;

use workbench_engine::Batch;
use workbench_engine::noise::{Key, permutation};
use workbench_experiment::Experiment;

use crate::ahead::{Batches, Wanted, ahead};
use crate::{Error, Plan, Split, Transform};

/// Batches in the order of training from step `start` (counted from 0) to the end of the run. What is in a batch depends
/// on the seed and its step alone.
pub(crate) fn training<'scope>(
    scope: &'scope Scope<'scope, '_>,
    experiment: &'scope Experiment,
    plan: Plan,
    train: &'scope Split,
    start: u64,
) -> Batches<'scope> {
    let (mut order, mut ordered_for) = (Vec::new(), None);
    let wanted = (start..plan.total_steps).map(move |step| {
        let epoch = step / plan.steps_per_epoch;
        if ordered_for != Some(epoch) {
            let key = Key::new(experiment.seed, "shuffle", epoch, 0);
            order = permutation(key, train.len() as u32);
            ordered_for = Some(epoch);
        }
        let first = (step % plan.steps_per_epoch) as usize * experiment.train.batch_size;
        let last = order.len().min(first + experiment.train.batch_size);
        let places = order[first..last].to_vec();
        Wanted { places, transform: Transform::training(experiment, epoch) }
    });
    ahead(scope, train, wanted)
}

/// All items of a split, batch by batch in order, to `visit` with the number of the batch and the places of its items.
///
/// # Errors
/// Of the split, and those of `visit`.
pub(crate) fn each(
    split: &Split,
    batch_size: usize,
    transform: Transform,
    visit: impl FnMut(u64, Range<usize>, Batch) -> Result<(), Error>,
) -> Result<(), Error> {
    let places: Vec<u32> = (0..split.len() as u32).collect();
    each_of(split, &places, batch_size, transform, visit)
}

/// The same of the items at some places, in their order.
///
/// # Errors
/// Of the split, and those of `visit`.
pub(crate) fn each_of(
    split: &Split,
    places: &[u32],
    batch_size: usize,
    transform: Transform,
    mut visit: impl FnMut(u64, Range<usize>, Batch) -> Result<(), Error>,
) -> Result<(), Error> {
    let n = places.len();
    let range = move |first: usize| first..n.min(first + batch_size);
    let ranges = move || (0..n).step_by(batch_size).map(range);
    if n <= batch_size {
        // One batch is sooner made than a thread is started.
        return ranges().enumerate().try_for_each(|(number, range)| {
            let batch = split.batch(&places[range.clone()], transform)?;
            visit(number as u64, range, batch)
        });
    }
    std::thread::scope(|scope| {
        let wanted = ranges().map(|range| Wanted { places: places[range].to_vec(), transform });
        let batches = ahead(scope, split, wanted);
        ranges().enumerate().try_for_each(|(number, range)| match batches.next() {
            Some(made) => visit(number as u64, range, made?.batch),
            None => Ok(()),
        })
    })
}
