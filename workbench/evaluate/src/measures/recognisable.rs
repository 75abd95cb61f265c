//! How sure the judge is of what it sees.

use serde::Serialize;

use crate::{Eye, Scale, Seen};

/// Of a target with a few values, over all samples whatever was asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recognisable {
    pub name: String,
    /// The mean probability of the most probable value.
    pub confidence: f64,
    /// The share of which that is 0.9 or more.
    pub recognisable: f64,
    /// Of the values that are most probable, in nats: how varied they are.
    pub entropy: f64,
    /// The same of test images.
    pub test: Certainty,
}

/// What is to be expected of real images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Certainty {
    pub confidence: f64,
    pub recognisable: f64,
    pub entropy: f64,
}

const SURE: f32 = 0.9;

pub fn recognisable(eye: &Eye, samples: &Seen, test: &Seen) -> Vec<Recognisable> {
    let targets = eye.targets().iter().enumerate();
    let with_values = targets.filter_map(|(number, target)| match target.scale() {
        Scale::Values(values) => Some((number, target, values)),
        Scale::Number { .. } => None,
    });
    let of = |(number, target, values): (usize, &crate::Target, usize)| {
        let [made, test] = [samples, test].map(|seen| certainty(seen, number, values));
        let name = target.name.clone();
        let Certainty { confidence, recognisable, entropy } = made;
        Recognisable { name, confidence, recognisable, entropy, test }
    };
    with_values.map(of).collect()
}

fn certainty(seen: &Seen, target: usize, values: usize) -> Certainty {
    let confidence = &seen.opinion.confidence[target];
    let n = seen.n.max(1) as f64;
    let mut counts = vec![0usize; values];
    for &value in &seen.opinion.values[target] {
        if let Some(count) = counts.get_mut(value as usize) {
            *count += 1;
        }
    }
    let shares = counts.iter().filter(|count| **count > 0).map(|&count| count as f64 / n);
    Certainty {
        confidence: confidence.iter().map(|&x| f64::from(x)).sum::<f64>() / n,
        recognisable: confidence.iter().filter(|&&x| x >= SURE).count() as f64 / n,
        entropy: -shares.map(|share| share * share.ln()).sum::<f64>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Opinion;

    #[test]
    fn certainty_is_of_the_most_probable_values() {
        let opinion = Opinion {
            values: vec![vec![0.0, 0.0, 1.0, 1.0]],
            confidence: vec![vec![1.0, 0.8, 0.9, 0.5]],
            features: Vec::new(),
        };
        let found = certainty(&Seen { n: 4, opinion, ..Seen::default() }, 0, 3);
        assert!((found.confidence - 0.8).abs() < 1e-6 && found.recognisable == 0.5);
        assert!((found.entropy - 2.0f64.ln()).abs() < 1e-12);
    }
}
