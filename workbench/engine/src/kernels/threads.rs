//! Tasks over candle's own threads: a second pool would compete with it for the cores.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `work(task)` for every task, in any order, on all threads.
pub(crate) fn parallel(tasks: usize, work: impl Fn(usize) + Sync) {
    if tasks <= 1 {
        (0..tasks).for_each(work);
        return;
    }
    let next = AtomicUsize::new(0);
    candle_core::utils::barrier_pool().execute(|_| {
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                break;
            }
            work(task);
        }
    });
}

/// Calls `work(start, length)` for parts of `0 .. n`, each but the last `grain` long.
pub(crate) fn chunks(n: usize, grain: usize, work: impl Fn(usize, usize) + Sync) {
    let grain = grain.max(1);
    parallel(n.div_ceil(grain), |task| {
        let start = task * grain;
        work(start, grain.min(n - start));
    });
}
