use super::exact;
use crate::{BarChart, Figure};

/// A dimension whose KL is below this many nats is as good as the prior.
const ACTIVE: f32 = 0.01;
/// More dimensions than this are not named but counted.
const NAMED: usize = 16;

/// The KL divergence of each latent dimension, in nats per image, averaged over a data set: sorted,
/// the largest first. The title counts those above 0.01 nats.
pub fn kl(per_dimension: &[f32]) -> Figure {
    let mut sorted: Vec<(usize, f32)> = per_dimension.iter().copied().enumerate().collect();
    // What is not a number comes last, whatever its sign.
    sorted.sort_by(|a, b| a.1.is_nan().cmp(&b.1.is_nan()).then(b.1.total_cmp(&a.1)));
    let active = per_dimension.iter().filter(|v| **v > ACTIVE).count();
    let named = sorted.len() <= NAMED;
    let bars = sorted
        .iter()
        .enumerate()
        .map(|(rank, &(dimension, value))| {
            let number = if named { dimension } else { rank };
            ((number + 1).to_string(), exact(value))
        })
        .collect();
    Figure::Bars(BarChart {
        title: format!("KL: {active} of {} dimensions above {ACTIVE} nats", per_dimension.len()),
        x_label: if named {
            "latent dimension, sorted by KL"
        } else {
            "rank of the latent dimension by KL"
        }
        .into(),
        y_label: "KL, nats per image".into(),
        bars,
        threshold: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(figure: Figure) -> BarChart {
        match figure {
            Figure::Bars(chart) => chart,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dimensions_are_sorted_and_active_ones_counted() {
        let chart = chart(kl(&[0.001, 2.5, 0.01, f32::NAN, 0.3]));
        assert_eq!(chart.title, "KL: 2 of 5 dimensions above 0.01 nats");
        let words: Vec<_> = chart.bars.iter().map(|b| b.0.as_str()).collect();
        assert_eq!(words, ["2", "5", "3", "1", "4"]);
        assert_eq!(chart.bars[1].1, 0.3);
    }

    #[test]
    fn many_dimensions_are_ranked() {
        let values: Vec<f32> = (0..128).map(|i| (i % 9) as f32).collect();
        let chart = chart(kl(&values));
        assert_eq!((chart.bars[0].0.as_str(), chart.bars[127].0.as_str()), ("1", "128"));
    }
}
