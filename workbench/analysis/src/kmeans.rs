//! Where the components of a mixture begin.

use rayon::prelude::*;

use crate::Stream;

/// Rounds of Lloyd's algorithm: EM does the rest.
const ROUNDS: usize = 8;

/// Which of `k` clusters each point belongs to `[N]`, by k-means from centres that k-means++ chooses (Arthur &
/// Vassilvitskii 2007). Distances are taken in units of each dimension's standard deviation, which `scale` has the
/// inverse of `[D]`.
pub(crate) fn clusters(
    points: &[f64],
    dims: usize,
    k: usize,
    scale: &[f64],
    stream: &mut Stream,
) -> Vec<usize> {
    let n = points.len() / dims.max(1);
    let row = |i: usize| &points[i * dims..(i + 1) * dims];
    let mut centres = Vec::with_capacity(k * dims);
    let mut nearest = vec![f64::INFINITY; n];
    let mut chosen = stream.below(n);
    for _ in 0..k {
        let centre = row(chosen).to_vec();
        nearest.par_iter_mut().enumerate().for_each(|(i, nearest)| {
            *nearest = nearest.min(distance(row(i), &centre, scale));
        });
        centres.extend(centre);
        let total: f64 = nearest.iter().sum();
        let mut rest = stream.uniform() * total;
        // Where all points lie on centres, any is as good as another.
        chosen = stream.below(n);
        for (i, nearest) in nearest.iter().enumerate().filter(|(_, nearest)| **nearest > 0.0) {
            chosen = i;
            rest -= nearest;
            if rest < 0.0 {
                break;
            }
        }
    }
    let mut of = vec![0; n];
    for _ in 0..ROUNDS {
        let assigned: Vec<usize> = (0..n)
            .into_par_iter()
            .with_min_len(256)
            .map(|i| {
                let mut best = (f64::INFINITY, 0);
                for (at, centre) in centres.chunks_exact(dims).enumerate() {
                    let distance = distance(row(i), centre, scale);
                    if distance < best.0 {
                        best = (distance, at);
                    }
                }
                best.1
            })
            .collect();
        let is_settled = assigned == of;
        of = assigned;
        if is_settled {
            break;
        }
        let (mut sums, mut counts) = (vec![0.0; k * dims], vec![0usize; k]);
        for (i, &cluster) in of.iter().enumerate() {
            counts[cluster] += 1;
            let sum = &mut sums[cluster * dims..(cluster + 1) * dims];
            sum.iter_mut().zip(row(i)).for_each(|(sum, x)| *sum += x);
        }
        for (cluster, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let range = cluster * dims..(cluster + 1) * dims;
            for (centre, sum) in centres[range.clone()].iter_mut().zip(&sums[range]) {
                *centre = sum / count as f64;
            }
        }
    }
    of
}

fn distance(a: &[f64], b: &[f64], scale: &[f64]) -> f64 {
    a.iter().zip(b).zip(scale).map(|((a, b), scale)| ((a - b) * scale).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_apart_is_told_apart() {
        let mut stream = Stream::new(1);
        let points: Vec<f64> = (0..90).map(|i| f64::from(i % 3) * 10.0 + stream.normal()).collect();
        let of = clusters(&points, 1, 3, &[1.0], &mut stream);
        for i in 3..90 {
            assert_eq!(of[i], of[i % 3], "{i}");
        }
        assert!(of[0] != of[1] && of[1] != of[2] && of[0] != of[2]);
    }

    #[test]
    fn equal_points_and_more_clusters_than_points_do_no_harm() {
        let mut stream = Stream::new(1);
        assert_eq!(clusters(&[2.0; 6], 2, 2, &[1.0; 2], &mut stream), [0, 0, 0]);
        assert_eq!(clusters(&[1.0, 5.0], 1, 4, &[1.0], &mut stream).len(), 2);
    }
}
