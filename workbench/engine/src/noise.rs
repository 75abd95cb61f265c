//! Random numbers by counter: Philox 4x32-10.
//!
//! A number depends on its [`Key`] and its place alone, so that a resumed run draws what the
//! undisturbed one would have drawn, and the split of the work over threads can't show.
//! J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.

use rayon::prelude::*;
use workbench_graph::Distribution;

/// Numbers made by one task; a multiple of the four numbers of a Philox block.
const CHUNK: usize = 1 << 14;

/// Names a stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    key: [u32; 2],
    /// The counter's upper half; the lower half counts blocks.
    high: [u32; 2],
}

impl Key {
    /// The stream for `purpose` ("train", "shuffle", …) at `draw` (a step or an epoch) and `node`
    /// (a node of the graph, a data item, or 0).
    pub fn new(seed: u64, purpose: &str, draw: u64, node: u64) -> Key {
        let purpose = halves(hash(purpose));
        let [a, b, ..] = philox([purpose[0], purpose[1], 0, 0], halves(seed));
        let ([d0, d1], [n0, n1]) = (halves(draw), halves(node));
        let [k0, k1, h0, h1] = philox([d0, d1, n0, n1], [a, b]);
        Key { key: [k0, k1], high: [h0, h1] }
    }

    fn block(self, index: u64) -> [u32; 4] {
        let [low, high] = halves(index);
        philox([low, high, self.high[0], self.high[1]], self.key)
    }
}

/// `n` draws from N(0, 1), by Box and Muller's transform in f32.
pub fn normal(key: Key, n: usize) -> Vec<f32> {
    drawn(Distribution::Normal, key, n)
}

/// `n` draws from U[0, 1), multiples of 2⁻²⁴: `u < p` is true with probability p, and never for p = 0.
pub fn uniform(key: Key, n: usize) -> Vec<f32> {
    drawn(Distribution::Uniform, key, n)
}

/// Fills `data` with draws: what [`normal`] and [`uniform`] give.
pub(crate) fn fill(distribution: Distribution, key: Key, data: &mut [f32]) {
    let fill_chunk = |chunk: usize, out: &mut [f32]| {
        for (i, four) in out.chunks_mut(4).enumerate() {
            let block = key.block((chunk * (CHUNK / 4) + i) as u64);
            let numbers = match distribution {
                Distribution::Normal => {
                    let [a, b, c, d] = block;
                    let ([x, y], [z, w]) = (box_muller(a, b), box_muller(c, d));
                    [x, y, z, w]
                }
                Distribution::Uniform => block.map(|bits| (bits >> 8) as f32 * UNIT),
            };
            four.copy_from_slice(&numbers[..four.len()]);
        }
    };
    if data.len() <= CHUNK {
        fill_chunk(0, data);
    } else {
        data.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| fill_chunk(chunk, out));
    }
}

/// The numbers `0 .. n` in a random order (Fisher and Yates), every order equally likely.
pub fn permutation(key: Key, n: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    let mut words = (0..).flat_map(|index| key.block(index));
    for last in (1..n).rev() {
        let chosen = below(last + 1, &mut words);
        order.swap(last as usize, chosen as usize);
    }
    order
}

/// 64 bits that stand for a name (FNV-1a).
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

const UNIT: f32 = 1.0 / (1 << 24) as f32;

fn drawn(distribution: Distribution, key: Key, n: usize) -> Vec<f32> {
    let mut data = vec![0f32; n];
    fill(distribution, key, &mut data);
    data
}

fn box_muller(a: u32, b: u32) -> [f32; 2] {
    // In (0, 1], so that the logarithm is finite.
    let u = ((a >> 8) + 1) as f32 * UNIT;
    let radius = (-2.0 * u.ln()).sqrt();
    let (sin, cos) = (std::f32::consts::TAU * ((b >> 8) as f32 * UNIT)).sin_cos();
    [radius * cos, radius * sin]
}

/// A number below `bound`, without bias (D. Lemire, "Fast Random Integer Generation in an Interval",
/// 2019).
fn below(bound: u32, words: &mut impl Iterator<Item = u32>) -> u32 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        // The stream has 2⁶⁶ words, so that it never ends.
        let product = u64::from(words.next().unwrap_or_default()) * u64::from(bound);
        if product as u32 >= threshold {
            return (product >> 32) as u32;
        }
    }
}

fn halves(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// Ten rounds on a 128-bit counter.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(counter[0]) * 0xd251_1f53;
        let b = u64::from(counter[2]) * 0xcd9e_8d57;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers of Random123's `kat_vectors`, philox4x32 with 10 rounds.
    #[test]
    fn philox_gives_the_known_answers() {
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, wanted) in cases {
            assert_eq!(philox(counter, key), wanted);
        }
    }

    #[test]
    fn a_number_depends_on_its_place_alone() {
        let key = Key::new(3, "train", 5, 7);
        let long = normal(key, 3 * CHUNK + 5);
        let short = normal(key, 1001);
        assert_eq!(long[..1001], short[..]);
        let alone = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap()
            .install(|| normal(key, 3 * CHUNK + 5));
        assert_eq!(long, alone);
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let base = uniform(Key::new(1, "train", 2, 3), 8);
        for other in [
            Key::new(9, "train", 2, 3),
            Key::new(1, "evaluate", 2, 3),
            Key::new(1, "train", 9, 3),
            Key::new(1, "train", 2, 9),
        ] {
            assert_ne!(base, uniform(other, 8));
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let n = 200_000;
        let moment = |data: &[f32], power: i32| -> f64 {
            data.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / n as f64
        };
        let z = normal(Key::new(11, "test", 0, 0), n);
        for (power, wanted, tolerance) in
            [(1, 0.0, 0.01), (2, 1.0, 0.02), (3, 0.0, 0.03), (4, 3.0, 0.1)]
        {
            assert!((moment(&z, power) - wanted).abs() < tolerance, "{power}");
        }
        let lag = z.windows(2).map(|p| f64::from(p[0] * p[1])).sum::<f64>() / n as f64;
        assert!(lag.abs() < 0.01);
        let u = uniform(Key::new(12, "test", 0, 0), n);
        assert!(u.iter().all(|x| (0.0..1.0).contains(x)));
        assert!((moment(&u, 1) - 0.5).abs() < 0.005);
        assert!((moment(&u, 2) - 1.0 / 3.0).abs() < 0.005);
    }

    #[test]
    fn permutations_are_whole_and_even() {
        assert!(permutation(Key::new(1, "shuffle", 0, 0), 0).is_empty());
        let mut counts = std::collections::BTreeMap::new();
        for draw in 0..6000 {
            let order = permutation(Key::new(1, "shuffle", draw, 0), 3);
            *counts.entry(order).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|n| (850..1150).contains(n)), "{counts:?}");
        let mut order = permutation(Key::new(1, "shuffle", 0, 0), 1000);
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
