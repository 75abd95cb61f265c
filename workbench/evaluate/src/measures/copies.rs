//! Whether samples are copies of training images.

use serde::Serialize;

use workbench_analysis::{Rows, nearest};

/// How near samples are to training images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Copies {
    /// In the judge's features; `None` without them.
    pub features: Option<Distances>,
    pub pixels: Distances,
    /// Training images that they were compared with.
    pub train: usize,
}

/// Of the distances of samples to their nearest training images, against those of test images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distances {
    /// The median of samples over that of test images: far below 1 for copies.
    pub ratio: f64,
    /// The share of samples nearer than 99% of the test images are: 0.01 is to be expected.
    pub nearer: f64,
}

const PERCENTILE: f64 = 0.01;

/// `None` where there are none.
pub fn distances(samples: Rows, test: Rows, train: Rows) -> Option<Distances> {
    if samples.is_empty() || test.is_empty() || train.is_empty() {
        return None;
    }
    let sorted = |rows: Rows| {
        let mut distances = nearest(rows, train);
        distances.sort_by(f32::total_cmp);
        distances
    };
    let (samples, test) = (sorted(samples), sorted(test));
    let at = |sorted: &[f32], share: f64| {
        f64::from(sorted[((sorted.len() - 1) as f64 * share) as usize])
    };
    let bound = at(&test, PERCENTILE);
    let nearer = samples.iter().filter(|distance| f64::from(**distance) < bound).count();
    Some(Distances {
        ratio: at(&samples, 0.5) / at(&test, 0.5).max(f64::MIN_POSITIVE),
        nearer: nearer as f64 / samples.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use workbench_engine::noise::{Key, normal};

    use super::*;

    #[test]
    fn copies_are_told_from_others() {
        let cloud = |number| normal(Key::new(4, "cloud", number, 0), 3 * 400);
        let (train, test, fresh) = (cloud(0), cloud(1), cloud(2));
        let of = |made: &[f32]| {
            let (test, train) = (Rows::new(&test, 3), Rows::new(&train, 3));
            distances(Rows::new(made, 3), test, train).unwrap()
        };
        assert!(
            (of(&fresh).ratio - 1.0).abs() < 0.15 && of(&fresh).nearer < 0.04,
            "{:?}",
            of(&fresh)
        );
        assert_eq!(of(&train), Distances { ratio: 0.0, nearer: 1.0 });
    }
}
