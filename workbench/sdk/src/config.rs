//! The values of a plugin's parameters, as the user set them.

use std::path::PathBuf;

use crate::export::HostRef;
use crate::{Error, Result, Scheme};

/// What the experiment says. The host has checked every value against its declaration and filled in
/// the defaults.
pub struct Config<'h> {
    pub(crate) host: HostRef<'h>,
}

/// A value as it comes from the host.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
}

impl Value {
    /// With the value where that alone may be why it does not fit.
    fn declared(&self) -> String {
        match self {
            Value::Bool(_) => "param::bool".to_owned(),
            Value::Int(value) => format!("param::int ({value})"),
            Value::Float(_) => "param::float".to_owned(),
            Value::Text(text) => format!("param::text or param::path ({text:?})"),
            Value::Ints(values) => format!("param::ints ({values:?})"),
            Value::Texts(values) => format!("param::texts ({values:?})"),
        }
    }
}

/// A type that a parameter can be read as.
pub trait FromValue: Sized {
    /// What is wanted, for the message: "a whole number".
    const WANTED: &'static str;
    fn from_value(value: Value) -> Option<Self>;
}

impl Config<'_> {
    /// The value of a declared parameter.
    ///
    /// # Errors
    /// The parameter was not declared in `PARAMS`, or does not fit the type asked for.
    #[track_caller]
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T> {
        // Not `ok_or_else`: the error is to carry the caller's line, and a closure has its own.
        let value = match self.host.param(name) {
            Some(value) => value,
            None => return Err(Error::new(format!("`{name}` is not declared in PARAMS"))),
        };
        let declared = value.declared();
        match T::from_value(value) {
            Some(value) => Ok(value),
            None => Err(Error::new(format!(
                "`{name}` is declared by {declared}, and is read as {}",
                T::WANTED
            ))),
        }
    }

    /// Writes a line to stderr, which for a detached run is its trainer.log.
    pub fn log(&self, message: &str) {
        self.host.log(message);
    }
}

macro_rules! from_int {
    ($($int:ty),*) => {$(
        impl FromValue for $int {
            const WANTED: &'static str = concat!("a whole number (", stringify!($int), ")");
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Int(value) => value.try_into().ok(),
                    _ => None,
                }
            }
        }

        impl FromValue for Vec<$int> {
            const WANTED: &'static str = concat!("a list of whole numbers (", stringify!($int), ")");
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    Value::Ints(values) => values.into_iter().map(|value| value.try_into().ok()).collect(),
                    _ => None,
                }
            }
        }
    )*};
}
from_int!(i64, u64, usize, u32);

impl FromValue for bool {
    const WANTED: &'static str = "true or false";
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }
}

impl FromValue for f64 {
    const WANTED: &'static str = "a number (f64)";
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Float(value) => Some(value),
            _ => None,
        }
    }
}

impl FromValue for String {
    const WANTED: &'static str = "a text";
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }
}

impl FromValue for Vec<String> {
    const WANTED: &'static str = "a list of texts";
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Texts(values) => Some(values),
            _ => None,
        }
    }
}

impl FromValue for PathBuf {
    const WANTED: &'static str = "a path";
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value).map(PathBuf::from)
    }
}

/// A path that may be left out: `None` where the user did not set it.
impl FromValue for Option<PathBuf> {
    const WANTED: &'static str = "a path";
    fn from_value(value: Value) -> Option<Self> {
        let path = PathBuf::from_value(value)?;
        Some((!path.as_os_str().is_empty()).then_some(path))
    }
}

impl FromValue for Scheme {
    const WANTED: &'static str = "\"he\" or \"pytorch\"";
    fn from_value(value: Value) -> Option<Self> {
        Scheme::from_name(&String::from_value(value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_what_they_are_declared_as_alone() {
        assert_eq!(usize::from_value(Value::Int(20)), Some(20));
        assert_eq!(u32::from_value(Value::Int(-1)), None);
        assert_eq!(f64::from_value(Value::Int(20)), None);
        assert_eq!(Option::<PathBuf>::from_value(Value::Text(String::new())), Some(None));
        assert_eq!(Value::Int(20).declared(), "param::int (20)");
        assert_eq!(Value::Text("a".to_owned()).declared(), "param::text or param::path (\"a\")");
    }
}
