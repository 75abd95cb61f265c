//! Attributes as a parameter declares them: `expression, glasses: binary, age: ordinal child|young|old`.

use crate::{Error, Kind, Result, bail, ensure};

/// The name of a column, and what is said of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    pub name: String,
    /// `None`: as the values look.
    pub kind: Option<Kind>,
    /// Their names in order; empty where they are to be found in the data.
    pub values: Vec<String>,
}

impl Declaration {
    /// Nothing but a name.
    pub fn of(name: &str) -> Declaration {
        Declaration { name: name.to_owned(), kind: None, values: Vec::new() }
    }

    /// Reads a list, separated by commas: each a name, and perhaps `: binary`, `: categorical`, `: ordinal` or `: real`,
    /// and perhaps the values, separated by `|`.
    ///
    /// # Errors
    /// An empty or repeated name, an unknown kind, values of a real one.
    pub fn list(text: &str) -> Result<Vec<Declaration>> {
        let mut list: Vec<Declaration> = Vec::new();
        for part in text.split(',') {
            let declaration = one(part.trim())
                .map_err(|error| error.context(format_args!("\"{}\"", part.trim())))?;
            if list.iter().any(|before| before.name == declaration.name) {
                bail!("the attribute `{}` is declared twice", declaration.name);
            }
            list.push(declaration);
        }
        Ok(list)
    }
}

fn one(text: &str) -> Result<Declaration> {
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let (name, rest) = (name.trim(), rest.trim());
    ensure!(
        !name.is_empty(),
        "an attribute without a name: write NAME or NAME: KIND, separated by commas"
    );
    if rest.is_empty() {
        return Ok(Declaration::of(name));
    }
    let (kind, values) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let kind = match kind {
        "binary" => Kind::Binary,
        "categorical" => Kind::Categorical,
        "ordinal" => Kind::Ordinal,
        "real" => Kind::Real,
        _ => {
            return Err(Error::new(format_args!(
                "`{kind}` is not binary, categorical, ordinal or real"
            )));
        }
    };
    let values: Vec<String> = values
        .split('|')
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
        .collect();
    ensure!(kind != Kind::Real || values.is_empty(), "a real attribute has no list of values");
    Ok(Declaration { name: name.to_owned(), kind: Some(kind), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_kinds_and_values() {
        let list = Declaration::list(" hair, glasses:binary , age: ordinal child | young|very old")
            .unwrap_or_default();
        assert_eq!(list[0], Declaration::of("hair"));
        assert_eq!((list[1].name.as_str(), list[1].kind), ("glasses", Some(Kind::Binary)));
        assert_eq!(list[2].values, ["child", "young", "very old"]);
    }

    #[test]
    fn mistakes_are_named() {
        let said = |text: &str| Declaration::list(text).unwrap_err().to_string();
        assert!(said("a,,b").contains("without a name"));
        assert!(said("a: nominal").contains("\"a: nominal\": `nominal` is not binary"));
        assert!(said("a, a: real").contains("twice"));
        assert!(said("a: real x|y").contains("no list"));
    }
}
