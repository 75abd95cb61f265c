//! How long steps of training take, without a run.

use std::time::{Duration, Instant};

use workbench_engine::{Controls, Cost, Session};
use workbench_experiment::Experiment;

use crate::ahead::Batches;
use crate::{Error, Plan, Split, batches, knobs};

/// How long batches are made for nothing but to see how fast.
const ALONE: Duration = Duration::from_millis(500);
/// As many as may have been made ahead.
const READY: usize = 8;

/// How many steps are taken.
#[derive(Clone, Copy, Debug)]
pub struct BenchLength {
    /// Steps before any is timed: the first compiles, and pages come in.
    pub warmup: u64,
    pub steps: u64,
}

/// What steps cost.
#[derive(Clone, Debug, Default)]
pub struct Bench {
    /// The timed ones, in order.
    pub steps: Vec<StepTime>,
    /// Of the engine over all of them; none by the interpreter.
    pub costs: Vec<Cost>,
    /// Images a second that the makers of batches reach while nothing else is computed.
    pub data_alone: f64,
}

/// What one step cost.
#[derive(Clone, Copy, Debug)]
pub struct StepTime {
    /// From the end of the step before to its own: batch, step, losses read back.
    pub whole: Duration,
    /// Of it, waiting for the batch.
    pub waited: Duration,
    /// Making the batch, on other threads, all together, and while earlier steps were taken.
    pub made: Duration,
}

/// Trains on the batches that a run would begin with, made as a run makes them, and times it. Smaller last batches of an
/// epoch are left out, so that all steps do the same work. `progress` is told how many steps are done.
///
/// # Errors
/// The engine's own, a loss that is not finite among them.
pub fn bench(
    session: &mut Session,
    experiment: &Experiment,
    train: &Split,
    plan: Plan,
    length: BenchLength,
    progress: &mut dyn FnMut(u64),
) -> Result<Bench, Error> {
    let steps_per_epoch = (train.len() / experiment.train.batch_size).max(1) as u64;
    let total_steps = length.warmup.saturating_add(length.steps);
    // There is no end to them: what the makers can do alone is measured after the steps.
    let whole_batches = Plan { steps_per_epoch, total_steps: u64::MAX, ..plan };
    let none = Default::default();
    std::thread::scope(|scope| {
        let mut bench = Bench::default();
        let batches = batches::training(scope, experiment, whole_batches, train, 0);
        for step in 0..total_steps {
            if step == length.warmup {
                session.profile(true);
            }
            let began = Instant::now();
            let Some(made) = batches.next() else { break };
            let made = made?;
            let waited = began.elapsed();
            let at = plan.position(step);
            let knobs = knobs(session, experiment, &none, at);
            let controls = Controls {
                lr: experiment.train.optimizer.lr.at(at),
                knobs: &knobs,
                clip_norm: experiment.train.clip,
            };
            session.train_step(&made.batch, &controls)?;
            if step >= length.warmup {
                bench.steps.push(StepTime { whole: began.elapsed(), waited, made: made.took });
            }
            progress(step + 1);
        }
        bench.costs = session.costs();
        session.profile(false);
        bench.data_alone = alone(&batches, ALONE)?;
        Ok(bench)
    })
}

/// Images a second that come out of the pipeline when they are only taken.
fn alone(batches: &Batches, time: Duration) -> Result<f64, Error> {
    let take = || batches.next().transpose();
    // What lies ready took no time now.
    for _ in 0..READY {
        take()?;
    }
    let (began, mut images) = (Instant::now(), 0);
    while began.elapsed() < time
        && let Some(made) = take()?
    {
        images += made.batch.inputs.get("x").map_or(0, |x| x.shape()[0]);
    }
    Ok(images as f64 / began.elapsed().as_secs_f64())
}
