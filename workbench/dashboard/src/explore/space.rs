//! The latent space as sliders see it.

use super::decoder::{Directions, Space};
use super::vectors::{Vector, vectors};
use crate::latent::{self, Latent};

/// As far as a slider goes at least, in standard deviations of the prior.
const REACH: f32 = 4.0;
/// As far as an attribute's goes at least, where 1 is what images with it have.
const ATTRIBUTE_REACH: f32 = 2.0;

/// A vector that tells less of its attribute than this (r²) is as good as none.
const TELLING: f32 = 0.01;

/// What one slider moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Basis {
    /// One number of the code.
    #[default]
    Dimensions,
    /// The code along one principal direction of the posterior means.
    Principal,
    /// The code along the vector of one attribute.
    Attributes,
}

impl Basis {
    pub const ALL: [Basis; 3] = [Basis::Dimensions, Basis::Principal, Basis::Attributes];
}

/// A space, and what is derived from it once.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub space: Space,
    pub latent: Option<Latent>,
    /// The dimensions as they are listed: by KL, the inactive ones last.
    order: Vec<usize>,
    vectors: Vec<Vector>,
    /// How far the sliders of each basis go to both sides.
    reach: [Vec<f32>; 3],
    /// The items of the snapshot in the plane, in each basis `[N, 2]`.
    points: [Vec<[f64; 2]>; 3],
}

impl Known {
    /// Derives all of it, in O(N·D).
    pub fn of(mut space: Space) -> Known {
        let dims = space.dims;
        let fits = space.snapshot.as_ref().is_some_and(|snapshot| snapshot.dims == dims);
        let snapshot = space.snapshot.take().filter(|snapshot| fits && !snapshot.is_empty());
        let square = |d: &Directions| {
            (d.centre.len(), d.axes.len(), d.variances.len()) == (dims, dims, dims)
                && d.axes.iter().all(|axis| axis.len() == dims)
        };
        space.directions = space.directions.take().filter(|d| square(d) && snapshot.is_some());
        let latent = snapshot.map(Latent::of);
        let mut order: Vec<usize> = (0..dims).collect();
        if let Some(latent) = &latent {
            order.clone_from(&latent.order);
            // The sort is stable: within the two halves they stay by KL.
            order.sort_by_key(|&dim| !latent.active[dim]);
        }
        let vectors = latent.as_ref().map(|latent| vectors(&latent.snapshot, &space.classes));
        let mut known = Known {
            space,
            latent,
            order,
            vectors: vectors.unwrap_or_default(),
            reach: Default::default(),
            points: Default::default(),
        };
        for basis in Basis::ALL {
            known.reach[basis as usize] = known.reaches(basis);
            known.points[basis as usize] = known.plane(basis);
        }
        known
    }

    pub fn dims(&self) -> usize {
        self.space.dims
    }

    /// How many sliders a basis has; 0 where it is not known.
    pub fn count(&self, basis: Basis) -> usize {
        match basis {
            Basis::Dimensions => self.dims(),
            Basis::Principal if self.space.directions.is_none() => 0,
            Basis::Principal => self.dims(),
            Basis::Attributes => self.vectors.len(),
        }
    }

    /// The coordinates as they are listed.
    pub fn order(&self, basis: Basis) -> Vec<usize> {
        match basis {
            Basis::Dimensions => self.order.clone(),
            Basis::Principal | Basis::Attributes => (0..self.count(basis)).collect(),
        }
    }

    /// The origin of a coordinate and its unit `[D]` each; `None` where it is one number of the code.
    fn line(&self, basis: Basis, coordinate: usize) -> Option<(&[f32], &[f32])> {
        match (basis, &self.space.directions) {
            (Basis::Principal, Some(d)) => Some((&d.centre, &d.axes[coordinate])),
            (Basis::Attributes, _) => {
                self.vectors.get(coordinate).map(|v| (v.centre.as_slice(), v.axis.as_slice()))
            }
            _ => None,
        }
    }

    /// Where a code is on a coordinate.
    pub fn value(&self, basis: Basis, coordinate: usize, z: &[f32]) -> f32 {
        match self.line(basis, coordinate) {
            Some((centre, axis)) => along(centre, axis, z),
            None => z[coordinate],
        }
    }

    /// Moves a code along a coordinate, the others staying where they are.
    pub fn put(&self, basis: Basis, coordinate: usize, value: f32, z: &mut [f32]) {
        match self.line(basis, coordinate) {
            Some((centre, axis)) => {
                let by = value - along(centre, axis, z);
                for (z, axis) in z.iter_mut().zip(axis) {
                    *z += by * axis;
                }
            }
            None => z[coordinate] = value,
        }
    }

    /// How far a slider goes to both sides.
    pub fn reach(&self, basis: Basis, coordinate: usize) -> f32 {
        self.reach[basis as usize].get(coordinate).copied().unwrap_or(REACH)
    }

    /// The standard deviation that a random value of a coordinate has.
    pub fn spread(&self, basis: Basis, coordinate: usize) -> f32 {
        match (basis, &self.space.directions) {
            (Basis::Principal, Some(directions)) => {
                directions.variances[coordinate].max(0.0).sqrt()
            }
            (Basis::Attributes, _) => self.vectors.get(coordinate).map_or(1.0, |v| v.spread),
            _ => 1.0,
        }
    }

