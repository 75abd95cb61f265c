//! Nothing is written beside the buffers.

use super::{Data, breach, counted, judged};
use crate::conformance::outcome::Outcome;

pub fn bounds(data: &mut Data) -> Outcome {
    judged(|| {
        let (dataset, samples) = data.samples()?;
        let mut reads = 0;
        for (split, items) in samples {
            for count in [1, 2, 7, items.len()] {
                let count = count.min(items.len());
                for part in [&items[..count], &items[items.len() - count..]] {
                    let read = dataset.read_guarded(split, part, 0);
                    let doing =
                        format!("reading {} of `{split}`", counted(part.len() as u64, "item"));
                    // An error is what the next check is of.
                    if let Some(outcome) = breach(&read.breaches, &doing) {
                        return Err(outcome);
                    }
                    reads += 1;
                }
            }
        }
        Ok(Outcome::passed(format!("nothing is written beside the buffers in {reads} reads")))
    })
}
