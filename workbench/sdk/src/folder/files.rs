//! The items of a folder: files, or folders of files.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use super::natural;
use crate::{Result, bail, ensure};

/// What is looked for in a folder.
#[derive(Clone, Copy, Debug)]
pub struct Sought {
    /// What messages call an item: "picture".
    pub noun: &'static str,
    /// How the names of files end that are items.
    pub endings: &'static [&'static str],
    /// How the names of files end of which all in a folder are one item together.
    pub parts: &'static [&'static str],
    /// Larger files, in bytes, are refused.
    pub largest: u64,
}

/// A folder's items, sorted by path within each split.
pub struct Files {
    sought: Sought,
    /// The folder, without links in its path.
    root: PathBuf,
    /// Paths within it; their parts are joined by `/`.
    pub names: Vec<Box<str>>,
    /// Where folders say what the splits are.
    apart: Option<Apart>,
}

struct Apart {
    /// Of each item, a number of [`SPLITS`].
    of: Vec<usize>,
    /// Which part of the path says it.
    level: usize,
}

/// The splits, and what their folders may be called.
pub const SPLITS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("valid", &["valid", "val", "validation"]),
    ("test", &["test", "testing"]),
];
/// Folders in folders.
const DEEPEST: usize = 16;

impl Files {
    /// Looks a folder through. Where it has `train/` and `test/` (and perhaps `valid/`), or where each of its folders has
    /// them, as ModelNet's do, these are the splits.
    ///
    /// # Errors
    /// It is missing, holds no items, or a link in it leads out of it.
    pub fn find(folder: &Path, sought: Sought) -> Result<Files> {
        Files::look(folder, sought).map_err(|error| error.context(folder.display()))
    }

    /// So many items that are in one file together, called by their numbers from 0.
    pub fn numbered(file: &Path, items: usize, sought: Sought) -> Files {
        let names = (0..items).map(|number| number.to_string().into()).collect();
        Files { sought, root: file.to_owned(), names, apart: None }
    }

