//! Statistics of plain numbers: Gaussian mixtures fitted by expectation maximisation, ridge regression, how far an
//! aggregate posterior is from the prior, nearest neighbours, the pieces of a volume and where a clip is bright.
//!
//! Everything is a pure function of arrays. Points are rows of `[N, D]` numbers, row-major. Sums are taken in an order
//! that depends on shapes alone, so that the number of threads changes no bit.

mod aggregate;
mod centroids;
mod cholesky;
mod components;
mod em;
mod kmeans;
mod mixture;
mod moments;
mod neighbours;
mod pieces;
mod random;
mod ridge;

pub use aggregate::{AggregatePosterior, aggregate_posterior};
pub use centroids::centroids;
pub use cholesky::Cholesky;
pub use components::{Limits, fit_mixture};
pub use em::{CovariancePrior, expectation_maximisation};
pub use mixture::{Component, Mixture};
pub use moments::{covariance, mean};
pub use neighbours::{Rows, covered, kth_nearest, nearest};
pub use pieces::largest_piece;
pub use random::Stream;
pub use ridge::{Row, ridge};

/// The dot product, in eight sums that the processor can take side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (whole_a, whole_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = whole_a.remainder().iter().zip(whole_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in whole_a.zip(whole_b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f64>() + rest
}

/// ln Σ exp(x), without overflow; -∞ of nothing.
fn log_sum_exp(numbers: &[f64]) -> f64 {
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match most.is_finite() {
        true => most + numbers.iter().map(|x| (x - most).exp()).sum::<f64>().ln(),
        false => most,
    }
}
