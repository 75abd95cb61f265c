//! Random numbers that depend on seed, split and item alone.

/// A stream of its own for every item: SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014) from a start that mixes all three.
pub struct Random(u64);

/// 2⁶⁴ divided by the golden ratio: the step between two states.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    pub fn new(seed: u64, split: u64, index: u64) -> Random {
        let start = [seed, split, index].iter().fold(0, |state, &part| mix(state ^ mix(part)));
        Random(start)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
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
                *x = (bits >> 8) as f32 / (1 << 24) as f32;
            }
        }
    }
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
}
