use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::disk::{Disk, LogSync};
use super::{Event, Value, encode, frame, is_event_file};
use crate::{Error, RunDir, durable, process};

/// As much as waits in memory before it is written.
const BUFFER: usize = 64 << 10;
/// As much as is kept since the last sync: what is written anew should the next one fail.
const MAX_KEPT: usize = 64 << 20;
/// A log that nobody syncs is synced whenever it has grown by this much, so that little is kept.
const SYNC_EVERY: usize = 16 << 20;
/// While the disk takes nothing, a flush tries it no more often than this.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// The greatest time that ten digits hold: names sort as text.
const MAX_SECONDS: u64 = 9_999_999_999;

/// Appends to a run's event log. Records go out whole, at [`flush`](LogWriter::flush) and whenever 64 KiB
/// wait; what could not be written waits for the next attempt.
///
/// A system that fails to write a page to the disk tells so once, at the next sync, and may then take the page for
/// written. So every record is kept in memory until a sync after it went well, and once anything has failed all that
/// is kept is written again, at the same places of the file: then every page that may be lost is dirty again, and a
/// sync that goes well covers it. What the failed attempt did bring to the disk are the same bytes.
#[derive(Debug)]
pub struct LogWriter {
    path: PathBuf,
    disk: Arc<Disk>,
    /// Where `kept` begins in the file; all before it is on disk. Every write names its place, so that a part of a
    /// record that a full disk took never stands in the middle of the log.
    start: u64,
    /// All since the last good sync: what the system was handed, and what still waits.
    kept: Vec<u8>,
    /// So much of it was handed over.
    written: usize,
    /// When it has grown to this, it is synced.
    sync_at: usize,
    /// The fault of the last attempt, and when the next one is due.
    fault: Option<(Instant, io::Error)>,
}

