use std::hash::{BuildHasher, Hasher, RandomState};

use serde::{Deserialize, Serialize};

use crate::process::{self, Life};
use crate::status;

/// Who holds a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    pub host: String,
    /// The host's boot, where its system tells.
    pub boot: Option<String>,
    /// The namespace of process ids, where there are such.
    pub namespace: Option<String>,
    pub pid: u32,
    /// When the process started, in clock ticks since the boot, where the system tells.
    pub started: Option<u64>,
    /// When it was claimed, RFC 3339.
    pub time: String,
    /// No two claims share it.
    pub token: String,
}

impl Holder {
    pub(crate) fn this_process() -> Holder {
        let pid = std::process::id();
        let started = match process::life(pid) {
            Life::Alive { start } => start,
            Life::Gone => None,
        };
        Holder {
            host: process::host(),
            boot: process::boot(),
            namespace: process::namespace(),
            pid,
            started,
            time: status::now(),
            // The standard library seeds its hashers from the system's randomness.
            token: format!(
                "{:016x}{:016x}",
                RandomState::new().build_hasher().finish(),
                RandomState::new().build_hasher().finish()
            ),
        }
    }

    /// What can be told of this process from here.
    pub fn fate(&self) -> Fate {
        let boot = process::boot();
        // Two hosts may share a name, containers for instance; a boot is of one machine only. Where it is another one,
        // this may be the machine of then after a restart, or another machine.
        let is_here = self.host == process::host()
            && self.boot == boot
            && self.namespace == process::namespace();
        if !is_here {
            return Fate::Unknown;
        }
        match (process::life(self.pid), self.started) {
            (Life::Gone, _) => Fate::Gone,
            (Life::Alive { start: Some(now) }, Some(then)) if now != then => Fate::Gone,
            (Life::Alive { start: Some(_) }, Some(_)) => Fate::Lives,
            // Its id may be another process's by now.
            (Life::Alive { .. }, _) => Fate::Unknown,
        }
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on host {} since {}", self.pid, self.host, self.time)
    }
}

/// What can be told of a claim's holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is at work: the process that this host has under its id is the one that made the claim.
    Lives,
    /// It was on this host, in this boot, and no process has its id now, or another one has.
    Gone,
    /// It is, or may be, of another host or boot; only a heartbeat that stands still tells that it is gone.
    Unknown,
}
