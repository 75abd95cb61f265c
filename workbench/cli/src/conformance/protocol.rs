//! What parent and child tell each other: a line of JSON each.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, State};

/// What a child is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The plugin's name, for messages.
    pub name: String,
    pub library: PathBuf,
    pub subject: Subject,
    /// `key=value` as given.
    pub values: Vec<String>,
    /// The data card's name.
    pub data: Option<String>,
    /// Seconds.
    pub deadline: f64,
    /// Checks of this subject that earlier children came to.
    pub done: Vec<(String, State)>,
}

/// What is checked: the library as a whole, or one of the things that it offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub kind: Kind,
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Library,
    Dataset,
    Architecture,
}

/// What a child has to tell.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Word {
    /// A check begins.
    Begins(String),
    Found(String, Outcome),
    Offers(Offers),
    Pictures(Vec<Picture>),
    /// All that was to be done is done.
    Done,
}

/// What a library declares.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Offers {
    pub name: String,
    pub version: String,
    pub abi: String,
    /// Each with the names of its parameters.
    pub items: Vec<(Subject, Vec<String>)>,
}

/// An item of a data set, to be drawn.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[u8; 3]>,
    pub caption: String,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Library => write!(f, "plugin `{}`", self.name),
            Kind::Dataset => write!(f, "data set `{}`", self.name),
            Kind::Architecture => write!(f, "architecture `{}`", self.name),
        }
    }
}
