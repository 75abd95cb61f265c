//! The part of a file that has come so far.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use workbench_runs::durable;

use crate::error::Error;
use crate::sums::{Digest, Size, Summer, Sums};

/// `NAME.part`, and what it is of in `NAME.part.json`.
pub struct Part {
    path: PathBuf,
    file: File,
    summer: Summer,
    origin: Origin,
}

/// What a part is of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The checksum that the whole is to have: what belongs to another is of no use.
    wanted: String,
    /// Where the newest bytes are from, and what the server called the file.
    pub address: String,
    pub validator: Option<String>,
}

impl Part {
    /// The part of the file `path` that an earlier process left, or an empty one. It is read in full: its bytes are
    /// summed up again, and one that is too long, of another file, or not a plain file is thrown away.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn open(path: &Path, size: Size, sums: &Sums, anew: bool) -> Result<Part, Error> {
        let wanted = format!("{} {:?} {:?}", size.words(), sums.sha256, sums.md5);
        let (path, note) = (with(path, ".part"), with(path, ".part.json"));
        let known = read_note(&note).filter(|origin| origin.wanted == wanted);
        let plain = std::fs::symlink_metadata(&path).map(|meta| (meta.is_file(), meta.len()));
        let is_good = matches!(plain, Ok((true, len)) if len <= size.most());
        if anew || known.is_none() || !is_good {
            remove(&path)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("write", &path))?;
        let mut summer = Summer::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer).map_err(Error::io("read", &path))? {
                0 => break,
                n => summer.update(&buffer[..n]),
            }
        }
        let origin = known.unwrap_or_default();
        Ok(Part { path, file, summer, origin: Origin { wanted, ..origin } })
    }

    pub fn len(&self) -> u64 {
        self.summer.bytes()
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub fn digest(&self) -> Digest {
        self.summer.digest()
    }

    /// Notes where the bytes to come are from.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn comes_from(&mut self, address: &str, validator: Option<&str>) -> Result<(), Error> {
        let wanted = std::mem::take(&mut self.origin.wanted);
        self.origin =
            Origin { wanted, address: address.to_owned(), validator: validator.map(str::to_owned) };
        let note = self.note();
        let text = serde_json::to_vec(&self.origin)
            .map_err(|error| Error::io("write", &note)(error.into()))?;
        durable::replace(&note, &text)?;
        Ok(())
    }

    /// # Errors
    /// [`Error::Io`]: the disk is full, say. What is on it is as much as [`len`](Part::len) says, or less.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(Error::io("write", &self.path))?;
        self.summer.update(bytes);
        Ok(())
    }

    /// Throws away what is there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn restart(&mut self) -> Result<(), Error> {
        self.file.set_len(0).map_err(Error::io("write", &self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(Error::io("write", &self.path))?;
        self.summer = Summer::default();
        Ok(())
    }

    /// Gives the whole its name. It is on disk under it when this returns.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn put_in_place(self, path: &Path) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::io("sync", &self.path))?;
        std::fs::rename(&self.path, path).map_err(Error::io("put in place", path))?;
        remove(&self.note())?;
        durable::sync_dir(path.parent().unwrap_or(Path::new(".")))?;
        Ok(())
    }

    /// Leaves nothing behind where nothing has come.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn tidy(self) -> Result<(), Error> {
        if self.len() > 0 {
            return Ok(());
        }
        remove(&self.path)?;
        remove(&self.note())
    }

    fn note(&self) -> PathBuf {
        with(&self.path, ".json")
    }
}

fn read_note(path: &Path) -> Option<Origin> {
    let mut text = String::new();
    File::open(path).ok()?.take(1 << 16).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

pub fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_gone_on_from_only_where_it_is_of_the_same_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let sums = Sums { sha256: Some("aa".to_owned()), md5: None };
        let open = |size, sums: &Sums, anew| Part::open(&path, size, sums, anew).unwrap();
        let begin = || {
            let mut part = open(Size::Exactly(10), &sums, true);
            part.comes_from("http://a", Some("\"x\"")).unwrap();
            part.append(b"12345").unwrap();
        };
        begin();
        let part = open(Size::Exactly(10), &sums, false);
        assert_eq!((part.len(), part.origin().validator.as_deref()), (5, Some("\"x\"")));
        assert_eq!(part.origin().address, "http://a");

        begin();
        assert_eq!(open(Size::Exactly(10), &sums, true).len(), 0, "asked for anew");
        begin();
        assert_eq!(open(Size::Exactly(10), &Sums::default(), false).len(), 0, "other sums");
        begin();
        std::fs::write(dir.path().join("file.part"), "more than ten bytes").unwrap();
        assert_eq!(open(Size::Exactly(10), &sums, false).len(), 0, "too long");
        begin();
        std::fs::remove_file(dir.path().join("file.part.json")).unwrap();
        assert_eq!(open(Size::Exactly(10), &sums, false).len(), 0, "of unknown origin");
    }

    #[test]
    fn a_part_that_is_a_link_is_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("file"), dir.path().join("other"));
        std::fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join("file.part")).unwrap();
        let mut part = Part::open(&path, Size::AtMost(99), &Sums::default(), false).unwrap();
        part.append(b"theirs").unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"mine");
    }

    #[test]
    fn an_empty_part_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let mut part = Part::open(&path, Size::AtMost(9), &Sums::default(), false).unwrap();
        part.comes_from("http://a", None).unwrap();
        part.append(b"1").unwrap();
        part.restart().unwrap();
        part.tidy().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
