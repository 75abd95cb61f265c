use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// Writes a file aside, in the same folder, and renames it, so that a reader sees the old or the new
/// file but never half of one. The folder must exist.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source: io::Error| Error::Write { path: path.to_path_buf(), source };
    let name = path.file_name().ok_or_else(|| {
        failed(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))
    })?;
    // Another process or thread that writes the same figure has another name aside.
    let mut aside = std::ffi::OsString::from(".");
    aside.push(name);
    aside.push(format!(".{}-{}", std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed)));
    let aside = path.with_file_name(aside);
    let written = File::create_new(&aside)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&aside, path));
    written.map_err(|source| {
        // Nothing more can be done about a file aside that cannot be removed.
        let _ = fs::remove_file(&aside);
        failed(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_stays_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loss.png");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn failures_name_the_path_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("plots/loss.png");
        let error = write(&missing, b"").unwrap_err().to_string();
        assert!(error.contains("plots/loss.png"), "{error}");
        let occupied = folder.path().join("occupied");
        fs::create_dir(&occupied).unwrap();
        assert!(matches!(write(&occupied, b""), Err(Error::Write { .. })));
        assert!(matches!(write(Path::new("/"), b""), Err(Error::Write { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
