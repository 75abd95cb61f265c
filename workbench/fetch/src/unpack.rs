//! Members of a zip archive, by name.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use workbench_runs::durable;
use zip::ZipArchive;

use crate::error::Error;
use crate::part::with;
use crate::sums::{self, Digest, Size, Summer, Sums};

/// A member to take out.
#[derive(Clone, Debug)]
pub struct Member {
    /// In the archive. It says nothing of where the member goes.
    pub name: String,
    /// What it is to be called here. Its folder is made.
    pub path: PathBuf,
    pub size: Size,
    pub sums: Sums,
}

/// Takes a member out of an archive, a block at a time: written aside, checked, renamed. One of which no sha256 is known
/// has it [recorded](sums::record) beside it.
///
/// # Errors
/// [`Error::Archive`] where it is no zip archive, or the member is not in it, is no plain file, is larger than `member`
/// allows, or is damaged; [`Error::Stopped`] once `over` is raised; [`Error::Io`]. What had the name before is still as
/// it was.
pub fn unpack(archive: &Path, member: &Member, over: &AtomicBool) -> Result<Digest, Error> {
    let bad = |why: String| Error::Archive { path: archive.to_owned(), why };
    let file = File::open(archive).map_err(Error::io("open", archive))?;
    let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| bad(error.to_string()))?;
    let mut from = zip
        .by_name(&member.name)
        .map_err(|error| bad(format!("its member {}: {error}", member.name)))?;
    if !from.is_file() || from.is_symlink() {
        return Err(bad(format!("its member {} is not a plain file", member.name)));
    }
    if let Some(folder) = member.path.parent() {
        durable::make_dir(folder)?;
    }
    let aside = with(&member.path, ".part");
    // Not through a link that someone put there.
    if std::fs::symlink_metadata(&aside).is_ok() {
        std::fs::remove_file(&aside).map_err(Error::io("remove", &aside))?;
    }
    let mut to = File::create_new(&aside).map_err(Error::io("write", &aside))?;
    let written = copy(&mut from, &mut to, member, &aside, over, &bad).and_then(|digest| {
        to.sync_all().map_err(Error::io("sync", &aside))?;
        if member.sums.sha256.is_none() {
            sums::record(&member.path, &digest.sha256)?;
        }
        std::fs::rename(&aside, &member.path).map_err(Error::io("put in place", &member.path))?;
        durable::sync_dir(member.path.parent().unwrap_or(Path::new(".")))?;
        Ok(digest)
    });
    if written.is_err() {
        // What is half unpacked is of no use: the archive is there.
        let _ = std::fs::remove_file(&aside);
    }
    written
}

fn copy(
    from: &mut impl Read,
    to: &mut File,
    member: &Member,
    aside: &Path,
    over: &AtomicBool,
    bad: &dyn Fn(String) -> Error,
) -> Result<Digest, Error> {
    let mut summer = Summer::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        if over.load(Ordering::Relaxed) {
            return Err(Error::Stopped { name: member.name.clone(), kept: 0 });
        }
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) => return Err(bad(format!("its member {}: {error}", member.name))),
        };
        summer.update(&buffer[..n]);
        if summer.bytes() > member.size.most() {
            let most = member.size.most();
            return Err(bad(format!("its member {} has more than {most} bytes", member.name)));
        }
        to.write_all(&buffer[..n]).map_err(Error::io("write", aside))?;
    }
    let digest = summer.digest();
    match digest.fault(member.size, &member.sums) {
        None => Ok(digest),
        Some(fault) => Err(bad(format!("its member {}: {fault}", member.name))),
    }
}

#[cfg(test)]
mod tests {
    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn archive(folder: &Path) -> PathBuf {
        let path = folder.join("a.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, text) in
            [("in/a.txt", "first"), ("../out.txt", "second"), ("big", &"x".repeat(9999))]
        {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        zip.add_directory("folder/", SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        path
    }

    fn member(folder: &Path, name: &str) -> Member {
        let path = folder.join("to/here.txt");
        Member { name: name.to_owned(), path, size: Size::AtMost(1000), sums: Sums::default() }
    }

    #[test]
    fn a_member_goes_where_the_card_says_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        let path = archive(&inside);
        let over = AtomicBool::new(false);
        for (name, text) in [("in/a.txt", "first"), ("../out.txt", "second")] {
            let digest = unpack(&path, &member(&inside, name), &over).unwrap();
            let to = inside.join("to/here.txt");
            assert_eq!(std::fs::read_to_string(&to).unwrap(), text);
            assert_eq!(sums::recorded(&to), Some(digest.sha256));
        }
        assert!(!dir.path().join("out.txt").exists());
    }

    #[test]
    fn what_is_not_a_plain_file_of_the_right_size_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = archive(dir.path());
        let over = AtomicBool::new(false);
        for (name, why) in [
            ("big", "more than 1000 bytes"),
            ("link", "not a plain file"),
            ("folder/", "not a plain file"),
            ("nothing", "its member nothing"),
        ] {
            let error = unpack(&path, &member(dir.path(), name), &over).unwrap_err();
            assert!(error.to_string().contains(why), "{name}: {error}");
        }
        let mut other = member(dir.path(), "in/a.txt");
        other.sums.md5 = Some("0".repeat(32));
        assert!(matches!(unpack(&path, &other, &over), Err(Error::Archive { .. })));
        over.store(true, Ordering::Relaxed);
        let stopped = unpack(&path, &member(dir.path(), "in/a.txt"), &over);
        assert!(matches!(stopped, Err(Error::Stopped { .. })));
        let left: Vec<_> = std::fs::read_dir(dir.path().join("to")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        std::fs::write(&path, "no archive").unwrap();
        let error = unpack(&path, &member(dir.path(), "in/a.txt"), &AtomicBool::new(false));
        assert!(matches!(error, Err(Error::Archive { .. })));
    }

    #[test]
    fn a_member_with_a_wrong_byte_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stored.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        let stored =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file("a", stored).unwrap();
        zip.write_all(b"find me").unwrap();
        zip.finish().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(7).position(|window| window == b"find me").unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = unpack(&path, &member(dir.path(), "a"), &AtomicBool::new(false)).unwrap_err();
        assert!(error.to_string().contains("its member a"), "{error}");
    }
}
