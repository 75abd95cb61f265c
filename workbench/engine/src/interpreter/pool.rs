//! Work over candle's own threads.
//!
//! Candle's elementwise operations, and so its backward pass, run on a pool whose threads spin for a
//! while before they sleep. Kernels on a second pool would compete with them for the cores.

use std::sync::Mutex;

/// Fewer elements than this are not worth waking threads for; candle's own threshold.
const WORTH_SHARING: usize = 1 << 16;

/// Calls `work(index, item)` for every item, in any order; `elements` says how much there is to do.
pub(crate) fn each<T: Send>(
    elements: usize,
    items: impl Iterator<Item = T>,
    work: impl Fn(usize, T) + Sync,
) {
    if elements < WORTH_SHARING {
        items.enumerate().for_each(|(index, item)| work(index, item));
        return;
    }
    let slots: Vec<Mutex<Option<T>>> = items.map(|item| Mutex::new(Some(item))).collect();
    candle_core::utils::barrier_pool().execute_chunked(slots.len(), |range| {
        for index in range {
            let taken = slots[index].lock().ok().and_then(|mut slot| slot.take());
            if let Some(item) = taken {
                work(index, item);
            }
        }
    });
}
