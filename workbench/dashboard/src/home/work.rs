//! What takes a while, one thing after the other on a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use workbench_runs::{Request, RunDir};

use super::owner::{Owner, PluginEntry};
use crate::Error;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    Check { experiment: PathBuf, name: String },
    Start { experiment: PathBuf, name: String },
    Resume { run: PathBuf, name: String },
    Stop { run: PathBuf, name: String },
    Delete { run: PathBuf, name: String },
}

impl Job {
    /// What is being done, for people.
    pub fn text(&self) -> String {
        match self {
            Job::Check { name, .. } => format!("checking {name}"),
            Job::Start { name, .. } => format!("building and checking {name}"),
            Job::Resume { name, .. } => format!("going on with {name}"),
            Job::Stop { name, .. } => format!("asking {name} to stop"),
            Job::Delete { name, .. } => format!("deleting {name}"),
        }
    }
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Done {
    /// What a check said.
    Checked {
        name: String,
        words: String,
    },
    /// There is a run to look at.
    Started {
        run: PathBuf,
    },
    /// The run of this name was asked to stop.
    Stopping {
        name: String,
    },
    /// Something to tell in a line.
    Said(String),
    Failed {
        job: Job,
        why: String,
    },
    Plugins(Vec<PluginEntry>),
}

/// The two ends that Home holds of its worker; it ends when they are dropped.
pub(crate) struct Worker {
    pub jobs: Sender<Job>,
    pub done: Receiver<Done>,
}

/// Starts a worker, and has the plugins described meanwhile.
///
/// # Errors
/// [`Error::Reader`] where the system has no thread left.
pub(crate) fn start(owner: &Arc<dyn Owner>) -> Result<Worker, Error> {
    let (jobs, todo) = mpsc::channel::<Job>();
    let (tell, done) = mpsc::channel();
    let (describe, tell_plugins) = (Arc::clone(owner), tell.clone());
    let plugins = move || {
        // Home may be gone, which is nobody's loss.
        let _ = tell_plugins.send(Done::Plugins(describe.plugins()));
        let _ = tell_plugins.send(Done::Plugins(describe.described_plugins()));
    };
    let owner = Arc::clone(owner);
    let work = move || {
        for job in todo {
            if tell.send(carry_out(&*owner, job)).is_err() {
                return;
            }
        }
    };
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|_| Error::Reader)
    };
    spawn("plugins", Box::new(plugins))?;
    spawn("worker", Box::new(work))?;
    Ok(Worker { jobs, done })
}

/// Does it.
pub(crate) fn carry_out(owner: &dyn Owner, job: Job) -> Done {
    let open = |run: &Path| RunDir::open(run).map_err(|error| error.to_string());
    let done = match &job {
        Job::Check { experiment, name } => {
            let checked = owner.check(experiment);
            checked.map(|words| Done::Checked { name: name.clone(), words })
        }
        Job::Start { experiment, .. } => owner.start(experiment).map(|run| Done::Started { run }),
        Job::Resume { run, .. } => owner.resume(run).map(|()| Done::Started { run: run.clone() }),
        Job::Stop { run, name } => open(run).and_then(|run| {
            Request::Stop.post(&run).map_err(|error| error.to_string())?;
            Ok(Done::Stopping { name: name.clone() })
        }),
        Job::Delete { run, name } => open(run).and_then(|run| {
            workbench_runs::remove(&run).map_err(|error| error.to_string())?;
            Ok(Done::Said(format!("deleted {name}")))
        }),
    };
    done.unwrap_or_else(|why| Done::Failed { job, why })
}
