//! What training hands to the saver, what comes back, and what happens where the disk takes nothing.

use std::time::{Duration, Instant};

use workbench_runs::{Checkpoint, Value, checkpoint};

use crate::heartbeat::Fault;
use crate::restore::tensors;
use crate::saver::{Order, Saver, Written};
use crate::storage::{Part, reason};
use crate::training::Training;
use crate::{Error, Progress};

/// A save that failed is tried again when the next one is due, and after this.
const RETRY_EVERY: Duration = Duration::from_secs(30);
/// The end of a run does not wait for that: it tries again after these, and then gives up.
const LAST_RETRIES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(2)];

/// The saver, and what it was last given.
pub(crate) struct Saves {
    saver: Saver,
    orders: u64,
    /// The last state that was handed over, until training changes something that its step does not tell.
    last: Option<Last>,
    /// The order whose end someone waits for.
    asked: Option<u64>,
    failed: Option<(Instant, String)>,
}

struct Last {
    id: u64,
    step: u64,
    is_saved: bool,
}

impl Saves {
    pub fn new(saver: Saver) -> Saves {
        Saves { saver, orders: 0, last: None, asked: None, failed: None }
    }

    /// A checkpoint of this step, if there is one, does not know what is now.
    pub fn outdate(&mut self) {
        self.last = None;
    }

    pub fn save_latents(&self, snapshot: workbench_runs::Snapshot) {
        self.saver.save_latents(snapshot);
    }
}

