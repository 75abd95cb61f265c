//! Checkpoints and latent snapshots are written on a thread of their own: no step waits for a disk.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use workbench_runs::{Checkpoint, LogSync, RunDir, Snapshot, checkpoint};

/// So many latent snapshots wait for a slow disk at most.
const SNAPSHOTS: usize = 8;

/// A state to be saved: a copy, so that training goes on.
pub(crate) struct Order {
    /// Orders count up.
    pub id: u64,
    pub checkpoint: Checkpoint,
    /// Makes the records up to the checkpoint's step durable, before it is there.
    pub log: LogSync,
    /// The step of the best value so far.
    pub best: Option<u64>,
    /// Someone waits for just this one.
    pub asked: bool,
}

/// What became of an order.
pub(crate) enum Written {
    Checkpoint {
        id: u64,
        step: u64,
        result: Result<PathBuf, String>,
    },
    /// The older checkpoints that are not to be kept are gone, or not.
    Pruned(Result<(), String>),
    Latents {
        step: u64,
        result: Result<(), String>,
    },
}

/// Writes one thing at a time. The newest state waits behind it, in place of an older one that was not begun, and apart
/// from it the best one, which none but a better one replaces. So the memory that this takes is bounded, and whenever
/// a checkpoint is on disk, the best one that it tells of is too.
pub(crate) struct Saver {
    shared: Arc<Shared>,
    done: Receiver<Written>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    latents: VecDeque<Snapshot>,
    best: Option<Order>,
    newest: Option<Order>,
    /// The best state could not be saved, and waits for the next attempt, which somebody must ask for.
    stalled: bool,
    busy: bool,
    ended: bool,
}

enum Work {
    Latents(Snapshot),
    Checkpoint(Order),
}

impl Saver {
    /// `keep`: so many of the newest checkpoints stay, beside the best.
    pub fn start(run: &RunDir, keep: usize) -> Saver {
        let shared = Arc::new(Shared::default());
        let (tell, done) = channel();
        let (theirs, run) = (shared.clone(), run.clone());
        let thread = std::thread::spawn(move || {
            let _end = End(&theirs);
            while let Some(work) = theirs.take() {
                match work {
                    Work::Latents(snapshot) => {
                        let result = snapshot.save(&run).map(drop).map_err(|e| e.to_string());
                        // Nobody listens any more where the run has failed.
                        let _ = tell.send(Written::Latents { step: snapshot.step, result });
                    }
                    Work::Checkpoint(order) => theirs.save(&run, keep, order, &tell),
                }
                theirs.lock().busy = false;
                theirs.changed.notify_all();
            }
        });
        Saver { shared, done, thread: Some(thread) }
    }

    /// Hands a state over. A best one that failed is tried again before it.
    pub fn save(&self, order: Order) {
        let mut inner = self.shared.lock();
        inner.stalled = false;
        let step = order.checkpoint.step;
        // What waits is older: a log that is on disk for this one is so for them, and theirs may have failed since.
        let Inner { best, newest, .. } = &mut *inner;
        best.iter_mut().chain(newest).for_each(|waiting| waiting.log = order.log.clone());
        if order.best == Some(step) {
            // What waits from before it is of no use any more, unless someone waits for it.
            inner.newest.take_if(|waiting| !waiting.asked);
            inner.best = Some(order);
        } else if order.asked || inner.newest.as_ref().is_none_or(|waiting| !waiting.asked) {
            inner.newest = Some(order);
        }
        self.shared.changed.notify_all();
    }

    /// Hands latents over. Where a slow disk has many to write already, the oldest of them are passed over.
    pub fn save_latents(&self, snapshot: Snapshot) {
        let mut inner = self.shared.lock();
        inner.latents.push_back(snapshot);
        if inner.latents.len() > SNAPSHOTS {
            inner.latents.pop_front();
        }
        self.shared.changed.notify_all();
    }

    /// What was written since the last call.
    pub fn written(&self) -> Vec<Written> {
        self.done.try_iter().collect()
    }

    /// Waits until all that can be written is, or has failed.
    pub fn wait(&self) {
        let at_work = |inner: &mut Inner| !inner.ended && (inner.busy || inner.has_work());
        let inner = self.shared.lock();
        drop(
            self.shared.changed.wait_while(inner, at_work).unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// Whether the best state is not on disk, nor on its way there.
    pub fn is_stalled(&self) -> bool {
        self.shared.lock().stalled
    }
}

impl Inner {
    fn has_work(&self) -> bool {
        let states = self.newest.is_some() || self.best.is_some();
        !self.latents.is_empty() || (states && !self.stalled)
    }

    fn next(&mut self) -> Option<Work> {
        // A checkpoint stands for all up to its step, figures too.
        if let Some(snapshot) = self.latents.pop_front() {
            return Some(Work::Latents(snapshot));
        }
        if self.stalled {
            return None;
        }
        let step = |order: &Option<Order>| order.as_ref().map_or(u64::MAX, |o| o.checkpoint.step);
        let slot = match step(&self.best) <= step(&self.newest) {
            true => &mut self.best,
            false => &mut self.newest,
        };
        slot.take().map(Work::Checkpoint)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work; `None` when no more comes.
    fn take(&self) -> Option<Work> {
        let mut inner = self.lock();
        loop {
            if let Some(work) = inner.next() {
                inner.busy = true;
                return Some(work);
            }
            if inner.ended {
                return None;
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn save(&self, run: &RunDir, keep: usize, order: Order, tell: &Sender<Written>) {
        let (id, step, best) = (order.id, order.checkpoint.step, order.best);
        let result = order.log.sync().and_then(|()| checkpoint::save(run, &order.checkpoint));
        let result = result.map_err(|error| error.to_string());
        if let Err(why) = &result {
            self.fail(order, why, tell);
        }
        let is_saved = result.is_ok();
        // Nobody listens any more where the run has failed.
        let _ = tell.send(Written::Checkpoint { id, step, result });
        if is_saved {
            let pruned = checkpoint::prune_up_to(run, step, keep, best);
            let _ = tell.send(Written::Pruned(pruned.map(drop).map_err(|e| e.to_string())));
        }
    }

    /// Keeps the best state for the next attempt, and with it what came after: no checkpoint on disk is to tell of a
    /// best one that is not there.
    fn fail(&self, order: Order, why: &str, tell: &Sender<Written>) {
        if order.best != Some(order.checkpoint.step) {
            return;
        }
        let mut inner = self.lock();
        if inner.best.is_some() {
            return;
        }
        inner.best = Some(order);
        inner.stalled = true;
        if let Some(newest) = inner.newest.take() {
            let (id, step) = (newest.id, newest.checkpoint.step);
            let _ = tell.send(Written::Checkpoint { id, step, result: Err(why.to_owned()) });
        }
    }
}

/// Whoever waits for a thread that is gone would wait for ever.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl Drop for Saver {
    /// Waits until what was handed over is written, or has failed.
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It can't have panicked over anything that matters here.
            let _ = thread.join();
        }
    }
}
