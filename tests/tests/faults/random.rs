//! Random instants, the same ones for the same seed.

use std::time::Duration;

/// SplitMix64.
pub struct Random {
    state: u64,
}

impl Random {
    /// What comes follows from the seed alone.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Any number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// An instant within a span, each as likely as any other.
    pub fn within(&mut self, span: Duration) -> Duration {
        span.mul_f64((self.next() >> 11) as f64 / (1u64 << 53) as f64)
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
