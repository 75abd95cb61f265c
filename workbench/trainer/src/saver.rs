//! Checkpoints and latent snapshots are written on a thread of their own: a step waits for a disk only where checkpoints
//! fall due faster than it takes them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use workbench_runs::{Checkpoint, LogSync, RunDir, Snapshot, Ticket, checkpoint};

use crate::storage::reason;

/// So many latent snapshots wait for a slow disk at most.
const SNAPSHOTS: usize = 8;
/// So long a state waits for the one before it to be begun; then it takes its place.
const PATIENCE: Duration = Duration::from_secs(5);

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

impl Order {
    fn is_best(&self) -> bool {
        self.best == Some(self.checkpoint.step)
    }
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

/// Writes one thing at a time. The newest state waits behind it, where the disk hangs in place of an older one that was
/// not begun, and apart from it the best one, which none but a better one replaces. So the memory that this takes is bounded, and whenever
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
    pub fn start(run: &RunDir, ticket: &Ticket, keep: usize) -> Saver {
        let shared = Arc::new(Shared::default());
        let (tell, done) = channel();
        let (theirs, run, ticket) = (shared.clone(), run.clone(), ticket.clone());
        let thread = std::thread::spawn(move || {
            let _end = End(&theirs);
            while let Some(work) = theirs.take() {
                match work {
                    Work::Latents(snapshot) => {
                        let result = snapshot.save(&run).map(drop).map_err(|e| reason(&e));
                        // Nobody listens any more where the run has failed.
                        let _ = tell.send(Written::Latents { step: snapshot.step, result });
                    }
                    Work::Checkpoint(order) => theirs.save(&run, &ticket, keep, order, &tell),
                }
                theirs.lock().busy = false;
                theirs.changed.notify_all();
            }
        });
        Saver { shared, done, thread: Some(thread) }
    }

