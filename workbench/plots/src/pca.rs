use crate::eigen::symmetric;

/// Points in the plane, and how they came there.
#[derive(Debug, Clone, PartialEq)]
pub enum Projection {
    /// The points have at most two dimensions and are shown as they are (the second is 0 if there
    /// is only one).
    Identity {
        /// [N, 2].
        points: Vec<[f64; 2]>,
    },
    /// The points lie along the two directions of largest variance.
    Principal {
        /// [N, 2], about the mean. A point that is not finite stays not finite.
        points: Vec<[f64; 2]>,
        /// The share of the variance along each direction, 0 to 1; both 0 if nothing varies.
        explained: [f64; 2],
    },
}

impl Projection {
    /// The projected points, [N, 2].
    pub fn points(&self) -> &[[f64; 2]] {
        match self {
            Self::Identity { points } | Self::Principal { points, .. } => points,
        }
    }
}

/// First two principal components of `points` [N, D], row by row, `dims` = D. Each direction's sign
/// is such that its largest loading is positive, so that equal data give equal figures. One and two
/// dimensions are returned as they are. Points that are not finite are left out of mean and
/// covariance; a last row that is not complete is dropped; D = 0 has no points.
pub fn principal_components(points: &[f32], dims: usize) -> Projection {
    if dims <= 2 {
        let points = points
            .chunks_exact(dims.max(1))
            .filter(|_| dims > 0)
            .map(|row| [f64::from(row[0]), row.get(1).map_or(0.0, |&v| f64::from(v))])
            .collect();
        return Projection::Identity { points };
    }
    let Axes { centre, directions, variances } = principal_axes(points, dims);
    let total: f64 = variances.iter().sum();
    let explained =
        [0, 1].map(|i| if total > 0.0 { (variances[i] / total).clamp(0.0, 1.0) } else { 0.0 });
    let along = |row: &[f32], direction: &[f64]| -> f64 {
        row.iter().zip(&centre).zip(direction).map(|((&v, m), d)| (f64::from(v) - m) * d).sum()
    };
    let points = points
        .chunks_exact(dims)
        .map(|row| [along(row, &directions[0]), along(row, &directions[1])])
        .collect();
    Projection::Principal { points, explained }
}

/// All principal axes of some points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axes {
    /// The mean of the points `[D]`.
    pub centre: Vec<f64>,
    /// Orthonormal `[D, D]`, the direction of the largest variance first.
    pub directions: Vec<Vec<f64>>,
    /// Of the points along each direction `[D]`; never negative.
    pub variances: Vec<f64>,
}

/// The principal axes of `points` [N, D], row by row, `dims` = D, for any D; signs and points that
/// are not finite as in [`principal_components`]. Takes O(N·D² + D³).
pub fn principal_axes(points: &[f32], dims: usize) -> Axes {
    if dims == 0 {
        return Axes::default();
    }
    let rows: Vec<&[f32]> = points.chunks_exact(dims).collect();
    let finite: Vec<&[f32]> =
        rows.iter().copied().filter(|row| row.iter().all(|v| v.is_finite())).collect();
    let count = finite.len().max(1) as f64;
    let mut centre = vec![0.0; dims];
    for row in &finite {
        for (m, &v) in centre.iter_mut().zip(*row) {
            *m += f64::from(v) / count;
        }
    }
    let mut covariance = vec![0.0; dims * dims];
    let mut centred = vec![0.0; dims];
    for row in &finite {
        for ((c, &v), m) in centred.iter_mut().zip(*row).zip(&centre) {
            *c = f64::from(v) - m;
        }
        for i in 0..dims {
            for j in 0..=i {
                covariance[i * dims + j] += centred[i] * centred[j] / count;
            }
        }
    }
    for i in 0..dims {
        for j in 0..i {
            covariance[j * dims + i] = covariance[i * dims + j];
        }
    }
    let pairs = symmetric(covariance, dims);
    let (variances, directions) =
        pairs.iter().map(|(variance, direction)| (variance.max(0.0), signed(direction))).unzip();
    Axes { centre, directions, variances }
}

