//! Tasks over rayon's threads.
//!
//! A thread that the system has taken away holds nothing up but the task that it is in: the others take the rest. A
//! barrier that waits for every thread loses a time slice a kernel where something else wants a core.

use rayon::prelude::*;

/// Runs a list of kernels on one of the pool's threads, where sharing tasks out costs least.
pub(crate) fn on_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| work())
}

/// Calls `work(task)` for every task, in any order, on all threads.
pub(crate) fn parallel(tasks: usize, work: impl Fn(usize) + Sync) {
    if tasks <= 1 {
        (0..tasks).for_each(work);
        return;
    }
    (0..tasks).into_par_iter().with_max_len(1).for_each(&work);
}

/// Calls `work(start, length)` for parts of `0 .. n`, each but the last `grain` long.
pub(crate) fn chunks(n: usize, grain: usize, work: impl Fn(usize, usize) + Sync) {
    let grain = grain.max(1);
    parallel(n.div_ceil(grain), |task| {
        let start = task * grain;
        work(start, grain.min(n - start));
    });
}
