//! What a latent snapshot says: where images lie, and which dimensions carry anything.

mod colors;
mod shading;
mod usage;

use workbench_runs::Snapshot;

pub(crate) use colors::{by_value, numbers_legend};
pub use shading::ColorBy;
pub(crate) use shading::{Shading, classes};
pub(crate) use usage::{Usage, of_dimension};

/// A dimension whose posterior means vary less than this over the images is dead (Burda, Grosse and
/// Salakhutdinov 2016, section 5.2).
pub(crate) const ACTIVE_VARIANCE: f64 = 0.01;

/// A snapshot and what is derived from it once.
#[derive(Debug, Clone)]
pub(crate) struct Latent {
    pub snapshot: Snapshot,
    /// KL(q(z_d|x) ‖ N(0, 1)) in nats, averaged over the images `[D]`.
    pub kl: Vec<f64>,
    /// Whether the dimension is active `[D]`.
    pub active: Vec<bool>,
    /// The dimensions by KL, greatest first `[D]`.
    pub order: Vec<usize>,
    /// The means on their first two principal components `[N, 2]`.
    pub principal: Vec<[f64; 2]>,
    /// The shares of the variance that these two explain.
    pub explained: [f64; 2],
}

impl Latent {
    /// Derives all of it, in O(N·D).
    pub fn of(snapshot: Snapshot) -> Latent {
        let Usage { kl, active, centre, variance } = Usage::of(&snapshot);
        let d = snapshot.dims;
        let mut order: Vec<usize> = (0..d).collect();
        order.sort_by(|&a, &b| kl[b].total_cmp(&kl[a]));
        let (principal, explained) = principal(&snapshot, &centre, variance.iter().sum());
        Latent { snapshot, kl, active, order, principal, explained }
    }

    /// How many dimensions are active.
    pub fn active_units(&self) -> usize {
        self.active.iter().filter(|active| **active).count()
    }

    /// What to say of a latent space that is mostly unused.
    pub fn warning(&self) -> Option<String> {
        let (active, dims) = (self.active_units(), self.snapshot.dims);
        if dims == 0 || active * 2 >= dims {
            return None;
        }
        Some(if active == 0 {
            "posterior collapse: no latent dimension is used".to_owned()
        } else {
            format!("{} of {dims} latent dimensions are dead", dims - active)
        })
    }

    /// One coordinate of each image `[N]`.
    pub fn coordinate(&self, dim: usize) -> Vec<f64> {
        let d = self.snapshot.dims.max(1);
        let dim = dim.min(d - 1);
        self.snapshot.mean.chunks_exact(d).map(|row| f64::from(row[dim])).collect()
    }

    /// The next thing to colour points by: each attribute, then the dimensions by their KL, then the class again.
    pub fn next_color(&self, now: Option<&ColorBy>) -> Option<ColorBy> {
        let names = self.snapshot.attributes.iter().map(|column| &column.attribute.name);
        let attributes = names.map(|name| ColorBy::Attribute(name.clone()));
        let dims = self.order.iter().map(|&dim| ColorBy::Dimension(dim));
        let mut all = attributes.chain(dims);
        match now {
            None => all.next(),
            Some(now) => all.skip_while(|color| color != now).nth(1),
        }
    }

    /// The images on two axes `[N, 2]`.
    pub fn points(&self, x: usize, y: usize, principal: bool) -> Vec<[f64; 2]> {
        let d = self.snapshot.dims;
        if principal && d > 2 {
            return self.principal.clone();
        }
        let (x, y) = (x.min(d.saturating_sub(1)), y.min(d.saturating_sub(1)));
        let rows = self.snapshot.mean.chunks_exact(d.max(1));
        rows.map(|row| [f64::from(row[x]), f64::from(row[y])]).collect()
    }
}

