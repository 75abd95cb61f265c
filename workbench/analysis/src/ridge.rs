//! Linear regression with a ridge.

use crate::Cholesky;

/// The features of an item that are not 0: (place, value).
pub type Row = Vec<(usize, f64)>;

/// The least squares of y on features, with an intercept: `[F + 1, D]`, the intercept last, for N rows of F features and
/// targets y `[N, D]`. `strength`: how many items' worth each feature is drawn to 0, so that features that say the same, or
/// that no item has, do no harm (Hoerl & Kennard 1970); the intercept is not.
pub fn ridge(
    rows: &[Row],
    features: usize,
    targets: &[f64],
    dims: usize,
    strength: f64,
) -> Vec<f64> {
    let size = features + 1;
    let (mut gram, mut products) = (vec![0.0; size * size], vec![0.0; size * dims]);
    for (row, target) in rows.iter().zip(targets.chunks_exact(dims.max(1))) {
        let with_intercept = || row.iter().copied().chain([(features, 1.0)]);
        for (i, x) in with_intercept() {
            for (j, y) in with_intercept().filter(|(j, _)| *j <= i) {
                gram[i * size + j] += x * y;
            }
            let product = &mut products[i * dims..(i + 1) * dims];
            product.iter_mut().zip(target).for_each(|(sum, y)| *sum += x * y);
        }
    }
    (0..features).for_each(|i| gram[i * size + i] += strength);
    let factor = Cholesky::of_ridged(&gram, size);
    let mut weights = vec![0.0; size * dims];
    for dim in 0..dims {
        let b: Vec<f64> = (0..size).map(|i| products[i * dims + dim]).collect();
        for (i, weight) in factor.solve(&b).into_iter().enumerate() {
            weights[i * dims + dim] = weight;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    #[test]
    fn a_line_is_found_again() {
        let mut stream = Stream::new(2);
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for i in 0..500 {
            // A one of two, a number, and a feature that is always 0.
            let (kind, x) = (i % 2, stream.normal());
            rows.push(vec![(kind, 1.0), (2, x)]);
            targets.extend([3.0 + kind as f64 - 2.0 * x, 5.0 * x + 0.1 * stream.normal()]);
        }
        let weights = ridge(&rows, 4, &targets, 2, 1e-3);
        let at = |row: &Row, dim: usize| {
            weights[4 * 2 + dim] + row.iter().map(|(i, x)| x * weights[i * 2 + dim]).sum::<f64>()
        };
        assert!((at(&vec![(0, 1.0), (2, 1.5)], 0) - 0.0).abs() < 0.01);
        assert!((at(&vec![(1, 1.0), (2, -1.0)], 0) - 6.0).abs() < 0.01);
        assert!((at(&vec![(1, 1.0), (2, 1.0)], 1) - 5.0).abs() < 0.05);
        assert_eq!(weights[3 * 2], 0.0, "what no item has says nothing");
    }

    #[test]
    fn nothing_gives_zeros() {
        assert_eq!(ridge(&[], 2, &[], 1, 1.0), [0.0; 3]);
        let mean = ridge(&[vec![], vec![]], 0, &[1.0, 3.0], 1, 1.0);
        assert!((mean[0] - 2.0).abs() < 1e-5, "{mean:?}");
    }
}