impl Training<'_> {
    /// Has the state saved as it is now, unless it was handed over already.
    pub(crate) fn save(&mut self) -> Result<(), Error> {
        let step = self.session.step();
        match &self.saves.last {
            Some(last) if last.step == step => Ok(()),
            _ => self.order(false),
        }
    }

    /// Likewise, and tells in the log when it is done.
    pub(crate) fn save_asked(&mut self) -> Result<(), Error> {
        let step = self.session.step();
        match &self.saves.last {
            Some(last) if last.step == step && last.is_saved => self.tell("saved"),
            _ => self.order(true),
        }
    }

    fn order(&mut self, asked: bool) -> Result<(), Error> {
        let step = self.session.step();
        self.saves.orders += 1;
        let id = self.saves.orders;
        if asked {
            self.saves.asked = Some(id);
        }
        let (model, optimizer) = (self.session.parameters()?, self.session.optimizer_state()?);
        // A step can end in numbers too large to be held, which only the next one would notice.
        let bad = model.iter().chain(&optimizer).find(|(_, array)| !array.is_finite());
        if let Some((name, _)) = bad {
            return Err(Error::NotFinite { name: name.clone(), step });
        }
        let log = match self.log.flushed() {
            Ok(log) => log,
            Err(error @ workbench_runs::Error::Io { .. }) => {
                self.failed(Part::Log, log_fault(&error))?;
                return self.checkpoint_failed(id, step, reason(&error));
            }
            Err(other) => return Err(other.into()),
        };
        self.saves.last = Some(Last { id, step, is_saved: false });
        self.saves.saver.save(Order {
            id,
            checkpoint: Checkpoint {
                step,
                model: tensors(model),
                optimizer: tensors(optimizer),
                state: self.state.to_table(),
            },
            log,
            best: self.state.best.as_ref().map(|best| best.step),
            asked,
        });
        Ok(())
    }

    /// Takes note of what the saver has done, and tries again what failed a while ago.
    pub(crate) fn settle(&mut self) -> Result<(), Error> {
        for written in self.saves.saver.written() {
            match written {
                Written::Checkpoint { id, step, result: Ok(path) } => {
                    self.checkpoint_written(id, step, &path)?;
                }
                Written::Checkpoint { id, step, result: Err(why) } => {
                    self.checkpoint_failed(id, step, why)?;
                }
                Written::Pruned(Ok(())) => self.went_well(Part::Pruning)?,
                Written::Pruned(Err(why)) => {
                    self.failed(Part::Pruning, format!("can't remove older checkpoints: {why}"))?;
                }
                Written::Latents { result: Ok(()), .. } => self.went_well(Part::Latents)?,
                Written::Latents { step, result: Err(why) } => {
                    self.failed(
                        Part::Latents,
                        format!("can't save the latents of step {step}: {why}"),
                    )?;
                }
            }
        }
        match self.heartbeat.fault() {
            Some(Fault::TakenOver(holder)) => return Err(Error::TakenOver(holder)),
            Some(Fault::Storage(why)) => {
                self.failed(Part::Status, format!("can't write the status: {why}"))?;
            }
            None => self.went_well(Part::Status)?,
        }
        match &self.saves.failed {
            Some((since, _)) if since.elapsed() >= RETRY_EVERY => self.order(false),
            _ => Ok(()),
        }
    }

    fn checkpoint_written(
        &mut self,
        id: u64,
        step: u64,
        path: &std::path::Path,
    ) -> Result<(), Error> {
        if let Some(last) = self.saves.last.as_mut().filter(|last| last.id == id) {
            last.is_saved = true;
        }
        if !self.saves.saver.is_stalled() {
            self.saves.failed = None;
        }
        self.observer.observe(Progress::Checkpoint { step, path });
        self.went_well(Part::Checkpoints)?;
        match self.saves.asked.take_if(|asked| *asked <= id) {
            Some(_) if step == self.session.step() => self.tell("saved"),
            Some(_) => self.tell(&format!("saved step {step}")),
            None => Ok(()),
        }
    }

    fn checkpoint_failed(&mut self, id: u64, step: u64, why: String) -> Result<(), Error> {
        // Nothing is to be tried again where there is no place to come back to, or where it is another's.
        self.look_for_directory()?;
        if let Err(workbench_runs::Error::Claimed { holder, .. }) = self.ticket.check() {
            return Err(Error::TakenOver(holder));
        }
        self.saves.last.take_if(|last| last.id == id);
        self.saves.failed = Some((Instant::now(), why.clone()));
        if self.saves.asked.take_if(|asked| *asked <= id).is_some() {
            self.tell(&format!("could not save: {why}"))?;
        }
        let what = format!(
            "can't save a checkpoint at step {step}: {why}; training goes on, trying again at the next save"
        );
        self.failed(Part::Checkpoints, what)
    }

    /// Saves the last state, and waits until it and the log are on disk.
    ///
    /// # Errors
    /// [`Error::NotSaved`] where the disk does not take them, also not a little later.
    pub(crate) fn save_last(&mut self) -> Result<(), Error> {
        let step = self.session.step();
        let mut why = String::new();
        for wait in [Duration::ZERO].into_iter().chain(LAST_RETRIES) {
            std::thread::sleep(wait);
            self.save()?;
            self.wait_for_saves()?;
            let is_saved = |last: &Last| last.step == step && last.is_saved;
            if self.saves.last.as_ref().is_some_and(is_saved) {
                match self.log.sync() {
                    Ok(()) => return Ok(()),
                    Err(error) => why = reason(&error),
                }
            } else {
                why = self.saves.failed.as_ref().map_or(String::new(), |(_, why)| why.clone());
                self.saves.outdate();
            }
        }
        let newest = checkpoint::list(self.run).ok().and_then(|mut all| all.pop());
        Err(Error::NotSaved { step, why, newest: newest.map(|(_, path)| path) })
    }

    /// What was handed over is on disk, or has failed, when this returns.
    pub(crate) fn wait_for_saves(&mut self) -> Result<(), Error> {
        self.saves.saver.wait();
        self.settle()
    }

    /// Likewise, and the log is on disk, or has failed.
    pub(crate) fn wait_for_disk(&mut self) -> Result<(), Error> {
        self.wait_for_saves()?;
        self.logged(|log, _| log.sync())
    }

    /// Logs values at the current step. A disk that takes nothing is told of, and does not end training: the records
    /// wait in memory.
    ///
    /// # Errors
    /// [`workbench_runs::Error::LogFull`], and a record that can't be one.
    pub(crate) fn log(&mut self, values: &[(String, Value)]) -> Result<(), Error> {
        self.logged(|log, step| log.write(step, values))
    }

    /// As [`Training::log`], for readers to see at once.
    pub(crate) fn log_now(&mut self, values: &[(String, Value)]) -> Result<(), Error> {
        self.log(values)?;
        self.logged(|log, _| log.flush())?;
        if self.log.is_behind() { Ok(()) } else { self.went_well(Part::Log) }
    }

    fn logged(
        &mut self,
        act: impl FnOnce(&mut workbench_runs::LogWriter, u64) -> Result<(), workbench_runs::Error>,
    ) -> Result<(), Error> {
        match act(&mut self.log, self.session.step()) {
            Ok(()) => Ok(()),
            Err(error @ workbench_runs::Error::Io { .. }) => {
                self.failed(Part::Log, log_fault(&error))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// A part of the disk does not work. It is in the status as long as that is so, and told once.
    pub(crate) fn failed(&mut self, part: Part, what: String) -> Result<(), Error> {
        let is_new = self.storage.failed(part, what.clone());
        let words = self.storage.words();
        if !is_new {
            self.heartbeat.update(|status| status.storage = words);
            return Ok(());
        }
        self.heartbeat.tell(|status| status.storage = words);
        tracing::warn!("storage: {what}");
        self.tell(&format!("storage: {what}"))
    }

    /// It works.
    pub(crate) fn went_well(&mut self, part: Part) -> Result<(), Error> {
        if !self.storage.went_well(part) {
            return Ok(());
        }
        let words = self.storage.words();
        self.heartbeat.tell(|status| status.storage = words);
        self.tell(&format!("storage: {}", part.works_again()))
    }

    /// # Errors
    /// [`Error::Vanished`]. A file system that stumbles is not a directory that is gone.
    pub(crate) fn look_for_directory(&self) -> Result<(), Error> {
        match std::fs::metadata(self.run.path()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::Vanished { path: self.run.path().to_owned() })
            }
            _ => Ok(()),
        }
    }
}

fn log_fault(error: &workbench_runs::Error) -> String {
    format!("can't write the log: {}; its records wait in memory", reason(error))
}
