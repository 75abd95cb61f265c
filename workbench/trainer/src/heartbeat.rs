//! The status file, kept fresh by a thread of its own: a long step or evaluation must not look like death.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use workbench_runs::{Holder, RunDir, State, Status, Ticket};

use crate::Error;
use crate::load::Load;
use crate::storage::reason;

/// A minute without a new one makes a run look lost; this leaves room for a slow file system.
const EVERY: Duration = Duration::from_secs(2);

/// The run's status, written every two seconds until dropped.
pub(crate) struct Heartbeat {
    run: RunDir,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    inner: Mutex<Inner>,
    /// Nothing is written once the run is another trainer's.
    ticket: Ticket,
    woken: Condvar,
    /// Why the last attempt to write it failed.
    fault: Mutex<Option<Fault>>,
    /// One writer at a time, so that a beat never replaces the status of the end.
    writing: Mutex<()>,
}

struct Inner {
    status: Status,
    /// What the machine was at, as long as nobody has taken note of it.
    load: Vec<(&'static str, f32)>,
    /// Not to wait for the next beat.
    urgent: bool,
    ended: bool,
}

/// Why the status was not written.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Storage(String),
    TakenOver(Box<Holder>),
}

impl Heartbeat {
    pub fn start(run: &RunDir, ticket: &Ticket, status: Status) -> Result<Heartbeat, Error> {
        status.write(run)?;
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner { status, load: Vec::new(), urgent: false, ended: false }),
            ticket: ticket.clone(),
            woken: Condvar::new(),
            fault: Mutex::new(None),
            writing: Mutex::new(()),
        });
        let (theirs, dir) = (shared.clone(), run.clone());
        let thread = std::thread::spawn(move || {
            // The first look takes a while, and comes after the first word on the disk.
            let mut load: Option<Load> = None;
            let mut inner = theirs.lock();
            while !inner.ended {
                let waits = |inner: &mut Inner| !inner.ended && !inner.urgent;
                let waited = theirs.woken.wait_timeout_while(inner, EVERY, waits);
                inner = waited.unwrap_or_else(PoisonError::into_inner).0;
                inner.urgent = false;
                if inner.ended {
                    break;
                }
                // Training updates the status at every step, and must not wait for a slow disk.
                drop(inner);
                // Training asks for what went wrong, and tells of it.
                let _ = theirs.write(&dir);
                let sampled = load.get_or_insert_with(Load::new).sample();
                inner = theirs.lock();
                if !sampled.is_empty() {
                    inner.load = sampled;
                }
            }
        });
        Ok(Heartbeat { run: run.clone(), shared, thread: Some(thread) })
    }

    /// Changes the status; it is written with the next beat.
    pub fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.shared.lock().status);
    }

    /// Changes the status; it is written as soon as the disk takes it.
    pub fn tell(&self, change: impl FnOnce(&mut Status)) {
        let mut inner = self.shared.lock();
        change(&mut inner.status);
        inner.urgent = true;
        self.shared.woken.notify_all();
    }

    /// Changes the state, and writes at once.
    pub fn enter(&self, state: State, error: Option<String>) -> Result<(), Error> {
        let mut inner = self.shared.lock();
        inner.status.state = state;
        inner.status.error = error;
        drop(inner);
        self.shared.write(&self.run)
    }

    /// What the machine was at when it was looked at last; nothing where that was told before.
    pub fn take_load(&self) -> Vec<(&'static str, f32)> {
        std::mem::take(&mut self.shared.lock().load)
    }

    /// Why the status could not be written, if the last attempt failed.
    pub fn fault(&self) -> Option<Fault> {
        self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn status(&self) -> Status {
        self.shared.lock().status.clone()
    }
}

impl Shared {
    /// Writes the status as it is when it is this writer's turn.
    fn write(&self, run: &RunDir) -> Result<(), Error> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let status = self.lock().status.clone();
        let written = self.ticket.check().and_then(|()| status.write(run));
        let written = written.map_err(|error| match error {
            workbench_runs::Error::Claimed { holder, .. } => Error::TakenOver(holder),
            other => Error::Run(other),
        });
        let fault = match &written {
            Ok(()) => None,
            Err(Error::TakenOver(holder)) => Some(Fault::TakenOver(holder.clone())),
            Err(Error::Run(error)) => Some(Fault::Storage(reason(error))),
            Err(other) => Some(Fault::Storage(other.to_string())),
        };
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        written
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.woken.notify_all();
        if let Some(thread) = self.thread.take() {
            // It can't have panicked over anything that matters here.
            let _ = thread.join();
        }
    }
}
