//! Means and covariances of points.

use rayon::prelude::*;

/// Rows that one task sums up: sums have one order, whatever the number of threads.
const CHUNK: usize = 2048;

/// The mean of points `[N, D]`; zeros where there are none.
pub fn mean(points: &[f64], dims: usize) -> Vec<f64> {
    let mut sum = vec![0.0; dims];
    let mut n = 0usize;
    for row in points.chunks_exact(dims.max(1)) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        n += 1;
    }
    sum.iter_mut().for_each(|sum| *sum /= n.max(1) as f64);
    sum
}

/// The covariance `[D, D]` of points `[N, D]` about a centre, divided by N; zeros where there are none.
pub fn covariance(points: &[f64], dims: usize, centre: &[f64]) -> Vec<f64> {
    let n = points.len() / dims.max(1);
    let parts: Vec<Vec<f64>> = points
        .par_chunks(CHUNK * dims.max(1))
        .map(|part| {
            let mut sum = vec![0.0; dims * dims];
            let mut away = vec![0.0; dims];
            for row in part.chunks_exact(dims.max(1)) {
                add_outer(&mut sum, row, centre, 1.0, &mut away);
            }
            sum
        })
        .collect();
    let mut sum = vec![0.0; dims * dims];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    mirrored(&mut sum, dims, n.max(1) as f64);
    sum
}

/// Adds weight · (x − c)(x − c)ᵀ to the lower triangle of a matrix. `away`: room for D numbers.
pub(crate) fn add_outer(sum: &mut [f64], x: &[f64], centre: &[f64], weight: f64, away: &mut [f64]) {
    let dims = away.len();
    for (away, (x, centre)) in away.iter_mut().zip(x.iter().zip(centre)) {
        *away = x - centre;
    }
    for i in 0..dims {
        let by = weight * away[i];
        let row = &mut sum[i * dims..i * dims + i + 1];
        row.iter_mut().zip(away.iter()).for_each(|(sum, other)| *sum += by * other);
    }
}

/// Divides a lower triangle, and fills the upper one.
pub(crate) fn mirrored(matrix: &mut [f64], dims: usize, by: f64) {
    for i in 0..dims {
        for j in 0..=i {
            let value = matrix[i * dims + j] / by;
            matrix[i * dims + j] = value;
            matrix[j * dims + i] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_four_points() {
        let points = [0.0, 0.0, 2.0, 0.0, 0.0, 4.0, 2.0, 4.0];
        let centre = mean(&points, 2);
        assert_eq!(centre, [1.0, 2.0]);
        assert_eq!(covariance(&points, 2, &centre), [1.0, 0.0, 0.0, 4.0]);
        assert_eq!((mean(&[], 2), covariance(&[], 1, &[0.0])), (vec![0.0; 2], vec![0.0]));
    }
}
