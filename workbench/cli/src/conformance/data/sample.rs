//! Some items of a split: the first, the last, and others in between.

use std::time::Duration;

use workbench_engine::noise::{Key, permutation, uniform};
use workbench_host::Dataset;

/// Items of one split that are read again and again.
const ITEMS: u64 = 64;
/// Of large items there are fewer, and of those that take long.
const BYTES: u64 = 16 << 20;
const TIME: Duration = Duration::from_secs(1);

/// Numbers of items, in order, each once. `pace`: what one takes.
pub fn sample(dataset: &Dataset, split: &str, len: u64, pace: Duration) -> Vec<u64> {
    let in_time = (TIME.as_secs_f64() / pace.as_secs_f64().max(1e-9)) as u64;
    let most = (BYTES / bytes_per_item(dataset)).min(in_time).clamp(4, ITEMS);
    if len <= most {
        return (0..len).collect();
    }
    let ends = most / 4;
    let key = Key::new(7, split, 0, 0);
    let between = uniform(key, (most - 2 * ends) as usize);
    let between = between.into_iter().map(|x| ((f64::from(x) * len as f64) as u64).min(len - 1));
    let mut items: Vec<u64> = (0..ends).chain(between).chain(len - ends..len).collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// The same items in another order.
pub fn shuffled(items: &[u64], seed: u64) -> Vec<u64> {
    let order = permutation(Key::new(seed, "order", 0, 0), items.len() as u32);
    order.into_iter().map(|place| items[place as usize]).collect()
}

pub fn bytes_per_item(dataset: &Dataset) -> u64 {
    dataset.fields().iter().map(|field| field.bytes() as u64).sum::<u64>().max(1)
}
