//! How many components a mixture has.

use crate::{CovariancePrior, Mixture, covariance, expectation_maximisation, mean};

/// How much may be spent on a mixture.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Components at most; fewer where there are few points or many dimensions.
    pub components: usize,
    /// Rounds of EM at most.
    pub rounds: usize,
}

/// A mixture fitted to points `[N, D]`, N and D at least 1, with as many components as held-out points are likeliest under:
/// 1, 2, 4, … until that gains nothing more. A fifth of the items is held out for that; then the mixture is fitted to all. `group`:
/// so many points that follow one another are draws of one item, and lie on one side. `shared`: what the covariances are
/// drawn towards; `None`: the covariance of all points, smaller for more components.
pub fn fit_mixture(
    points: &[f64],
    dims: usize,
    group: usize,
    shared: Option<&[f64]>,
    limits: Limits,
    seed: u64,
) -> Mixture {
    let n = points.len() / dims.max(1);
    let own;
    let scale = match shared {
        Some(shared) => shared,
        None => {
            own = covariance(points, dims, &mean(points, dims));
            &own
        }
    };
    let fit = |points: &[f64], k: usize, rounds: usize| {
        // As if k equal components shared the volume out among them (Fraley & Raftery 2007).
        let by = (k as f64).powf(-2.0 / dims as f64);
        let scale = scale.iter().map(|x| x * by).collect();
        let prior = CovariancePrior { scale, strength: dims as f64 + 2.0 };
        expectation_maximisation(points, dims, k, &prior, seed, rounds)
    };
    let most = most_components(n, dims, limits.components);
    if most < 2 {
        return fit(points, 1, limits.rounds);
    }
    let (mut fitted, mut held) = (Vec::new(), Vec::new());
    for (item, draws) in points.chunks(group.max(1) * dims).enumerate() {
        let side = if item % HELD_OUT == HELD_OUT - 1 { &mut held } else { &mut fitted };
        // One draw is enough to choose by.
        side.extend_from_slice(&draws[..dims]);
    }
    if held.is_empty() {
        return fit(points, 1, limits.rounds);
    }
    let (mut best, mut score) = (1, f64::NEG_INFINITY);
    let mut k = 1;
    while k <= most {
        let now = fit(&fitted, k, limits.rounds.min(ROUNDS)).mean_log_density(&held);
        // A number that is not finite is no better.
        if now.is_nan() || now < score + LEAST_GAIN {
            break;
        }
        (best, score) = (k, now);
        k *= 2;
    }
    fit(points, best, limits.rounds)
}

/// Rounds of EM to choose by.
const ROUNDS: usize = 10;

/// In nats a point: less is chance.
const LEAST_GAIN: f64 = 0.02;
/// One item of so many is held out.
const HELD_OUT: usize = 5;
/// A round of EM takes about points · components · D² multiplications.
const MOST_WORK: f64 = 4e9;

fn most_components(n: usize, dims: usize, limit: usize) -> usize {
    // A component of fewer points than dimensions is mostly what it is drawn towards.
    let by_points = n / (dims + 2).max(20);
    let by_work = MOST_WORK / (n as f64 * (dims * dims) as f64);
    limit.min(by_points).min(by_work as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    const LIMITS: Limits = Limits { components: 32, rounds: 50 };

    /// Three Gaussians in two dimensions, of the shares 0.5, 0.3 and 0.2.
    fn three(n: usize) -> Vec<f64> {
        let mut stream = Stream::new(7);
        let mut points = Vec::new();
        for _ in 0..n {
            let (u, a, b) = (stream.uniform(), stream.normal(), stream.normal());
            points.extend(match u {
                u if u < 0.5 => [a, 0.5 * b],
                u if u < 0.8 => [8.0 + a, 8.0 + 0.8 * a + 0.6 * b],
                _ => [-8.0 + 0.3 * a, 5.0 + 2.0 * b],
            });
        }
        points
    }

    #[test]
    fn a_known_mixture_is_recovered() {
        let points = three(3000);
        let mixture = fit_mixture(&points, 2, 1, None, LIMITS, 1);
        // Powers of two are tried: four can hold three.
        assert!((3..=8).contains(&mixture.components.len()), "{}", mixture.components.len());
        let three = |x: f64, y: f64| {
            let gauss =
                |x: f64, s: f64| -0.5 * (x / s).powi(2) - s.ln() - 0.5 * std::f64::consts::TAU.ln();
            let (u, v) = (x - 8.0, y - 8.0);
            let parts = [
                0.5f64.ln() + gauss(x, 1.0) + gauss(y, 0.5),
                0.3f64.ln() + gauss(u, 1.0) + gauss(v - 0.8 * u, 0.6),
                0.2f64.ln() + gauss(x + 8.0, 0.3) + gauss(y - 5.0, 2.0),
            ];
            crate::log_sum_exp(&parts)
        };
        let truth =
            points.chunks(2).map(|p| three(p[0], p[1])).sum::<f64>() / (points.len() / 2) as f64;
        let fitted = mixture.mean_log_density(&points);
        assert!((fitted - truth).abs() < 0.03, "{fitted} and {truth}");
        // Draws lie where the points do.
        let mut stream = Stream::new(2);
        let drawn: Vec<f64> = (0..2000)
            .flat_map(|_| {
                let noise = [stream.normal(), stream.normal()];
                mixture.draw(stream.uniform(), &noise)
            })
            .collect();
        let right = drawn.chunks(2).filter(|p| p[0] > 4.0).count() as f64 / 2000.0;
        assert!((right - 0.3).abs() < 0.04, "{right}");
        let of = drawn.chunks(2).map(|p| three(p[0], p[1])).sum::<f64>() / 2000.0;
        assert!((of - truth).abs() < 0.15, "{of} and {truth}");
    }

    #[test]
    fn one_gaussian_needs_one_component_and_the_same_seed_gives_the_same_bits() {
        let mut stream = Stream::new(4);
        let points: Vec<f64> = (0..3000).map(|_| stream.normal()).collect();
        assert_eq!(fit_mixture(&points, 3, 1, None, LIMITS, 1).components.len(), 1);
        let points = three(800);
        let fit = || fit_mixture(&points, 2, 2, None, LIMITS, 9);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(fit(), pool.install(fit));
    }

    #[test]
    fn degenerate_points_do_not_fail() {
        let mut stream = Stream::new(4);
        // A constant dimension, one that copies another, fewer points than dimensions, one point, equal points.
        let constant: Vec<f64> = (0..200)
            .flat_map(|_| {
                let x = stream.normal();
                [x, 0.5, x]
            })
            .collect();
        let few: Vec<f64> = (0..5 * 30).map(|_| stream.normal()).collect();
        for (points, dims) in
            [(constant, 3), (few, 30), (vec![1.0, 2.0], 2), (vec![3.0; 400], 2), (vec![0.0; 64], 1)]
        {
            let mixture = fit_mixture(&points, dims, 1, None, LIMITS, 1);
            assert!(mixture.mean_log_density(&points).is_finite(), "{dims}");
            let drawn = mixture.draw(0.5, &vec![1.0; dims]);
            assert!(drawn.len() == dims && drawn.iter().all(|x| x.is_finite()), "{drawn:?}");
        }
    }

    #[test]
    fn work_is_bounded() {
        assert_eq!(most_components(20_000, 64, 64), 48);
        assert_eq!(most_components(10_000, 512, 64), 1);
        assert_eq!(most_components(30, 2, 64), 1);
        assert_eq!(most_components(20_000, 2, 64), 64);
    }
}
