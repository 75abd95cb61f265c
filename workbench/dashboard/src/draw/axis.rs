//! Axis ranges that hold still, so that a new point does not repaint a whole chart.

/// What an axis shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub lo: f64,
    pub hi: f64,
}

/// The part of some values that is worth the room.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bulk {
    pub range: Range,
    /// What must be on the axis; less than `range` where that is cut.
    pub core: Range,
    /// The least and the greatest of all.
    pub all: Range,
}

impl Range {
    pub fn span(&self) -> f64 {
        self.hi - self.lo
    }

    /// The smallest range with round ends about `lo` and `hi`, with a little room at both.
    pub fn nice(lo: f64, hi: f64) -> Range {
        let (lo, hi) = if lo == hi {
            let pad = if lo == 0.0 { 1.0 } else { lo.abs() * 0.1 };
            (lo - pad, hi + pad)
        } else {
            let pad = (hi - lo) * 0.04;
            // Room below zero tells of values that cannot be.
            (if lo >= 0.0 && lo < pad { 0.0 } else { lo - pad }, hi + pad)
        };
        let step = nice_step((hi - lo) / 5.0);
        Range { lo: (lo / step).floor() * step, hi: (hi / step).ceil() * step }
    }

    /// The range held so far, as long as what must be on it is, and fills a good part of it.
    pub fn hold(held: Option<Range>, bulk: &Bulk) -> Range {
        let Bulk { range, core, .. } = bulk;
        match held {
            Some(held) if core.lo < held.lo || core.hi > held.hi => Range::nice(range.lo, range.hi),
            // A flat line fills no range, yet it need not move.
            Some(held) if core.span() == 0.0 => held,
            Some(held) if range.span() >= 0.42 * held.span() => held,
            _ => Range::nice(range.lo, range.hi),
        }
    }

    /// Round values in the range, at most `most`.
    pub fn ticks(&self, most: usize) -> (Vec<f64>, f64) {
        let step = nice_step(self.span() / most.max(1) as f64);
        let first = (self.lo / step - 1e-9).ceil() as i64;
        let last = (self.hi / step + 1e-9).floor() as i64;
        ((first..=last).take(most + 1).map(|i| i as f64 * step).collect(), step)
    }
}

/// 1, 2 or 5 times a power of ten, the least that is not under `at_least`.
fn nice_step(at_least: f64) -> f64 {
    if !at_least.is_finite() || at_least <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(at_least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * power)
        .into_iter()
        .find(|s| *s >= at_least * 0.9999)
        .unwrap_or(10.0 * power)
}

/// The last step of an axis that leaves room to grow into: a round number past `last`, or `total`.
pub(crate) fn room_to_grow(last: u64, total: Option<u64>) -> u64 {
    let last = last.max(1);
    let power = 10f64.powf((last as f64).log10().floor());
    let round = [1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0]
        .map(|m| (m * power).round() as u64)
        .into_iter()
        .find(|&round| round > last)
        .unwrap_or(last);
    match total {
        Some(total) if total >= last => round.min(total),
        _ => round,
    }
}

/// The range worth showing of points (step, value), in any order. The first steps of a training and its
/// spikes are left out where the rest would be squashed to less than half by them. `None` without a finite
/// value.
pub(crate) fn bulk(points: &mut Vec<(u64, f64)>) -> Option<Bulk> {
    points.retain(|(_, value)| value.is_finite());
    let (first, last) = points.iter().fold((u64::MAX, 0), |(a, b), &(s, _)| (a.min(s), b.max(s)));
    let begun = first.saturating_add(last.saturating_sub(first) / EARLY);
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    let (&lo, &hi) = values.first().zip(values.last())?;
    let all = Range { lo, hi };
    let mut later: Vec<f64> =
        points.iter().filter(|(step, _)| *step >= begun).map(|(_, value)| *value).collect();
    later.sort_by(f64::total_cmp);
    if later.len() < 8 {
        return Some(Bulk { range: all, core: all, all });
    }
    let at = |share: f64| later[((later.len() - 1) as f64 * share).round() as usize];
    let (low, high) = (at(0.03), at(0.97));
    let fence = (high - low) * 0.8;
    let range = Range { lo: lo.max(low - fence), hi: hi.min(high + fence) };
    // Where the middle is flat, there is nothing to judge the rest by.
    if fence > 0.0 && range.span() < all.span() * 0.5 {
        let core = Range { lo: low.max(range.lo), hi: high.min(range.hi) };
        return Some(Bulk { range, core, all });
    }
    Some(Bulk { range: all, core: all, all })
}

/// The first steps are one in so many.
const EARLY: u64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_until_the_data_leave_it_or_shrink_to_less_than_half() {
        let hold = |held, lo, hi| {
            let all = Range { lo, hi };
            Range::hold(held, &Bulk { range: all, core: all, all })
        };
        let first = hold(None, 100.0, 180.0);
        assert_eq!(first, Range { lo: 80.0, hi: 200.0 });
        assert_eq!(hold(Some(first), 99.0, 170.0), first);
        assert_eq!(hold(Some(first), 81.0, 140.0), first);
        assert_ne!(hold(Some(first), 79.0, 140.0), first);
        assert_ne!(hold(Some(first), 100.0, 120.0), first);
        assert_eq!(hold(Some(first), 100.0, 100.0), first);
    }

    #[test]
    fn ticks_are_round_and_few() {
        let (ticks, step) = Range { lo: 80.0, hi: 200.0 }.ticks(4);
        assert_eq!((ticks, step), (vec![100.0, 150.0, 200.0], 50.0));
        let (ticks, _) = Range { lo: -0.2, hi: 0.3 }.ticks(6);
        assert_eq!(ticks.len(), 6);
        assert_eq!(Range::nice(0.0, 0.0), Range { lo: -1.0, hi: 1.0 });
        assert_eq!(Range::nice(0.5, 20.0).lo, 0.0);
    }

    #[test]
    fn the_first_steps_do_not_squash_the_rest() {
        let decaying = |i: usize| 100.0 + 445.0 * (-(i as f64) / 10.0).exp() + (i % 7) as f64;
        for n in [200, 1000] {
            let mut points = (0..n).map(|i| (i as u64, decaying(i))).collect();
            let bulk = bulk(&mut points).unwrap();
            assert!(bulk.range.hi < 320.0, "{bulk:?}");
            assert_eq!(bulk.all.hi, 545.0);
            assert_eq!(bulk.range.lo, bulk.all.lo);
        }
    }

    #[test]
    fn an_even_curve_is_not_cut() {
        let mut even = (0..100).map(|i| (i, i as f64)).collect();
        let Bulk { range, all, .. } = bulk(&mut even).unwrap();
        assert_eq!(range, all);
        // A warm-up is part of a schedule.
        let mut warm_up = (0..100).map(|i| (i, (i as f64 / 10.0).min(1.0))).collect();
        assert_eq!(bulk(&mut warm_up).unwrap().range, Range { lo: 0.0, hi: 1.0 });
        assert_eq!(bulk(&mut vec![(1, f64::NAN)]), None);
    }

    #[test]
    fn the_step_axis_grows_seldom_and_ends_at_the_total() {
        let ends: std::collections::BTreeSet<u64> =
            (100..1000).map(|last| room_to_grow(last, Some(900))).collect();
        assert_eq!(ends.len(), 11, "{ends:?}");
        assert_eq!(room_to_grow(880, Some(900)), 900);
        assert_eq!(room_to_grow(900, Some(900)), 900);
        assert_eq!(room_to_grow(9, None), 10);
        assert_eq!(room_to_grow(0, None), 2);
    }
}