    /// The folder, or the file that all are in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn look(folder: &Path, sought: Sought) -> Result<Files> {
        let root = folder.canonicalize()?;
        let of =
            |split: usize| SPLITS[split].1.iter().copied().find(|name| root.join(name).is_dir());
        let apart = match (of(0), of(1), of(2)) {
            (Some(train), valid, Some(test)) => Some([Some(train), valid, Some(test)]),
            _ => None,
        };
        let mut files = Files { sought, root, names: Vec::new(), apart: None };
        let noun = sought.noun;
        match apart {
            None => {
                files.walk("", 0)?;
                files.apart = files.apart_in_classes();
            }
            Some(folders) => {
                let mut of = Vec::new();
                for (split, name) in folders.into_iter().enumerate() {
                    let Some(name) = name else { continue };
                    ensure!(
                        files.root.join(name).canonicalize()?.starts_with(&files.root),
                        "{name} is a link that leads out of the folder; put the folder itself there"
                    );
                    files.walk(name, 0)?;
                    ensure!(files.names.len() > of.len(), "there is no {noun} in {name}/");
                    of.resize(files.names.len(), split);
                }
                files.apart = Some(Apart { of, level: 0 });
            }
        }
        ensure!(
            !files.names.is_empty(),
            "there is no {noun} in it: it looks for .{}",
            [sought.endings, sought.parts].concat().join(", .")
        );
        u32::try_from(files.names.len())?;
        Ok(files)
    }

    /// Splits by the second part of each path, where every one says what it is, and both train and test are there.
    fn apart_in_classes(&self) -> Option<Apart> {
        let split = |name: &str| {
            let mut parts = name.split('/').skip(1);
            let second = parts.next()?;
            // What follows is the item itself.
            parts.next()?;
            SPLITS.iter().position(|(_, names)| names.contains(&second))
        };
        let of: Vec<usize> = self.names.iter().map(|name| split(name)).collect::<Option<_>>()?;
        (of.contains(&0) && of.contains(&2)).then_some(Apart { of, level: 1 })
    }

    /// Adds the items below a folder, by name.
    fn walk(&mut self, within: &str, depth: usize) -> Result<()> {
        ensure!(depth <= DEEPEST, "{within} is more than {DEEPEST} folders deep");
        let noun = self.sought.noun;
        let before = self.names.len();
        let mut parts = 0;
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
            let (item, part) = (ends(name, self.sought.endings), ends(name, self.sought.parts));
            let mut kind = entry.file_type()?;
            if kind.is_symlink() {
                if !item && !part && !entry.path().is_dir() {
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
            } else if kind.is_file() && item {
                self.names.push(path.into());
            } else if kind.is_file() && part {
                parts += 1;
            }
        }
        if parts > 0 {
            ensure!(
                self.names.len() == before,
                "{within}/ holds pictures beside {}: is it one {noun}, or does it hold several?",
                self.names[before]
            );
            ensure!(
                depth > 0,
                "pictures lie in {}; put those of each {noun} into a folder of its own",
                if within.is_empty() { "the folder itself" } else { within }
            );
            self.names.push(within.into());
        }
        Ok(())
    }

    /// What messages call an item.
    pub fn noun(&self) -> &'static str {
        self.sought.noun
    }

    /// The split of each item, as a number of [`SPLITS`], where folders say it.
    pub fn splits(&self) -> Option<&[usize]> {
        self.apart.as_ref().map(|apart| &apart.of[..])
    }

    /// The path of an item without the folder of its split.
    pub fn without_split(&self, place: usize) -> Cow<'_, str> {
        let name = &self.names[place];
        match &self.apart {
            None => Cow::Borrowed(name),
            Some(Apart { level: 0, .. }) => {
                Cow::Borrowed(name.split_once('/').map_or(name, |(_, rest)| rest))
            }
            Some(Apart { level, .. }) => {
                let parts = name.split('/').enumerate().filter(|(at, _)| at != level);
                Cow::Owned(parts.map(|(_, part)| part).collect::<Vec<_>>().join("/"))
            }
        }
    }

    /// Whether an item is a folder of files, which [`parts`](Files::parts) lists.
    pub fn is_folder(&self, place: usize) -> bool {
        !ends(&self.names[place], self.sought.endings)
    }

    /// The files of an item that is a folder, by name: 2 comes before 10.
    ///
    /// # Errors
    /// It can't be looked through; the message names it.
    pub fn parts(&self, place: usize) -> Result<Vec<String>> {
        let list = || -> Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(self.root.join(&*self.names[place]))? {
                let name = entry?.file_name();
                names
                    .extend(name.to_str().filter(|name| !name.starts_with('.')).map(str::to_owned));
            }
            names.retain(|name| ends(name, self.sought.parts));
            names.sort_by(|a, b| natural::compare(a, b));
            Ok(names)
        };
        list().map_err(|error| error.context(&self.names[place]))
    }

    /// The bytes of an item's file.
    ///
    /// # Errors
    /// It can't be read; the message names it.
    pub fn read(&self, place: usize) -> Result<Vec<u8>> {
        self.load(&self.names[place])
    }

    /// The bytes of one of an item's [`parts`](Files::parts).
    ///
    /// # Errors
    /// It can't be read; the message names it.
    pub fn read_part(&self, place: usize, part: &str) -> Result<Vec<u8>> {
        self.load(&format!("{}/{part}", self.names[place]))
    }

    fn load(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.root.join(name);
        let read = || -> Result<Vec<u8>> {
            let length = path.metadata()?.len();
            ensure!(
                length <= self.sought.largest,
                "is {length} bytes long, too large for a {}",
                self.sought.noun
            );
            Ok(fs::read(&path)?)
        };
        read().map_err(|error| error.context(name))
    }
}

