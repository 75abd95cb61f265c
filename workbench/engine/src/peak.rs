//! How fast the machine can compute, as far as this engine reaches.

use std::time::{Duration, Instant};

use crate::kernels::Target;
use crate::kernels::product::{Finish, Matrix, Size, product, scratch_len};
use crate::kernels::threads::on_pool;

/// What the engine's own product reaches at its best size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Floating-point operations a second, over all threads.
    pub flops: f64,
    /// Threads that took part: those that everything on the CPU runs on.
    pub threads: usize,
}

/// Rows, columns and inner dimension of the products: which size is the best one depends on the caches, and short ones
/// are less often disturbed where the machine has other work.
const SIDES: [usize; 4] = [384, 512, 768, 1024];
/// The fastest count, and so many are made of each size at least.
const TRIES: usize = 3;
/// More are made until so much time has passed.
const LONG_ENOUGH: Duration = Duration::from_millis(400);

/// Measures products of two square f32 matrices, on all threads that the CPU's kernels run on. It takes half a second,
/// and about 16 MB.
pub fn measure_peak() -> Peak {
    let largest = SIDES.into_iter().max().unwrap_or(0);
    // Not zero, and not so large that sums would overflow; the values do not matter otherwise.
    let number = |i: usize| (i % 17) as f32 / 16.0 - 0.5;
    let a: Vec<f32> = (0..largest * largest).map(number).collect();
    let b: Vec<f32> = a.iter().rev().copied().collect();
    let mut c = vec![0.0; largest * largest];
    let mut packed = vec![0.0; scratch_len(Size { m: largest, n: largest, k: largest })];
    let mut flops = 0.0f64;
    let began = Instant::now();
    let mut tries = 0;
    while tries < TRIES || began.elapsed() < LONG_ENOUGH {
        for side in SIDES {
            let size = Size { m: side, n: side, k: side };
            let (a, b) = (Matrix::rows(&a, side), Matrix::rows(&b, side));
            let (c, packed) = (Target::of(&mut c), Target::of(&mut packed));
            let begun = Instant::now();
            on_pool(|| product(c, side, size, a, b, Finish::default(), packed));
            flops = flops.max(2.0 * (side as f64).powi(3) / begun.elapsed().as_secs_f64());
        }
        tries += 1;
    }
    Peak { flops, threads: rayon::current_num_threads() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_a_speed() {
        let peak = measure_peak();
        assert!(peak.flops.is_finite() && peak.flops > 1e6, "{peak:?}");
        assert!(peak.threads >= 1, "{peak:?}");
    }
}
