//! How fast training goes.

use std::time::{Duration, Instant};

/// Images a second, and the share of the time that was spent waiting for them, over about the last two seconds of training;
/// what happens between epochs does not count.
pub(crate) struct Rate {
    since: Instant,
    busy: Duration,
    waited: Duration,
    images: f64,
    per_second: f64,
}

const WINDOW: Duration = Duration::from_secs(2);

impl Rate {
    pub fn new() -> Rate {
        Rate {
            since: Instant::now(),
            busy: Duration::ZERO,
            waited: Duration::ZERO,
            images: 0.0,
            per_second: 0.0,
        }
    }

    /// The batch of the next step came so late.
    pub fn waited(&mut self, time: Duration) {
        self.waited += time;
        self.busy += time;
    }

    /// A step begins.
    pub fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// It ended, having trained on so many images.
    pub fn end(&mut self, images: usize) {
        self.busy += self.since.elapsed();
        self.images += images as f64;
        self.per_second = self.images / self.busy.as_secs_f64().max(1e-9);
        if self.busy > WINDOW {
            // Halving forgets what is older than a few windows without a jump.
            self.busy /= 2;
            self.waited /= 2;
            self.images /= 2.0;
        }
    }

    /// From 0 to 1.
    pub fn wait(&self) -> f64 {
        self.waited.as_secs_f64() / self.busy.as_secs_f64().max(1e-9)
    }

    pub fn per_second(&self) -> f64 {
        self.per_second
    }
}
