//! Expectation maximisation (Dempster, Laird & Rubin 1977) of Gaussian mixtures.

use rayon::prelude::*;

use crate::kmeans::clusters;
use crate::moments::{add_outer, mirrored};
use crate::{Cholesky, Component, Mixture, Stream, mean};

/// What a covariance is drawn towards, as a conjugate prior draws it: a component of n points has the covariance
/// (n S + strength · scale) / (n + strength), S that of its points, so that one of few points is not singular and does not
/// close in on them (Fraley & Raftery 2007, "Bayesian Regularization for Normal Mixture Estimation").
#[derive(Clone, Debug)]
pub struct CovariancePrior {
    /// `[D, D]`.
    pub scale: Vec<f64>,
    /// So many points does it count as.
    pub strength: f64,
}

/// A mixture of `k` components fitted to points `[N, D]`, one at least: from k-means, until a round adds less than 0.005
/// nats a point, or for `rounds` rounds. A component that loses its points is left out.
pub fn expectation_maximisation(
    points: &[f64],
    dims: usize,
    k: usize,
    prior: &CovariancePrior,
    seed: u64,
    rounds: usize,
) -> Mixture {
    let n = points.len() / dims.max(1);
    let k = k.clamp(1, n.max(1));
    let variance = |i: usize| prior.scale[i * dims + i];
    let scale: Vec<f64> = (0..dims).map(|i| 1.0 / variance(i).sqrt().max(1e-9)).collect();
    let shares = match k {
        1 => vec![vec![(0, 1.0)]; n],
        _ => {
            let of = clusters(points, dims, k, &scale, &mut Stream::new(seed));
            of.into_iter().map(|cluster| vec![(cluster, 1.0)]).collect()
        }
    };
    let mut mixture = maximise(points, dims, k, &shares, prior);
    if k == 1 {
        return mixture;
    }
    let mut before = f64::NEG_INFINITY;
    for _ in 0..rounds {
        let rows = expect(&mixture, points);
        let now = rows.iter().map(|row| row.log_density).sum::<f64>() / n as f64;
        if now - before < LEAST_GAIN {
            break;
        }
        before = now;
        let shares: Vec<_> = rows.into_iter().map(|row| row.shares).collect();
        mixture = maximise(points, dims, mixture.components.len(), &shares, prior);
    }
    mixture
}

/// ln p(x) of each of some points `[N, D]`.
pub(crate) fn log_densities(mixture: &Mixture, points: &[f64]) -> Vec<f64> {
    expect(mixture, points).into_iter().map(|row| row.log_density).collect()
}

/// In nats a point and round.
const LEAST_GAIN: f64 = 5e-3;
/// In nats below the most likely component: what is less likely is far below the last bit of a sum.
const NEGLIGIBLE: f64 = 40.0;
/// Points that one task takes.
const CHUNK: usize = 256;

/// What a mixture says of a point.
struct Expected {
    log_density: f64,
    /// The components that share it, and their shares.
    shares: Vec<(usize, f64)>,
}

/// The E step. A component is given up as soon as it is known to be negligible: in many dimensions most are.
fn expect(mixture: &Mixture, points: &[f64]) -> Vec<Expected> {
    let dims = mixture.dims;
    let scales: Vec<f64> = mixture.components.iter().map(Component::log_scale).collect();
    let part = |part: &[f64]| {
        let mut work = vec![0.0; dims];
        // Neighbours are often of one component: to begin with the last best one saves most of the others.
        let mut first = 0;
        let mut expected = Vec::with_capacity(part.len() / dims.max(1));
        for x in part.chunks_exact(dims.max(1)) {
            let mut best = f64::NEG_INFINITY;
            let mut logs: Vec<(usize, f64)> = Vec::new();
            let order = std::iter::once(first).chain((0..scales.len()).filter(|at| *at != first));
            let mut likeliest = first;
            for at in order {
                let component = &mixture.components[at];
                let most = 2.0 * (scales[at] - best + NEGLIGIBLE);
                let Some(distance) = component.factor.distance(x, &component.mean, most, &mut work)
                else {
                    continue;
                };
                let log = scales[at] - 0.5 * distance;
                logs.push((at, log));
                if log > best {
                    (best, likeliest) = (log, at);
                }
            }
            first = likeliest;
            // In the components' order, so that sums do not depend on the neighbour.
            logs.retain(|(_, log)| *log >= best - NEGLIGIBLE);
            logs.sort_unstable_by_key(|(at, _)| *at);
            let sum: f64 = logs.iter().map(|(_, log)| (log - best).exp()).sum();
            let log_density = best + sum.ln();
            let share = |(at, log): (usize, f64)| (at, (log - log_density).exp());
            expected.push(Expected { log_density, shares: logs.into_iter().map(share).collect() });
        }
        expected
    };
    points.par_chunks(CHUNK * dims.max(1)).flat_map_iter(part).collect()
}