impl LogWriter {
    /// Starts a new event file in the run directory, which sorts after those that are there even if the
    /// clock went back. A run that goes on from a checkpoint of step `resumed_from_step` says so in the
    /// log: records of greater steps in the older files are superseded.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(run: &RunDir, resumed_from_step: Option<u64>) -> Result<LogWriter, Error> {
        let (path, file) = new_file(run.path())?;
        durable::sync_dir(run.path())?;
        let mut writer = LogWriter {
            path,
            disk: Arc::new(Disk::new(file)),
            start: 0,
            kept: Vec::new(),
            written: 0,
            sync_at: SYNC_EVERY,
            fault: None,
        };
        let time = wall_time();
        frame::append(&mut writer.kept, &encode::file_version(time));
        if let Some(step) = resumed_from_step {
            // TensorBoard discards the record of a session start's own step too.
            let record = encode::session_start(time, step.saturating_add(1));
            frame::append(&mut writer.kept, &record);
        }
        writer.flush()?;
        Ok(writer)
    }

    /// The event file that is being written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Logs values at a step, as one record. All scalars of a step belong into one call.
    ///
    /// # Errors
    /// [`Error::Io`]: the disk takes nothing; the record is kept all the same, and goes out with the next write that
    /// succeeds. [`Error::LogFull`]: 64 MiB are kept already, and this record is not.
    /// [`Error::Unwritable`] where the values are too large for a record (64 MiB).
    pub fn write(&mut self, step: u64, values: &[(String, Value)]) -> Result<(), Error> {
        self.append(wall_time(), step, values)
    }

    /// Logs what another log says, at the time that it says.
    pub(super) fn write_again(&mut self, event: &Event) -> Result<(), Error> {
        self.append(event.wall_time, event.step, &event.values)
    }

    fn append(
        &mut self,
        wall_time: f64,
        step: u64,
        values: &[(String, Value)],
    ) -> Result<(), Error> {
        let record = encode::event(wall_time, step, values);
        if record.len() > frame::MAX_RECORD {
            let why =
                format!("the values of step {step} are {} bytes long, over 64 MiB", record.len());
            return Err(Error::unwritable(&self.path, why));
        }
        self.forget_synced();
        if !self.kept.is_empty() && self.kept.len() + record.len() + frame::OVERHEAD > MAX_KEPT {
            self.sync().map_err(|why| Error::LogFull {
                path: self.path.clone(),
                step,
                why: Box::new(why),
            })?;
        }
        frame::append(&mut self.kept, &record);
        if self.kept.len() >= self.sync_at {
            self.sync_at = self.kept.len() + SYNC_EVERY;
            return self.sync();
        }
        if self.kept.len() - self.written >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Hands all records to the system, where every reader sees them and from where they survive this
    /// process. Just after a failure it says the same again, without another attempt.
    ///
    /// # Errors
    /// [`Error::Io`]; the records are kept for the next attempt.
    pub fn flush(&mut self) -> Result<(), Error> {
        match &self.fault {
            Some((due, error)) if Instant::now() < *due => {
                Err(Error::io("write the log", &self.path)(again(error)))
            }
            _ => self.hand_over(),
        }
    }

    /// Whether the last attempt to write failed, so that records wait.
    pub fn is_behind(&self) -> bool {
        self.fault.is_some()
    }

    /// Flushes, with an attempt in any case, and returns what remains to be done for the records to survive this host
    /// too: it may be done on another thread.
    ///
    /// # Errors
    /// [`Error::Io`]; the records are kept for the next attempt.
    pub fn flushed(&mut self) -> Result<LogSync, Error> {
        self.hand_over()?;
        let upto = self.start + self.written as u64;
        Ok(LogSync::new(self.path.clone(), self.disk.clone(), upto))
    }

    /// Flushes, and waits until the records are on disk, from where they survive this host too. To be
    /// called before a checkpoint is saved, so that a resume finds all records up to its step.
    ///
    /// # Errors
    /// [`Error::Io`]; the records are kept for the next attempt.
    pub fn sync(&mut self) -> Result<(), Error> {
        self.flushed()?.sync()?;
        self.forget_synced();
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), Error> {
        self.forget_synced();
        let handed = self.recover().and_then(|()| {
            while self.written < self.kept.len() {
                let rest = &self.kept[self.written..];
                self.written += self.disk.write_at(rest, self.start + self.written as u64)?;
            }
            Ok(())
        });
        self.fault = match handed {
            Ok(()) => None,
            Err(error) => {
                // A network file system may tell of an earlier page what it could not write.
                self.disk.distrust();
                let told = again(&error);
                self.fault = Some((Instant::now() + RETRY_EVERY, error));
                return Err(Error::io("write the log", &self.path)(told));
            }
        };
        Ok(())
    }

    /// Where something failed since: opens the file anew, and takes nothing for written that was not synced.
    fn recover(&mut self) -> io::Result<()> {
        if self.disk.is_trusted() {
            return Ok(());
        }
        let file = OpenOptions::new().write(true).open(&self.path)?;
        self.disk = Arc::new(Disk::new(file));
        self.written = 0;
        Ok(())
    }

    /// What is on disk need not be kept.
    fn forget_synced(&mut self) {
        let synced = self.disk.synced().saturating_sub(self.start) as usize;
        if synced == 0 {
            return;
        }
        self.start += synced as u64;
        self.kept.drain(..synced);
        // Nothing before it was synced without having been handed over.
        self.written = self.written.saturating_sub(synced);
        self.sync_at = SYNC_EVERY;
        // One large picture should not hold its memory for the rest of the run.
        self.kept.shrink_to(2 * BUFFER);
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        // Nobody is left to be told of an error; whoever cares calls `sync` before.
        let _ = self.hand_over();
    }
}

/// The same error, which the system gave once.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// `events.out.tfevents.<seconds>.<host>.<pid>.<n>`, with more seconds than any file that is there.
fn new_file(dir: &Path) -> Result<(PathBuf, fs::File), Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let entries = fs::read_dir(dir).map_err(Error::io("read", dir))?;
    let last = entries.filter_map(|entry| seconds(entry.ok()?.file_name())).max();
    let seconds = last.map_or(now, |last| now.max(last + 1)).min(MAX_SECONDS);
    // A host's name goes into the file's name as TensorBoard has it, but for what would break a path.
    let host: String = process::host()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
        .collect();
    let pid = std::process::id();
    let mut n = 0u32;
    loop {
        let path = dir.join(format!("events.out.tfevents.{seconds:010}.{host}.{pid}.{n}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && n < u32::MAX => n += 1,
            Err(e) => return Err(Error::io("create the log", &path)(e)),
        }
    }
}

