//! Reads a run's files on a thread of its own, so that a slow file system never holds up the screen.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::Duration;

use workbench_runs::log::is_event_file;
use workbench_runs::{LogReader, Request, RunDir, Snapshot, Status, Value, settings, toml_text};

use crate::Error;
use crate::latent::Usage;
use crate::watch::message::Read;

/// How often the files are looked at. A network file system answers no faster, and a curve that moves
/// twice a second is smooth enough to watch.
const INTERVAL: Duration = Duration::from_millis(500);
/// As much as one poll of the log reads, by its documentation.
const POLL: u64 = 4 << 20;
/// As much of the end of trainer.log as is read.
const TAIL: u64 = 64 << 10;
/// As large as an experiment may be.
const LARGEST_EXPERIMENT: u64 = 1 << 20;
/// As many lines of it as are kept.
const TAIL_LINES: usize = 500;
/// As many batches of events as wait for the screen: they bound the memory, not the speed. Unfolded, one is up to six times
/// as large as what was read.
const WAITING: usize = 1;

/// Something for the reader to do.
#[derive(Debug)]
pub(crate) enum Command {
    Post(Request),
    Load(u64),
    Trace(Vec<u64>),
}

/// The two ends that a screen holds of its reader; the reader ends when they are dropped.
pub(crate) struct Reader {
    pub commands: Sender<Command>,
    pub found: Receiver<Read>,
}

/// The run at `path`, or the logs further down where that is a folder of them, by their paths.
///
/// # Errors
/// [`Error::Runs`] where there is none.
pub(crate) fn open_all(path: &Path) -> Result<Vec<RunDir>, Error> {
    let wrong = match RunDir::open(path) {
        Ok(run) => return Ok(vec![run]),
        Err(wrong) => wrong,
    };
    let mut found = Vec::new();
    logs_below(path, 3, &mut found);
    if found.is_empty() {
        return Err(wrong.into());
    }
    found.sort();
    Ok(found.iter().map(|log| RunDir::open(log)).collect::<Result<_, _>>()?)
}

fn logs_below(path: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.filter_map(Result::ok).take(1000) {
        let path = entry.path();
        // A run in the making, or on its way out, is hidden.
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if is_hidden || !path.is_dir() {
            continue;
        }
        if RunDir::open(&path).is_ok() {
            found.push(path);
        } else if depth > 1 {
            logs_below(&path, depth - 1, found);
        }
    }
}

/// How much of a run is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    All,
    /// What is drawn over another run: curves, state and settings.
    Curves,
}

/// Starts reading.
///
/// # Errors
/// [`Error::Reader`] where the system has no thread left.
pub(crate) fn start(run: RunDir, what: What) -> Result<Reader, Error> {
    let (commands, todo) = mpsc::channel();
    let (tell, found) = mpsc::sync_channel(WAITING);
    let work = move || Files::new(run, what, tell).follow(&todo);
    thread::Builder::new().name("reader".to_owned()).spawn(work).map_err(|_| Error::Reader)?;
    Ok(Reader { commands, found })
}

/// The screen is gone.
struct Gone;

struct Files {
    run: RunDir,
    what: What,
    tell: SyncSender<Read>,
    log: LogReader,
    status: Option<Status>,
    tail_len: Option<u64>,
    experiment: Option<String>,
    snapshots: Vec<(u64, PathBuf)>,
    /// The snapshots that are still to be looked through, the newest last.
    to_trace: Vec<u64>,
    waiting: usize,
    damaged: usize,
    trouble: Option<String>,
}

impl Files {
    fn new(run: RunDir, what: What, tell: SyncSender<Read>) -> Files {
        Files {
            log: LogReader::open(run.path()),
            run,
            what,
            tell,
            status: None,
            tail_len: None,
            experiment: None,
            snapshots: Vec::new(),
            to_trace: Vec::new(),
            waiting: 0,
            damaged: 0,
            trouble: None,
        }
    }

    /// Reads until the screen is gone. What is small comes first, so that there is something to look at
    /// while the log is being read.
    fn follow(mut self, todo: &Receiver<Command>) {
        let _ = self.follow_until_gone(todo);
    }

