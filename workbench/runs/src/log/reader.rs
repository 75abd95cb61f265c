use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::frame::{self, Next};
use super::{Event, decode, is_event_file};
use crate::{Error, read};

/// As much of a file as is read at once; a longer record is read whole.
const CHUNK: usize = 1 << 20;
/// As much as one poll reads, so that a long log never lies in memory as a whole.
const POLL: usize = 4 << 20;
/// A network file system may show a record's bytes after its length: damage is believed after so many
/// looks.
const LOOKS: u32 = 8;

/// Follows the event log in a directory: all files with `tfevents` in their name, in the order of their
/// names. Reads by position, so that a file that shrinks, moves or is damaged does no harm.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    files: BTreeMap<OsString, Place>,
    buffer: Vec<u8>,
}

/// How far a file has been read.
#[derive(Debug, Default)]
struct Place {
    /// Where the next record starts.
    offset: u64,
    damage: Option<Damage>,
}

/// There is no record at the file's offset.
#[derive(Debug)]
struct Damage {
    /// The file's length when that was last seen.
    len: u64,
    looks: u32,
}

impl LogReader {
    /// A reader at the start of the log in `dir`, or of a single event file. Nothing is read before the
    /// first [`poll`](LogReader::poll), and the directory need not be there before it.
    pub fn open(dir: &Path) -> LogReader {
        LogReader { path: dir.to_path_buf(), files: BTreeMap::new(), buffer: Vec::new() }
    }

    /// What is new since the last poll, at most about 4 MiB of the log: **a caller that wants all of it
    /// polls until nothing comes.** Files that appeared meanwhile are read too; a torn tail is left for the
    /// next poll. A file with a damaged record is read up to it.
    ///
    /// # Errors
    /// [`Error::Io`] where the directory, or a file in it, cannot be read and nothing else was new.
    pub fn poll(&mut self) -> Result<Vec<Event>, Error> {
        let dir = self.notice_files()?;
        let mut events = Vec::new();
        let mut budget = POLL;
        let mut wrong = None;
        for (name, place) in &mut self.files {
            let path = dir.join(name);
            let read = read::retrying(|| {
                read_new(&path, place, &mut self.buffer, &mut budget, &mut events)
            });
            if let Err(e) = read {
                wrong = wrong.or(Some(Error::io("read", &path)(e)));
            }
            if budget == 0 {
                break;
            }
        }
        self.buffer.shrink_to(CHUNK);
        match wrong {
            Some(error) if events.is_empty() => Err(error),
            _ => Ok(events),
        }
    }

    /// How many files have a damaged record, behind which nothing was read.
    pub fn damaged(&self) -> usize {
        self.files.values().filter(|place| place.damage.is_some()).count()
    }

    /// Adds the files that are new, and returns the directory they are in.
    fn notice_files(&mut self) -> Result<PathBuf, Error> {
        if let (Some(name), Some(dir)) = (self.path.file_name(), self.path.parent())
            && is_event_file(name)
            && self.path.is_file()
        {
            self.files.entry(name.to_owned()).or_default();
            return Ok(dir.to_path_buf());
        }
        let entries = read::retrying(|| fs::read_dir(&self.path)?.collect::<io::Result<Vec<_>>>())
            .map_err(Error::io("read the log in", &self.path))?;
        for entry in entries {
            let name = entry.file_name();
            if is_event_file(&name) && !self.files.contains_key(&name) && entry.path().is_file() {
                self.files.insert(name, Place::default());
            }
        }
        Ok(self.path.clone())
    }
}

/// Reads the whole records that a file has beyond `place`, as long as there is budget.
fn read_new(
    path: &Path,
    place: &mut Place,
    buffer: &mut Vec<u8>,
    budget: &mut usize,
    events: &mut Vec<Event>,
) -> io::Result<()> {
    // Opened anew at every poll: that is when a network file system looks how long the file is now.
    let file = match File::open(path) {
        Ok(file) => file,
        // Removed, as a run is that someone cleans up.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let len = file.metadata()?.len();
    if place.damage.as_ref().is_some_and(|damage| damage.len == len && damage.looks >= LOOKS) {
        return Ok(());
    }
    let mut want = CHUNK;
    while *budget > 0 && place.offset < len {
        let there = usize::try_from(len - place.offset).unwrap_or(usize::MAX).min(want);
        fill(&file, buffer, there, place.offset)?;
        let (consumed, next) = parse(buffer, events);
        place.offset += consumed as u64;
        *budget = budget.saturating_sub(consumed);
        if consumed > 0 {
            place.damage = None;
        }
        want = CHUNK;
        match next {
            Stop::Damaged => {
                let looks = place.damage.take().map_or(0, |damage| damage.looks);
                place.damage = Some(Damage { len, looks: looks.saturating_add(1) });
                return Ok(());
            }
            Stop::Short { needs } if consumed == 0 => {
                let torn = len - place.offset < needs as u64 || buffer.len() >= needs;
                if torn {
                    return Ok(());
                }
                want = needs;
            }
            Stop::Short { .. } => {}
        }
    }
    Ok(())
}

/// Why no more records come from a buffer.
enum Stop {
    Short { needs: usize },
    Damaged,
}

/// Takes all whole records from the start of a buffer, and tells how many bytes they were.
fn parse(buffer: &[u8], events: &mut Vec<Event>) -> (usize, Stop) {
    let mut consumed = 0;
    loop {
        match frame::next(&buffer[consumed..]) {
            Next::Record(record) => {
                events.extend(decode::event(record));
                consumed += record.len() + frame::OVERHEAD;
            }
            Next::Short { needs } => return (consumed, Stop::Short { needs }),
            Next::Damaged => return (consumed, Stop::Damaged),
        }
    }
}

/// Reads up to `length` bytes; fewer where the file was cut meanwhile.
fn fill(file: &File, buffer: &mut Vec<u8>, length: usize, offset: u64) -> io::Result<()> {
    buffer.resize(length, 0);
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    buffer.truncate(filled);
    Ok(())
}
