//! Random numbers that depend on seed, split and item alone.

/// A stream of its own for every item of a data set that is made on the fly: SplitMix64 (Steele, Lea & Flood, "Fast
/// splittable pseudorandom number generators", OOPSLA 2014) from a start that mixes all three.
///
/// ```
/// use workbench_sdk::Random;
///
/// let mut random = Random::new(7, u64::from("test" == "train"), 12);
/// let (side, turned) = (random.between(0.2, 0.4), random.below(2) == 1);
/// # let _ = (side, turned);
/// ```
pub struct Random(u64);

/// 2⁶⁴ divided by the golden ratio: the step between two states.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    /// The stream of one item. `split` is any number that is another one for each split.
    pub fn new(seed: u64, split: u64, index: u64) -> Random {
        let start = [seed, split, index].iter().fold(0, |state, &part| mix(state ^ mix(part)));
        Random(start)
    }

    /// 64 bits, all values equally likely.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// In 0..1, as fine as its 24 bits are.
    pub fn unit(&mut self) -> f32 {
        unit((self.draw() >> 32) as u32)
    }

    /// In `low..high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// One of `0..n`, equally likely; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(n)) >> 64) as u64
    }

    /// Fills with 0 to 255, equally likely.
    pub fn bytes(&mut self, bytes: &mut [u8]) {
        for eight in bytes.chunks_mut(8) {
            eight.copy_from_slice(&self.draw().to_le_bytes()[..eight.len()]);
        }
    }

    /// Fills with numbers in 0..1, as fine as their 24 bits are.
    pub fn floats(&mut self, numbers: &mut [f32]) {
        for two in numbers.chunks_mut(2) {
            let bits = self.draw();
            for (x, bits) in two.iter_mut().zip([bits as u32, (bits >> 32) as u32]) {
                *x = unit(bits);
            }
        }
    }
}

fn unit(bits: u32) -> f32 {
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// Every bit of the result depends on every bit given.
fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(STEP);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(seed: u64, split: u64, index: u64, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        Random::new(seed, split, index).bytes(&mut bytes);
        bytes
    }

    #[test]
    fn an_item_is_the_same_every_time_and_unlike_others() {
        let one = bytes(1, 0, 5, 783);
        assert_eq!(one, bytes(1, 0, 5, 783));
        for other in [bytes(2, 0, 5, 783), bytes(1, 1, 5, 783), bytes(1, 0, 6, 783)] {
            let equal = one.iter().zip(&other).filter(|(a, b)| a == b).count();
            assert!(equal < 20, "{equal} of 783 bytes are equal");
        }
    }

    #[test]
    fn every_value_is_about_equally_likely() {
        let mut counts = [0u32; 256];
        let mut numbers = vec![0.0f32; 65_536];
        for byte in bytes(7, 0, 0, 65_536) {
            counts[usize::from(byte)] += 1;
        }
        // 256 are expected, with a standard deviation of 16.
        assert!(counts.iter().all(|count| (176..336).contains(count)), "{counts:?}");
        Random::new(7, 0, 1).floats(&mut numbers);
        assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / 65_536.0;
        assert!((mean - 0.5).abs() < 0.006, "{mean}");
    }

    #[test]
    fn a_choice_is_one_of_those_there_are_and_all_come() {
        let (mut random, mut counts) = (Random::new(7, 0, 2), [0u32; 6]);
        (0..6000).for_each(|_| counts[random.below(6) as usize] += 1);
        // 1,000 are expected, with a standard deviation of 29.
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert_eq!([random.below(1), random.below(0)], [0, 0]);
        let drawn = [(); 100].map(|()| random.between(-2.0, 3.0));
        assert!(drawn.iter().all(|x| (-2.0..3.0).contains(x)));
        assert!(drawn.iter().any(|x| *x < -1.5) && drawn.iter().any(|x| *x > 2.5));
    }
}
