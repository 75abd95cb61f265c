//! The runs of a folder, as their directories tell: read again and again on a thread of its own.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use workbench_runs::{
    Group, History, Liveness, LogReader, RunDir, State as RunState, Status, Value, looks_dead,
    settings,
};

use super::owner::{DataSetEntry, ExperimentEntry, Owner};
use crate::Error;

/// How often the runs are looked at, where a look takes no time.
const INTERVAL: Duration = Duration::from_millis(500);
/// A look may take a tenth of the time at most: many runs on a slow file system are looked at less often.
const SHARE: u32 = 10;
/// Experiments and data sets change only by hand.
const OTHERS_EVERY: u32 = 4;
/// As many points of a curve as are kept.
const POINTS: usize = 256;
/// With fewer points the curve of validation says less than that of training.
const FEW: usize = 8;
/// Between two tellings of what has been read, while logs are read for the first time.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// A run, as far as its directory tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunEntry {
    pub name: String,
    pub path: PathBuf,
    pub status: Option<Status>,
    /// It says that it is live, and shows no sign of it.
    pub lost: bool,
    pub group: Option<Group>,
    /// The tag that tells best how it goes, and its points.
    pub curve: Option<(String, Vec<(u64, f32)>)>,
    /// The last of each `test/…`.
    pub tested: BTreeMap<String, f32>,
    /// Its experiment's settings, by their paths.
    pub settings: BTreeMap<String, String>,
}

impl RunEntry {
    /// A run of which nothing is known but where it is.
    pub fn named(name: &str, path: &Path) -> RunEntry {
        RunEntry {
            name: name.to_owned(),
            path: path.to_path_buf(),
            status: None,
            lost: false,
            group: None,
            curve: None,
            tested: BTreeMap::new(),
            settings: BTreeMap::new(),
        }
    }

    /// Whether a trainer is at work on it.
    pub fn is_live(&self) -> bool {
        !self.lost && self.status.as_ref().is_some_and(|status| status.state.is_live())
    }

    /// Whether it can go on.
    pub fn is_resumable(&self) -> bool {
        let state = self.status.as_ref().map(|status| status.state);
        !self.is_live() && state.is_some_and(|state| state != RunState::Finished)
    }

    /// What it is doing, in a word.
    pub fn word(&self) -> &'static str {
        match &self.status {
            _ if self.lost => "lost",
            None => "log",
            Some(status) => status.state.name(),
        }
    }
}

/// What a look found; only what changed is told.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Live ones first, then the newest.
    Runs(Vec<Arc<RunEntry>>),
    Experiments(Vec<ExperimentEntry>),
    DataSets(Vec<DataSetEntry>),
    /// Why the runs cannot be read; `None` when they can be again.
    Trouble(Option<String>),
}

/// The two ends that Home holds of its scanner; it ends when they are dropped.
pub(crate) struct Scanner {
    /// Asks for a look at once.
    pub look: Sender<()>,
    pub seen: Receiver<Seen>,
}

/// Starts looking.
///
/// # Errors
/// [`Error::Reader`] where the system has no thread left.
pub(crate) fn start(runs: &Path, owner: Option<Arc<dyn Owner>>) -> Result<Scanner, Error> {
    let (look, asked) = mpsc::channel();
    // While nobody takes what was found, nothing more is looked for.
    let (tell, seen) = mpsc::sync_channel(1);
    let mut scan = Scan::new(runs, owner, tell);
    let work = move || {
        let _ = scan.until_gone(&asked);
    };
    thread::Builder::new().name("scanner".to_owned()).spawn(work).map_err(|_| Error::Reader)?;
    Ok(Scanner { look, seen })
}

/// Home is gone.
pub(crate) struct Gone;

/// The runs of a folder and what was read of them.
pub(crate) struct Scan {
    runs: PathBuf,
    /// Knows of experiments and data sets; `None` where only the runs are looked at.
    owner: Option<Arc<dyn Owner>>,
    tell: SyncSender<Seen>,
    followed: HashMap<PathBuf, Followed>,
    told: Option<Vec<Arc<RunEntry>>>,
    experiments: Option<Vec<ExperimentEntry>>,
    data_sets: Option<Vec<DataSetEntry>>,
    trouble: Option<String>,
}

struct Followed {
    entry: Arc<RunEntry>,
    liveness: Liveness,
    /// `None` where the run has ended and all of its log is read.
    log: Option<LogReader>,
    history: History,
}

impl Scan {
    pub fn new(runs: &Path, owner: Option<Arc<dyn Owner>>, tell: SyncSender<Seen>) -> Scan {
        Scan {
            runs: runs.to_path_buf(),
            owner,
            tell,
            followed: HashMap::new(),
            told: None,
            experiments: None,
            data_sets: None,
            trouble: None,
        }
    }

