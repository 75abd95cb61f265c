//! The steps of a run whose layers are timed.

use std::ops::Range;

use crate::Plan;

/// The first steps are slower: pages come in, caches fill.
const AFTER: u64 = 20;
/// Enough for a mean.
const STEPS: u64 = 10;

/// Which steps, counted from 0, of a run that begins or goes on at `start`: none of another kind lies between them, as
/// what validation costs would be counted too.
pub(crate) fn profiled(plan: Plan, start: u64) -> Range<u64> {
    let from = start.saturating_add(AFTER);
    let epoch = (from / plan.steps_per_epoch + 1).saturating_mul(plan.steps_per_epoch);
    from..epoch.min(from.saturating_add(STEPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_lie_in_one_epoch() {
        let plan = |steps_per_epoch| Plan {
            train_items: 1,
            valid_items: 1,
            test_items: 1,
            steps_per_epoch,
            total_steps: 1000,
        };
        assert_eq!(profiled(plan(100), 0), 20..30);
        assert_eq!(profiled(plan(100), 75), 95..100);
        assert_eq!(profiled(plan(5), 0), 20..25);
        assert_eq!(profiled(plan(21), 0), 20..21);
        assert_eq!(profiled(plan(1), 7), 27..28);
    }
}