    /// Whether a coordinate tells images apart at all; all do where nothing is known.
    pub fn is_active(&self, basis: Basis, coordinate: usize) -> bool {
        match (basis, &self.space.directions, &self.latent) {
            (Basis::Principal, Some(d), _) => {
                f64::from(d.variances[coordinate]) > latent::ACTIVE_VARIANCE
            }
            (Basis::Attributes, ..) => {
                self.vectors.get(coordinate).is_some_and(|vector| vector.told > TELLING)
            }
            (_, _, Some(latent)) => latent.active[coordinate],
            _ => true,
        }
    }

    /// What a coordinate carries: nats of KL, its share of the variance in percent, or how much of an attribute's
    /// variance it tells, in percent.
    pub fn carries(&self, basis: Basis, coordinate: usize) -> Option<f64> {
        match (basis, &self.space.directions, &self.latent) {
            (Basis::Principal, Some(d), _) => {
                let total: f32 = d.variances.iter().sum();
                (total > 0.0).then(|| f64::from(d.variances[coordinate] / total) * 100.0)
            }
            (Basis::Attributes, ..) => {
                self.vectors.get(coordinate).map(|vector| f64::from(vector.told) * 100.0)
            }
            (_, _, Some(latent)) => Some(latent.kl[coordinate]),
            _ => None,
        }
    }

    /// The name of a coordinate, counted from 1 as in figures and papers, or an attribute's.
    pub fn name(&self, basis: Basis, coordinate: usize) -> String {
        match (basis, self.vectors.get(coordinate)) {
            (Basis::Attributes, Some(vector)) => crate::format::plain(&vector.name),
            (Basis::Principal, _) => format!("p{}", coordinate + 1),
            _ => format!("z{}", coordinate + 1),
        }
    }

    /// The items of the snapshot in the plane of the first two coordinates `[N, 2]`.
    pub fn points(&self, basis: Basis) -> &[[f64; 2]] {
        &self.points[basis as usize]
    }

    /// A code in the same plane.
    pub fn in_plane(&self, basis: Basis, z: &[f32]) -> [f64; 2] {
        let order = self.order(basis);
        let at = |i: usize| {
            order.get(i).map_or(0.0, |&coordinate| f64::from(self.value(basis, coordinate, z)))
        };
        [at(0), at(1)]
    }

    /// The code of an item of the snapshot.
    pub fn point(&self, point: usize) -> Option<&[f32]> {
        let mean = &self.latent.as_ref()?.snapshot.mean;
        mean.chunks_exact(self.dims().max(1)).nth(point)
    }

    /// What the model is told of an item of the snapshot, in the order of [`Space::told`].
    pub fn told(&self, point: usize) -> Vec<Option<f32>> {
        let snapshot = self.latent.as_ref().map(|latent| &latent.snapshot);
        let value = |name: &str| {
            let column = snapshot?.attribute(name)?;
            column.of.get(point).copied().filter(|value| !value.is_nan())
        };
        self.space.told.iter().map(|attribute| value(&attribute.name)).collect()
    }

    /// The class of an item of the snapshot.
    pub fn label(&self, point: usize) -> Option<usize> {
        let labels = self.latent.as_ref()?.snapshot.labels.as_ref()?;
        labels.get(point).and_then(|&label| usize::try_from(label).ok())
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        let mean = self.latent.as_ref().map_or(&[][..], |latent| &latent.snapshot.mean);
        mean.chunks_exact(self.dims().max(1))
    }

    fn reaches(&self, basis: Basis) -> Vec<f32> {
        let reach = |coordinate| {
            let values = self.rows().map(|row| self.value(basis, coordinate, row).abs());
            let farthest = values.filter(|value| value.is_finite()).fold(0.0, f32::max);
            let least = match basis {
                Basis::Dimensions => REACH,
                Basis::Principal => self.spread(basis, coordinate) * 3.0,
                Basis::Attributes => ATTRIBUTE_REACH,
            };
            // A round number makes round steps.
            let reach = least.max(farthest);
            if reach > 1.0 { reach.ceil() } else { reach.max(0.1) }
        };
        (0..self.count(basis)).map(reach).collect()
    }

    fn plane(&self, basis: Basis) -> Vec<[f64; 2]> {
        let order = self.order(basis);
        let at = |i: usize, row: &[f32]| {
            order.get(i).map_or(0.0, |&coordinate| f64::from(self.value(basis, coordinate, row)))
        };
        self.rows().map(|row| [at(0, row), at(1, row)]).collect()
    }
}

/// Where a code is on the line through `centre`, in lengths of `axis`.
fn along(centre: &[f32], axis: &[f32], z: &[f32]) -> f32 {
    let centred = z.iter().zip(centre).map(|(z, centre)| z - centre);
    let product: f32 = centred.zip(axis).map(|(z, axis)| z * axis).sum();
    product / axis.iter().map(|x| x * x).sum::<f32>()
}