/// The M step.
fn maximise(
    points: &[f64],
    dims: usize,
    k: usize,
    shares: &[Vec<(usize, f64)>],
    prior: &CovariancePrior,
) -> Mixture {
    let row = |i: usize| &points[i * dims..(i + 1) * dims];
    let mut of: Vec<Vec<(usize, f64)>> = vec![Vec::new(); k];
    for (i, shares) in shares.iter().enumerate() {
        for &(at, share) in shares {
            of[at].push((i, share));
        }
    }
    let component = |of: Vec<(usize, f64)>| {
        let total: f64 = of.iter().map(|(_, share)| share).sum();
        // Less than a point is none.
        if total < 1.0 {
            return None;
        }
        let mut mean = vec![0.0; dims];
        for &(i, share) in &of {
            mean.iter_mut().zip(row(i)).for_each(|(mean, x)| *mean += share * x);
        }
        mean.iter_mut().for_each(|mean| *mean /= total);
        let (mut sum, mut away) = (vec![0.0; dims * dims], vec![0.0; dims]);
        for &(i, share) in &of {
            add_outer(&mut sum, row(i), &mean, share, &mut away);
        }
        mirrored(&mut sum, dims, 1.0);
        let by = total + prior.strength;
        let pairs = sum.iter_mut().zip(&prior.scale);
        pairs.for_each(|(sum, scale)| *sum = (*sum + prior.strength * scale) / by);
        Some(Component { weight: total, mean, factor: Cholesky::of_ridged(&sum, dims) })
    };
    let mut components: Vec<Component> =
        of.into_par_iter().map(component).collect::<Vec<_>>().into_iter().flatten().collect();
    if components.is_empty() {
        let factor = Cholesky::of_ridged(&prior.scale, dims);
        components.push(Component { weight: 1.0, mean: mean(points, dims), factor });
    }
    let total: f64 = components.iter().map(|component| component.weight).sum();
    components.iter_mut().for_each(|component| component.weight /= total);
    Mixture { dims, components }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::covariance;

    fn prior(points: &[f64], dims: usize) -> CovariancePrior {
        let scale = covariance(points, dims, &mean(points, dims));
        CovariancePrior { scale, strength: dims as f64 + 2.0 }
    }

    #[test]
    fn one_component_has_the_moments_of_the_points() {
        let points = [0.0, 0.0, 2.0, 0.0, 0.0, 4.0, 2.0, 4.0];
        let mixture = expectation_maximisation(&points, 2, 1, &prior(&points, 2), 0, 10);
        let component = &mixture.components[0];
        assert_eq!((component.weight, &component.mean[..]), (1.0, &[1.0, 2.0][..]));
        // The scale is the covariance itself; the ridge adds a little.
        let lower = component.factor.lower();
        assert!((lower[0] - 1.0).abs() < 1e-5 && (lower[3] - 2.0).abs() < 1e-5, "{lower:?}");
    }

    #[test]
    fn what_is_known_to_be_negligible_is_left_out_and_changes_no_density() {
        let mut stream = Stream::new(5);
        let points: Vec<f64> =
            (0..400).map(|i| f64::from(i / 2 % 2) * 50.0 + stream.normal()).collect();
        let mixture = expectation_maximisation(&points, 2, 2, &prior(&points, 2), 0, 50);
        let rows = expect(&mixture, &points);
        assert!(rows.iter().all(|row| row.shares.len() == 1));
        for (row, x) in rows.iter().zip(points.chunks(2)) {
            assert!((row.log_density - mixture.log_density(x)).abs() < 1e-12);
        }
    }
}
