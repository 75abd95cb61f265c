//! The pictures of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use workbench_sdk::prelude::*;

/// A folder's pictures, sorted by path within each split.
pub struct Files {
    /// The folder, without links in its path.
    root: PathBuf,
    /// Paths within it, split after split; their parts are joined by `/`.
    pub names: Vec<Box<str>>,
    /// How many each split has, in the order of [`SPLITS`]; `None` where there are no folders of that name.
    pub apart: Option<[u64; 3]>,
}

/// The splits, and what their folders may be called.
pub const SPLITS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("valid", &["valid", "val", "validation"]),
    ("test", &["test", "testing"]),
];
const ENDINGS: [&str; 13] =
    ["png", "jpg", "jpeg", "jfif", "webp", "gif", "bmp", "pbm", "pgm", "ppm", "pnm", "tif", "tiff"];
/// Folders in folders.
const DEEPEST: usize = 16;
/// Larger files are no pictures.
const LARGEST: u64 = 1 << 28;

impl Files {
    /// Looks a folder through.
    ///
    /// # Errors
    /// It is missing, holds no pictures, or a link in it leads out of it.
    pub fn find(folder: &Path) -> Result<Files> {
        Files::look(folder).map_err(|error| error.context(folder.display()))
    }

    fn look(folder: &Path) -> Result<Files> {
        let root = folder.canonicalize()?;
        let of =
            |split: usize| SPLITS[split].1.iter().copied().find(|name| root.join(name).is_dir());
        let apart = match (of(0), of(1), of(2)) {
            (Some(train), valid, Some(test)) => Some([Some(train), valid, Some(test)]),
            _ => None,
        };
        let mut files = Files { root, names: Vec::new(), apart: None };
        match apart {
            None => files.walk("", 0)?,
            Some(folders) => {
                let mut counts = [0; 3];
                for (count, name) in counts.iter_mut().zip(folders) {
                    let before = files.names.len();
                    if let Some(name) = name {
                        ensure!(
                            files.root.join(name).canonicalize()?.starts_with(&files.root),
                            "{name} is a link that leads out of the folder; put the folder itself there"
                        );
                        files.walk(name, 0)?;
                        ensure!(files.names.len() > before, "there is no picture in {name}/");
                    }
                    *count = (files.names.len() - before) as u64;
                }
                files.apart = Some(counts);
            }
        }
        ensure!(
            !files.names.is_empty(),
            "there is no picture in it: it looks for .{}",
            ENDINGS.join(", .")
        );
        u32::try_from(files.names.len())?;
        Ok(files)
    }

    /// Adds the pictures below a folder, by name.
    fn walk(&mut self, within: &str, depth: usize) -> Result<()> {
        ensure!(depth <= DEEPEST, "{within} is more than {DEEPEST} folders deep");
        let mut entries: Vec<_> =
            fs::read_dir(self.root.join(within))?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            // A name that is not UTF-8 can be in no table, and in no message.
            let Some(name) = name.to_str() else {
                bail!("{within}/{} has a name that is not UTF-8", name.to_string_lossy())
            };
            if name.starts_with('.') || name == "__MACOSX" {
                continue;
            }
            let path = if within.is_empty() { name.to_owned() } else { format!("{within}/{name}") };
            let mut kind = entry.file_type()?;
            if kind.is_symlink() {
                if !is_picture(name) && !entry.path().is_dir() {
                    continue;
                }
                let target = entry.path().canonicalize()?;
                ensure!(
                    target.starts_with(&self.root),
                    "{path} is a link that leads out of the folder; put the files themselves there"
                );
                kind = target.metadata()?.file_type();
                ensure!(
                    !kind.is_dir(),
                    "{path} is a link to a folder; put the folder itself there"
                );
            }
            if kind.is_dir() {
                self.walk(&path, depth + 1)?;
            } else if kind.is_file() && is_picture(name) {
                self.names.push(path.into());
            }
        }
        Ok(())
    }

    /// The path of a picture below the folder of its split.
    pub fn below_split(&self, place: usize) -> &str {
        let name = &self.names[place];
        match self.apart {
            Some(_) => name.split_once('/').map_or(name, |(_, rest)| rest),
            None => name,
        }
    }

    /// The bytes of a picture's file.
    ///
    /// # Errors
    /// It can't be read; the message names it.
    pub fn read(&self, place: usize) -> Result<Vec<u8>> {
        let path = self.root.join(&*self.names[place]);
        let read = || -> Result<Vec<u8>> {
            let length = path.metadata()?.len();
            ensure!(length <= LARGEST, "is {length} bytes long, too large for a picture");
            Ok(fs::read(&path)?)
        };
        read().map_err(|error| error.context(&self.names[place]))
    }
}

fn is_picture(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let files = Files::find(folder).unwrap_or_else(|error| panic!("{error}"));
        files.names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn pictures_are_found_in_the_order_of_their_names() {
        let folder = folder(&[
            "b/2.PNG",
            "b/1.jpeg",
            "a.gif",
            ".hidden/3.png",
            "note.txt",
            "__MACOSX/._1.png",
        ]);
        assert_eq!(names(folder.path()), ["a.gif", "b/1.jpeg", "b/2.PNG"]);
    }

    #[test]
    fn folders_may_be_the_splits() {
        let there =
            folder(&["train/cat/1.png", "train/dog/2.png", "val/cat/3.png", "test/dog/4.png"]);
        let files = Files::find(there.path()).ok().unwrap();
        assert_eq!(files.apart, Some([2, 1, 1]));
        assert_eq!(files.below_split(3), "dog/4.png");
        // One alone is a class like any other.
        let one = Files::find(folder(&["train/1.png", "station/2.png"]).path()).ok().unwrap();
        assert_eq!((one.apart, one.below_split(1)), (None, "train/1.png"));
    }

    #[test]
    fn an_empty_or_missing_folder_is_named() {
        let empty = folder(&["readme.txt"]);
        let said = |path: &Path| Files::find(path).err().unwrap().to_string();
        assert!(said(empty.path()).contains("no picture in it"));
        assert!(said(&empty.path().join("none")).contains("none"));
        assert!(
            said(folder(&["train/1.png", "test/note.txt"]).path()).contains("no picture in test/")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_folder_are_refused() {
        use std::os::unix::fs::symlink;
        let outside = folder(&["secret.png"]);
        let inside = folder(&["a/1.png"]);
        symlink(inside.path().join("a/1.png"), inside.path().join("again.png")).unwrap();
        assert_eq!(names(inside.path()), ["a/1.png", "again.png"]);
        let link = inside.path().join("b.png");
        symlink(outside.path().join("secret.png"), &link).unwrap();
        let said = || Files::find(inside.path()).err().unwrap().to_string();
        assert!(said().contains("b.png is a link that leads out"));
        fs::remove_file(&link).unwrap();
        symlink(outside.path(), inside.path().join("c")).unwrap();
        assert!(said().contains("c is a link that leads out"));
        fs::remove_file(inside.path().join("c")).unwrap();
        symlink(inside.path(), inside.path().join("d")).unwrap();
        assert!(said().contains("d is a link to a folder"));
        let splits = folder(&["test/1.png"]);
        symlink(outside.path(), splits.path().join("train")).unwrap();
        let said = Files::find(splits.path()).err().unwrap().to_string();
        assert!(said.contains("train is a link that leads out"), "{said}");
    }
}
