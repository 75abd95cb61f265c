//! What a snapshot tells of each latent dimension.

use std::collections::BTreeMap;

use workbench_runs::Snapshot;

use super::ACTIVE_VARIANCE;

/// What a snapshot tells of each dimension.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Usage {
    /// KL(q(z_d|x) ‖ N(0, 1)) in nats, averaged over the images `[D]`.
    pub kl: Vec<f64>,
    /// Whether the dimension is active `[D]`.
    pub active: Vec<bool>,
    /// The mean of the posterior means `[D]`.
    pub centre: Vec<f64>,
    /// Their variance `[D]`.
    pub variance: Vec<f64>,
}

impl Usage {
    /// Derives all of it, in O(N·D).
    pub fn of(snapshot: &Snapshot) -> Usage {
        let (n, d) = (snapshot.len(), snapshot.dims);
        let (mut kl, mut sum, mut squares) = (vec![0.0; d], vec![0.0; d], vec![0.0; d]);
        let rows = snapshot.mean.chunks_exact(d.max(1)).zip(snapshot.logvar.chunks_exact(d.max(1)));
        for (mean, logvar) in rows {
            for i in 0..d {
                let (mean, logvar) = (f64::from(mean[i]), f64::from(logvar[i]));
                // Kingma and Welling 2014, appendix B.
                kl[i] += 0.5 * (mean * mean + logvar.exp() - 1.0 - logvar);
                sum[i] += mean;
                squares[i] += mean * mean;
            }
        }
        let count = n.max(1) as f64;
        let centre: Vec<f64> = sum.iter().map(|sum| sum / count).collect();
        let variance: Vec<f64> =
            squares.iter().zip(&centre).map(|(sq, c)| (sq / count - c * c).max(0.0)).collect();
        kl.iter_mut().for_each(|kl| *kl /= count);
        let active = variance.iter().map(|&variance| variance > ACTIVE_VARIANCE).collect();
        Usage { kl, active, centre, variance }
    }
}

/// The steps and KLs of one dimension.
pub(crate) fn of_dimension(
    usage: &BTreeMap<u64, Usage>,
    dim: usize,
) -> impl Iterator<Item = (u64, f64)> + '_ {
    usage.iter().filter_map(move |(&step, usage)| Some((step, *usage.kl.get(dim)?)))
}
