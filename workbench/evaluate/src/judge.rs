//! A trained classifier, as what it says of images.

use workbench_engine::{Array, Batch, Session};
use workbench_runs::{Attribute, AttributeKind};

use crate::target::Place;
use crate::{Error, Scale, Target};

/// A classifier and what it tells.
pub struct Judge<'a> {
    session: &'a Session,
    pub targets: Vec<Target>,
}

/// What describes the items of a data set.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Names of the classes; none where there are no labels.
    pub classes: &'a [String],
    pub attributes: &'a [Attribute],
}

/// What a judge says of some images.
#[derive(Clone, Debug, Default)]
pub struct Opinion {
    /// By target, one an image: the number of a value, or a number.
    pub values: Vec<Vec<f32>>,
    /// By target, one an image: the probability of the value that is most probable; empty of numbers.
    pub confidence: Vec<Vec<f32>>,
    /// `[N, F]`, row by row; empty where the judge marks no features.
    pub features: Vec<f32>,
}

impl<'a> Judge<'a> {
    /// A classifier `session` of `run`, trained on data that `own` describes, for images `[C, …]` of a model whose data
    /// `of` describes.
    ///
    /// # Errors
    /// It is no classifier; it sees images of another shape; it names the values of what both data have otherwise, or has
    /// nothing in common with the model's data.
    pub fn new(
        run: &str,
        session: &'a Session,
        own: Described,
        of: Described,
        image: &[usize],
    ) -> Result<Judge<'a>, Error> {
        let run = run.to_owned();
        let graph = session.graph();
        if graph.predictions().next().is_none() {
            return Err(Error::NoClassifier { run });
        }
        let input = graph.inputs().iter().find(|input| input.name == "x");
        let sees = input.map(|input| input.shape.resolve(1)[1..].to_vec()).unwrap_or_default();
        if sees != image {
            return Err(Error::Shape { run, judge: sides(&sees), model: sides(image) });
        }
        let mut targets = Vec::new();
        for (name, node) in graph.predictions() {
            let attribute = own.attributes.iter().find(|attribute| attribute.name == name).cloned();
            let attribute = attribute.unwrap_or_else(|| class(name, own.classes));
            let predicted = graph.node(node).shape.resolve(1)[1..].iter().product::<usize>();
            let expected = if attribute.is_real() { 1 } else { attribute.values.len() };
            if predicted != expected {
                let target = name.to_owned();
                return Err(Error::Prediction { run, target, found: predicted, expected });
            }
            let place = place(&attribute, of);
            let known = match place {
                Some(Place::Attribute(number)) => of.attributes[number].clone(),
                Some(Place::Class) => class(name, of.classes),
                None => attribute.clone(),
            };
            if known.values != attribute.values || known.is_real() != attribute.is_real() {
                let [judge, model] = [&attribute, &known].map(values);
                return Err(Error::Values { run, target: name.to_owned(), judge, model });
            }
            targets.push(Target { name: name.to_owned(), attribute: known, place });
        }
        if targets.iter().all(|target| target.place.is_none()) {
            let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
            return Err(Error::NothingInCommon { run, targets: names.join(", ") });
        }
        Ok(Judge { session, targets })
    }

    /// What it says of images `[N, C, …]` in 0..1.
    ///
    /// # Errors
    /// The engine's own.
    pub fn look(&self, images: &Array) -> Result<Opinion, Error> {
        let batch = Batch::default().with_f32("x", &images.shape, images.data.clone());
        let predictions = self.session.predict(&batch)?;
        let n = images.shape[0].max(1);
        let mut opinion = Opinion::default();
        for (target, (_, array)) in self.targets.iter().zip(&predictions.of) {
            let rows = array.data.chunks_exact((array.data.len() / n).max(1));
            let (values, confidence) = match (target.scale(), target.attribute.is_real()) {
                (_, true) => (array.data.clone(), Vec::new()),
                (Scale::Values(_), _) => rows.map(most_probable).unzip(),
                (Scale::Number { .. }, _) => (rows.map(expected).collect(), Vec::new()),
            };
            opinion.values.push(values);
            opinion.confidence.push(confidence);
        }
        opinion.features = predictions.features.map(|features| features.data).unwrap_or_default();
        Ok(opinion)
    }
}

/// The class as an attribute.
fn class(name: &str, classes: &[String]) -> Attribute {
    let kind = AttributeKind::Categorical;
    Attribute { name: name.to_owned(), kind, values: classes.to_vec(), range: None }
}

/// Where data have an attribute: under its name, or as the class whose names are its values.
fn place(attribute: &Attribute, of: Described) -> Option<Place> {
    let named = of.attributes.iter().position(|known| known.name == attribute.name);
    let is_class =
        !of.classes.is_empty() && (attribute.name == "class" || attribute.values == of.classes);
    let alike = || {
        of.attributes.iter().position(|known| !known.is_real() && known.values == attribute.values)
    };
    match (named, is_class) {
        (Some(number), _) => Some(Place::Attribute(number)),
        (None, true) => Some(Place::Class),
        (None, false) if attribute.name == "class" => alike().map(Place::Attribute),
        (None, false) => None,
    }
}

fn values(attribute: &Attribute) -> String {
    match (attribute.is_real(), attribute.values.len()) {
        (true, _) => "numbers".to_owned(),
        (_, 0..=6) => attribute.values.join(", "),
        (_, n) => format!("{} and {} more", attribute.values[..5].join(", "), n - 5),
    }
}

fn sides(image: &[usize]) -> String {
    image.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

/// The place of the largest logit, and its probability.
fn most_probable(logits: &[f32]) -> (f32, f32) {
    let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]).then(b.cmp(&a)));
    let best = best.unwrap_or(0);
    let sum: f32 = logits.iter().map(|logit| (logit - logits[best]).exp()).sum();
    (best as f32, sum.recip())
}

/// The mean place under the probabilities.
fn expected(logits: &[f32]) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = || logits.iter().map(|logit| (logit - most).exp());
    let sum: f32 = weights().sum();
    weights().enumerate().map(|(at, weight)| at as f32 * weight).sum::<f32>() / sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_are_read_as_a_value_and_its_probability_or_as_a_mean() {
        let (value, confidence) = most_probable(&[0.0, 3.0f32.ln(), 0.0]);
        assert_eq!(value, 1.0);
        assert!((confidence - 0.6).abs() < 1e-6);
        assert_eq!(most_probable(&[1.0, 1.0]).0, 0.0);
        assert!((expected(&[0.0, 0.0, 0.0]) - 1.0).abs() < 1e-6);
        assert!((expected(&[-50.0, -50.0, 50.0]) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn an_attribute_is_found_by_name_or_as_the_class() {
        let values =
            |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
        let digit = class("digit", &values(&["0", "1"]));
        let size = Attribute { kind: AttributeKind::Real, ..class("size", &[]) };
        let (classes, attributes) = (values(&["0", "1"]), [size.clone(), digit.clone()]);
        let of = Described { classes: &classes, attributes: &attributes };
        let labels = Described { attributes: &[], ..of };
        assert_eq!(place(&digit, of), Some(Place::Attribute(1)));
        assert_eq!(place(&digit, labels), Some(Place::Class));
        assert_eq!(place(&class("class", &classes), of), Some(Place::Class));
        let without = Described { classes: &[], ..of };
        assert_eq!(place(&class("class", &classes), without), Some(Place::Attribute(1)));
        assert_eq!(place(&size, labels), None);
    }
}