    fn follow_until_gone(&mut self, todo: &Receiver<Command>) -> Result<(), Gone> {
        self.small_files()?;
        self.log(todo)?;
        self.send(Read::Loading(None))?;
        loop {
            // One at a time, so that what is asked for meanwhile does not wait for all.
            let wait = if self.trace()? { Duration::ZERO } else { INTERVAL };
            match todo.recv_timeout(wait) {
                Ok(command) => {
                    self.obey(command)?;
                    // The effect of what was asked is looked for at the usual pace.
                    continue;
                }
                Err(RecvTimeoutError::Timeout) if wait.is_zero() => continue,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Gone),
            }
            self.log(todo)?;
            self.small_files()?;
        }
    }

    fn send(&self, read: Read) -> Result<(), Gone> {
        self.tell.send(read).map_err(|_| Gone)
    }

    fn obey(&mut self, command: Command) -> Result<(), Gone> {
        match command {
            Command::Post(request) => match request.post(&self.run) {
                Ok(()) => {
                    // One that is taken before the next look has been there all the same.
                    self.waiting += 1;
                    Ok(())
                }
                Err(error) => self.send(Read::NotPosted(request, error.to_string())),
            },
            Command::Trace(steps) => {
                self.to_trace.extend(steps);
                Ok(())
            }
            Command::Load(step) => {
                let path = self.snapshots.iter().find(|(at, _)| *at == step).map(|(_, path)| path);
                let Some(path) = path else { return Ok(()) };
                let snapshot =
                    Snapshot::load(path).map(Box::new).map_err(|error| error.to_string());
                self.send(Read::Snapshot(step, snapshot))
            }
        }
    }

    /// Looks through one of the snapshots that were asked for; false where none is left.
    fn trace(&mut self) -> Result<bool, Gone> {
        let Some(step) = self.to_trace.pop() else { return Ok(false) };
        let path = self.snapshots.iter().find(|(at, _)| *at == step).map(|(_, path)| path);
        // One that is gone, or damaged, leaves a gap.
        if let Some(snapshot) = path.and_then(|path| Snapshot::load(path).ok()) {
            self.send(Read::Usage(step, Usage::of(&snapshot)))?;
        }
        Ok(true)
    }

    /// Reads all that is new in the log, and tells how far it is where that takes long.
    fn log(&mut self, todo: &Receiver<Command>) -> Result<(), Gone> {
        let mut polls = 0;
        let mut length = 0;
        loop {
            let mut events = match self.log.poll() {
                Ok(events) => events,
                Err(error) => return self.trouble(Some(error.to_string())),
            };
            if events.is_empty() {
                break;
            }
            if polls == 0 {
                length = log_length(self.run.path());
            }
            polls += 1;
            if self.what == What::Curves {
                for event in &mut events {
                    event.values.retain(|(_, value)| matches!(value, Value::Scalar(_)));
                }
            }
            self.send(Read::Events(events))?;
            if polls * POLL < length {
                self.send(Read::Loading(Some((polls * POLL * 100 / length).min(99) as u8)))?;
            }
            while let Ok(command) = todo.try_recv() {
                self.obey(command)?;
            }
        }
        if polls > 1 {
            self.send(Read::Loading(None))?;
        }
        let damaged = self.log.damaged();
        if damaged != self.damaged {
            self.damaged = damaged;
            self.send(Read::Damaged(damaged))?;
        }
        self.trouble(None)
    }

    fn trouble(&mut self, trouble: Option<String>) -> Result<(), Gone> {
        if trouble == self.trouble {
            return Ok(());
        }
        self.trouble.clone_from(&trouble);
        self.send(Read::Trouble(trouble))
    }

    fn small_files(&mut self) -> Result<(), Gone> {
        match Status::read(&self.run) {
            Ok(Some(status)) if self.status.as_ref() != Some(&status) => {
                self.status = Some(status.clone());
                self.send(Read::Status(Box::new(status)))?;
            }
            Ok(_) => {}
            Err(error) => self.trouble(Some(error.to_string()))?,
        }
        if self.experiment.is_none()
            && let Ok(Some(text)) = toml_text::read_text(&self.run.experiment(), LARGEST_EXPERIMENT)
        {
            self.experiment = Some(text.clone());
            self.send(Read::Experiment(text))?;
            self.send(Read::Settings(settings(&self.run)))?;
        }
        if self.what == What::Curves {
            return Ok(());
        }
        let path = self.run.trainer_log();
        let length = fs::metadata(&path).ok().map(|meta| meta.len());
        if length != self.tail_len
            && let Some(length) = length
            && let Ok(lines) = tail(&path, length)
        {
            self.tail_len = Some(length);
            self.send(Read::Tail(lines))?;
        }
        if let Ok(snapshots) = Snapshot::list(&self.run)
            && snapshots != self.snapshots
        {
            self.send(Read::Snapshots(snapshots.iter().map(|(step, _)| *step).collect()))?;
            self.snapshots = snapshots;
        }
        let waiting = waiting(&self.run.requests());
        if waiting != self.waiting {
            self.waiting = waiting;
            self.send(Read::Waiting(waiting))?;
        }
        Ok(())
    }
}

