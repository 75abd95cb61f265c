//! One process at a time fetches into a folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::Error;

/// Keeps others from fetching into a folder for as long as what it returns lives. A file system without locks has none:
/// two at once may then spoil each other's part, which its checksum tells, and never the file.
///
/// # Errors
/// [`Error::Busy`]; [`Error::Io`] where there is no such folder.
pub fn claim(folder: &Path) -> Result<File, Error> {
    let held = File::open(folder).map_err(Error::io("open", folder))?;
    match held.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::Busy(folder.to_owned())),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(held),
    }
}