/// The first two principal components by power iteration, from a fixed start, signed so that the largest
/// entry is positive: the picture does not flip between snapshots.
fn principal(snapshot: &Snapshot, centre: &[f64], total: f64) -> (Vec<[f64; 2]>, [f64; 2]) {
    let d = snapshot.dims;
    let mut points = vec![[0.0; 2]; snapshot.len()];
    let mut explained = [0.0; 2];
    if d == 0 || !total.is_finite() || total <= 0.0 {
        return (points, explained);
    }
    let rows = || snapshot.mean.chunks_exact(d);
    let project = |row: &[f32], axis: &[f64]| -> f64 {
        (0..d).map(|i| (f64::from(row[i]) - centre[i]) * axis[i]).sum()
    };
    let mut first: Option<Vec<f64>> = None;
    for component in 0..2.min(d) {
        let mut axis: Vec<f64> =
            (0..d).map(|i| 1.0 + 0.37 * ((i * 7 + component) % 11) as f64).collect();
        for _ in 0..30 {
            if let Some(first) = &first {
                let along: f64 = axis.iter().zip(first).map(|(a, b)| a * b).sum();
                axis.iter_mut().zip(first).for_each(|(a, b)| *a -= along * b);
            }
            normalise(&mut axis);
            let mut next = vec![0.0; d];
            for row in rows() {
                let along = project(row, &axis);
                for i in 0..d {
                    next[i] += along * (f64::from(row[i]) - centre[i]);
                }
            }
            axis = next;
        }
        if let Some(first) = &first {
            let along: f64 = axis.iter().zip(first).map(|(a, b)| a * b).sum();
            axis.iter_mut().zip(first).for_each(|(a, b)| *a -= along * b);
        }
        normalise(&mut axis);
        let largest = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest.is_some_and(|x| x < 0.0) {
            axis.iter_mut().for_each(|x| *x = -*x);
        }
        let mut variance = 0.0;
        for (point, row) in points.iter_mut().zip(rows()) {
            point[component] = project(row, &axis);
            variance += point[component] * point[component];
        }
        explained[component] = variance / snapshot.len() as f64 / total;
        first = first.or(Some(axis));
    }
    (points, explained)
}

fn normalise(axis: &mut [f64]) {
    let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 0.0 && length.is_finite() {
        axis.iter_mut().for_each(|x| *x /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(dims: usize, mean: Vec<f32>) -> Snapshot {
        let logvar = vec![0.0; mean.len()];
        Snapshot {
            step: 1,
            dims,
            mean,
            logvar,
            labels: None,
            attributes: Vec::new(),
            items: Vec::new(),
        }
    }

    #[test]
    fn kl_is_nought_at_the_prior_and_half_the_square_of_the_mean_beside_it() {
        let latent = Latent::of(snapshot(2, vec![2.0, 0.0, -2.0, 0.0]));
        assert_eq!(latent.kl, [2.0, 0.0]);
        assert_eq!(latent.active, [true, false]);
        assert_eq!(latent.order, [0, 1]);
        let narrow = Snapshot { logvar: vec![-2.0; 2], ..snapshot(2, vec![0.0; 2]) };
        let expected = 0.5 * ((-2f64).exp() + 1.0);
        assert!((Latent::of(narrow).kl[0] - expected).abs() < 1e-12);
    }

    #[test]
    fn the_principal_components_are_found_whatever_the_axes() {
        // Points on the line (1, 2, 0) with a little of (0, 0, 1).
        let mean: Vec<f32> =
            (-10..=10).flat_map(|i| [i as f32, 2.0 * i as f32, 0.1 * (i % 3) as f32]).collect();
        let latent = Latent::of(snapshot(3, mean));
        assert!(latent.explained[0] > 0.99, "{:?}", latent.explained);
        let end = latent.points(0, 0, true)[20][0];
        assert!((end - 10.0 * 5f64.sqrt()).abs() < 0.1, "{end}");
        assert_eq!(latent.points(1, 0, false)[20], [20.0, 10.0]);
    }

    #[test]
    fn a_mostly_dead_latent_space_is_told_of_in_words() {
        let spread = |live: usize| {
            let rows = (0..8).flat_map(|n| {
                (0..8).map(move |d| if d < live { n as f32 } else { 0.001 * n as f32 })
            });
            Latent::of(snapshot(8, rows.collect())).warning()
        };
        assert_eq!(spread(8), None);
        assert_eq!(spread(3).unwrap(), "5 of 8 latent dimensions are dead");
        assert!(spread(0).unwrap().starts_with("posterior collapse"));
        assert_eq!(Latent::of(snapshot(0, Vec::new())).warning(), None);
    }
}