fn log_length(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let logs = entries.filter_map(Result::ok).filter(|entry| is_event_file(&entry.file_name()));
    logs.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

/// How many request files nobody has taken.
fn waiting(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name.ends_with(".json"))
        .count()
}

/// The last lines of a file, fit for a terminal.
fn tail(path: &Path, length: u64) -> io::Result<Vec<String>> {
    let from = length.saturating_sub(TAIL);
    let mut bytes = vec![0; (length - from) as usize];
    let file = File::open(path)?;
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], from + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    let text = String::from_utf8_lossy(&bytes);
    // The first line of a cut file is only its end.
    let lines = text.lines().skip(usize::from(from > 0)).map(crate::format::plain);
    let lines: Vec<String> = lines.collect();
    Ok(lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use workbench_runs::LogWriter;

    fn run(dir: &tempfile::TempDir, name: &str) -> RunDir {
        let run = RunDir::create(dir.path(), name).unwrap();
        let mut log = LogWriter::create(&run, None).unwrap();
        log.write(1, &[("loss".to_owned(), Value::Scalar(1.0))]).unwrap();
        run
    }

    /// What one look at the files finds.
    fn look(run: RunDir) -> Vec<Read> {
        let (tell, found) = mpsc::sync_channel(100);
        let (_commands, todo) = mpsc::channel();
        let mut files = Files::new(run, What::All, tell);
        assert!(files.small_files().is_ok() && files.log(&todo).is_ok());
        drop(files);
        found.iter().collect()
    }

    #[test]
    fn what_is_small_is_found_first() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir, "a");
        Status::starting(10, 5).write(&run).unwrap();
        run.write_text("trainer.log", "one\n\x1b[1mtwo\x1b[0m\n").unwrap();
        run.write_text("experiment.toml", "seed = 7\n").unwrap();
        let found = look(run);
        assert!(matches!(&found[0], Read::Status(status) if status.steps_total == 10));
        assert!(matches!(&found[1], Read::Experiment(text) if text == "seed = 7\n"));
        assert!(matches!(&found[2], Read::Settings(all) if all["seed"] == "7"));
        assert!(matches!(&found[3], Read::Tail(lines) if lines == &["one", "two"]));
        assert!(matches!(&found[4], Read::Events(events) if events.iter().any(|e| e.step == 1)));
    }

    #[test]
    fn a_damaged_status_is_trouble_and_not_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir, "a");
        run.write_text("status.json", "{").unwrap();
        let found = look(run);
        assert!(matches!(&found[0], Read::Trouble(Some(why)) if why.contains("status.json")));
    }

    #[test]
    fn a_long_log_is_cut_to_its_last_whole_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trainer.log");
        let text: String = (0..20_000).map(|i| format!("line {i}\n")).collect();
        fs::write(&path, &text).unwrap();
        let lines = tail(&path, text.len() as u64).unwrap();
        assert_eq!(lines.len(), TAIL_LINES);
        assert_eq!(lines[TAIL_LINES - 1], "line 19999");
        assert_eq!(lines[0], "line 19500");
    }

    #[test]
    fn all_logs_below_a_folder_are_found() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(open_all(dir.path()), Err(Error::Runs(_))));
        run(&dir, "b");
        run(&dir, "a");
        let names = |path: &Path| -> Vec<String> {
            open_all(path).unwrap().iter().map(|run| run.name().to_owned()).collect()
        };
        assert_eq!(names(dir.path()), ["a", "b"]);
        assert_eq!(names(&dir.path().join("b")), ["b"]);
    }
}