/// The direction, turned so that its largest loading is positive.
fn signed(direction: &[f64]) -> Vec<f64> {
    // Loadings that are equal but for rounding must not decide by it: the first of them counts.
    let largest = direction.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    let decides = direction.iter().find(|v| v.abs() >= largest * (1.0 - 1e-6));
    let sign = if decides.is_some_and(|&v| v < 0.0) { -1.0 } else { 1.0 };
    direction.iter().map(|v| v * sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_by_hand() {
        // Four points: ±2 along (1, 1, 0)/√2 and ±1 along the third axis, about (5, 5, 5).
        // Variances 2 and 1/2 of 5/2 in all: shares 0.8 and 0.2.
        let h = 2f32.sqrt();
        let points = [5.0 + h, 5.0 + h, 5.0, 5.0 - h, 5.0 - h, 5.0, 5.0, 5.0, 6.0, 5.0, 5.0, 4.0];
        let Projection::Principal { points, explained } = principal_components(&points, 3) else {
            panic!("three dimensions are projected");
        };
        assert!((explained[0] - 0.8).abs() < 1e-6 && (explained[1] - 0.2).abs() < 1e-6);
        for (point, expected) in
            points.iter().zip([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        {
            assert!(
                (point[0] - expected[0]).abs() < 1e-6 && (point[1] - expected[1]).abs() < 1e-6,
                "{point:?}"
            );
        }
    }

    #[test]
    fn the_largest_loading_is_positive_whatever_the_solver_says() {
        assert_eq!(signed(&[0.1, -0.9, 0.3]), [-0.1, 0.9, -0.3]);
        assert_eq!(signed(&[0.1, 0.9, -0.3]), [0.1, 0.9, -0.3]);
        assert_eq!(signed(&[-0.5, 0.5000000001]), [0.5, -0.5000000001]);
        // So mirrored data give mirrored points.
        let data: Vec<f32> = (0..60).map(|i| ((i * i * 7919) % 101) as f32).collect();
        let mirrored: Vec<f32> = data.iter().map(|v| -v).collect();
        let (a, b) = (principal_components(&data, 4), principal_components(&mirrored, 4));
        for (p, q) in a.points().iter().zip(b.points()) {
            assert!((p[0] + q[0]).abs() < 1e-6 && (p[1] + q[1]).abs() < 1e-6);
        }
    }

    #[test]
    fn the_axes_are_a_turned_frame_with_the_variance_along_each() {
        let h = 2f32.sqrt();
        let points = [5.0 + h, 5.0 + h, 5.0, 5.0 - h, 5.0 - h, 5.0, 5.0, 5.0, 6.0, 5.0, 5.0, 4.0];
        let axes = principal_axes(&points, 3);
        assert!(axes.centre.iter().all(|c| (c - 5.0).abs() < 1e-6), "{axes:?}");
        for (variance, expected) in axes.variances.iter().zip([2.0, 0.5, 0.0]) {
            assert!((variance - expected).abs() < 1e-6, "{axes:?}");
        }
        for (i, a) in axes.directions.iter().enumerate() {
            for (j, b) in axes.directions.iter().enumerate() {
                let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9, "{axes:?}");
            }
        }
        let line = principal_axes(&[1.0, 3.0], 1);
        assert_eq!(
            (line.centre, line.directions, line.variances),
            (vec![2.0], vec![vec![1.0]], vec![1.0])
        );
        assert_eq!(principal_axes(&[1.0], 0), Axes::default());
    }

    #[test]
    fn few_dimensions_stay_as_they_are() {
        let identity = |points| Projection::Identity { points };
        assert_eq!(
            principal_components(&[1.0, 2.0, 3.0, 4.0], 2),
            identity(vec![[1.0, 2.0], [3.0, 4.0]])
        );
        assert_eq!(principal_components(&[1.0, 2.0], 1), identity(vec![[1.0, 0.0], [2.0, 0.0]]));
        assert_eq!(principal_components(&[1.0, 2.0], 0), identity(vec![]));
    }

    #[test]
    fn points_that_are_not_finite_do_not_spoil_the_others() {
        let clean = [1.0, 0.0, 0.0, -1.0, 0.0, 0.0];
        let mut spoilt = clean.to_vec();
        spoilt.extend([f32::NAN, 0.0, 1.0]);
        let (a, b) = (principal_components(&clean, 3), principal_components(&spoilt, 3));
        assert_eq!(a.points(), &b.points()[..2]);
        assert!(b.points()[2][0].is_nan());
        let constant = principal_components(&[2.0; 9], 3);
        assert!(matches!(constant, Projection::Principal { explained: [0.0, 0.0], .. }));
        assert!(constant.points().iter().flatten().all(|&v| v == 0.0));
    }
}
