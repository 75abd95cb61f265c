//! Parameters as a plugin declares them, and an experiment's values checked against them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

/// A data set that a plugin offers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetInfo {
    pub name: String,
    pub about: String,
    pub parameters: Vec<ParamInfo>,
}

/// An architecture that a plugin offers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArchitectureInfo {
    pub name: String,
    pub about: String,
    pub parameters: Vec<ParamInfo>,
    pub knobs: Vec<KnobInfo>,
}

/// A live scalar that an architecture declares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KnobInfo {
    pub name: String,
    pub about: String,
    pub default: f64,
    pub min: f64,
    pub max: f64,
}

/// A parameter that a user may set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParamInfo {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ParamType,
    /// `None`: the user must set it.
    pub default: Option<Value>,
    /// Inclusive; `None` where unbounded.
    pub range: Option<[f64; 2]>,
    /// The only values allowed, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    pub about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamType {
    Bool,
    Int,
    Float,
    Text,
    Path,
    Ints,
    Texts,
}

/// A parameter's value. A path is a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

/// A value for every declared parameter, checked.
pub type Values = BTreeMap<String, Value>;

/// What is wrong with a value: which key, why, and what might have been meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ParamError {
    /// The offending key; for one that is missing, the key that should be there.
    pub key: String,
    pub message: String,
    pub help: Option<String>,
    /// The key is the mistake, not its value.
    pub unknown: bool,
}

/// Checks what a user gave against what a plugin declares, and fills in the defaults. Relative paths
/// become absolute against `base`.
///
/// # Errors
/// The first key that is unknown, missing, ill-typed or out of range.
pub fn check(
    declared: &[ParamInfo],
    given: &toml::Table,
    base: &Path,
) -> Result<Values, ParamError> {
    let known = |key: &str| declared.iter().any(|param| param.name == key);
    if let Some(key) = given.keys().find(|key| !known(key)) {
        return Err(unknown(key, declared));
    }
    let mut values = Values::new();
    for param in declared {
        let value = match (given.get(&param.name), &param.default) {
            (Some(value), _) => param.convert(value, base)?,
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(ParamError {
                    key: param.name.clone(),
                    message: format!("`{}` is missing: {}", param.name, param.about),
                    help: None,
                    unknown: false,
                });
            }
        };
        values.insert(param.name.clone(), value);
    }
    Ok(values)
}

/// The value as it stands in a resolved experiment file; `None` for a path that was left out.
impl From<&Value> for Option<toml::Value> {
    fn from(value: &Value) -> Option<toml::Value> {
        Some(match value {
            Value::Bool(value) => toml::Value::Boolean(*value),
            Value::Int(value) => toml::Value::Integer(*value),
            Value::Float(value) => toml::Value::Float(*value),
            Value::Text(value) if value.is_empty() => return None,
            Value::Text(value) => toml::Value::String(value.clone()),
            Value::Ints(values) => toml::Value::Array(
                values.iter().map(|value| toml::Value::Integer(*value)).collect(),
            ),
            Value::Texts(values) => toml::Value::Array(
                values.iter().map(|value| toml::Value::String(value.clone())).collect(),
            ),
        })
    }
}

impl ParamInfo {
    fn convert(&self, given: &toml::Value, base: &Path) -> Result<Value, ParamError> {
        let value = match (self.kind, given) {
            (ParamType::Bool, toml::Value::Boolean(value)) => Value::Bool(*value),
            (ParamType::Int, toml::Value::Integer(value)) => Value::Int(*value),
            (ParamType::Float, toml::Value::Float(value)) => Value::Float(*value),
            (ParamType::Float, toml::Value::Integer(value)) => Value::Float(*value as f64),
            (ParamType::Text, toml::Value::String(value)) => Value::Text(value.clone()),
            (ParamType::Path, toml::Value::String(value)) => {
                Value::Text(base.join(value).to_string_lossy().into_owned())
            }
            (ParamType::Ints, toml::Value::Array(values)) => {
                let whole: Option<Vec<i64>> = values.iter().map(toml::Value::as_integer).collect();
                Value::Ints(whole.ok_or_else(|| self.wrong_type(given))?)
            }
            // One number is a list of one: `size = 64`.
            (ParamType::Ints, toml::Value::Integer(value)) => Value::Ints(vec![*value]),
            (ParamType::Texts, toml::Value::Array(values)) => {
                let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
                let texts: Option<Vec<String>> = texts.collect();
                Value::Texts(texts.ok_or_else(|| self.wrong_type(given))?)
            }
            _ => return Err(self.wrong_type(given)),
        };
        self.check_choice(&value)?;
        self.check_range(&value)?;
        Ok(value)
    }