fn ends(name: &str, endings: &[&str]) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURES: Sought =
        Sought { noun: "picture", endings: &["png", "jpeg", "gif"], parts: &[], largest: 1 << 20 };
    const CLIPS: Sought =
        Sought { noun: "clip", endings: &["gif"], parts: &["png"], largest: 1 << 20 };

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        folder
    }

    fn found(folder: &Path, sought: Sought) -> Files {
        Files::find(folder, sought).unwrap_or_else(|error| panic!("{error}"))
    }

    fn names(folder: &Path, sought: Sought) -> Vec<String> {
        found(folder, sought).names.iter().map(|name| name.to_string()).collect()
    }

    fn said(folder: &Path, sought: Sought) -> String {
        Files::find(folder, sought).err().unwrap().to_string()
    }

    #[test]
    fn files_are_found_in_the_order_of_their_names() {
        let folder = folder(&[
            "b/2.PNG",
            "b/1.jpeg",
            "a.gif",
            ".hidden/3.png",
            "note.txt",
            "__MACOSX/._1.png",
        ]);
        assert_eq!(names(folder.path(), PICTURES), ["a.gif", "b/1.jpeg", "b/2.PNG"]);
    }

    #[test]
    fn folders_may_be_the_splits() {
        let there =
            folder(&["train/cat/1.png", "train/dog/2.png", "val/cat/3.png", "test/dog/4.png"]);
        let files = found(there.path(), PICTURES);
        assert_eq!(files.splits(), Some(&[0, 0, 1, 2][..]));
        assert_eq!(files.without_split(3), "dog/4.png");
        // One alone is a class like any other.
        let one = found(folder(&["train/1.png", "station/2.png"]).path(), PICTURES);
        assert_eq!((one.splits(), &*one.without_split(1)), (None, "train/1.png"));
    }

    #[test]
    fn splits_may_be_within_the_classes() {
        let there = folder(&["chair/test/1.png", "chair/train/2.png", "sofa/train/a/3.png"]);
        let files = found(there.path(), PICTURES);
        assert_eq!(files.splits(), Some(&[2, 0, 0][..]));
        assert_eq!(files.without_split(0), "chair/1.png");
        assert_eq!(files.without_split(2), "sofa/a/3.png");
        // A file of that name is none, and what one class alone has does not say it of all.
        for not in [
            &["chair/test", "chair/train/2.png"][..],
            &["a/test/1.png", "a/train/1.png", "b/1.png"],
        ] {
            let not = found(folder(not).path(), PICTURES);
            assert_eq!(not.splits(), None);
        }
    }

    #[test]
    fn a_folder_of_parts_is_one_item() {
        let there = folder(&["run/a/10.png", "run/a/2.png", "run/a/note.txt", "walk/b.gif"]);
        let files = found(there.path(), CLIPS);
        assert_eq!(names(there.path(), CLIPS), ["run/a", "walk/b.gif"]);
        assert!(files.is_folder(0) && !files.is_folder(1));
        assert_eq!(files.parts(0).ok().unwrap(), ["2.png", "10.png"]);
        assert_eq!(files.read_part(0, "2.png").ok().unwrap(), b"x");
        let loose = folder(&["1.png"]);
        assert!(
            said(loose.path(), CLIPS).contains("lie in the folder itself; put those of each clip")
        );
        let mixed = folder(&["run/1.png", "run/b.gif"]);
        assert!(said(mixed.path(), CLIPS).contains("run/ holds pictures beside run/b.gif"));
    }

    #[test]
    fn an_empty_or_missing_folder_is_named() {
        let empty = folder(&["readme.txt"]);
        assert!(
            said(empty.path(), PICTURES).contains("no picture in it: it looks for .png, .jpeg")
        );
        assert!(said(&empty.path().join("none"), PICTURES).contains("none"));
        let half = folder(&["train/1.png", "test/note.txt"]);
        assert!(said(half.path(), PICTURES).contains("no picture in test/"));
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let there = folder(&["a.png"]);
        let files = found(there.path(), Sought { largest: 0, ..PICTURES });
        let said = files.read(0).err().unwrap().to_string();
        assert!(said.contains("a.png: is 1 bytes long, too large for a picture"), "{said}");
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_folder_are_refused() {
        use std::os::unix::fs::symlink;
        let outside = folder(&["secret.png"]);
        let inside = folder(&["a/1.png"]);
        symlink(inside.path().join("a/1.png"), inside.path().join("again.png")).unwrap();
        assert_eq!(names(inside.path(), PICTURES), ["a/1.png", "again.png"]);
        let link = inside.path().join("b.png");
        symlink(outside.path().join("secret.png"), &link).unwrap();
        let refused = || said(inside.path(), PICTURES);
        assert!(refused().contains("b.png is a link that leads out"));
        fs::remove_file(&link).unwrap();
        symlink(outside.path(), inside.path().join("c")).unwrap();
        assert!(refused().contains("c is a link that leads out"));
        fs::remove_file(inside.path().join("c")).unwrap();
        symlink(inside.path(), inside.path().join("d")).unwrap();
        assert!(refused().contains("d is a link to a folder"));
        let splits = folder(&["test/1.png"]);
        symlink(outside.path(), splits.path().join("train")).unwrap();
        assert!(said(splits.path(), PICTURES).contains("train is a link that leads out"));
    }
}
