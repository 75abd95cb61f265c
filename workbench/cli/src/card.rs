//! Data cards: `datasets/NAME/card.toml`.

mod content;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

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
        match std::fs::metadata(self.folder.join(&file.path)) {
            Err(_) => Some(format!("{} is missing", file.path.display())),
            Ok(meta) if meta.len() != file.bytes => Some(format!(
                "{} has {} bytes instead of {}",
                file.path.display(),
                meta.len(),
                file.bytes
            )),
            Ok(_) => None,
        }
    }

    /// What is wrong with a file, read in full; `None` where it is as the card says.
    pub fn fault(&self, file: &FileEntry) -> Option<String> {
        match checksum(&self.folder.join(&file.path)) {
            Err(error) => Some(error.to_string()),
            Ok((bytes, _)) if bytes != file.bytes => {
                Some(format!("{bytes} bytes instead of {}", file.bytes))
            }
            Ok((_, sha256)) if sha256 != file.sha256 => Some(format!("sha256 is {sha256}")),
            Ok(_) => None,
        }
    }
}

fn checksum(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((bytes, hex(&hasher.finalize()))),
            n => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
