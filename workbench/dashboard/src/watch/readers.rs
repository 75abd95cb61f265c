//! All that is read for one dashboard: its run, the runs drawn over it, and the folder they are chosen from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::TryRecvError;

use workbench_runs::RunDir;

use crate::Error;
use crate::home::scan::{self, Scanner, Seen};
use crate::watch::message::Read;
use crate::watch::reader::{self, Command, Reader, What};

/// The readers, each on a thread of its own; they end when this is dropped.
pub(crate) struct Readers {
    own: Reader,
    rivals: BTreeMap<PathBuf, Reader>,
    /// Only while the list of runs is looked at.
    scanner: Option<Scanner>,
    folder: PathBuf,
}

impl Readers {
    /// Starts reading a run.
    ///
    /// # Errors
    /// [`Error::Reader`] where the system has no thread left.
    pub fn start(run: RunDir) -> Result<Readers, Error> {
        let folder = run.path().parent().unwrap_or(Path::new("/")).to_path_buf();
        let own = reader::start(run, What::All)?;
        Ok(Readers { own, rivals: BTreeMap::new(), scanner: None, folder })
    }

    /// Asks for something of the run.
    ///
    /// # Errors
    /// [`Error::Reader`] where its reader is gone.
    pub fn ask(&self, command: Command) -> Result<(), Error> {
        self.own.commands.send(command).map_err(|_| Error::Reader)
    }

    /// Starts reading another run.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    pub fn pin(&mut self, path: &Path) -> Result<(), String> {
        let run = RunDir::open(path).map_err(|error| error.to_string())?;
        let reader = reader::start(run, What::Curves).map_err(|error| error.to_string())?;
        self.rivals.insert(path.to_path_buf(), reader);
        Ok(())
    }

    /// Reads it no more.
    pub fn unpin(&mut self, path: &Path) {
        self.rivals.remove(path);
    }

    /// Looks at the runs of the folder, or no more.
    ///
    /// # Errors
    /// [`Error::Reader`] where the system has no thread left.
    pub fn list(&mut self, wanted: bool) -> Result<(), Error> {
        match (wanted, &self.scanner) {
            (true, None) => self.scanner = Some(scan::start(&self.folder, None)?),
            (false, Some(_)) => self.scanner = None,
            _ => {}
        }
        Ok(())
    }

    /// Something that was found, the run's own first; `None` where nothing waits.
    ///
    /// # Errors
    /// [`Error::Reader`] where a reader is gone.
    pub fn next(&mut self) -> Result<Option<Read>, Error> {
        match self.own.found.try_recv() {
            Ok(read) => return Ok(Some(read)),
            Err(TryRecvError::Disconnected) => return Err(Error::Reader),
            Err(TryRecvError::Empty) => {}
        }
        for (path, reader) in &self.rivals {
            if let Ok(read) = reader.found.try_recv() {
                return Ok(Some(Read::Rival(path.clone(), Box::new(read))));
            }
        }
        let seen = self.scanner.as_ref().and_then(|scanner| scanner.seen.try_recv().ok());
        Ok(seen.and_then(|seen| match seen {
            Seen::Runs(runs) => Some(Read::Runs(runs)),
            Seen::Trouble(trouble) => Some(Read::Trouble(trouble)),
            Seen::Experiments(_) | Seen::DataSets(_) => None,
        }))
    }
}
