//! Reading in order, as far as time allows, and at random.

use std::time::{Duration, Instant};

use workbench_host::{Dataset, Error};

use super::sample::{bytes_per_item, shuffled};
use super::values::Values;
use super::{Data, counted, judged, lengths};
use crate::conformance::outcome::Outcome;

/// So long is read in order.
const BUDGET: Duration = Duration::from_secs(2);
/// A call that returns so soon may be asked for more items next time.
const SOON: Duration = Duration::from_millis(100);
/// At once.
const ITEMS: u64 = 256;
const BYTES: u64 = 16 << 20;

/// What was read in order.
pub struct Swept {
    /// Split, items read, items there.
    read: Vec<(&'static str, u64, u64)>,
    pub values: Values,
}

pub fn reading(data: &mut Data) -> Outcome {
    judged(|| {
        sweep(data)?;
        let (dataset, samples) = data.samples()?;
        for (split, items) in samples {
            for items in shuffled(&items, 1).chunks(16) {
                let read = dataset.read_guarded(split, items, 0).read;
                read.map_err(|error| Outcome::error(&error))?;
            }
        }
        let swept = data.swept.as_ref().map(|swept| &swept.read[..]).unwrap_or_default();
        let words: Vec<String> = swept
            .iter()
            .map(|&(split, read, len)| match read == len {
                true => format!("all {} of {split}", counted(read, "item")),
                false => format!("the first {} of {split}", counted(read, "item")),
            })
            .collect();
        Ok(Outcome::passed(format!("{}, in order; some at random", words.join(", "))))
    })
}

/// What was read in order, by this process or now.
pub fn sweep(data: &mut Data) -> Result<&Swept, Outcome> {
    if data.swept.is_none() {
        let classes = data.given.classes();
        let swept = read_in_order(data.dataset()?, classes)?;
        data.swept = Some(swept);
    }
    data.swept.as_ref().ok_or_else(|| Outcome::skipped("nothing was read"))
}

fn read_in_order(dataset: &Dataset, classes: Option<Vec<String>>) -> Result<Swept, Outcome> {
    let most = (BYTES / bytes_per_item(dataset)).clamp(1, ITEMS);
    let splits = lengths(dataset)?;
    let mut swept = Swept { read: Vec::new(), values: Values::of(dataset, classes) };
    for &(split, len) in &splits {
        let began = Instant::now();
        // One at first: an item may take long, and a call has a deadline.
        let (mut next, mut at_once) = (0, 1);
        while next < len && (next == 0 || began.elapsed() < BUDGET / splits.len() as u32) {
            let items: Vec<u64> = (next..len.min(next + at_once)).collect();
            let asked = Instant::now();
            let read = dataset.read_guarded(split, &items, 0);
            if asked.elapsed() < SOON {
                at_once = most.min(2 * at_once);
            }
            if let Err(error) = read.read {
                return Err(Outcome::error(&alone(dataset, split, &items, error)));
            }
            swept.values.look_at(split, &items, &read.columns);
            next += items.len() as u64;
        }
        swept.read.push((split, next, len));
    }
    Ok(swept)
}

/// The same error, of the one item that it is of where that can be told.
fn alone(dataset: &Dataset, split: &str, items: &[u64], error: Error) -> Error {
    let one = |item: &u64| dataset.read_guarded(split, &[*item], 0).read.err();
    items.iter().find_map(one).unwrap_or(error)
}
