//! Items a second.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use workbench_host::Dataset;

use super::sample::bytes_per_item;
use super::{Data, judged, lengths};
use crate::conformance::outcome::Outcome;

/// So long each is timed.
const TIME: Duration = Duration::from_millis(250);
const THREADS: usize = 8;
/// At once.
const ITEMS: u64 = 128;
const BYTES: u64 = 8 << 20;

pub fn speed(data: &mut Data) -> Outcome {
    judged(|| {
        data.samples()?;
        let pace = data.pace.unwrap_or_default();
        let dataset = data.dataset()?;
        let splits = lengths(dataset)?;
        let Some(&(split, len)) = splits.first() else {
            return Ok(Outcome::skipped("there is nothing to read"));
        };
        let one = items_per_second(dataset, split, len, pace, 1)?;
        let eight = items_per_second(dataset, split, len, pace, THREADS)?;
        let [one, eight] = [one, eight].map(|rate| crate::console::grouped(rate.round() as u64));
        Ok(Outcome::passed(format!("{one} items/s on one thread, {eight} on {THREADS}")))
    })
}

fn items_per_second(
    dataset: &Dataset,
    split: &str,
    len: u64,
    pace: Duration,
    threads: usize,
) -> Result<f64, Outcome> {
    let in_time = (TIME.as_secs_f64() / pace.as_secs_f64().max(1e-9)) as u64;
    let at_once = (BYTES / bytes_per_item(dataset)).min(in_time).clamp(1, ITEMS).min(len);
    let (read, next) = (AtomicU64::new(0), AtomicU64::new(0));
    let began = Instant::now();
    let work = || {
        while began.elapsed() < TIME {
            let first = next.fetch_add(at_once, Relaxed) % (len - at_once + 1);
            let items: Vec<u64> = (first..first + at_once).collect();
            dataset.read(split, &items).map_err(|error| Outcome::error(&error))?;
            read.fetch_add(at_once, Relaxed);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
    })?;
    Ok(read.load(Relaxed) as f64 / began.elapsed().as_secs_f64())
}
