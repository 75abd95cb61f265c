//! One run, from its first step, or from a checkpoint, to its end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use workbench_engine::Session;
use workbench_experiment::Experiment;
use workbench_runs::log::is_event_file;
use workbench_runs::{Checkpoint, Claim, LogWriter, RunDir, State, Status, Value};

use crate::heartbeat::Heartbeat;
use crate::kept::Kept;
use crate::profiled::profiled;
use crate::rate::Rate;
use crate::restore::restore;
use crate::saver::Saver;
use crate::saving::Saves;
use crate::storage::Storage;
use crate::training::{Ending, Training};
use crate::{Error, Observer, Plan, Progress, Signals, Splits};

/// Everything that a run needs.
pub struct Job<'a> {
    pub run: &'a RunDir,
    /// The run's: nothing is written without it.
    pub claim: &'a Claim,
    pub experiment: &'a Experiment,
    pub session: Session,
    pub splits: &'a Splits,
    /// Names of the classes; empty where there are no labels.
    pub classes: &'a [String],
    /// Texts for the log's readers, by tag: the layer table.
    pub texts: Vec<(String, String)>,
    /// Where to go on; `None` begins.
    pub resume: Option<Checkpoint>,
    pub signals: &'a Signals,
    /// How often requests are looked for; see [`REQUESTS_EVERY`].
    pub requests_every: Duration,
}

/// Listing a folder between any two steps would cost a fast run much.
pub const REQUESTS_EVERY: Duration = Duration::from_millis(100);

/// How a run ended, when nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Finished,
    /// By a request or a signal; it can go on.
    Stopped,
    /// The loss was not finite.
    Diverged,
}

impl Job<'_> {
    /// Trains to the end. The status says how it goes and how it ended, whatever happens.
    ///
    /// # Errors
    /// What can't be read, written or computed; the status then says `failed`, with the same words.
    pub fn train(self, observer: &mut dyn Observer) -> Result<Outcome, Error> {
        let counts = [&self.splits.train, &self.splits.valid, &self.splits.test]
            .map(|split| split.len() as u64);
        let plan = Plan::new(self.experiment, counts[0], counts[1], counts[2])?;
        let mut status = Status::starting(plan.total_steps, self.parameters() as u64);
        // A status that can't be read, after a crash say, is only missed.
        if let Ok(Some(before)) = Status::read(self.run) {
            status.started = before.started;
        }
        status.skipped = self.splits.skipped.len() as u64;
        let heartbeat = Heartbeat::start(self.run, self.claim.ticket(), status)?;
        let ended = self.start(plan, &heartbeat, observer);
        let (state, why) = match &ended {
            Ok(Ending { outcome: Outcome::Finished, .. }) => (State::Finished, None),
            Ok(Ending { outcome: Outcome::Stopped, .. }) => (State::Stopped, None),
            Ok(Ending { outcome: Outcome::Diverged, why, .. }) => (State::Diverged, why.clone()),
            Err(error) => (State::Failed, Some(error.to_string())),
        };
        let step = heartbeat.status().step;
        let none = BTreeMap::new();
        let metrics = ended.as_ref().map_or(&none, |ending| &ending.metrics);
        // Before the status says so: whoever waits for the end finds the last figures drawn.
        observer.observe(Progress::Ended { state, step, metrics });
        let written = heartbeat.enter(state, why);
        // What ended the run comes before what could not be written about it.
        let outcome = ended?.outcome;
        written?;
        Ok(outcome)
    }

    fn start(
        mut self,
        plan: Plan,
        heartbeat: &Heartbeat,
        observer: &mut dyn Observer,
    ) -> Result<Ending, Error> {
        let kept = match self.resume.take() {
            Some(checkpoint) => restore(&mut self.session, &checkpoint)?,
            None => Kept::default(),
        };
        let step = self.session.step();
        heartbeat.update(|status| {
            status.step = step;
            status.epoch = step.div_ceil(plan.steps_per_epoch);
            status.best = kept.best.clone();
        });
        let mut log = LogWriter::create(self.run, was_logged(self.run).then_some(step))?;
        let mut texts = std::mem::take(&mut self.texts);
        texts.push(("text/experiment".to_owned(), self.experiment.to_toml()));
        texts.push(("data/classes".to_owned(), self.classes.join("\n")));
        let texts: Vec<_> = texts.into_iter().map(|(tag, text)| (tag, Value::Text(text))).collect();
        log.write(step, &texts)?;
        log.flush()?;
        let parameters = self.parameters();
        observer.observe(Progress::Started { step, total_steps: plan.total_steps, parameters });
        let training = Training {
            run: self.run,
            ticket: self.claim.ticket(),
            experiment: self.experiment,
            splits: self.splits,
            classes: self.classes,
            signals: self.signals,
            plan,
            session: self.session,
            state: kept,
            log,
            heartbeat,
            observer,
            rate: Rate::new(),
            profiled: profiled(plan, step),
            began: (Instant::now(), step),
            requests_every: self.requests_every,
            looked: Instant::now(),
            stop: false,
            told: (0, String::new()),
            misunderstood: None,
            saves: Saves::new(Saver::start(
                self.run,
                self.claim.ticket(),
                self.experiment.checkpoint.keep,
            )),
            storage: Storage::default(),
            sampler: None,
        };
        training.run()
    }

    fn parameters(&self) -> usize {
        self.session
            .graph()
            .params()
            .iter()
            .filter(|param| param.trained)
            .map(|param| param.shape.iter().product::<usize>())
            .sum()
    }
}

/// Whether an earlier try has left records: those after the step where this one goes on are superseded, also where
/// that is the beginning.
fn was_logged(run: &RunDir) -> bool {
    let entries = std::fs::read_dir(run.path()).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| is_event_file(&entry.file_name()))
}
