//! Random numbers by counter.

/// A stream of random numbers: number i is a function of the seed and i alone (SplitMix64: Steele, Lea & Flood 2014,
/// "Fast Splittable Pseudorandom Number Generators").
#[derive(Clone, Debug)]
pub struct Stream {
    seed: u64,
    next: u64,
}

impl Stream {
    pub fn new(seed: u64) -> Stream {
        Stream { seed: mix(seed ^ GOLDEN), next: 0 }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        mix(self.seed.wrapping_add(self.next.wrapping_mul(GOLDEN)))
    }

    /// From U[0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * UNIT
    }

    /// From N(0, 1), by Box and Muller's transform.
    pub fn normal(&mut self) -> f64 {
        // In (0, 1], so that the logarithm is finite.
        let (radius, angle) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    /// A number below `bound`; 0 where that is 0. The bias is below bound / 2⁵³.
    pub fn below(&mut self, bound: usize) -> usize {
        ((self.uniform() * bound as f64) as usize).min(bound.saturating_sub(1))
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const UNIT: f64 = 1.0 / (1u64 << 53) as f64;

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_distributions() {
        let (mut stream, n) = (Stream::new(3), 100_000);
        let z: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let moment = |power: i32| z.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(n);
        for (power, expected, off) in [(1, 0.0, 0.015), (2, 1.0, 0.02), (4, 3.0, 0.15)] {
            assert!((moment(power) - expected).abs() < off, "{power}: {}", moment(power));
        }
        let mean = (0..n).map(|_| stream.uniform()).sum::<f64>() / f64::from(n);
        assert!((mean - 0.5).abs() < 0.005);
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
    }

    #[test]
    fn seeds_differ_and_repeat() {
        let take = |seed| -> Vec<u64> {
            let mut stream = Stream::new(seed);
            (0..4).map(|_| stream.bits()).collect()
        };
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
    }
}
