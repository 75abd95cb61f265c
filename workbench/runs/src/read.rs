use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::{Error, RunDir};

/// Over NFS a file that was just replaced answers ESTALE once or twice.
const TRIES: usize = 4;
/// provenance.toml is a few kilobytes, and more where a data set has many files.
const MAX_PROVENANCE: u64 = 16 << 20;

/// Does it again where a network file system says that its handle has gone stale.
pub(crate) fn retrying<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..TRIES {
        match act() {
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::STALE.raw_os_error()) => {}
            other => return other,
        }
    }
    act()
}

/// A whole file of at most `cap` bytes; never allocates more than the file is long.
/// `None` where there is no such file.
pub(crate) fn whole(path: &Path, cap: u64) -> Result<Option<Vec<u8>>, Error> {
    let read = retrying(|| {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let mut bytes = Vec::with_capacity(len.min(cap) as usize);
        // One byte more than allowed tells a file that grew since from one that fits.
        file.take(cap.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok((len, bytes))
    });
    match read {
        Ok((len, bytes)) if len > cap || bytes.len() as u64 > cap => Err(Error::damaged(
            path,
            format!("it is {len} bytes long, and at most {cap} are expected"),
        )),
        Ok((_, bytes)) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

/// A table that a run's provenance.toml holds under this key; `None` where it can't be read.
pub(crate) fn provenance(run: &RunDir, key: &str) -> Option<toml::Table> {
    let bytes = whole(&run.provenance(), MAX_PROVENANCE).ok()??;
    let mut table: toml::Table = str::from_utf8(&bytes).ok()?.parse().ok()?;
    match table.remove(key)? {
        toml::Value::Table(found) => Some(found),
        _ => None,
    }
}
