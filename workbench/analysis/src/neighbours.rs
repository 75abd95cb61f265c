//! Nearest neighbours among rows of numbers, by Euclidean distance.

use rayon::prelude::*;

/// Rows of so many numbers.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub of: &'a [f32],
    pub dims: usize,
}

impl<'a> Rows<'a> {
    pub fn new(of: &'a [f32], dims: usize) -> Rows<'a> {
        Rows { of, dims: dims.max(1) }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.of.len() / self.dims
    }

    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    pub fn row(&self, at: usize) -> &'a [f32] {
        &self.of[at * self.dims..(at + 1) * self.dims]
    }

    /// The first `n`.
    pub fn first(&self, n: usize) -> Rows<'a> {
        Rows { of: &self.of[..n.min(self.len()) * self.dims], dims: self.dims }
    }
}

/// The distance of each row to the nearest of others.
pub fn nearest(rows: Rows, others: Rows) -> Vec<f32> {
    let least = |at: usize| {
        let row = rows.row(at);
        let distances = (0..others.len()).map(|other| squared_distance(row, others.row(other)));
        distances.fold(f32::INFINITY, f32::min).sqrt()
    };
    (0..rows.len()).into_par_iter().map(least).collect()
}

/// The distance of each row to its k-th nearest among the same rows, itself not counted.
pub fn kth_nearest(rows: Rows, k: usize) -> Vec<f32> {
    let kth = |at: usize| {
        let others = (0..rows.len()).filter(|&other| other != at);
        let mut distances: Vec<f32> =
            others.map(|other| squared_distance(rows.row(at), rows.row(other))).collect();
        if distances.len() < k || k == 0 {
            return f32::INFINITY;
        }
        let (_, kth, _) = distances.select_nth_unstable_by(k - 1, f32::total_cmp);
        kth.sqrt()
    };
    (0..rows.len()).into_par_iter().map(kth).collect()
}

/// The share of rows that are within the radius of any of the others, each of which has its own.
pub fn covered(rows: Rows, others: Rows, radii: &[f32]) -> f64 {
    let is_covered = |at: &usize| {
        let row = rows.row(*at);
        (0..others.len())
            .any(|other| squared_distance(row, others.row(other)) <= radii[other] * radii[other])
    };
    let n = (0..rows.len()).into_par_iter().filter(is_covered).count();
    n as f64 / rows.len().max(1) as f64
}

/// In sums that the processor takes side by side.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    let (of_a, of_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 =
        of_a.remainder().iter().zip(of_b.remainder()).map(|(a, b)| (a - b) * (a - b)).sum();
    for (a, b) in of_a.zip(of_b) {
        for lane in 0..LANES {
            let difference = a[lane] - b[lane];
            sums[lane] += difference * difference;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_euclidean_and_leave_the_row_itself_out() {
        let rows = Rows::new(&[0.0, 0.0, 3.0, 4.0, 0.0, 1.0], 2);
        let others = Rows::new(&[0.0, 0.0], 2);
        assert_eq!(nearest(rows, others), [0.0, 5.0, 1.0]);
        assert_eq!(kth_nearest(rows, 1), [1.0, 18.0f32.sqrt(), 1.0]);
        assert_eq!(kth_nearest(rows, 2), [5.0, 5.0, 18.0f32.sqrt()]);
        assert_eq!(kth_nearest(rows, 3), [f32::INFINITY; 3]);
        assert_eq!(covered(rows, others, &[1.0]), 2.0 / 3.0);
        let long: Vec<f32> = (0..37).map(|x| x as f32).collect();
        let zeros = vec![0.0; 37];
        let sum: f32 = long.iter().map(|x| x * x).sum();
        assert_eq!(squared_distance(&long, &zeros), sum);
    }
}
