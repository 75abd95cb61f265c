use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Event, Value, encode, frame, is_event_file};
use crate::{Error, RunDir, durable, process};

/// As much as waits in memory before it is written.
const BUFFER: usize = 64 << 10;
/// As much as is kept for later while the disk takes nothing.
const MAX_BUFFER: usize = 64 << 20;
/// The greatest time that ten digits hold: names sort as text.
const MAX_SECONDS: u64 = 9_999_999_999;

/// Appends to a run's event log. Records go out whole, at [`flush`](LogWriter::flush) and whenever 64 KiB
/// wait; what could not be written waits for the next attempt.
#[derive(Debug)]
pub struct LogWriter {
    path: PathBuf,
    file: File,
    /// Where the next record goes. Every write names its place, so that a part of a record that a full
    /// disk took is written over and never stands in the middle of the log.
    offset: u64,
    buffer: Vec<u8>,
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
        let mut writer = LogWriter { path, file, offset: 0, buffer: Vec::new() };
        let time = wall_time();
        frame::append(&mut writer.buffer, &encode::file_version(time));
        if let Some(step) = resumed_from_step {
            // TensorBoard discards the record of a session start's own step too.
            let record = encode::session_start(time, step.saturating_add(1));
            frame::append(&mut writer.buffer, &record);
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
    /// [`Error::Unwritable`] where the values are too large for a record (64 MiB). [`Error::Io`]: the
    /// record is kept all the same and goes out with the next write that succeeds, unless 64 MiB of
    /// them wait already.
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
        let length = self.buffer.len() + record.len() + frame::OVERHEAD;
        if length > MAX_BUFFER && !self.buffer.is_empty() {
            self.flush()?;
        }
        frame::append(&mut self.buffer, &record);
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Hands all records to the system, where every reader sees them and from where they survive this
    /// process.
    ///
    /// # Errors
    /// [`Error::Io`]; the records are kept for the next attempt.
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.file.write_all_at(&self.buffer, self.offset);
        written.map_err(Error::io("write the log", &self.path))?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        // One large picture should not hold its memory for the rest of the run.
        self.buffer.shrink_to(2 * BUFFER);
        Ok(())
    }

    /// Flushes, and waits until the records are on disk, from where they survive this host too. To be
    /// called before a checkpoint is saved, so that a resume finds all records up to its step.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn sync(&mut self) -> Result<(), Error> {
        self.flush()?;
        self.file.sync_data().map_err(Error::io("sync the log", &self.path))
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        // Nobody is left to be told of an error; whoever cares calls `sync` before.
        let _ = self.flush();
    }
}

/// `events.out.tfevents.<seconds>.<host>.<pid>.<n>`, with more seconds than any file that is there.
fn new_file(dir: &Path) -> Result<(PathBuf, File), Error> {
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