    /// Why it can't be what it is declared to be: a range that nothing is in, a default that it does not allow itself.
    pub(crate) fn contradiction(&self) -> Option<String> {
        if let Some([min, max]) = self.range
            && (min > max || min.is_nan() || max.is_nan())
        {
            return Some(format!("`{}` must be from {min} to {max}, which nothing is", self.name));
        }
        let default = self.default.as_ref()?;
        let error = self.check_choice(default).and_then(|()| self.check_range(default)).err()?;
        Some(format!("the default of {}", error.message))
    }

    fn wrong_type(&self, given: &toml::Value) -> ParamError {
        let wanted = match self.kind {
            ParamType::Bool => "true or false",
            ParamType::Int => "a whole number",
            ParamType::Float => "a number",
            ParamType::Text => "a text",
            ParamType::Path => "a path",
            ParamType::Ints => "a list of whole numbers",
            ParamType::Texts => "a list of texts",
        };
        self.error(
            format!("`{}` must be {wanted}, and is {} `{given}`", self.name, given.type_str()),
            None,
        )
    }

    fn check_choice(&self, value: &Value) -> Result<(), ParamError> {
        let texts = match value {
            Value::Text(text) => std::slice::from_ref(text),
            Value::Texts(texts) => texts,
            _ => &[],
        };
        let is_other = |text: &&String| !self.choices.is_empty() && !self.choices.contains(text);
        let Some(text) = texts.iter().find(is_other) else { return Ok(()) };
        let message = format!("`{}` is \"{text}\", and must be {}", self.name, self.allowed());
        let near = nearest(text, self.choices.iter().map(String::as_str));
        Err(self.error(message, near.map(|near| format!("did you mean \"{near}\"?"))))
    }

    fn check_range(&self, value: &Value) -> Result<(), ParamError> {
        let numbers: Vec<f64> = match value {
            Value::Int(value) => vec![*value as f64],
            Value::Float(value) => vec![*value],
            Value::Ints(values) => values.iter().map(|value| *value as f64).collect(),
            _ => Vec::new(),
        };
        let [min, max] = self.range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        match numbers.into_iter().find(|number| !(min..=max).contains(number)) {
            Some(number) => Err(self.error(
                format!("`{}` is {number}, and must be {}", self.name, self.allowed()),
                None,
            )),
            None => Ok(()),
        }
    }

    /// What may be given, in words: "from 1 to 4096", "\"he\" or \"pytorch\"".
    pub fn allowed(&self) -> String {
        if !self.choices.is_empty() {
            let quoted: Vec<String> =
                self.choices.iter().map(|choice| format!("\"{choice}\"")).collect();
            return quoted.join(" or ");
        }
        match self.range {
            Some([min, max]) if max == f64::INFINITY || max >= i64::MAX as f64 => {
                format!("at least {min}")
            }
            Some([min, max]) if min == f64::NEG_INFINITY => format!("at most {max}"),
            Some([min, max]) => format!("from {min} to {max}"),
            None => "any value".to_owned(),
        }
    }

    fn error(&self, message: String, help: Option<String>) -> ParamError {
        ParamError { key: self.name.clone(), message, help, unknown: false }
    }
}

