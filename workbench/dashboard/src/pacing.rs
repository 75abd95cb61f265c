//! When a frame is due.

use std::time::{Duration, Instant};

/// Ten frames a second at most.
const FAST: Duration = Duration::from_millis(100);
/// Forty, where a person moves something and watches what it does.
const LIVELY: Duration = Duration::from_millis(25);
/// Where the line is slow, half as many.
const SLOW: Duration = Duration::from_millis(200);
/// A flush that takes longer than this tells a slow line.
const SLOW_FLUSH: Duration = Duration::from_millis(50);

/// Holds frames back until they are due; without a change none ever is.
#[derive(Debug)]
pub(crate) struct Pacer {
    last: Option<Instant>,
    interval: Duration,
    least: Duration,
    dirty: bool,
}

impl Pacer {
    /// The first frame is due at once.
    pub fn new() -> Pacer {
        Pacer { last: None, interval: FAST, least: FAST, dirty: true }
    }

    /// As [`Pacer::new`], for what follows a person's hand.
    pub fn lively() -> Pacer {
        Pacer { interval: LIVELY, least: LIVELY, ..Pacer::new() }
    }

    /// Something changed.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// How long until a frame is due; `None` while nothing changed.
    pub fn due_in(&self, now: Instant) -> Option<Duration> {
        let since = self.last.map_or(self.interval, |last| now.saturating_duration_since(last));
        self.dirty.then(|| self.interval.saturating_sub(since))
    }

    /// A frame was drawn at `now`, and handing it to the terminal took `flush`.
    pub fn drawn(&mut self, now: Instant, flush: Duration) {
        self.last = Some(now);
        self.dirty = false;
        self.interval = if flush > SLOW_FLUSH { SLOW } else { self.least };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_due_when_something_changed_and_not_too_soon() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pacer = Pacer::new();
        assert_eq!(pacer.due_in(at(0)), Some(Duration::ZERO));
        pacer.drawn(at(0), Duration::ZERO);
        assert_eq!(pacer.due_in(at(5000)), None);
        pacer.touch();
        assert_eq!(pacer.due_in(at(30)), Some(Duration::from_millis(70)));
        assert_eq!(pacer.due_in(at(100)), Some(Duration::ZERO));
        pacer.drawn(at(100), Duration::from_millis(60));
        pacer.touch();
        assert_eq!(pacer.due_in(at(200)), Some(Duration::from_millis(100)));
    }

    #[test]
    fn what_follows_a_hand_is_drawn_sooner_but_on_a_slow_line() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pacer = Pacer::lively();
        pacer.drawn(at(0), Duration::ZERO);
        pacer.touch();
        assert_eq!(pacer.due_in(at(5)), Some(Duration::from_millis(20)));
        pacer.drawn(at(25), Duration::from_millis(60));
        pacer.touch();
        assert_eq!(pacer.due_in(at(25)), Some(Duration::from_millis(200)));
    }
}
