//! What an architecture is told of the data's attributes and captions, and how it conditions on them.

use std::panic::Location;

use workbench_abi as abi;

use crate::tensor::{Dim, Tensor};
use crate::{Graph, Kind};

/// An attribute of the data's items.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    pub name: String,
    pub kind: Kind,
    /// Names of its values, in order; none of a real one.
    pub values: Vec<String>,
    /// Between which a real one lies, where the data set says so.
    pub range: Option<[f64; 2]>,
}

impl Graph {
    /// The attributes of the data, in the data set's order.
    pub fn attributes(&self) -> Vec<Attribute> {
        let builder = &self.builder;
        let attribute = |number: i64| {
            let key = |of: &str| format!("attribute/{number}/{of}");
            let kind = match u32::try_from(builder.fact(&key("kind"))).unwrap_or(abi::REAL) {
                abi::BINARY => Kind::Binary,
                abi::CATEGORICAL => Kind::Categorical,
                abi::ORDINAL => Kind::Ordinal,
                _ => Kind::Real,
            };
            let values = 0..builder.fact(&key("values"));
            let value = |value: i64| builder.fact_text(&key(&format!("value/{value}")));
            Attribute {
                name: builder.fact_text(&key("name")).unwrap_or_default(),
                kind,
                values: values.map(|at| value(at).unwrap_or_default()).collect(),
                range: builder
                    .fact_float(&key("min"))
                    .zip(builder.fact_float(&key("max")))
                    .map(|(min, max)| [min, max]),
            }
        };
        (0..builder.fact("attributes")).map(attribute).collect()
    }

    /// The values of an attribute `[B]`: f32 of a real one, else i64, an index into its values. Where it is not known,
    /// a real one has the middle of its range (0 without one), an index is -1; [`Graph::known`] tells. "class" is the
    /// label, where no attribute is called so.
    #[track_caller]
    pub fn attribute(&self, name: &str) -> Tensor<'_> {
        match self.find(name, Location::caller()) {
            Ok(Some(_)) => self.input(&format!("attribute:{name}")),
            Ok(None) => self.input("label"),
            Err(refused) => refused,
        }
    }

    /// 1 where an attribute is known, 0 where it is not: `[B]` f32.
    #[track_caller]
    pub fn known(&self, name: &str) -> Tensor<'_> {
        match self.find(name, Location::caller()) {
            Ok(Some(_)) => self.input(&format!("known:{name}")),
            Ok(None) => self.constant(1.0).broadcast_like(self.input("label")),
            Err(refused) => refused,
        }
    }

    /// An attribute as something to be conditioned on, `[B, K]` f32: a categorical one as zeros and a one, K its
    /// values; others as one number, K = 1, from -1 (the first value, or the least of the range) to 1 (the last, the
    /// greatest), or a real one without a range as it is. Zeros alone where it is not known. "class" is the label,
    /// where no attribute is called so.
    #[track_caller]
    pub fn condition(&self, name: &str) -> Tensor<'_> {
        let here = Location::caller();
        let _here = self.builder.located(here);
        let attribute = match self.find(name, here) {
            Ok(Some(attribute)) => attribute,
            Ok(None) => return self.input("label").one_hot(self.classes()),
            Err(refused) => return refused,
        };
        let value = self.input(&format!("attribute:{name}"));
        let [min, max] = match attribute.kind {
            Kind::Categorical => return value.one_hot(attribute.values.len()),
            Kind::Binary | Kind::Ordinal => [0.0, attribute.values.len() as f64 - 1.0],
            Kind::Real => attribute.range.unwrap_or([-1.0, 1.0]),
        };
        let half = if max > min { (max - min) / 2.0 } else { 1.0 };
        let value = if attribute.kind == Kind::Real { value } else { value.to_f32() };
        let scaled = (value - (min + max) / 2.0) / half * self.input(&format!("known:{name}"));
        scaled.reshape(&[Dim::Batch(1), Dim::Fixed(1)])
    }

    /// The captions, `[B, L]` i64: bytes of UTF-8, 0 to 255, and 0 behind the end; zeros alone where there is none.
    #[track_caller]
    pub fn caption(&self) -> Tensor<'_> {
        self.input("caption")
    }

    /// L, the bytes of a caption; 0 where the data have none.
    pub fn caption_len(&self) -> usize {
        self.builder.fact("caption").try_into().unwrap_or(0)
    }

    /// The attribute of a name; `None` for "class", where that is the label.
    fn find(
        &self,
        name: &str,
        here: &'static Location<'static>,
    ) -> Result<Option<Attribute>, Tensor<'_>> {
        let all = self.attributes();
        if let Some(found) = all.iter().find(|attribute| attribute.name == name) {
            return Ok(Some(found.clone()));
        }
        if name == "class" && self.classes() > 0 {
            return Ok(None);
        }
        let names: Vec<&str> = all.iter().map(|attribute| attribute.name.as_str()).collect();
        let there = match names[..] {
            [] => "they have none".to_owned(),
            _ => format!("there are {}", names.join(", ")),
        };
        Err(self.refuse(format!("the data have no attribute `{name}`; {there}"), here))
    }
}
