//! What a model is told besides its code: classes and attributes as the command line gives them, and items of the data
//! for the rest.

use workbench_engine::Batch;
use workbench_experiment::nearest;
use workbench_runs::Attribute;
use workbench_trainer::{Asked, Source, Split, Transform, Wanted};

use crate::failure::{Failure, Result};
use crate::model::Model;

/// A class by its name, or its number.
pub fn class(class: &str, classes: &[String]) -> Result<usize> {
    let named = classes.iter().position(|name| name == class);
    let numbered = || class.parse().ok().filter(|number| *number < classes.len());
    named.or_else(numbered).ok_or_else(|| match classes {
        [] => Failure::usage("the data have no classes"),
        classes => Failure::usage(format_args!(
            "there is no class `{class}`: there are {}",
            classes.join(", ")
        )),
    })
}

/// Attributes by name, each with a value: `glasses=yes`.
pub fn attributes<'a>(
    given: &[String],
    attributes: &'a [Attribute],
) -> Result<Vec<(&'a Attribute, f32)>> {
    given.iter().map(|given| one(given, attributes)).collect()
}

fn one<'a>(given: &str, attributes: &'a [Attribute]) -> Result<(&'a Attribute, f32)> {
    // A name may hold the sign itself.
    let longest = |attribute: &&Attribute| {
        given.strip_prefix(&attribute.name).is_some_and(|rest| rest.starts_with('='))
    };
    let found = attributes.iter().filter(longest).max_by_key(|attribute| attribute.name.len());
    let Some(attribute) = found else {
        let names: Vec<&str> = attributes.iter().map(|a| a.name.as_str()).collect();
        let Some((name, _)) = given.split_once('=') else {
            return Err(Failure::usage(format_args!(
                "`{given}` is no attribute with a value, such as {}=…",
                names.first().unwrap_or(&"name")
            )));
        };
        return Err(Failure::usage(match (nearest(name, names.iter().copied()), &names[..]) {
            (_, []) => "the data have no attributes".to_owned(),
            (Some(near), _) => format!("there is no attribute `{name}`; did you mean `{near}`?"),
            (None, _) => format!("there is no attribute `{name}`: there are {}", names.join(", ")),
        }));
    };
    let value = &given[attribute.name.len() + 1..];
    Ok((attribute, attribute.parse(value).map_err(Failure::usage)?))
}

/// What a person wants pictures to be, where the model is told it.
///
/// # Errors
/// There is no such class or attribute, or the architecture is not conditioned on it.
pub fn wanted<'a>(
    model: &'a Model,
    class_name: Option<&str>,
    given: &[String],
) -> Result<Wanted<'a>> {
    let source = &model.prepared.source;
    let asked = Asked::of(&model.session);
    let class = class_name.map(|name| class(name, source.classes())).transpose()?;
    let architecture = &model.prepared.experiment.architecture.plugin;
    if class.is_some() && !asked.class {
        return Err(Failure::usage(format_args!(
            "architecture `{architecture}` is not conditioned on a class: it can't draw one by name"
        )));
    }
    let attributes = attributes(given, source.attributes())?;
    let other = attributes.iter().find(|(a, _)| !asked.attributes.contains(&a.name));
    if let Some((attribute, _)) = other {
        let name = &attribute.name;
        let told = match &asked.attributes[..] {
            [] => "it is told no attribute".to_owned(),
            told => format!("it is told {}", told.join(", ")),
        };
        return Err(Failure::usage(format_args!(
            "architecture `{architecture}` of this run is not conditioned on `{name}`: {told}"
        )));
    }
    Ok(Wanted { class, attributes })
}

/// The first items of the test split, `n` at most, as a model is given them; none where it is told nothing of items.
pub fn items(model: &Model, n: usize) -> Result<Batch> {
    let asked = Asked::of(&model.session);
    if asked.attributes.is_empty() && !asked.caption {
        return Ok(Batch::default());
    }
    let source = &model.prepared.source;
    let there = source.len("test").map_err(Failure::usage)?.unwrap_or(0).min(n as u64);
    let numbers: Vec<u64> = (0..there).collect();
    let split = Split::of_items(source, "test", &numbers)?;
    let places: Vec<u32> = (0..split.len() as u32).collect();
    Ok(split.batch(&places, Transform::fixed(&model.prepared.experiment))?)
}

#[cfg(test)]
mod tests {
    use workbench_runs::AttributeKind;

    use super::*;

    #[test]
    fn an_attribute_is_given_by_its_name_and_a_value() {
        let attribute = |name: &str, values: &[&str]| Attribute {
            name: name.into(),
            kind: AttributeKind::Ordinal,
            values: values.iter().map(|&value| value.into()).collect(),
            range: None,
        };
        let all = [attribute("size", &["small", "large"]), attribute("size=2", &["a=b", "c"])];
        let read = |text: &str| {
            let text = [text.to_owned()];
            attributes(&text, &all).map(|found| (found[0].0.name.clone(), found[0].1))
        };
        assert_eq!(read("size=large").unwrap(), ("size".into(), 1.0));
        assert_eq!(read("size=2=a=b").unwrap(), ("size=2".into(), 0.0));
        assert!(read("size=?").unwrap().1.is_nan());
        let wrong = |text: &str| read(text).unwrap_err().to_string();
        assert!(wrong("size=huge").contains("there are small, large"), "{}", wrong("size=huge"));
        assert!(wrong("sice=small").contains("did you mean `size`?"), "{}", wrong("sice=small"));
        assert!(wrong("large").contains("size=…"), "{}", wrong("large"));
    }
}
