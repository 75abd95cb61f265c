//! Batches in the order of training, made ahead on another thread.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use workbench_engine::Batch;
use workbench_engine::noise::{Key, permutation};
use workbench_experiment::Experiment;

use crate::{Binarizer, Plan, Split};

/// Made ahead of the one in use; each costs memory, and one would do where the maker is faster.
const AHEAD: usize = 2;

/// A batch, and how long making it took.
pub(crate) struct Made {
    pub batch: Batch,
    pub took: Duration,
}

/// Batches from step `start` (counted from 0) to the end of the run. What is in a batch depends on the seed
/// and its step alone. The thread ends when the receiver is dropped.
pub(crate) fn ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    experiment: &'scope Experiment,
    plan: Plan,
    train: &'scope Split,
    start: u64,
) -> Receiver<Made> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        let mut order = Vec::new();
        let mut ordered_for = None;
        for step in start..plan.total_steps {
            let began = Instant::now();
            let epoch = step / plan.steps_per_epoch;
            if ordered_for != Some(epoch) {
                order =
                    permutation(Key::new(experiment.seed, "shuffle", epoch, 0), train.len() as u32);
                ordered_for = Some(epoch);
            }
            let first = (step % plan.steps_per_epoch) as usize * experiment.train.batch_size;
            let last = order.len().min(first + experiment.train.batch_size);
            let batch = train.batch(&order[first..last], Binarizer::training(experiment, epoch));
            if sender.send(Made { batch, took: began.elapsed() }).is_err() {
                return;
            }
        }
    });
    receiver
}
