//! What a classifier predicts of an image.

use workbench_sdk::prelude::*;

/// The class, or an attribute.
pub struct Target {
    name: String,
    scale: Scale,
}

enum Scale {
    /// So many values: their logits are predicted.
    Values(usize),
    /// A number: predicted from -1 to 1 where the data say between which numbers it lies.
    Number { middle: f64, half: f64 },
}

/// One target's part of the loss and of the measures.
pub struct Judged<'g> {
    /// `[B]`, 0 where the target is not known.
    pub loss: Tensor<'g>,
    /// `[]`, of a target with values.
    pub accuracy: Option<Tensor<'g>>,
}

impl Target {
    /// Those named, or all that the data have.
    pub fn chosen(g: &Graph, names: &[String]) -> Result<Vec<Target>> {
        let attributes = g.attributes();
        let is_attribute = |name: &str| attributes.iter().any(|attribute| attribute.name == name);
        let mut there: Vec<Target> = attributes.iter().map(Target::of).collect();
        if g.classes() > 0 && !is_attribute("class") {
            let class = Target { name: "class".to_owned(), scale: Scale::Values(g.classes()) };
            there.insert(0, class);
        }
        ensure!(
            !there.is_empty(),
            "the data have neither classes nor attributes: a classifier has nothing to learn from them"
        );
        if names.is_empty() {
            return Ok(there);
        }
        let known: Vec<String> = there.iter().map(|target| target.name.clone()).collect();
        let mut chosen: Vec<Target> = Vec::new();
        for name in names {
            ensure!(
                !chosen.iter().any(|target| target.name == *name),
                "`targets` has `{name}` twice"
            );
            match there.iter().position(|target| target.name == *name) {
                Some(place) => chosen.push(there.swap_remove(place)),
                None => bail!("unknown target `{name}`; the data have {}", known.join(", ")),
            }
        }
        Ok(chosen)
    }

    fn of(attribute: &Attribute) -> Target {
        let scale = match (attribute.kind, attribute.range) {
            (Kind::Real, Some([min, max])) if max > min => {
                Scale::Number { middle: (min + max) / 2.0, half: (max - min) / 2.0 }
            }
            (Kind::Real, _) => Scale::Number { middle: 0.0, half: 1.0 },
            _ => Scale::Values(attribute.values.len()),
        };
        Target { name: attribute.name.clone(), scale }
    }

    /// Marks the prediction that features `[B, F]` give, and its measures.
    pub fn judge<'g>(&self, g: &'g Graph, features: Tensor<'g>) -> Judged<'g> {
        let name = &self.name;
        let (value, known) = (g.attribute(name), g.known(name));
        let over_known = |each: Tensor<'g>| (each * known).sum(&[0]) / known.sum(&[0]).maximum(1.0);
        match self.scale {
            Scale::Values(values) => {
                let logits = g.scope("predict", || *features.linear(name, values).head());
                g.prediction(name, logits);
                // Cross-entropy in nats; of an unknown value, -1, the one-hot vector holds zeros alone.
                let chosen = (logits * value.one_hot(values)).sum(&[1]);
                let loss = (logits.logsumexp(&[1]) - chosen) * known;
                let right = logits.argmax(1).equal(value);
                let accuracy = g.metric(&format!("accuracy/{name}"), over_known(right));
                Judged { loss, accuracy: Some(accuracy) }
            }
            Scale::Number { middle, half } => {
                let scaled = g.scope("predict", || *features.linear(name, 1).head());
                let scaled = scaled.sum(&[1]);
                g.prediction(name, scaled * half + middle);
                let wrong = scaled - (value - middle) / half;
                // As a share of the range, which is 2 on the scale of -1 to 1.
                g.metric(&format!("error/{name}"), over_known(wrong.abs() / 2.0));
                Judged { loss: wrong * wrong * known, accuracy: None }
            }
        }
    }
}
