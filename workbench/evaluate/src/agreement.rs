//! How well what is seen agrees with what was asked.

use serde::Serialize;

use crate::Scale;

/// Of a target with a few values the share that agrees; of a number R² and the mean error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Agreement {
    Values {
        share: f64,
        n: usize,
    },
    /// R² = 1 − Σ(seen − asked)² / Σ(asked − mean asked)²: 1 where they are equal, 0 where the mean would do as well,
    /// below 0 for worse; `None` where one number was asked for alone. `error`: the mean |seen − asked| as a share of the
    /// range.
    Number {
        r2: Option<f64>,
        error: f64,
        n: usize,
    },
}

impl Agreement {
    /// Of the items of which both are known; `None` where there are none.
    pub fn of(scale: Scale, asked: &[f32], seen: &[f32]) -> Option<Agreement> {
        let pairs: Vec<(f64, f64)> = (asked.iter().zip(seen))
            .filter(|(asked, seen)| asked.is_finite() && seen.is_finite())
            .map(|(&asked, &seen)| (f64::from(asked), f64::from(seen)))
            .collect();
        let n = pairs.len();
        let mean = |sum: f64| sum / n as f64;
        if n == 0 {
            return None;
        }
        Some(match scale {
            Scale::Values(_) => {
                let agree = pairs.iter().filter(|(asked, seen)| asked == seen).count();
                Agreement::Values { share: mean(agree as f64), n }
            }
            Scale::Number { least, greatest } => {
                let middle = mean(pairs.iter().map(|(asked, _)| asked).sum());
                let total: f64 = pairs.iter().map(|(asked, _)| (asked - middle).powi(2)).sum();
                let missed: f64 = pairs.iter().map(|(asked, seen)| (seen - asked).powi(2)).sum();
                let error = mean(pairs.iter().map(|(asked, seen)| (seen - asked).abs()).sum());
                let range = if greatest > least { greatest - least } else { 1.0 };
                let r2 = (total > 0.0).then(|| 1.0 - missed / total);
                Agreement::Number { r2, error: error / range, n }
            }
        })
    }

    /// How far values moved: the share that changed, or the mean change as a share of the range.
    pub fn moved(scale: Scale, from: &[f32], to: &[f32]) -> Option<f64> {
        Agreement::of(scale, from, to).map(|agreement| match agreement {
            Agreement::Values { share, .. } => 1.0 - share,
            Agreement::Number { error, .. } => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_agree_by_share_among_the_known() {
        let agreement =
            Agreement::of(Scale::Values(3), &[0.0, 1.0, 2.0, f32::NAN], &[0.0, 2.0, 2.0, 1.0]);
        assert_eq!(agreement, Some(Agreement::Values { share: 2.0 / 3.0, n: 3 }));
        assert_eq!(Agreement::of(Scale::Values(3), &[f32::NAN], &[0.0]), None);
        let moved = Agreement::moved(Scale::Values(3), &[0.0, 1.0], &[0.0, 2.0]);
        assert_eq!(moved, Some(0.5));
    }

    #[test]
    fn numbers_agree_by_r2_and_error() {
        let scale = Scale::Number { least: 0.0, greatest: 10.0 };
        let exact = Agreement::of(scale, &[1.0, 5.0], &[1.0, 5.0]);
        assert_eq!(exact, Some(Agreement::Number { r2: Some(1.0), error: 0.0, n: 2 }));
        let mean = Agreement::of(scale, &[1.0, 5.0], &[3.0, 3.0]);
        assert_eq!(mean, Some(Agreement::Number { r2: Some(0.0), error: 0.2, n: 2 }));
        let one = Agreement::of(scale, &[1.0, 1.0], &[3.0, 3.0]);
        assert!(matches!(one, Some(Agreement::Number { r2: None, .. })));
    }
}
