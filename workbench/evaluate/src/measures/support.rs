//! Precision and recall of what is drawn (Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing
//! Generative Models", arXiv:1904.06991).

use serde::Serialize;

use workbench_analysis::{Rows, covered, kth_nearest};

/// Precision: the share of drawn images that are within the k-neighbourhoods of real ones. Recall: the share of real ones
/// that are within those of drawn ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Support {
    pub precision: f64,
    pub recall: f64,
}

/// Of samples, and of test images as the most that can be expected, each against as many training images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PrecisionRecall {
    pub samples: Support,
    pub test: Support,
    /// Images on either side.
    pub n: usize,
}

/// An image's neighbourhood reaches to its k-th neighbour among its own kind.
const K: usize = 3;

/// By features `[N, F]` of each; the first of each are taken, as many as the fewest have. `None` of too few.
pub fn precision_recall(samples: Rows, test: Rows, train: Rows) -> Option<PrecisionRecall> {
    let n = samples.len().min(test.len()).min(train.len());
    if n <= K {
        return None;
    }
    let [samples, test, train] = [samples, test, train].map(|rows| rows.first(n));
    let radii = kth_nearest(train, K);
    let against = |made: Rows| Support {
        precision: covered(made, train, &radii),
        recall: covered(train, made, &kth_nearest(made, K)),
    };
    Some(PrecisionRecall { samples: against(samples), test: against(test), n })
}

#[cfg(test)]
mod tests {
    use workbench_engine::noise::{Key, normal};

    use super::*;

    const N: usize = 300;

    fn cloud(number: u64, scale: f32, shift: f32) -> Vec<f32> {
        normal(Key::new(9, "cloud", number, 0), 2 * N).iter().map(|x| scale * x + shift).collect()
    }

    #[test]
    fn what_is_alike_is_precise_and_complete_and_what_is_narrow_is_precise_alone() {
        let (train, test) = (cloud(0, 1.0, 0.0), cloud(1, 1.0, 0.0));
        let of = |made: &[f32]| {
            let (test, train) = (Rows::new(&test, 2), Rows::new(&train, 2));
            precision_recall(Rows::new(made, 2), test, train).unwrap()
        };
        let same = of(&cloud(2, 1.0, 0.0));
        assert!(same.samples.precision > 0.85 && same.samples.recall > 0.85, "{same:?}");
        assert!((same.test.precision - same.samples.precision).abs() < 0.1 && same.n == N);
        let narrow = of(&cloud(3, 0.1, 0.0)).samples;
        assert!(narrow.precision > 0.95 && narrow.recall < 0.2, "{narrow:?}");
        let elsewhere = of(&cloud(4, 1.0, 50.0)).samples;
        assert_eq!((elsewhere.precision, elsewhere.recall), (0.0, 0.0));
        let few = Rows::new(&train[..6], 2);
        assert_eq!(precision_recall(few, few, few), None);
    }
}
