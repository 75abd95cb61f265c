//! Eight threads at once.

use std::sync::Barrier;

use super::repeatable::Reference;
use super::sample::shuffled;
use super::{Data, breach, judged};
use crate::conformance::outcome::Outcome;

const THREADS: u64 = 8;
/// So often each goes through the items.
const ROUNDS: u64 = 3;

pub fn threads(data: &mut Data) -> Outcome {
    judged(|| {
        let (dataset, samples) = data.samples()?;
        let mut reads = 0;
        for (split, items) in samples {
            let first = Reference::read(dataset, split, &items)?;
            let barrier = Barrier::new(THREADS as usize);
            let work = |thread: u64| {
                barrier.wait();
                for round in 0..ROUNDS {
                    for part in shuffled(&items, thread * ROUNDS + round).chunks(5) {
                        let read = dataset.read_guarded(split, part, 0);
                        let when = "with eight threads reading at once";
                        if let Some(outcome) = breach(&read.breaches, when) {
                            return Err(outcome);
                        }
                        first.judge(dataset, part, read, when)?;
                    }
                }
                Ok(())
            };
            std::thread::scope(|scope| {
                let work = &work;
                let threads: Vec<_> =
                    (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
                // A thread of ours that panics is a fault of ours, and ends the process.
                threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
            })?;
            reads += THREADS * ROUNDS * items.len() as u64;
        }
        Ok(Outcome::passed(format!(
            "{} items read by {THREADS} threads at once are the same",
            crate::console::grouped(reads)
        )))
    })
}
