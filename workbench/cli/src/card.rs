//! Data cards: `datasets/NAME/card.toml`.

mod content;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use workbench_fetch::{Size, Sums};

pub use content::{Content, FileEntry};

use crate::context::Context;
use crate::failure::{Failure, Result};

/// A data set as its card describes it.
#[derive(Clone, Debug)]
pub struct Card {
    pub name: String,
    pub folder: PathBuf,
    pub content: Content,
    /// Of the card itself.
    pub sha256: String,
}

impl Card {
    /// The card of this name.
    ///
    /// # Errors
    /// There is none (the nearest name is told), or it is not a card.
    pub fn find(context: &Context, name: &str) -> Result<Card> {
        let all = Card::folders(context);
        match all.get(name) {
            Some(folder) => Card::read(name, folder),
            None => {
                let near = workbench_experiment::nearest(name, all.keys().map(String::as_str));
                let hint = match (context.plugins.find(name), near) {
                    (Ok(_), _) => {
                        format!("; it is a plugin, without a card: `workbench plugin show {name}`")
                    }
                    (_, Some(near)) => format!("; did you mean `{near}`?"),
                    _ => String::new(),
                };
                Err(Failure::usage(format_args!("there is no data set `{name}`{hint}")))
            }
        }
    }

    /// Every name that has a card, and its folder.
    pub fn folders(context: &Context) -> BTreeMap<String, PathBuf> {
        let mut found = BTreeMap::new();
        for folder in context.dataset_folders() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().join("card.toml").is_file() {
                    found
                        .entry(entry.file_name().to_string_lossy().into_owned())
                        .or_insert(entry.path());
                }
            }
        }
        found
    }

    pub fn read(name: &str, folder: &Path) -> Result<Card> {
        let path = folder.join("card.toml");
        let (content, text) = Content::read(&path).map_err(Failure::usage)?;
        let sha256 = hex(&Sha256::digest(text.as_bytes()));
        Ok(Card { name: name.to_owned(), folder: folder.to_owned(), content, sha256 })
    }

    /// The files that are missing, or have another size than the card says.
    pub fn missing(&self) -> Vec<String> {
        self.content.files.iter().filter_map(|file| self.absence(file)).collect()
    }

    /// What is wrong with a file as far as a look at it tells; `None` where it is there.
    pub fn absence(&self, file: &FileEntry) -> Option<String> {
        let bytes = std::fs::metadata(self.path(file)).map(|meta| meta.len());
        match (bytes, file.size()) {
            (Err(_), _) => Some(format!("{} is missing", file.path.display())),
            (Ok(bytes), size) if size.allows(bytes) => None,
            (Ok(bytes), _) if file.also.iter().any(|packing| packing.bytes == bytes) => None,
            (Ok(bytes), Size::Exactly(n)) => {
                Some(format!("{} has {bytes} bytes instead of {n}", file.path.display()))
            }
            (Ok(bytes), Size::AtMost(n)) => {
                Some(format!("{} has {bytes} bytes, more than {n}", file.path.display()))
            }
        }
    }

    /// What is wrong with a file, read in full; `None` where it is as the card says, or, where the card has no sha256 of
    /// it, as it came.
    pub fn fault(&self, file: &FileEntry) -> Option<String> {
        let found = match workbench_fetch::digest(&self.path(file)) {
            Ok(found) => found,
            Err(error) => return Some(error.to_string()),
        };
        let packings = &file.also;
        match packings.iter().any(|p| p.bytes == found.bytes && p.sha256 == found.sha256) {
            true => None,
            false => found.fault(file.size(), &self.sums(file)),
        }
    }

    pub fn path(&self, file: &FileEntry) -> PathBuf {
        self.folder.join(&file.path)
    }

    /// The checksums that a file is to have: the card's, and where it has no sha256, the one that was recorded when the
    /// file came.
    pub fn sums(&self, file: &FileEntry) -> Sums {
        let sums = file.sums();
        let recorded = || workbench_fetch::recorded(&self.path(file));
        Sums { sha256: sums.sha256.or_else(recorded), ..sums }
    }

    /// The sha256 of a file that is there, as far as its size tells; `None` where none is known.
    pub fn likely_sha256(&self, file: &FileEntry) -> Option<String> {
        let bytes = std::fs::metadata(self.path(file)).map(|meta| meta.len()).ok();
        match file.also.iter().find(|packing| Some(packing.bytes) == bytes) {
            Some(packing) => Some(packing.sha256.clone()),
            None => self.sums(file).sha256,
        }
    }

    /// What to do about files that are missing or damaged.
    pub fn remedy(&self) -> String {
        let (name, content) = (&self.name, &self.content);
        if content.files.iter().any(FileEntry::can_be_fetched) {
            format!("`workbench data fetch {name}` gets them")
        } else if content.instructions.is_some() {
            format!("`workbench data fetch {name}` says how to get them")
        } else {
            format!(
                "they belong into {}; its card says where they come from",
                self.folder.display()
            )
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
