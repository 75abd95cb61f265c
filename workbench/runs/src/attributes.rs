//! What is known of images besides their pixels, by name: glasses, the colour of hair, an age.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A property that every image of a data set has a value of, known or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// No two of a data set share it.
    pub name: String,
    /// How its values are to be read.
    pub kind: AttributeKind,
    /// Names of its values, in order; none of a real one.
    #[serde(default)]
    pub values: Vec<String>,
    /// Between which a real one lies, where that is known.
    #[serde(default)]
    pub range: Option<[f64; 2]>,
}

/// How the values of an attribute are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeKind {
    /// Two values, the first of them "no".
    Binary,
    /// Values without an order.
    Categorical,
    /// Values in order.
    Ordinal,
    /// A number.
    Real,
}

/// An attribute, and its value for each of some images.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeColumn {
    /// Which.
    pub attribute: Attribute,
    /// The number of a real one, else the position of the value among its names; NaN where it is not known.
    pub of: Vec<f32>,
}

impl AttributeKind {
    /// As it is written in files: "binary".
    pub fn name(self) -> &'static str {
        match self {
            AttributeKind::Binary => "binary",
            AttributeKind::Categorical => "categorical",
            AttributeKind::Ordinal => "ordinal",
            AttributeKind::Real => "real",
        }
    }
}

impl Attribute {
    /// Whether its values are numbers rather than a few names.
    pub fn is_real(&self) -> bool {
        self.kind == AttributeKind::Real
    }

    /// The value that a person means: a name or its position, a number of a real one; "?" is NaN, not known.
    ///
    /// # Errors
    /// What could have been meant.
    pub fn parse(&self, text: &str) -> Result<f32, String> {
        if text == "?" {
            return Ok(f32::NAN);
        }
        let number = text.parse::<f32>().ok().filter(|number| number.is_finite());
        if self.is_real() {
            let number = number
                .ok_or_else(|| format!("`{}` is a number, and `{text}` is none", self.name))?;
            return match self.range {
                // What lies outside was never seen: a model would draw something all the same.
                Some([least, greatest]) if !(least as f32..=greatest as f32).contains(&number) => {
                    Err(format!(
                        "`{}` is {text}, and must be from {least} to {greatest}; \"?\" means that it is not known",
                        self.name
                    ))
                }
                _ => Ok(number),
            };
        }
        let named = self.values.iter().position(|name| name == text);
        let numbered = || text.parse::<usize>().ok().filter(|&at| at < self.values.len());
        named.or_else(numbered).map(|at| at as f32).ok_or_else(|| {
            format!("`{}` has no value `{text}`: there are {}", self.name, self.values.join(", "))
        })
    }

    /// A value in words: its name, or the number; "?" where it is not known.
    pub fn show(&self, value: f32) -> String {
        if value.is_nan() {
            return "?".to_owned();
        }
        match self.is_real() {
            true => format!("{}", (f64::from(value) * 1000.0).round() / 1000.0),
            false => match self.values.get(value as usize) {
                Some(name) => name.clone(),
                None => format!("{value}"),
            },
        }
    }

    /// The least and the greatest value that it can have, where they are known.
    pub fn span(&self) -> Option<[f64; 2]> {
        match self.is_real() {
            true => self.range,
            false => Some([0.0, self.values.len().saturating_sub(1) as f64]),
        }
    }
}

impl AttributeColumn {
    /// Whether it says what the class says: each value stands for one class, and each class for one value.
    pub fn repeats_class(&self, labels: &[i64]) -> bool {
        if self.attribute.is_real() || labels.len() != self.of.len() || labels.is_empty() {
            return false;
        }
        let (mut classes, mut values) = (BTreeMap::new(), BTreeMap::new());
        let pairs = self.indices().into_iter().zip(labels);
        let agree = pairs.into_iter().all(|(value, &class)| {
            value >= 0
                && *classes.entry(value).or_insert(class) == class
                && *values.entry(class).or_insert(value) == value
        });
        agree && classes.len() > 1
    }

    /// As positions among the names, -1 where it is not known; of no use for a real one.
    pub fn indices(&self) -> Vec<i64> {
        self.of.iter().map(|&value| if value.is_nan() { -1 } else { value as i64 }).collect()
    }

    /// How many images have each value, and of how many it is not known.
    pub fn counts(&self) -> (Vec<usize>, usize) {
        let mut counts = vec![0; self.attribute.values.len()];
        for at in self.indices() {
            if let Some(count) = usize::try_from(at).ok().and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
        }
        (counts, self.of.iter().filter(|value| value.is_nan()).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_shown() {
        let hair = Attribute {
            name: "hair".into(),
            kind: AttributeKind::Categorical,
            values: vec!["black".into(), "fair".into()],
            range: None,
        };
        for (text, value) in [("fair", 1.0), ("0", 0.0)] {
            assert_eq!(hair.parse(text), Ok(value));
        }
        assert_eq!(hair.show(1.0), "fair");
        assert_eq!(hair.show(hair.parse("?").unwrap()), "?");
        assert_eq!(hair.parse("2"), Err("`hair` has no value `2`: there are black, fair".into()));
        let age = Attribute { kind: AttributeKind::Real, values: vec![], ..hair.clone() };
        assert_eq!(age.parse("0.25").map(|value| age.show(value)), Ok("0.25".into()));
        assert!(age.parse("inf").is_err() && age.parse("old").is_err());
        assert!(age.parse("300").is_ok(), "its range is not known");
        let known = Attribute { range: Some([5.0, 90.0]), ..age.clone() };
        assert_eq!((known.parse("5"), known.parse("90")), (Ok(5.0), Ok(90.0)));
        let said = known.parse("300").unwrap_err();
        assert_eq!(
            said,
            "`hair` is 300, and must be from 5 to 90; \"?\" means that it is not known"
        );
        for wrong in ["NaN", "-inf", "4.9", "-5"] {
            assert!(known.parse(wrong).is_err(), "{wrong}");
        }
        assert!(known.parse("?").unwrap().is_nan());
        let same = AttributeColumn { attribute: hair.clone(), of: vec![1.0, 0.0, 1.0] };
        assert!(same.repeats_class(&[0, 1, 0]), "in another order");
        assert!(!same.repeats_class(&[0, 1, 1]) && !same.repeats_class(&[0, 0, 0]));
        assert!(!same.repeats_class(&[0, 1, 2]) && !same.repeats_class(&[]));
        let column = AttributeColumn { attribute: hair, of: vec![1.0, f32::NAN, 1.0] };
        assert!(!column.repeats_class(&[0, 1, 0]), "of one nothing is known");
        assert_eq!((column.indices(), column.counts()), (vec![1, -1, 1], (vec![0, 2], 1)));
    }
}
