//! What a judge tells of an image, and where the model's data have it.

use workbench_runs::Attribute;

/// The class or an attribute, as a judge predicts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub name: String,
    /// As the judge's data describe it; the class is a categorical attribute.
    pub attribute: Attribute,
    /// Where the model's data have it; `None` where they do not.
    pub place: Option<Place>,
}

/// Where a data set has a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Class,
    /// By its number.
    Attribute(usize),
}

/// How values of a target are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// So many values, by number: equal or not.
    Values(usize),
    /// Numbers between two. An ordinal attribute with many values is one: the number of the value.
    Number { least: f64, greatest: f64 },
}

/// An ordinal attribute with more values is compared as a number: a step more or less is no other thing.
const MOST_VALUES: usize = 10;
/// Numbers are put into so many parts of their range, where combinations of values are looked at.
pub const BINS: usize = 3;

impl Scale {
    pub fn of(attribute: &Attribute) -> Scale {
        let values = attribute.values.len();
        match attribute.kind {
            workbench_runs::AttributeKind::Real => {
                let [least, greatest] = attribute.range.unwrap_or([0.0, 1.0]);
                Scale::Number { least, greatest }
            }
            workbench_runs::AttributeKind::Ordinal if values > MOST_VALUES => {
                Scale::Number { least: 0.0, greatest: values.saturating_sub(1) as f64 }
            }
            _ => Scale::Values(values),
        }
    }

    /// Which value, or which part of the range, from 0; `None` where it is not known.
    pub fn bin(self, value: f32) -> Option<usize> {
        match self {
            _ if !value.is_finite() => None,
            Scale::Values(values) => Some(value as usize).filter(|&bin| bin < values),
            Scale::Number { .. } => {
                Some(((self.share(value) * BINS as f64) as usize).min(BINS - 1))
            }
        }
    }

    /// How many bins there are.
    pub fn bins(self) -> usize {
        match self {
            Scale::Values(values) => values,
            Scale::Number { .. } => BINS,
        }
    }

    /// Where a number stands in its range, from 0 to 1.
    pub fn share(self, value: f32) -> f64 {
        match self {
            Scale::Number { least, greatest } if greatest > least => {
                ((f64::from(value) - least) / (greatest - least)).clamp(0.0, 1.0)
            }
            _ => 0.0,
        }
    }

    /// `n` values to ask for: each in turn, or spread over the range.
    pub fn spread(self, n: usize) -> Vec<f32> {
        match self {
            Scale::Values(values) => (0..n).map(|i| (i % values.max(1)) as f32).collect(),
            Scale::Number { least, greatest } => between(least, greatest, n),
        }
    }

    /// `n` values of a bin.
    pub fn spread_in(self, bin: usize, n: usize) -> Vec<f32> {
        match self {
            Scale::Values(_) => vec![bin as f32; n],
            Scale::Number { least, greatest } => {
                let width = (greatest - least) / BINS as f64;
                let from = least + bin as f64 * width;
                between(from, from + width, n)
            }
        }
    }
}

impl Target {
    pub fn scale(&self) -> Scale {
        Scale::of(&self.attribute)
    }

    /// A bin in words: "red", or "redness 0.67 to 1".
    pub fn bin_name(&self, bin: usize) -> String {
        match self.scale() {
            Scale::Values(_) => self.attribute.show(bin as f32),
            Scale::Number { least, greatest } => {
                let at = |part: usize| {
                    self.attribute
                        .show((least + (greatest - least) * part as f64 / BINS as f64) as f32)
                };
                format!("{} to {}", at(bin), at(bin + 1))
            }
        }
    }
}

/// The middles of `n` equal parts.
fn between(least: f64, greatest: f64, n: usize) -> Vec<f32> {
    let part = (greatest - least) / n.max(1) as f64;
    (0..n).map(|i| (least + (i as f64 + 0.5) * part) as f32).collect()
}

#[cfg(test)]
mod tests {
    use workbench_runs::AttributeKind;

    use super::*;

    fn attribute(kind: AttributeKind, values: usize) -> Attribute {
        let values = (0..values).map(|value| format!("v{value}")).collect();
        Attribute { name: "it".into(), kind, values, range: Some([2.0, 8.0]) }
    }

    #[test]
    fn many_steps_are_a_number_and_few_are_values() {
        assert_eq!(Scale::of(&attribute(AttributeKind::Ordinal, 5)), Scale::Values(5));
        let many = Scale::of(&attribute(AttributeKind::Ordinal, 32));
        assert_eq!(many, Scale::Number { least: 0.0, greatest: 31.0 });
        assert_eq!(Scale::of(&attribute(AttributeKind::Categorical, 99)), Scale::Values(99));
    }

    #[test]
    fn numbers_are_spread_over_their_range_and_binned_in_thirds() {
        let scale = Scale::of(&attribute(AttributeKind::Real, 0));
        assert_eq!(scale.spread(3), [3.0, 5.0, 7.0]);
        assert_eq!(
            scale.spread(3).iter().map(|&x| scale.bin(x)).collect::<Vec<_>>(),
            [Some(0), Some(1), Some(2)]
        );
        assert!(scale.spread_in(2, 9).iter().all(|&x| scale.bin(x) == Some(2)));
        assert_eq!((scale.bin(f32::NAN), scale.bin(99.0), scale.share(5.0)), (None, Some(2), 0.5));
        assert_eq!(Scale::Values(2).spread(3), [0.0, 1.0, 0.0]);
        assert_eq!(Scale::Values(2).bin(2.0), None);
    }
}
