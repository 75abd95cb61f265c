//! The Cholesky factor of a covariance, and what is computed with it.

use crate::dot;

/// The lower triangle L of a symmetric positive definite matrix LLᵀ.
#[derive(Clone, Debug, PartialEq)]
pub struct Cholesky {
    dims: usize,
    /// `[D, D]`, zeros above the diagonal.
    lower: Vec<f64>,
    /// 1 / L_ii `[D]`.
    inverse_diagonal: Vec<f64>,
}

impl Cholesky {
    /// Of a matrix `[D, D]`, of which only the lower triangle is read; `None` where it is not positive definite.
    pub fn of(mut matrix: Vec<f64>, dims: usize) -> Option<Cholesky> {
        for i in 0..dims {
            let (above, row) = matrix.split_at_mut(i * dims);
            for j in 0..i {
                let other = &above[j * dims..j * dims + j + 1];
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let rest = row[i] - dot(&row[..i], &row[..i]);
            if !(rest > 0.0 && rest.is_finite()) {
                return None;
            }
            row[i] = rest.sqrt();
            row[i + 1..dims].fill(0.0);
        }
        Cholesky::from_lower(matrix, dims)
    }

    /// From a factor that is known already, `[D, D]`; `None` where it is none: a diagonal that is not positive, a number
    /// that is not finite, a wrong length.
    pub fn from_lower(mut lower: Vec<f64>, dims: usize) -> Option<Cholesky> {
        if dims.checked_mul(dims) != Some(lower.len()) || lower.iter().any(|x| !x.is_finite()) {
            return None;
        }
        for i in 0..dims {
            lower[i * dims + i + 1..(i + 1) * dims].fill(0.0);
        }
        let inverse_diagonal: Vec<f64> = (0..dims).map(|i| 1.0 / lower[i * dims + i]).collect();
        let is_positive = |x: &f64| *x > 0.0 && x.is_finite();
        inverse_diagonal.iter().all(is_positive).then_some(Cholesky {
            dims,
            lower,
            inverse_diagonal,
        })
    }

    /// As [`Cholesky::of`], with as much more of the mean diagonal added to the diagonal as it takes.
    pub fn of_ridged(matrix: &[f64], dims: usize) -> Cholesky {
        let trace: f64 = (0..dims).map(|i| matrix[i * dims + i]).sum();
        let mean = match trace / dims.max(1) as f64 {
            mean if mean > 0.0 && mean.is_finite() => mean,
            _ => 1.0,
        };
        let mut ridge = RIDGE * mean;
        while ridge.is_finite() {
            let mut ridged = matrix.to_vec();
            (0..dims).for_each(|i| ridged[i * dims + i] += ridge);
            if let Some(factor) = Cholesky::of(ridged, dims) {
                return factor;
            }
            ridge *= 10.0;
        }
        // Only of numbers that are not finite.
        Cholesky::identity(dims)
    }

    /// L of the identity.
    pub fn identity(dims: usize) -> Cholesky {
        let mut lower = vec![0.0; dims * dims];
        (0..dims).for_each(|i| lower[i * dims + i] = 1.0);
        Cholesky { dims, lower, inverse_diagonal: vec![1.0; dims] }
    }

    /// `[D, D]`, zeros above the diagonal.
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// ln det LLᵀ.
    pub fn log_determinant(&self) -> f64 {
        -2.0 * self.inverse_diagonal.iter().map(|x| x.ln()).sum::<f64>()
    }

    /// |L⁻¹ (x − m)|², the squared Mahalanobis distance; `None` as soon as it is known to be greater than `most`.
    /// `work`: room for D numbers.
    pub fn distance(&self, x: &[f64], m: &[f64], most: f64, work: &mut [f64]) -> Option<f64> {
        let mut sum = 0.0;
        let parts = x.iter().zip(m).zip(&self.inverse_diagonal).enumerate();
        for (i, ((x, m), inverse)) in parts {
            let row = &self.lower[i * self.dims..i * self.dims + i];
            let solved = (x - m - dot(row, &work[..i])) * inverse;
            work[i] = solved;
            sum += solved * solved;
            if sum > most {
                return None;
            }
        }
        Some(sum)
    }

    /// Solves LLᵀx = b.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let d = self.dims;
        let mut x = b.to_vec();
        for (i, inverse) in self.inverse_diagonal.iter().enumerate() {
            x[i] = (x[i] - dot(&self.lower[i * d..i * d + i], &x[..i])) * inverse;
        }
        for (i, inverse) in self.inverse_diagonal.iter().enumerate().rev() {
            let sum: f64 = (i + 1..d).map(|j| self.lower[j * d + i] * x[j]).sum();
            x[i] = (x[i] - sum) * inverse;
        }
        x
    }

    /// L times a vector.
    pub fn times(&self, noise: &[f64]) -> Vec<f64> {
        let d = self.dims;
        (0..d).map(|i| dot(&self.lower[i * d..i * d + i + 1], &noise[..i + 1])).collect()
    }
}

/// Of the mean diagonal: keeps a dimension that never varies from ending the factorisation.
const RIDGE: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_factor_is_found() {
        // LLᵀ of L = [[2, 0, 0], [1, 3, 0], [-1, 2, 1]].
        let matrix = vec![4.0, 0.0, 0.0, 2.0, 10.0, 0.0, -2.0, 5.0, 6.0];
        let factor = Cholesky::of(matrix, 3).unwrap();
        assert_eq!(factor.lower(), [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, -1.0, 2.0, 1.0]);
        assert!((factor.log_determinant() - 36f64.ln()).abs() < 1e-12);
        assert_eq!(factor.times(&[1.0, 1.0, 1.0]), [2.0, 4.0, 2.0]);
        let x = factor.solve(&[4.0, 2.0, -2.0]);
        assert!((x[0] - 1.0).abs() < 1e-12 && x[1].abs() < 1e-12 && x[2].abs() < 1e-12, "{x:?}");
        let distance = factor.distance(&[2.0, 4.0, 2.0], &[0.0; 3], 9.0, &mut [0.0; 3]).unwrap();
        assert!((distance - 3.0).abs() < 1e-12);
        assert_eq!(factor.distance(&[2.0, 4.0, 2.0], &[0.0; 3], 2.5, &mut [0.0; 3]), None);
    }

    #[test]
    fn what_is_not_positive_definite_is_refused_or_ridged() {
        assert!(Cholesky::of(vec![1.0, 0.0, 1.0, 1.0], 2).is_none());
        assert!(Cholesky::of(vec![f64::NAN], 1).is_none());
        assert!(Cholesky::from_lower(vec![1.0, 0.0, 0.0, 0.0], 2).is_none());
        for matrix in [[1.0, 0.0, 1.0, 1.0], [0.0; 4], [f64::NAN; 4], [-1.0, 0.0, 0.0, -1.0]] {
            assert!(Cholesky::of_ridged(&matrix, 2).log_determinant().is_finite(), "{matrix:?}");
        }
        assert_eq!(Cholesky::identity(0).log_determinant().abs(), 0.0);
    }
}
