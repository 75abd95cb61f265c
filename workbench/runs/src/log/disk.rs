use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Error;

/// What remains to be done until the records that were flushed are on disk.
#[derive(Debug, Clone)]
pub struct LogSync {
    path: PathBuf,
    disk: Arc<Disk>,
    /// The file's length when they were flushed.
    upto: u64,
}

impl LogSync {
    pub(super) fn new(path: PathBuf, disk: Arc<Disk>, upto: u64) -> LogSync {
        LogSync { path, disk, upto }
    }

    /// Waits until the records are on disk.
    ///
    /// # Errors
    /// [`Error::Io`]: they may be lost to a crash; the writer writes them again.
    pub fn sync(&self) -> Result<(), Error> {
        self.disk.sync(self.upto).map_err(Error::io("sync the log", &self.path))
    }
}

/// An open event file, and how far it is to be trusted.
#[derive(Debug)]
pub(super) struct Disk {
    file: File,
    /// One sync at a time: of two at once only one would be told of an error.
    turn: Mutex<()>,
    synced: AtomicU64,
    suspect: AtomicBool,
}

impl Disk {
    pub fn new(file: File) -> Disk {
        Disk { file, turn: Mutex::new(()), synced: 0.into(), suspect: false.into() }
    }

    /// How many bytes were taken, never none.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn sync(&self, upto: u64) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // The system tells of a lost page only once: a later sync that goes well says nothing of it.
        if !self.is_trusted() {
            return Err(io::Error::other(
                "an earlier attempt failed, and it is to be written again",
            ));
        }
        match self.file.sync_data() {
            Ok(()) => self.synced.fetch_max(upto, Ordering::SeqCst),
            Err(error) => {
                self.distrust();
                return Err(error);
            }
        };
        Ok(())
    }

    /// How many bytes of the file are surely on disk, as far as this one was asked.
    pub fn synced(&self) -> u64 {
        self.synced.load(Ordering::SeqCst)
    }

    pub fn distrust(&self) {
        self.suspect.store(true, Ordering::SeqCst);
    }

    pub fn is_trusted(&self) -> bool {
        !self.suspect.load(Ordering::SeqCst)
    }
}
