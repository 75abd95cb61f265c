//! Classes and attributes as numbers that a code is regressed on.

use workbench_analysis::Row;
use workbench_runs::{Attribute, AttributeKind};

/// The features of attributes, as an architecture's `condition` encodes them: a categorical one as zeros and a one, others as
/// a number from -1 to 1, or a real one without a range as it is; zeros where it is not known. Where there are classes too,
/// theirs are zeros and a one, so that what tells the classes apart is not taken for an attribute's.
pub(super) struct Features<'a> {
    attributes: Vec<(&'a Attribute, usize)>,
    /// Where those of the classes begin.
    classes: usize,
    /// F.
    pub count: usize,
}

impl Features<'_> {
    pub fn of(attributes: &[Attribute], classes: usize) -> Features<'_> {
        let mut count = 0;
        let place = |attribute| {
            let first = count;
            count += width(attribute);
            (attribute, first)
        };
        let attributes = attributes.iter().map(place).collect();
        Features { attributes, classes: count, count: count + classes }
    }

    /// Those of an item: `value` tells that of an attribute, NaN where it is not known.
    pub fn row(&self, value: impl Fn(usize) -> f32, label: Option<usize>) -> Row {
        let mut row = Row::new();
        for (at, (attribute, first)) in self.attributes.iter().enumerate() {
            let value = value(at);
            if value.is_nan() {
                continue;
            }
            let [min, max] = match attribute.kind {
                AttributeKind::Categorical => {
                    if (value as usize) < attribute.values.len() {
                        row.push((first + value as usize, 1.0));
                    }
                    continue;
                }
                AttributeKind::Binary | AttributeKind::Ordinal => {
                    [0.0, attribute.values.len() as f64 - 1.0]
                }
                AttributeKind::Real => attribute.range.unwrap_or([-1.0, 1.0]),
            };
            let half = if max > min { (max - min) / 2.0 } else { 1.0 };
            row.push((*first, (f64::from(value) - (min + max) / 2.0) / half));
        }
        row.extend(
            label
                .filter(|label| self.classes + label < self.count)
                .map(|l| (self.classes + l, 1.0)),
        );
        row
    }

    /// Adds a regression's value `[D]` at some features: weights `[F + 1, D]`, the intercept last.
    pub fn add(&self, weights: &[f64], row: &Row, to: &mut [f64]) {
        self.add_times(1.0, weights, row, to);
    }

    /// Takes it away again.
    pub fn subtract(&self, weights: &[f64], row: &Row, from: &mut [f64]) {
        self.add_times(-1.0, weights, row, from);
    }

    fn add_times(&self, sign: f64, weights: &[f64], row: &Row, to: &mut [f64]) {
        let dims = to.len();
        for (at, x) in row.iter().copied().chain([(self.count, 1.0)]) {
            let weights = &weights[at * dims..(at + 1) * dims];
            to.iter_mut().zip(weights).for_each(|(to, weight)| *to += sign * x * weight);
        }
    }
}

fn width(attribute: &Attribute) -> usize {
    match attribute.kind {
        AttributeKind::Categorical => attribute.values.len(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_encoded_as_architectures_have_it() {
        let attribute = |kind, values: &[&str], range| Attribute {
            name: "a".into(),
            kind,
            values: values.iter().map(|&value| value.into()).collect(),
            range,
        };
        let all = [
            attribute(AttributeKind::Categorical, &["a", "b", "c"], None),
            attribute(AttributeKind::Ordinal, &["a", "b", "c"], None),
            attribute(AttributeKind::Real, &[], Some([10.0, 30.0])),
            attribute(AttributeKind::Real, &[], None),
        ];
        let features = Features::of(&all, 2);
        assert_eq!(features.count, 3 + 1 + 1 + 1 + 2);
        let values = [1.0, 2.0, 15.0, 7.0];
        let row = features.row(|at| values[at], Some(1));
        assert_eq!(row, [(1, 1.0), (3, 1.0), (4, -0.5), (5, 7.0), (7, 1.0)]);
        assert!(features.row(|_| f32::NAN, None).is_empty());
        let mut z = [0.0];
        let weights: Vec<f64> = (0..9).map(f64::from).collect();
        features.add(&weights, &row, &mut z);
        assert_eq!(z, [1.0 + 3.0 - 2.0 + 35.0 + 7.0 + 8.0]);
        features.subtract(&weights, &row, &mut z);
        assert_eq!(z, [0.0]);
    }
}
