//! Other runs that are drawn over this one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use workbench_runs::{History, Liveness, Status, Value, add_above_floor};

use crate::watch::message::Read;

/// As many runs as are drawn over one another: as many looks as people tell apart.
pub(crate) const MOST: usize = 8;
/// As many points of a series as are kept of each: more than most screens have columns.
const POINTS: usize = 2048;

/// A run that is pinned.
#[derive(Debug, Clone)]
pub(crate) struct Rival {
    pub name: String,
    pub path: PathBuf,
    /// Which colour and mark are its own; it keeps them when others go. 0 is the run that the dashboard is of.
    pub look: usize,
    /// Its scalars, and no more.
    pub history: History,
    pub status: Option<Status>,
    pub settings: BTreeMap<String, String>,
    pub lost: bool,
    liveness: Liveness,
    pub loading: bool,
    /// Why it cannot be read.
    pub trouble: Option<String>,
}

impl Rival {
    pub fn new(path: &Path, look: usize) -> Rival {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Rival {
            name: crate::format::plain(&name),
            path: path.to_path_buf(),
            look,
            history: History::bounded(POINTS),
            status: None,
            settings: BTreeMap::new(),
            lost: false,
            liveness: Liveness::new(),
            loading: true,
            trouble: None,
        }
    }

    /// Takes in what its reader found.
    pub fn fold(&mut self, read: Read, now: Instant) {
        match read {
            Read::Events(events) => {
                for mut event in events {
                    event.values.retain(|(_, value)| matches!(value, Value::Scalar(_)));
                    add_above_floor(&mut event);
                    self.history.fold(event);
                }
            }
            Read::Loading(percent) => self.loading = percent.is_some(),
            Read::Status(status) => {
                self.liveness.observe(status.heartbeat, now);
                self.status = Some(*status);
                self.tick(now);
            }
            Read::Settings(settings) => self.settings = settings,
            Read::Trouble(trouble) => self.trouble = trouble,
            _ => {}
        }
    }

    /// Takes note of the time. Tells whether anything that shows changed.
    pub fn tick(&mut self, now: Instant) -> bool {
        let lost =
            self.status.as_ref().is_some_and(|status| self.liveness.is_lost(status.state, now));
        std::mem::replace(&mut self.lost, lost) != lost
    }

    /// Whether it may still grow.
    pub fn is_live(&self) -> bool {
        !self.lost && self.status.as_ref().is_none_or(|status| status.state.is_live())
    }
}

/// The least look that none of these has.
pub(crate) fn free_look(rivals: &[Rival]) -> usize {
    (1..).find(|look| rivals.iter().all(|rival| rival.look != *look)).unwrap_or(MOST)
}
