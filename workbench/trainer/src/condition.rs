//! What pictures are conditioned on: the class, the attributes and the caption of an item.

use workbench_engine::{Batch, Input, Session};
use workbench_runs::Attribute;

/// What a person asks for; the rest is as the items have it.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    pub class: Option<usize>,
    /// Values as [`Attribute::parse`] gives them: NaN is not known.
    pub attributes: Vec<(&'a Attribute, f32)>,
}

/// What `n` decoded pictures are conditioned on: the class that is wanted, or each in turn; attributes and captions of
/// the items of a batch in turn, but for the attributes that are wanted. An architecture that does not ask for it ignores
/// it.
pub fn condition(items: &Batch, n: usize, classes: usize, wanted: &Wanted) -> Batch {
    let held = items.inputs.values().next().map_or(0, |input| input.shape()[0]);
    let rows: Vec<usize> = (0..n).map(|i| i % held.max(1)).collect();
    let mut batch = if held == 0 { Batch::default() } else { of_items(items, &rows) };
    if classes > 0 {
        let labels = (0..n).map(|i| wanted.class.unwrap_or(i % classes) as i64).collect();
        batch = batch.with_i64("label", &[n], labels);
    }
    for (attribute, value) in &wanted.attributes {
        batch = with_attribute(batch, attribute, &vec![*value; n]);
    }
    batch
}

/// What some of a batch's items are conditioned on, by their places in it; one may be named again.
pub fn of_items(batch: &Batch, items: &[usize]) -> Batch {
    let mut given = Batch::default();
    for (name, input) in batch.inputs.iter().filter(|(name, _)| *name != "x") {
        let shape = [&[items.len()], &input.shape()[1..]].concat();
        let size: usize = shape[1..].iter().product();
        given = match input {
            Input::F32(array) => given.with_f32(name, &shape, rows(&array.data, items, size)),
            Input::I64 { data, .. } => given.with_i64(name, &shape, rows(data, items, size)),
        };
    }
    given
}

/// Adds an attribute's values, NaN where it is not known, as architectures are given them: `attribute:NAME` `[B]` and
/// `known:NAME` `[B]`.
pub fn with_attribute(batch: Batch, attribute: &Attribute, values: &[f32]) -> Batch {
    let (name, shape) = (format!("attribute:{}", attribute.name), [values.len()]);
    let batch = match attribute.is_real() {
        true => {
            let [min, max] = attribute.range.unwrap_or_default();
            let middle = ((min + max) / 2.0) as f32;
            let real = |&value: &f32| if value.is_nan() { middle } else { value };
            batch.with_f32(&name, &shape, values.iter().map(real).collect())
        }
        false => {
            let index = |&value: &f32| if value.is_nan() { -1 } else { value as i64 };
            batch.with_i64(&name, &shape, values.iter().map(index).collect())
        }
    };
    let known = values.iter().map(|value| f32::from(u8::from(!value.is_nan()))).collect();
    batch.with_f32(&format!("known:{}", attribute.name), &shape, known)
}

/// The values that [`with_attribute`] was given.
pub fn attribute_of(batch: &Batch, attribute: &Attribute) -> Vec<f32> {
    let of = |kind: &str| batch.inputs.get(&format!("{kind}:{}", attribute.name));
    match (of("attribute"), of("known")) {
        (Some(Input::I64 { data, .. }), _) => {
            data.iter().map(|&at| if at < 0 { f32::NAN } else { at as f32 }).collect()
        }
        (Some(Input::F32(values)), Some(Input::F32(known))) => {
            let pairs = values.data.iter().zip(&known.data);
            pairs.map(|(&value, &known)| if known == 0.0 { f32::NAN } else { value }).collect()
        }
        _ => Vec::new(),
    }
}

fn rows<T: Copy>(data: &[T], items: &[usize], size: usize) -> Vec<T> {
    items.iter().flat_map(|&item| data[item * size..(item + 1) * size].iter().copied()).collect()
}

/// What a model asks for besides its code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    pub class: bool,
    pub caption: bool,
    /// Names of the attributes.
    pub attributes: Vec<String>,
}

impl Asked {
    /// By the inputs of its graph.
    pub fn of(session: &Session) -> Asked {
        let mut asked = Asked::default();
        for input in session.graph().inputs() {
            match (input.name.as_str(), input.name.strip_prefix("attribute:")) {
                ("label", _) => asked.class = true,
                ("caption", _) => asked.caption = true,
                (_, Some(attribute)) => asked.attributes.push(attribute.to_owned()),
                _ => {}
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use workbench_engine::Array;
    use workbench_runs::AttributeKind;

    use super::*;

    fn hair() -> Attribute {
        let values = vec!["black".into(), "fair".into()];
        Attribute { name: "hair".into(), kind: AttributeKind::Categorical, values, range: None }
    }

    fn ints(batch: &Batch, name: &str) -> Vec<i64> {
        match &batch.inputs[name] {
            Input::I64 { data, .. } => data.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn floats(batch: &Batch, name: &str) -> Vec<f32> {
        match &batch.inputs[name] {
            Input::F32(Array { data, .. }) => data.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn classes_take_turns_unless_one_is_asked_for() {
        let labels = |class| {
            let wanted = Wanted { class, ..Wanted::default() };
            ints(&condition(&Batch::default(), 3, 2, &wanted), "label")
        };
        assert_eq!(labels(None), [0, 1, 0]);
        assert_eq!(labels(Some(1)), [1, 1, 1]);
    }

    #[test]
    fn attributes_are_those_of_the_items_unless_one_is_asked_for() {
        let items = Batch::default().with_f32("x", &[2, 1, 1, 1], vec![0.0; 2]);
        let items = with_attribute(items, &hair(), &[1.0, f32::NAN]);
        let items = items.with_i64("caption", &[2, 2], vec![1, 2, 3, 4]);
        let given = condition(&items, 3, 0, &Wanted::default());
        assert!(!given.inputs.contains_key("x") && !given.inputs.contains_key("label"));
        assert_eq!(ints(&given, "attribute:hair"), [1, -1, 1]);
        assert_eq!(floats(&given, "known:hair"), [1.0, 0.0, 1.0]);
        assert_eq!(ints(&given, "caption"), [1, 2, 3, 4, 1, 2]);
        let hair = hair();
        let wanted = Wanted { class: None, attributes: vec![(&hair, 0.0)] };
        let given = condition(&items, 2, 0, &wanted);
        assert_eq!(ints(&given, "attribute:hair"), [0, 0]);
        assert_eq!(floats(&given, "known:hair"), [1.0, 1.0]);
    }

    #[test]
    fn an_unknown_number_is_the_middle_of_its_range() {
        let age = Attribute { kind: AttributeKind::Real, values: vec![], ..hair() };
        let given = with_attribute(Batch::default(), &age, &[f32::NAN, 7.0]);
        assert_eq!(floats(&given, "attribute:hair"), [0.0, 7.0]);
        let age = Attribute { range: Some([10.0, 30.0]), ..age };
        let given = with_attribute(Batch::default(), &age, &[f32::NAN, 7.0]);
        assert_eq!(floats(&given, "attribute:hair"), [20.0, 7.0]);
        assert_eq!(floats(&given, "known:hair"), [0.0, 1.0]);
    }
}
