//! What an item consists of.

use std::collections::BTreeSet;

use workbench_host::{Field, Kind, Role};

use super::{Data, judged};
use crate::conformance::outcome::Outcome;

pub fn fields(data: &mut Data) -> Outcome {
    judged(|| {
        let named = data.given.classes();
        let fields = data.dataset()?.fields();
        let mut seen = BTreeSet::new();
        for field in fields {
            let name = &field.name;
            if name.trim().is_empty() || !seen.insert(name) {
                let message = format!("a field is called \"{name}\", or two are");
                return Err(Outcome::failed(message, "each field has a name of its own"));
            }
            classes(field, named.as_deref())?;
        }
        let words: Vec<String> = fields.iter().map(in_words).collect();
        let words = words.join("; ");
        match fields.iter().find(|field| field.is_image()) {
            Some(image) if looks_turned(&image.dims) => Ok(Outcome::warning(
                format!("{words}; the image looks as if its channels came last"),
                "the order is [channels, height, width], or [channels, depth or frames, height, width]",
            )),
            _ => Ok(Outcome::passed(words)),
        }
    })
}

/// Of a label or an attribute: each has a name, and there are as many as the kind wants.
fn classes(field: &Field, named_by_card: Option<&[String]>) -> Result<(), Outcome> {
    let (name, own) = (&field.name, &field.classes);
    let wants_names = match field.role {
        Role::Label => named_by_card.is_none(),
        Role::Attribute => field.kind != Kind::Real,
        Role::Image(_) | Role::Caption => return Ok(()),
    };
    if wants_names && own.is_empty() {
        return Err(Outcome::failed(
            format!("`{name}` declares no classes"),
            "name them, in the order of their numbers; or a data card names them",
        ));
    }
    if field.role == Role::Attribute && field.kind == Kind::Binary && own.len() != 2 {
        let message = format!("`{name}` is binary and has {} names", own.len());
        return Err(Outcome::failed(message, "name both values, that of 0 first"));
    }
    let different: BTreeSet<&String> = own.iter().collect();
    if different.len() < own.len() || own.iter().any(|class| class.trim().is_empty()) {
        return Err(Outcome::failed(
            format!("two classes of `{name}` have one name, or one has none"),
            "classes are told apart by their names",
        ));
    }
    Ok(())
}

/// A few numbers last and many first: an image the other way round.
fn looks_turned(dims: &[usize]) -> bool {
    matches!(dims, [first, .., last] if dims.len() > 2 && *first > 4 && *last <= 4)
}

fn in_words(field: &Field) -> String {
    let dims: Vec<String> = field.dims.iter().map(usize::to_string).collect();
    let shape = if dims.is_empty() { String::new() } else { format!(" {}", dims.join("x")) };
    let classes = match field.classes.len() {
        0 => String::new(),
        n => format!(", {n} classes"),
    };
    format!("{} {}{shape}{classes}", field.name, field.dtype)
}
