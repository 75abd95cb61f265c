//! The text of a data card.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use workbench_fetch::{Size, Sums};
use workbench_runs::toml_text;

/// A card is a page, and some lines a file.
const LARGEST: u64 = 1 << 20;
/// How no file of a data set may end: these are the names of what is on its way, and of sums that were recorded.
const RESERVED: [&str; 3] = [".part", ".part.json", ".sha256"];

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
    /// How to get the files, where no command may.
    pub instructions: Option<String>,
    /// The reader's parameters; paths are relative to the card.
    #[serde(default)]
    pub parameters: toml::Table,
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// What files are unpacked from. They are needed for nothing else, and are not kept.
    #[serde(default)]
    pub archives: Vec<FileEntry>,
}

/// One of a data set's files, or an archive of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Within the card's folder.
    pub path: PathBuf,
    pub bytes: Option<u64>,
    /// In place of `bytes`, where the size is not known.
    pub at_most: Option<u64>,
    pub sha256: Option<String>,
    pub md5: Option<String>,
    /// Where it can be fetched from, tried in turn.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The `path` of the archive that it is a member of.
    pub archive: Option<PathBuf>,
    /// Its name there.
    pub member: Option<String>,
    /// The same contents packed otherwise, which are as good.
    #[serde(default)]
    pub also: Vec<Packing>,
}

/// A file as someone else has packed it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packing {
    pub bytes: u64,
    pub sha256: String,
}

impl FileEntry {
    pub fn size(&self) -> Size {
        match (self.bytes, self.at_most) {
            (Some(bytes), _) => Size::Exactly(bytes),
            (None, most) => Size::AtMost(most.unwrap_or(u64::MAX)),
        }
    }

    /// As the card has them.
    pub fn sums(&self) -> Sums {
        Sums { sha256: self.sha256.clone(), md5: self.md5.clone() }
    }

    /// Whether the card says where it comes from.
    pub fn can_be_fetched(&self) -> bool {
        !self.addresses.is_empty() || self.archive.is_some()
    }
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
        content.check().map_err(|why| format!("{}: {why}", path.display()))?;
        Ok((content, text))
    }

    fn check(&self) -> Result<(), String> {
        let mut seen = BTreeSet::from([Path::new("card.toml")]);
        for file in self.files.iter().chain(&self.archives) {
            let name = file.path.display();
            if !is_inside(&file.path) {
                return Err(format!("the file {name} is not inside the data set's folder"));
            }
            let text = file.path.to_string_lossy();
            if !seen.insert(&file.path) || RESERVED.iter().any(|ending| text.ends_with(ending)) {
                let why = "no file of a data set can be called so, or be named twice";
                return Err(format!("the file {name}: {why}"));
            }
            self.check_file(file).map_err(|why| format!("the file {name}: {why}"))?;
        }
        Ok(())
    }

    fn check_file(&self, file: &FileEntry) -> Result<(), String> {
        if file.bytes.is_some() == file.at_most.is_some() {
            return Err("one of `bytes` and `at_most` says its size".to_owned());
        }
        let also = file.also.iter().map(|packing| &packing.sha256);
        for (sum, digits) in file
            .sha256
            .iter()
            .chain(also)
            .map(|sum| (sum, 64))
            .chain(file.md5.iter().map(|sum| (sum, 32)))
        {
            let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
            if sum.len() != digits || !sum.bytes().all(is_digit) {
                return Err(format!("{sum} is not a checksum of {digits} digits 0-9 a-f"));
            }
        }
        let web = |address: &&String| {
            !(address.starts_with("http://") || address.starts_with("https://"))
        };
        if let Some(address) = file.addresses.iter().find(web) {
            return Err(format!("{address} begins neither with http:// nor with https://"));
        }
        match (&file.archive, &file.member) {
            (None, None) => Ok(()),
            (Some(archive), Some(_)) => {
                match self.archives.iter().any(|entry| entry.path == *archive) {
                    true => Ok(()),
                    false => Err(format!("the card has no archive {}", archive.display())),
                }
            }
            _ => Err("`archive` and `member` are given together".to_owned()),
        }
    }
}

/// Whether a path names something inside the folder that it is relative to.
fn is_inside(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(files: &str) -> Result<(), String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("card.toml");
        let head = "title = ''\nabout = ''\nlicence = ''\nsource = ''\nreader = 'idx'\n";
        std::fs::write(&path, format!("{head}{files}")).unwrap();
        Content::read(&path).map(|_| ())
    }

    #[test]
    fn a_card_with_files_that_make_no_sense_is_refused() {
        let sum = "a".repeat(64);
        let good = format!("[[files]]\npath = 'a/b.gz'\nbytes = 3\nsha256 = '{sum}'\n");
        assert_eq!(said(&good), Ok(()));
        let archive = "[[archives]]\npath = 'a.zip'\nbytes = 3\naddresses = ['http://x/a.zip']\n";
        let member = "[[files]]\npath = 'a'\nat_most = 3\narchive = 'a.zip'\nmember = '../a'\n";
        assert_eq!(said(&format!("{archive}{member}")), Ok(()));
        for (files, why) in [
            (good.replace("a/b.gz", "../b.gz"), "not inside"),
            (good.replace("a/b.gz", "/b.gz"), "not inside"),
            (good.replace("a/b.gz", "a/../../b.gz"), "not inside"),
            (good.replace("a/b.gz", "card.toml"), "card.toml: no file"),
            (good.replace("a/b.gz", "b.part"), "b.part: no file"),
            (format!("{good}{good}"), "named twice"),
            (good.replace("bytes = 3\n", ""), "says its size"),
            (good.replace("bytes = 3", "bytes = 3\nat_most = 3"), "says its size"),
            (good.replace(&sum, "abc"), "not a checksum"),
            (good.replace(&sum, &"A".repeat(64)), "not a checksum"),
            (format!("{good}md5 = '{sum}'"), "not a checksum"),
            (format!("{good}addresses = ['ftp://x/a']"), "neither with http://"),
            (format!("{good}addresses = ['file:///etc/passwd']"), "neither with http://"),
            (member.to_owned(), "no archive a.zip"),
            (format!("{good}member = 'a'"), "given together"),
            (format!("{good}mirror = 'a'"), "unknown field"),
        ] {
            let error = said(&files).expect_err(&files);
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