fn seconds(name: OsString) -> Option<u64> {
    if !is_event_file(&name) {
        return None;
    }
    let name = name.to_string_lossy();
    let (_, rest) = name.split_once("tfevents.")?;
    rest.split('.').next()?.parse().ok().filter(|&seconds| seconds < MAX_SECONDS)
}

fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::super::LogReader;
    use super::*;

    fn scalar(step: u64) -> [(String, Value); 1] {
        [("a".to_owned(), Value::Scalar(step as f32))]
    }

    fn steps(run: &RunDir) -> Vec<u64> {
        LogReader::open(run.path()).poll().unwrap().iter().map(|event| event.step).collect()
    }

    #[test]
    fn what_a_failed_sync_may_have_lost_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        let mut writer = LogWriter::create(&run, None).unwrap();
        writer.write(1, &scalar(1)).unwrap();
        writer.sync().unwrap();
        assert!(writer.kept.is_empty());
        let safe = writer.start;
        (2..5).for_each(|step| writer.write(step, &scalar(step)).unwrap());
        let handed = writer.flushed().unwrap();
        // The sync of these fails, and the pages are lost: the file is as after the last good one.
        writer.disk.distrust();
        let file = OpenOptions::new().write(true).open(writer.path()).unwrap();
        let lost = file.metadata().unwrap().len() - safe;
        file.write_all_at(&vec![0; lost as usize], safe).unwrap();
        assert_eq!(steps(&run), [1]);
        // Nobody may take them for safe by syncing once more.
        assert!(matches!(handed.sync(), Err(Error::Io { .. })));
        writer.write(5, &scalar(5)).unwrap();
        writer.sync().unwrap();
        assert_eq!(steps(&run), [1, 2, 3, 4, 5]);
        assert!(writer.kept.is_empty());
    }

    #[test]
    fn a_sync_elsewhere_lets_go_of_what_it_covered() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        let mut writer = LogWriter::create(&run, None).unwrap();
        writer.write(1, &scalar(1)).unwrap();
        let handed = writer.flushed().unwrap();
        let covered = writer.kept.len();
        writer.write(2, &scalar(2)).unwrap();
        let all = writer.kept.len();
        std::thread::spawn(move || handed.sync().unwrap()).join().unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.kept.len(), all - covered);
        assert_eq!(writer.written, writer.kept.len());
        assert_eq!(steps(&run), [1, 2]);
    }

    #[test]
    fn what_cannot_be_written_is_kept_until_it_is_too_much() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path(), "run").unwrap();
        let mut writer = LogWriter::create(&run, None).unwrap();
        let path = writer.path().to_path_buf();
        writer.disk.distrust();
        // Nothing can be opened under this name: every attempt fails.
        writer.path = path.with_extension("not-there");
        let large = [("t".to_owned(), Value::Text("x".repeat(10 << 20)))];
        let mut kept = 0;
        let full = (1..).find_map(|step| match writer.write(step, &large) {
            Err(Error::Io { .. }) => {
                kept = step;
                None
            }
            Ok(()) => panic!("nothing can be written"),
            Err(other) => Some(other),
        });
        assert_eq!(kept, 6);
        let full = full.unwrap();
        assert!(matches!(&full, Error::LogFull { step: 7, .. }), "{full}");
        // Once the disk takes them again, all that was kept is there.
        writer.path = path;
        writer.sync().unwrap();
        let mut reader = LogReader::open(run.path());
        let polls = std::iter::from_fn(|| Some(reader.poll().unwrap()).filter(|e| !e.is_empty()));
        assert_eq!(polls.flatten().map(|event| event.step).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }
}