    /// Hands a state over. A best one that failed is tried again before it. Where one waits already, this waits for it
    /// to be begun, so that every checkpoint that falls due is there however fast the steps are; but not for long, as
    /// a disk may hang for hours.
    pub fn save(&self, order: Order) {
        let waits = |inner: &mut Inner| !inner.ended && !inner.stalled && inner.has_state();
        let inner = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(inner, PATIENCE, waits);
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inner.put(order);
        drop(inner);
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
    fn put(&mut self, order: Order) {
        self.stalled = false;
        // What waits is older: a log that is on disk for this one is so for them, and theirs may have failed since.
        let Inner { best, newest, .. } = self;
        best.iter_mut()
            .chain(newest.iter_mut())
            .for_each(|waiting| waiting.log = order.log.clone());
        if order.is_best() {
            // What waits from before it is of no use any more, unless someone waits for it.
            newest.take_if(|waiting| !waiting.asked);
            *best = Some(order);
        } else if order.asked || newest.as_ref().is_none_or(|waiting| !waiting.asked) {
            *newest = Some(order);
        }
    }

    fn has_state(&self) -> bool {
        self.newest.is_some() || self.best.is_some()
    }

    fn has_work(&self) -> bool {
        !self.latents.is_empty() || (self.has_state() && !self.stalled)
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
                self.changed.notify_all();
                return Some(work);
            }
            if inner.ended {
                return None;
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn save(
        &self,
        run: &RunDir,
        ticket: &Ticket,
        keep: usize,
        order: Order,
        tell: &Sender<Written>,
    ) {
        let (id, step, best) = (order.id, order.checkpoint.step, order.best);
        let result = order
            .log
            .sync()
            // A run that was taken over, while this host slept say, is another's to write.
            .and_then(|()| ticket.check())
            .and_then(|()| checkpoint::save(run, &order.checkpoint));
        let result = result.map_err(|error| reason(&error));
        if let Err(why) = &result {
            self.fail(order, why, tell);
        }
        let is_saved = result.is_ok();
        // Nobody listens any more where the run has failed.
        let _ = tell.send(Written::Checkpoint { id, step, result });
        if is_saved {
            let pruned = checkpoint::prune_up_to(run, step, keep, best);
            let _ = tell.send(Written::Pruned(pruned.map(drop).map_err(|e| reason(&e))));
        }
    }

    /// Keeps the best state for the next attempt, and with it what came after: no checkpoint on disk is to tell of a
    /// best one that is not there.
    fn fail(&self, order: Order, why: &str, tell: &Sender<Written>) {
        if !order.is_best() {
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

#[cfg(test)]
mod tests {
    use workbench_runs::{Claim, LogWriter, Tensor, Tensors};

    use super::*;

    struct Fixture {
        _dir: tempfile::TempDir,
        run: RunDir,
        claim: Claim,
        log: LogWriter,
        id: u64,
    }

    impl Fixture {
        fn new() -> Fixture {
            let dir = tempfile::tempdir().unwrap();
            let run = RunDir::create(dir.path(), "run").unwrap();
            let log = LogWriter::create(&run, None).unwrap();
            let claim = Claim::acquire(&run).unwrap();
            Fixture { _dir: dir, run, claim, log, id: 0 }
        }

        fn order(&mut self, step: u64, best: u64) -> Order {
            self.id += 1;
            let tensors = |x| Tensors::from([("w".to_owned(), Tensor::f32([1], vec![x]))]);
            Order {
                id: self.id,
                checkpoint: Checkpoint {
                    step,
                    model: tensors(step as f32),
                    optimizer: tensors(-(step as f32)),
                    state: toml::Table::new(),
                },
                log: self.log.flushed().unwrap(),
                best: Some(best),
                asked: false,
            }
        }

        /// A file in the place of the folder: that stops root too.
        fn block(&self) {
            let there = self.run.checkpoints();
            if there.exists() {
                std::fs::rename(&there, self.run.path().join("hidden")).unwrap();
            }
            std::fs::write(there, "in the way").unwrap();
        }

        fn unblock(&self) {
            std::fs::remove_file(self.run.checkpoints()).unwrap();
            let hidden = self.run.path().join("hidden");
            if hidden.exists() {
                std::fs::rename(hidden, self.run.checkpoints()).unwrap();
            }
        }

        /// Steps on disk, each whole, with its own optimizer.
        fn saved(&self) -> Vec<u64> {
            let all = checkpoint::list(&self.run).unwrap();
            for (step, path) in &all {
                let there = checkpoint::load(path).unwrap();
                let expected = Tensor::f32([1], vec![-(*step as f32)]);
                assert_eq!(there.optimizer["w"], expected);
            }
            all.into_iter().map(|(step, _)| step).collect()
        }
    }

    /// Steps that failed and steps that were saved.
    fn outcome(saver: &Saver) -> (Vec<u64>, Vec<u64>) {
        saver.wait();
        let (mut failed, mut saved) = (vec![], vec![]);
        for written in saver.written() {
            if let Written::Checkpoint { step, result, .. } = written {
                if result.is_ok() { saved.push(step) } else { failed.push(step) }
            }
        }
        (failed, saved)
    }

    #[test]
    fn a_best_state_that_failed_waits_and_nothing_is_saved_before_it() {
        let mut fixture = Fixture::new();
        let saver = Saver::start(&fixture.run, fixture.claim.ticket(), 1);
        fixture.block();
        saver.save(fixture.order(5, 5));
        assert_eq!(outcome(&saver), (vec![5], vec![]));
        assert!(saver.is_stalled());
        fixture.unblock();
        saver.save(fixture.order(7, 5));
        assert_eq!(outcome(&saver), (vec![], vec![5, 7]));
        assert_eq!(fixture.saved(), [5, 7]);

        fixture.block();
        saver.save(fixture.order(9, 9));
        outcome(&saver);
        saver.save(fixture.order(10, 9));
        assert_eq!(outcome(&saver), (vec![10, 9], vec![]));
        fixture.unblock();
        // The best before it, and the newest, are there until their successors are.
        assert_eq!(fixture.saved(), [5, 7]);
        saver.save(fixture.order(12, 9));
        assert_eq!(outcome(&saver), (vec![], vec![9, 12]));
        assert_eq!(fixture.saved(), [9, 12]);
    }

    #[test]
    fn every_state_that_falls_due_is_saved_however_fast_they_come() {
        let mut fixture = Fixture::new();
        let saver = Saver::start(&fixture.run, fixture.claim.ticket(), 100);
        let steps: Vec<u64> = (1..=20).collect();
        for &step in &steps {
            saver.save(fixture.order(step, step / 5 * 5));
        }
        assert_eq!(outcome(&saver), (vec![], steps.clone()));
        assert_eq!(fixture.saved(), steps);
    }

    #[test]
    fn a_newer_state_takes_the_place_of_one_that_waits_unless_it_is_the_best_or_asked_for() {
        let mut fixture = Fixture::new();
        let mut inner = Inner::default();
        let steps = |inner: &mut Inner| -> Vec<u64> {
            std::iter::from_fn(|| match inner.next()? {
                Work::Checkpoint(order) => Some(order.checkpoint.step),
                Work::Latents(_) => None,
            })
            .collect()
        };
        for (step, best) in [(1, 0), (2, 0), (3, 3), (4, 3), (5, 3)] {
            inner.put(fixture.order(step, best));
        }
        assert_eq!(steps(&mut inner), [3, 5]);
        for (step, best) in [(6, 6), (7, 6), (8, 8)] {
            inner.put(fixture.order(step, best));
        }
        assert_eq!(steps(&mut inner), [8]);
        inner.put(Order { asked: true, ..fixture.order(9, 8) });
        for (step, best) in [(10, 8), (11, 11), (12, 11)] {
            inner.put(fixture.order(step, best));
        }
        assert_eq!(steps(&mut inner), [9, 11]);
        // A set knob makes another state of a step: the later one is the one that stays.
        inner.put(fixture.order(13, 13));
        inner.put(fixture.order(13, 13));
        assert_eq!(steps(&mut inner), [13]);
    }
}