    fn until_gone(&mut self, asked: &Receiver<()>) -> Result<(), Gone> {
        for turn in 0u32.. {
            let began = Instant::now();
            if turn.is_multiple_of(OTHERS_EVERY) {
                self.others()?;
            }
            self.look(asked)?;
            let wait = INTERVAL.max(began.elapsed() * SHARE);
            match asked.recv_timeout(wait) {
                // What was done may have changed anything.
                Ok(()) => self.others()?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Gone),
            }
        }
        Ok(())
    }

    fn send(&self, seen: Seen) -> Result<(), Gone> {
        self.tell.send(seen).map_err(|_| Gone)
    }

    fn others(&mut self) -> Result<(), Gone> {
        let Some(owner) = self.owner.clone() else { return Ok(()) };
        let experiments = owner.experiments();
        if self.experiments.as_ref() != Some(&experiments) {
            self.experiments = Some(experiments.clone());
            self.send(Seen::Experiments(experiments))?;
        }
        let data_sets = owner.data_sets();
        if self.data_sets.as_ref() != Some(&data_sets) {
            self.data_sets = Some(data_sets.clone());
            self.send(Seen::DataSets(data_sets))?;
        }
        Ok(())
    }

    /// One look at everything: what is small first, then what is new in the logs.
    pub fn look(&mut self, asked: &Receiver<()>) -> Result<(), Gone> {
        let mut runs = match workbench_runs::list(&self.runs) {
            Ok(runs) => runs,
            Err(error) => return self.trouble(Some(error.to_string())),
        };
        self.trouble(None)?;
        let now = Instant::now();
        // The newest first.
        runs.reverse();
        self.followed.retain(|path, _| runs.iter().any(|run| run.path() == path));
        for run in &runs {
            self.status(run, now);
        }
        runs.sort_by_key(|run| !self.followed[run.path()].entry.is_live());
        self.tell_runs(&runs)?;
        let mut told = Instant::now();
        for run in &runs {
            while self.log(run) {
                if told.elapsed() > TELL_EVERY {
                    self.tell_runs(&runs)?;
                    told = Instant::now();
                }
                if matches!(asked.try_recv(), Err(TryRecvError::Disconnected)) {
                    return Err(Gone);
                }
            }
        }
        self.tell_runs(&runs)
    }

    fn trouble(&mut self, trouble: Option<String>) -> Result<(), Gone> {
        if self.trouble != trouble {
            self.trouble.clone_from(&trouble);
            self.send(Seen::Trouble(trouble))?;
        }
        Ok(())
    }

    fn tell_runs(&mut self, runs: &[RunDir]) -> Result<(), Gone> {
        let entries: Vec<_> =
            runs.iter().map(|run| Arc::clone(&self.followed[run.path()].entry)).collect();
        let is_told = self.told.as_ref().is_some_and(|told| {
            told.len() == entries.len() && told.iter().zip(&entries).all(|(a, b)| Arc::ptr_eq(a, b))
        });
        if is_told {
            return Ok(());
        }
        self.told = Some(entries.clone());
        self.send(Seen::Runs(entries))
    }

    fn status(&mut self, run: &RunDir, now: Instant) {
        // One that cannot be read this time is as it was the last time.
        let read = Status::read(run);
        let followed = self.followed.entry(run.path().to_path_buf()).or_insert_with(|| Followed {
            entry: Arc::new(RunEntry {
                group: Group::of(run),
                settings: settings(run),
                ..RunEntry::named(run.name(), run.path())
            }),
            liveness: Liveness::new(),
            log: Some(LogReader::open(run.path())),
            history: History::bounded(POINTS),
        });
        let Ok(status) = read else { return };
        let lost = status.as_ref().is_some_and(|status| {
            followed.liveness.observe(status.heartbeat, now);
            looks_dead(status) || followed.liveness.is_lost(status.state, now)
        });
        if followed.entry.status == status && followed.entry.lost == lost {
            return;
        }
        let beats = |status: &Option<Status>| status.as_ref().map(|status| status.heartbeat);
        if followed.log.is_none() && beats(&followed.entry.status) != beats(&status) {
            // Someone goes on with it.
            followed.log = Some(LogReader::open(run.path()));
            followed.history = History::bounded(POINTS);
        }
        let entry = Arc::make_mut(&mut followed.entry);
        entry.status = status;
        entry.lost = lost;
    }

    /// Reads what is new in a run's log, or a part of it; returns whether there may be more.
    fn log(&mut self, run: &RunDir) -> bool {
        let Some(followed) = self.followed.get_mut(run.path()) else { return false };
        let Some(log) = &mut followed.log else { return false };
        // A log that cannot be read has nothing new; the dashboard says why.
        let events = log.poll().unwrap_or_default();
        if events.is_empty() {
            if !followed.entry.is_live() && followed.entry.status.is_some() {
                followed.log = None;
            }
            return false;
        }
        for mut event in events {
            event.values.retain(|(tag, value)| matches!(value, Value::Scalar(_)) && is_wanted(tag));
            followed.history.fold(event);
        }
        let (curve, tested) = (curve(&followed.history), tested(&followed.history));
        if followed.entry.curve != curve || followed.entry.tested != tested {
            let entry = Arc::make_mut(&mut followed.entry);
            (entry.curve, entry.tested) = (curve, tested);
        }
        true
    }
}

fn is_wanted(tag: &str) -> bool {
    tag.starts_with("test/") || tag.to_ascii_lowercase().contains("loss")
}

fn tested(history: &History) -> BTreeMap<String, f32> {
    let tested = history.scalars.iter().filter(|(tag, _)| tag.starts_with("test/"));
    tested.filter_map(|(tag, series)| Some((tag.clone(), series.last()?.1))).collect()
}

/// The curve to show: of validation where it has points enough to have a shape, else of training, else whatever has
/// a loss in its name.
fn curve(history: &History) -> Option<(String, Vec<(u64, f32)>)> {
    let known = [("valid/loss", FEW), ("train/loss", 2), ("valid/loss", 2)].into_iter();
    let others = history.scalars.keys().filter(|tag| !tag.starts_with("test/"));
    let series = known.chain(others.map(|tag| (tag.as_str(), 2))).find_map(|(tag, least)| {
        let series = history.scalars.get(tag).filter(|series| series.len() >= least)?;
        Some((tag, series))
    });
    let (tag, series) = series?;
    let points = series.steps.iter().copied().zip(series.values.iter().copied()).collect();
    Some((tag.to_owned(), points))
}