/// The known word that is closest, where one is close enough to have been meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(word.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn unknown(key: &str, declared: &[ParamInfo]) -> ParamError {
    let names: Vec<&str> = declared.iter().map(|param| param.name.as_str()).collect();
    let help = match nearest(key, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it takes no parameters".to_owned(),
        None => format!("known are {}", names.join(", ")),
    };
    ParamError {
        key: key.to_owned(),
        message: format!("there is no parameter `{key}`"),
        help: Some(help),
        unknown: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Vec<ParamInfo> {
        let param = |name: &str, kind, default, range| ParamInfo {
            name: name.into(),
            kind,
            default,
            range,
            choices: vec![],
            about: format!("The {name}."),
        };
        let mut init = param("init", ParamType::Text, Some(Value::Text("he".into())), None);
        init.choices = vec!["he".into(), "pytorch".into()];
        let texts = param("attributes", ParamType::Texts, Some(Value::Texts(vec![])), None);
        vec![
            param("latent", ParamType::Int, Some(Value::Int(20)), Some([1.0, 4096.0])),
            param("images", ParamType::Path, None, None),
            init,
            texts,
            param("size", ParamType::Ints, Some(Value::Ints(vec![])), Some([1.0, 512.0])),
        ]
    }

    fn error(text: &str) -> (String, Option<String>) {
        let error = check(&declared(), &text.parse().unwrap(), Path::new("/data")).unwrap_err();
        (error.message, error.help)
    }

    #[test]
    fn defaults_are_filled_in_and_paths_are_made_absolute() {
        let values =
            check(&declared(), &"images = 'a.gz'".parse().unwrap(), Path::new("/data")).unwrap();
        assert_eq!(values["latent"], Value::Int(20));
        assert_eq!(values["images"], Value::Text("/data/a.gz".into()));
        let given = "images = 'a.gz'\nattributes = ['hair', 'age']".parse().unwrap();
        let values = check(&declared(), &given, Path::new("/data")).unwrap();
        assert_eq!(values["attributes"], Value::Texts(vec!["hair".into(), "age".into()]));
        for (text, size) in [("64", &[64][..]), ("[64]", &[64]), ("[48, 64]", &[48, 64])] {
            let given = format!("images = 'a.gz'\nsize = {text}").parse().unwrap();
            let values = check(&declared(), &given, Path::new("/data")).unwrap();
            assert_eq!(values["size"], Value::Ints(size.to_vec()));
        }
    }

    #[test]
    fn a_declaration_that_contradicts_itself_is_found() {
        assert!(declared().iter().all(|param| param.contradiction().is_none()));
        let with = |change: &dyn Fn(&mut ParamInfo)| {
            let mut param = declared().remove(0);
            change(&mut param);
            param.contradiction().unwrap()
        };
        let outside = with(&|param| param.range = Some([30.0, 40.0]));
        assert_eq!(outside, "the default of `latent` is 20, and must be from 30 to 40");
        let empty = with(&|param| param.range = Some([8.0, 1.0]));
        assert_eq!(empty, "`latent` must be from 8 to 1, which nothing is");
        let other = with(&|param| {
            param.default = Some(Value::Text("b".into()));
            param.choices = vec!["a".into()];
        });
        assert_eq!(other, "the default of `latent` is \"b\", and must be \"a\"");
    }

    #[test]
    fn each_mistake_has_its_own_words() {
        assert_eq!(
            error("images = 'a'\nlatent = 0").0,
            "`latent` is 0, and must be from 1 to 4096"
        );
        assert_eq!(error("latent = 2").0, "`images` is missing: The images.");
        assert_eq!(
            error("images = 'a'\nlatent = 'x'").0,
            "`latent` must be a whole number, and is string `\"x\"`"
        );
        assert_eq!(
            error("images = 'a'\nattributes = ['hair', 2]").0,
            "`attributes` must be a list of texts, and is array `[\"hair\", 2]`"
        );
        assert_eq!(error("images = 'a'\nsize = 0").0, "`size` is 0, and must be from 1 to 512");
        assert_eq!(error("laten = 2").1.unwrap(), "did you mean `latent`?");
        // No more than a third of the letters may differ.
        assert_eq!(nearest("seed", ["side"]), None);
        assert_eq!(
            error("zzzzz = 2").1.unwrap(),
            "known are latent, images, init, attributes, size"
        );
        let (message, help) = error("images = 'a'\ninit = 'pytroch'");
        assert_eq!(message, "`init` is \"pytroch\", and must be \"he\" or \"pytorch\"");
        assert_eq!(help.unwrap(), "did you mean \"pytorch\"?");
    }
}
