//! The same number gives the same item, however it is asked for.

use workbench_host::{Dataset, Guarded};

use super::sample::shuffled;
use super::{Data, judged};
use crate::conformance::outcome::Outcome;

/// Read one by one at the most.
const SINGLE: usize = 16;

pub fn repeatable(data: &mut Data) -> Outcome {
    judged(|| {
        let values = data.given.values(&data.info.parameters)?;
        let again = data.open(values).map_err(|error| Outcome::error(&error))?;
        let (dataset, samples) = data.samples()?;
        let mut compared = 0;
        for (split, items) in samples {
            let first = Reference::read(dataset, split, &items)?;
            let reversed: Vec<u64> = items.iter().rev().copied().collect();
            first.compare(dataset, &items, "when it is read again")?;
            first.compare(dataset, &reversed, "when items are read in reverse order")?;
            for part in shuffled(&items, 2).chunks(7) {
                first.compare(dataset, part, "when items are read in another order")?;
            }
            for item in items.iter().take(SINGLE) {
                first.compare(dataset, &[*item], "when it is read alone")?;
            }
            let twice = [items[0], items[0]];
            first.compare(dataset, &twice, "when it is asked for twice at once")?;
            first.compare(&again, &items, "when the data set is opened anew")?;
            std::thread::scope(|scope| {
                let other = scope.spawn(|| first.compare(dataset, &items, "on another thread"));
                other.join().unwrap_or(Ok(()))
            })?;
            compared += items.len();
        }
        Ok(Outcome::passed(format!(
            "{compared} items are the same again, in other orders, alone, on another thread and opened anew"
        )))
    })
}

/// Items as they were read first.
pub struct Reference<'a> {
    split: &'a str,
    items: &'a [u64],
    columns: Vec<Vec<u8>>,
}

impl<'a> Reference<'a> {
    /// # Errors
    /// The plugin's own.
    pub fn read(
        dataset: &Dataset,
        split: &'a str,
        items: &'a [u64],
    ) -> Result<Reference<'a>, Outcome> {
        let read = dataset.read_guarded(split, items, 0);
        read.read.map_err(|error| Outcome::error(&error))?;
        Ok(Reference { split, items, columns: read.columns })
    }

    /// Reads some of the items again.
    ///
    /// # Errors
    /// The first field of the first item that differs, or the plugin's own.
    pub fn compare(&self, dataset: &Dataset, items: &[u64], when: &str) -> Result<(), Outcome> {
        self.judge(dataset, items, dataset.read_guarded(self.split, items, 0), when)
    }

    /// # Errors
    /// As for [`Reference::compare`], of items that were read.
    pub fn judge(
        &self,
        dataset: &Dataset,
        items: &[u64],
        read: Guarded,
        when: &str,
    ) -> Result<(), Outcome> {
        read.read.map_err(|error| Outcome::error(&error))?;
        for ((field, now), before) in dataset.fields().iter().zip(&read.columns).zip(&self.columns)
        {
            let size = field.bytes().max(1);
            for (item, now) in items.iter().zip(now.chunks_exact(size)) {
                let Ok(place) = self.items.binary_search(item) else { continue };
                if before[place * size..(place + 1) * size] != *now {
                    return Err(Outcome::failed(
                        format!(
                            "item {item} of `{}` has another `{}` {when}",
                            self.split, field.name
                        ),
                        "the same number must give the same item: let randomness follow from the item's number, and keep no state between reads",
                    ));
                }
            }
        }
        Ok(())
    }
}
