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

/// What a line carries without anybody noticing, in bytes a second: so much, and so much a cell of the screen. That is
/// 2.5 kB at 80×24 and 7.5 kB at 200×60.
const BUDGET: (f64, f64) = (1_500.0, 0.5);
/// However large a frame was, the next is not further away.
const LONGEST: Duration = Duration::from_secs(3);

/// Holds frames back until they are due; without a change none ever is. What the run does by itself is drawn as often as
/// the line's budget allows; what a person does is drawn at once.
#[derive(Debug)]
pub(crate) struct Pacer {
    last: Option<Instant>,
    /// Between frames at least.
    interval: Duration,
    least: Duration,
    /// Until the bytes of the last frame are paid for.
    debt: Duration,
    dirty: bool,
    /// Until when a person is thought to wait for what they asked for; `None` is always.
    waited_for: Option<Instant>,
}

/// As long as a person waits for what a key leads to: a picture that is decoded, a snapshot that is read.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a frame cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// Handing it to the terminal took this long.
    pub flush: Duration,
    pub bytes: usize,
}

impl Pacer {
    /// The first frame is due at once.
    pub fn new() -> Pacer {
        Pacer {
            last: None,
            interval: FAST,
            least: FAST,
            debt: Duration::ZERO,
            dirty: true,
            waited_for: Some(Instant::now()),
        }
    }

    /// As [`Pacer::new`], for what follows a person's hand.
    pub fn lively() -> Pacer {
        Pacer { interval: LIVELY, least: LIVELY, waited_for: None, ..Pacer::new() }
    }

    /// Something changed.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// A person did something.
    pub fn hurry(&mut self, now: Instant) {
        self.waited_for = self.waited_for.map(|_| now + PATIENCE);
    }

    /// How long until a frame is due; `None` while nothing changed.
    pub fn due_in(&self, now: Instant) -> Option<Duration> {
        let is_waited_for = self.waited_for.is_none_or(|until| now < until);
        let wait = if is_waited_for { self.interval } else { self.interval.max(self.debt) };
        let since = self.last.map_or(wait, |last| now.saturating_duration_since(last));
        self.dirty.then(|| wait.saturating_sub(since))
    }

    /// A frame was drawn at `now` on a screen of so many cells.
    pub fn drawn(&mut self, now: Instant, cost: Cost, cells: usize) {
        self.last = Some(now);
        self.dirty = false;
        self.interval = if cost.flush > SLOW_FLUSH { SLOW } else { self.least };
        let budget = BUDGET.0 + BUDGET.1 * cells as f64;
        self.debt = Duration::from_secs_f64(cost.bytes as f64 / budget).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: usize = 80 * 24;

    fn flushed(ms: u64) -> Cost {
        Cost { flush: Duration::from_millis(ms), bytes: 0 }
    }

    #[test]
    fn a_frame_is_due_when_something_changed_and_not_too_soon() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pacer = Pacer::new();
        assert_eq!(pacer.due_in(at(0)), Some(Duration::ZERO));
        pacer.drawn(at(0), flushed(0), CELLS);
        assert_eq!(pacer.due_in(at(5000)), None);
        pacer.touch();
        assert_eq!(pacer.due_in(at(30)), Some(Duration::from_millis(70)));
        assert_eq!(pacer.due_in(at(100)), Some(Duration::ZERO));
        pacer.drawn(at(100), flushed(60), CELLS);
        pacer.touch();
        assert_eq!(pacer.due_in(at(200)), Some(Duration::from_millis(100)));
    }

    #[test]
    fn what_follows_a_hand_is_drawn_sooner_but_on_a_slow_line() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pacer = Pacer::lively();
        pacer.drawn(at(0), flushed(0), CELLS);
        pacer.touch();
        assert_eq!(pacer.due_in(at(5)), Some(Duration::from_millis(20)));
        pacer.drawn(at(25), flushed(60), CELLS);
        pacer.touch();
        assert_eq!(pacer.due_in(at(25)), Some(Duration::from_millis(200)));
    }

    #[test]
    fn a_large_frame_is_paid_for_before_the_next_but_not_by_a_person() {
        let mut pacer = Pacer::new();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let frame = |bytes| Cost { flush: Duration::ZERO, bytes };
        pacer.drawn(at(0), frame(4920), CELLS);
        pacer.touch();
        assert_eq!(pacer.due_in(at(0)), Some(Duration::from_secs(2)));
        pacer.hurry(at(0));
        assert_eq!(pacer.due_in(at(0)), Some(Duration::from_millis(100)));
        pacer.drawn(at(100), frame(1 << 20), CELLS);
        pacer.touch();
        assert_eq!(pacer.due_in(at(100)), Some(Duration::from_millis(100)), "its answer");
        pacer.drawn(at(2000), frame(1 << 20), CELLS);
        pacer.touch();
        assert_eq!(pacer.due_in(at(2000)), Some(LONGEST));
    }
}
