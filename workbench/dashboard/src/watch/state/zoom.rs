//! The part of the step axis that is looked at.

/// Steps from the first to the last shown.
pub(crate) type Window = (u64, u64);

/// No part is shorter: a step has to have some room.
const LEAST: u64 = 4;

/// Half as many steps, about `anchor`, which stays where it is on the screen.
pub(crate) fn closer(shown: Window, anchor: u64) -> Window {
    let (from, to) = shown;
    let span = (to - from).div_ceil(2).max(LEAST);
    if span >= to - from {
        return shown;
    }
    let anchor = anchor.clamp(from, to);
    let share = (anchor - from) as f64 / (to - from) as f64;
    let from = anchor - ((span as f64 * share).round() as u64).min(anchor - from);
    (from, from + span)
}

/// Twice as many steps about `anchor`; `None` where that is the whole.
pub(crate) fn wider(shown: Window, anchor: u64, whole: Window) -> Option<Window> {
    let (from, to) = shown;
    let span = (to - from).saturating_mul(2);
    if span >= whole.1 - whole.0 {
        return None;
    }
    let share = (anchor.clamp(from, to) - from) as f64 / (to - from).max(1) as f64;
    let from = anchor.clamp(from, to).saturating_sub((span as f64 * share).round() as u64);
    Some(inside((from, from + span), whole))
}

/// A quarter of the window to the left or to the right, as far as the whole goes.
pub(crate) fn beside(shown: Window, right: bool, whole: Window) -> Window {
    let by = ((shown.1 - shown.0) / 4).max(1);
    let moved = if right {
        (shown.0.saturating_add(by), shown.1.saturating_add(by))
    } else {
        (shown.0.saturating_sub(by), shown.1 - by.min(shown.0))
    };
    inside(moved, whole)
}

/// The window moved as little as shows `step`.
pub(crate) fn showing(shown: Window, step: u64) -> Window {
    let span = shown.1 - shown.0;
    match step {
        step if step < shown.0 => (step, step + span),
        step if step > shown.1 => (step - span, step),
        _ => shown,
    }
}

/// The window moved into the whole.
fn inside((from, to): Window, whole: Window) -> Window {
    let span = (to - from).min(whole.1 - whole.0);
    let from = from.clamp(whole.0, whole.1 - span);
    (from, from + span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_anchor_where_it_is() {
        assert_eq!(closer((0, 1000), 1000), (500, 1000));
        assert_eq!(closer((0, 1000), 0), (0, 500));
        assert_eq!(closer((0, 1000), 500), (250, 750));
        assert_eq!(closer((250, 750), 300), (275, 525));
        assert_eq!(closer((10, 14), 12), (10, 14), "no closer than a few steps");
        assert_eq!(wider((500, 1000), 1000, (0, 1000)), None);
        assert_eq!(wider((250, 500), 500, (0, 1000)), Some((0, 500)));
        assert_eq!(wider((800, 1000), 800, (0, 1000)), Some((600, 1000)));
    }

    #[test]
    fn panning_ends_where_the_run_does() {
        assert_eq!(beside((400, 800), true, (0, 1000)), (500, 900));
        assert_eq!(beside((400, 800), false, (0, 1000)), (300, 700));
        assert_eq!(beside((800, 1000), true, (0, 1000)), (800, 1000));
        assert_eq!(beside((50, 450), false, (0, 1000)), (0, 400));
        assert_eq!(showing((100, 200), 250), (150, 250));
        assert_eq!(showing((100, 200), 50), (50, 150));
        assert_eq!(showing((100, 200), 150), (100, 200));
    }
}
