//! The one place for writes that must survive a crash: written aside in the same folder, synced,
//! renamed, the folder synced. A reader sees the old file or the new one, never a part of either.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::Error;

/// What the name of a file starts with that is still being written, or that a crash left half-written.
/// Checkpoints' folders are named likewise.
pub(crate) const ASIDE: &str = ".aside-";

/// Writes or replaces `path`: when this returns, the contents are on disk under that name.
///
/// # Errors
/// [`Error::Io`]; the file that was there before, if any, is then still whole.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let aside = written_aside(path, bytes)?;
    aside.as_file().sync_data().map_err(Error::io("sync", path))?;
    aside.persist(path).map_err(|e| e.error).map_err(Error::io("write", path))?;
    sync_dir(parent(path))
}

/// Replaces `path` at once for readers, without waiting for the disk: for what is written often and
/// means nothing after a crash, such as a heartbeat.
///
/// # Errors
/// [`Error::Io`]; the file that was there before, if any, is then still whole.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let aside = written_aside(path, bytes)?;
    aside.persist(path).map_err(|e| e.error).map_err(Error::io("write", path))?;
    Ok(())
}

/// Writes over the file `path` where it lies, padded with spaces to the length that it has: where nothing new can be
/// made, on a full disk or in a folder that became read-only, the room that a file has can still be used. Not for what
/// must survive a crash: a reader, or a crash, may catch it half-written.
///
/// # Errors
/// [`Error::Io`], also where the file takes up less room than the contents need.
pub(crate) fn overwrite(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || {
        let file = OpenOptions::new().write(true).open(path)?;
        let there = file.metadata()?;
        if there.blocks().saturating_mul(512) < bytes.len() as u64 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().max(there.len() as usize), b' ');
        file.write_all_at(&padded, 0)
    };
    write().map_err(Error::io("write over", path))
}

/// Makes `path` with these contents if nothing has that name, as [`write()`] does. Of any number of
/// callers at once, on any hosts, exactly one gets true.
///
/// # Errors
/// [`Error::Io`] for anything but a name that is taken.
pub fn create_new(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let aside = written_aside(path, bytes)?;
    aside.as_file().sync_data().map_err(Error::io("sync", path))?;
    match aside.persist_noclobber(path) {
        Ok(_) => {}
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        // A file system with neither hard links nor an exclusive rename still has O_EXCL.
        Err(_) => match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => {
                if let Err(e) = file.write_all(bytes).and_then(|()| file.sync_data()) {
                    // Half of it would keep everyone out, for ever.
                    let _ = fs::remove_file(path);
                    return Err(Error::io("write", path)(e));
                }
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(e) => return Err(Error::io("create", path)(e)),
        },
    }
    sync_dir(parent(path))?;
    Ok(true)
}

/// Copies a file to a name that nothing has. Its contents are on disk when this returns; the name is once its folder
/// is [synced](sync_dir). A file that is gone is left out.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut source = match File::open(from) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("read", from)(e)),
    };
    let mut write = || {
        let mut file = File::create_new(to)?;
        io::copy(&mut source, &mut file)?;
        file.sync_data()
    };
    write().map_err(Error::io("write", to))
}

/// Makes the names in a folder survive: a rename is on disk only once its folder is.
///
/// # Errors
/// [`Error::Io`]. File systems that cannot sync a folder (some network ones) are taken at their word.
pub fn sync_dir(dir: &Path) -> Result<(), Error> {
    let synced = File::open(dir).and_then(|d| d.sync_all());
    match synced {
        Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other.map_err(Error::io("sync", dir)),
    }
}

/// Makes a folder and those above it where they are missing.
///
/// # Errors
/// [`Error::Io`].
pub fn make_dir(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(Error::io("create the folder", dir))?;
    sync_dir(parent(dir))
}

/// Makes a folder in one that is there: a run directory that someone removed does not come back.
///
/// # Errors
/// [`Error::Io`].
pub fn make_dir_in_place(dir: &Path) -> Result<(), Error> {
    match fs::create_dir(dir) {
        Ok(()) => sync_dir(parent(dir)),
        Err(_) if dir.is_dir() => Ok(()),
        Err(e) => Err(Error::io("create the folder", dir)(e)),
    }
}

fn written_aside(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, Error> {
    let mut aside = tempfile::Builder::new()
        .prefix(ASIDE)
        // The umask applies: colleagues on a shared file system read each other's runs.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent(path))
        .map_err(Error::io("write", path))?;
    aside.write_all(bytes).map_err(Error::io("write", path))?;
    Ok(aside)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_and_leaves_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        replace(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_written_over_keeps_its_length_and_never_outgrows_its_room() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        assert!(matches!(overwrite(&path, b"one"), Err(Error::Io { .. })));
        fs::write(&path, b"twelve bytes").unwrap();
        overwrite(&path, b"one").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one         ");
        let room = fs::metadata(&path).unwrap().blocks() as usize * 512;
        let error = overwrite(&path, &vec![b'x'; room + 1]).unwrap_err();
        assert!(error.to_string().contains("cannot write over"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"one         ");
    }

    #[test]
    fn a_folder_is_made_in_place_only() {
        let dir = tempfile::tempdir().unwrap();
        make_dir_in_place(&dir.path().join("a")).unwrap();
        make_dir_in_place(&dir.path().join("a")).unwrap();
        let gone = dir.path().join("gone/a");
        assert!(matches!(make_dir_in_place(&gone), Err(Error::Io { path, .. }) if path == gone));
    }

    #[test]
    fn a_new_file_never_replaces_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        assert!(create_new(&path, b"one").unwrap());
        assert!(!create_new(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_a_typed_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = write(&file.join("x"), b"").unwrap_err();
        assert!(matches!(&error, Error::Io { path, .. } if path == &file.join("x")), "{error}");
        assert!(matches!(create_new(&file.join("x"), b""), Err(Error::Io { .. })));
        assert!(matches!(make_dir(&file.join("x")), Err(Error::Io { .. })));
    }
}
