//! The text of a data card.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use workbench_runs::toml_text;

/// A card is a page, and some lines a file.
const LARGEST: u64 = 1 << 20;

/// What a card says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    pub title: String,
    pub about: String,
    pub licence: String,
    pub source: String,
    /// The plugin that reads it.
    pub reader: String,
    /// Names of the classes, where the reader knows only numbers.
    pub classes: Option<Vec<String>>,
    /// The reader's parameters; paths are relative to the card.
    #[serde(default)]
    pub parameters: toml::Table,
    #[serde(default)]
    pub files: Vec<FileEntry>,
}

/// One of a data set's files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Within the card's folder.
    pub path: PathBuf,
    pub bytes: u64,
    pub sha256: String,
}

impl Content {
    /// Reads a card, and gives its text too.
    ///
    /// # Errors
    /// It can't be read, is too large or no card, or names a file that is not inside its folder.
    pub fn read(path: &Path) -> Result<(Content, String), String> {
        let text = toml_text::read_text(path, LARGEST).map_err(|error| error.to_string())?;
        let text = text.ok_or_else(|| format!("{}: there is no such file", path.display()))?;
        let content: Content = toml::from_str(&text)
            .map_err(|error| format!("{} is not a data card: {error}", path.display()))?;
        match content.files.iter().find(|file| !is_inside(&file.path)) {
            None => Ok((content, text)),
            Some(file) => Err(format!(
                "{}: the file {} is not inside the data set's folder",
                path.display(),
                file.path.display()
            )),
        }
    }
}

/// Whether a path names something inside the folder that it is relative to.
fn is_inside(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}
