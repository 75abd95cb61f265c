//! A root with one data set, `thing`, whose card a test writes.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use workbench_tests::Workbench;

pub struct Place {
    folder: TempDir,
}

/// Bytes without a pattern that a wrong place could hide in.
pub fn bytes(n: usize) -> Vec<u8> {
    let mut x = 1u32;
    let next = |_| {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> 24) as u8
    };
    (0..n).map(next).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file of a card, with its size and sum.
pub fn file(path: &str, contents: &[u8], addresses: &[String]) -> String {
    let (n, sum) = (contents.len(), sha256(contents));
    format!(
        "[[files]]\npath = {path:?}\nbytes = {n}\nsha256 = {sum:?}\naddresses = {addresses:?}\n"
    )
}

impl Place {
    pub fn new(files: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        for folder in ["plugins", "experiments", "datasets/thing"] {
            fs::create_dir_all(place.folder.path().join(folder)).unwrap();
        }
        place.card(files);
        place
    }

    pub fn card(&self, files: &str) {
        let head = "title = 'A thing'\nabout = 'For a test.'\nlicence = 'CC0'\nsource = 'here'\n";
        let text = format!("{head}reader = 'idx'\n{files}");
        fs::write(self.path("card.toml"), text).unwrap();
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// In the data set's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("datasets/thing").join(name)
    }

    /// What the data set's folder holds besides its card.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path("")).unwrap() {
            names.push(entry.unwrap().file_name().into_string().unwrap());
        }
        names.retain(|name| name != "card.toml");
        names.sort();
        names
    }

    pub fn workbench(&self) -> Workbench {
        Workbench::at(self.root())
    }
}
