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
        let shown = format!("{value:?}");
        match T::from_value(value) {
            Some(value) => Ok(value),
            None => Err(Error::new(format!("`{name}` is {shown}, and is read as {}", T::WANTED))),
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
    const WANTED: &'static str = "a number";
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
