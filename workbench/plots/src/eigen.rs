/// Eigenvalues, largest first, and eigenvectors (in the same order) of a symmetric matrix, by
/// cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations", section 8.5).
/// `matrix` is [n, n], row by row.
pub(crate) fn symmetric(mut matrix: Vec<f64>, n: usize) -> Vec<(f64, Vec<f64>)> {
    let mut vectors = vec![0.0; n * n];
    for i in 0..n {
        vectors[i * n + i] = 1.0;
    }
    let scale: f64 = matrix.iter().map(|v| v * v).sum();
    // A few sweeps suffice; the bound only guards against numbers that never settle.
    for _ in 0..60 {
        let off: f64 = (0..n)
            .flat_map(|p| (0..p).map(move |q| (p, q)))
            .map(|(p, q)| matrix[p * n + q].powi(2))
            .sum();
        if off <= scale * 1e-26 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut matrix, &mut vectors, n, p, q);
            }
        }
    }
    let mut pairs: Vec<(f64, Vec<f64>)> =
        (0..n).map(|i| (matrix[i * n + i], (0..n).map(|k| vectors[k * n + i]).collect())).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs
}

/// Makes the element at (p, q) zero by a rotation in their plane.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], n: usize, p: usize, q: usize) {
    let off = matrix[p * n + q];
    if off == 0.0 {
        return;
    }
    let theta = (matrix[q * n + q] - matrix[p * n + p]) / (2.0 * off);
    let tan = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cos = 1.0 / tan.hypot(1.0);
    let sin = tan * cos;
    for k in 0..n {
        let (a, b) = (matrix[k * n + p], matrix[k * n + q]);
        (matrix[k * n + p], matrix[k * n + q]) = (cos * a - sin * b, sin * a + cos * b);
    }
    for k in 0..n {
        let (a, b) = (matrix[p * n + k], matrix[q * n + k]);
        (matrix[p * n + k], matrix[q * n + k]) = (cos * a - sin * b, sin * a + cos * b);
        let (a, b) = (vectors[k * n + p], vectors[k * n + q]);
        (vectors[k * n + p], vectors[k * n + q]) = (cos * a - sin * b, sin * a + cos * b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_by_two_by_hand() {
        // [[2, 1], [1, 2]] has 3 along (1, 1) and 1 along (1, −1).
        let pairs = symmetric(vec![2.0, 1.0, 1.0, 2.0], 2);
        assert!((pairs[0].0 - 3.0).abs() < 1e-12 && (pairs[1].0 - 1.0).abs() < 1e-12);
        assert!((pairs[0].1[0] - pairs[0].1[1]).abs() < 1e-12);
        assert!((pairs[1].1[0] + pairs[1].1[1]).abs() < 1e-12);
    }

    #[test]
    fn matrix_times_vector_is_value_times_vector() {
        let n = 12;
        let matrix: Vec<f64> = (0..n * n)
            .map(|i| {
                let (a, b) = ((i / n).min(i % n), (i / n).max(i % n));
                f64::from(((a * 31 + b * 17) % 23) as u32) - 11.0
            })
            .collect();
        let pairs = symmetric(matrix.clone(), n);
        assert!(pairs.windows(2).all(|w| w[0].0 >= w[1].0));
        for (value, vector) in &pairs {
            for row in 0..n {
                let product: f64 = (0..n).map(|k| matrix[row * n + k] * vector[k]).sum();
                assert!((product - value * vector[row]).abs() < 1e-9);
            }
        }
    }
}
