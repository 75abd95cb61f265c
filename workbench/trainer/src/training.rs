//! The loop: steps, epochs, the end.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use workbench_engine::{Batch, Controls, Session};
use workbench_experiment::{Experiment, Length, OnBadItem};
use workbench_runs::{Best, LogWriter, RunDir, Snapshot, State, Ticket, Value};

use crate::ahead::{Batches, Next};
use crate::evaluate::not_finite;
use crate::heartbeat::Heartbeat;
use crate::kept::Kept;
use crate::rate::Rate;
use crate::saving::Saves;
use crate::storage::{Part, Storage, reason};
use crate::{
    COLUMNS, Error, Media, Observer, Outcome, Plan, Progress, Sampler, Signals, Split, Splits,
    Transform,
};
use crate::{active_units, batches, evaluate, grid_png, knobs, snapshot};

/// How long a batch is waited for before anything else is looked at.
const LISTEN_EVERY: Duration = Duration::from_millis(50);

/// The loop and what it changes.
pub(crate) struct Training<'a> {
    pub run: &'a RunDir,
    pub ticket: &'a Ticket,
    pub experiment: &'a Experiment,
    pub splits: &'a Splits,
    pub classes: &'a [String],
    pub signals: &'a Signals,
    pub plan: Plan,
    pub session: Session,
    pub state: Kept,
    pub log: LogWriter,
    pub heartbeat: &'a Heartbeat,
    pub observer: &'a mut dyn Observer,
    pub rate: Rate,
    /// The steps whose layers are timed, counted from 0.
    pub profiled: Range<u64>,
    /// When and at which step this process began: how long the rest takes is judged from there.
    pub began: (Instant, u64),
    pub requests_every: Duration,
    pub looked: Instant,
    pub stop: bool,
    /// What was told at the last step that had something to tell.
    pub told: (u64, String),
    /// Why requests could not be read, if the last try failed.
    pub misunderstood: Option<String>,
    pub saves: Saves,
    pub storage: Storage,
    /// The last one that was fitted with care, or why there is none, and the step of the model.
    pub sampler: Option<(u64, Result<Sampler, String>)>,
}

impl Training<'_> {
    /// Trains from where the session is to the end, or to whatever ends it before.
    pub fn run(mut self) -> Result<Ending, Error> {
        self.enter(State::Running)?;
        let start = self.session.step();
        if start == 0 {
            self.tell_skipped()?;
            self.tell_undrawable()?;
        }
        let (experiment, train, plan) = (self.experiment, &self.splits.train, self.plan);
        let trained = std::thread::scope(|scope| {
            // A run that was killed while it finished had stopped improving before.
            if start > 0 && self.worn_out() {
                return Ok(());
            }
            let batches = batches::training(scope, experiment, plan, train, start);
            while let Some(batch) = self.next(&batches)? {
                self.step(&batch)?;
                if self.session.step().is_multiple_of(plan.steps_per_epoch) && self.epoch()? {
                    return Ok(());
                }
            }
            Ok(())
        });
        let none = BTreeMap::new;
        let ended = match trained {
            Ok(()) if self.stop => self.save_last().map(|()| (Outcome::Stopped, none())),
            Ok(()) => self.finish().map(|metrics| (Outcome::Finished, metrics)),
            Err(error) => Err(error),
        };
        match ended {
            Ok((outcome, metrics)) => Ok(Ending { outcome, why: None, metrics }),
            Err(
                error @ (Error::NotFinite { .. }
                | Error::Engine(workbench_engine::Error::NonFinite { .. })),
            ) => {
                let why = error.to_string();
                self.tell(&format!("diverged: {why}"))?;
                self.wait_for_disk()?;
                Ok(Ending { outcome: Outcome::Diverged, why: Some(why), metrics: none() })
            }
            // Of an epoch whose validation is not complete nothing is saved: it would be missing after a resume.
            Err(error @ (Error::Source(_) | Error::BadItem { .. })) => Err(self.lost(error, None)),
            Err(error) => Err(error),
        }
    }

    /// The batch of the next step; `None` at the end, and where training is to stop. Listens also while it waits: what is
    /// read may lie far away.
    fn next(&mut self, batches: &Batches) -> Result<Option<Batch>, Error> {
        let mut since = Instant::now();
        loop {
            let next = batches.wait(self.requests_every.max(LISTEN_EVERY));
            self.rate.waited(since.elapsed());
            self.listen()?;
            if self.stop {
                return Ok(None);
            }
            match next {
                Next::Made(Ok(made)) => return Ok(Some(made.batch)),
                Next::Made(Err(error)) => {
                    self.save_last()?;
                    return Err(self.lost(error, Some(self.session.step())));
                }
                Next::NotYet => since = Instant::now(),
                Next::End => return Ok(None),
            }
        }
    }

    /// An item that was good when the run began is not any more.
    fn lost(&self, error: Error, saved: Option<u64>) -> Error {
        let is_skipped = self.experiment.input.on_bad_item == OnBadItem::Skip;
        Error::Lost { error: Box::new(error), saved, is_skipped }
    }

    /// One batch.
    fn step(&mut self, batch: &Batch) -> Result<(), Error> {
        let at = self.plan.position(self.session.step());
        let lr = match self.state.set.get("lr") {
            Some(lr) => *lr,
            None => self.experiment.train.optimizer.lr.at(at),
        };
        let knobs = self.knobs();
        let controls = Controls { lr, knobs: &knobs, clip_norm: self.experiment.train.clip };
        if self.session.step() == self.profiled.start {
            self.session.profile(true);
        }
        self.rate.begin();
        let measures = self.session.train_step(batch, &controls)?;
        self.rate.end(batch.inputs.get("x").map_or(0, |x| x.shape()[0]));

        let step = self.session.step();
        if step == self.profiled.end {
            let table = self.session.layer_times(step - self.profiled.start);
            self.session.profile(false);
            if let Some(table) = table {
                self.log_now(&[("time/layers".to_owned(), Value::Text(table))])?;
            }
        }
        let per_second = self.rate.per_second();
        let epoch = step.div_ceil(self.plan.steps_per_epoch);
        self.heartbeat.update(|status| {
            status.step = step;
            status.epoch = epoch;
            status.images_per_second = per_second;
        });
        if step.is_multiple_of(self.experiment.log.every_steps) {
            let mut metrics: BTreeMap<String, f32> = measures
                .values
                .iter()
                .map(|(name, value)| (format!("train/{name}"), *value))
                .collect();
            metrics.insert("train/loss".to_owned(), measures.loss);
            metrics.insert("train/lr".to_owned(), lr as f32);
            metrics.extend(measures.grad_norm.map(|norm| ("train/grad_norm".to_owned(), norm)));
            metrics
                .extend(knobs.iter().map(|(name, value)| (format!("knob/{name}"), *value as f32)));
            let mut scalars = scalars(&metrics);
            scalars.push(("time/images_per_second".to_owned(), Value::Scalar(per_second as f32)));
            scalars.push(("time/data_wait".to_owned(), Value::Scalar(self.rate.wait() as f32)));
            let load = self.heartbeat.take_load().into_iter();
            scalars.extend(load.map(|(tag, value)| (tag.to_owned(), Value::Scalar(value))));
            self.log_now(&scalars)?;
            self.observer.observe(Progress::Step {
                step,
                epoch,
                metrics: &metrics,
                images_per_second: per_second,
            });
        }
        // At the end of an epoch the validation comes first: a checkpoint stands for all that is logged up to it.
        if self.due(step) && !step.is_multiple_of(self.plan.steps_per_epoch) {
            self.save()?;
        }
        Ok(())
    }

    /// What is due after an epoch; true where training has stopped improving.
    fn epoch(&mut self) -> Result<bool, Error> {
        let step = self.session.step();
        let improved = self.validate()?;
        if self.due(step) || improved {
            self.save()?;
        }
        let worn_out = self.worn_out();
        if worn_out && step < self.plan.total_steps {
            self.tell(&format!(
                "stopped early: {} has not improved for {} epochs",
                self.experiment.train.monitor, self.state.without_improvement
            ))?;
        }
        Ok(worn_out)
    }

    /// The validation split, its latent space and pictures, of the average of the weights where there is one; true where the
    /// monitored value is the best so far.
    fn validate(&mut self) -> Result<bool, Error> {
        self.session.use_average(true);
        let step = self.session.step();
        let epoch = step.div_ceil(self.plan.steps_per_epoch);
        let mut metrics = self.measure(&self.splits.valid, "valid")?;
        let improved = self.judge(&metrics, step)?;
        let snapshot =
            snapshot(&self.session, &self.splits.valid, self.batch_size(), self.fixed())?;
        if let Some(snapshot) = &snapshot {
            metrics.insert("latent/active_units".to_owned(), active_units(snapshot) as f32);
            self.saves.save_latents(snapshot.clone());
        }
        self.log_now(&scalars(&metrics))?;
        let last = step >= self.plan.total_steps;
        if epoch.is_multiple_of(self.experiment.plots.every_epochs) || last {
            self.media(snapshot.as_ref())?;
        }
        let left = self.plan.total_steps.saturating_sub(step) as f64;
        let done = step.saturating_sub(self.began.1);
        let seconds_left =
            (done > 0).then(|| self.began.0.elapsed().as_secs_f64() / done as f64 * left);
        self.observer.observe(Progress::Epoch { step, epoch, metrics: &metrics, seconds_left });
        Ok(improved)
    }

    /// Whether the monitored value has not improved for as long as the experiment waits.
    fn worn_out(&self) -> bool {
        let patience = self.experiment.train.patience;
        patience.is_some_and(|patience| self.state.without_improvement >= patience)
    }

    /// The end of training: the test split, once, and the last state.
    fn finish(&mut self) -> Result<BTreeMap<String, f32>, Error> {
        if !self.session.step().is_multiple_of(self.plan.steps_per_epoch) {
            self.validate()?;
        }
        self.session.use_average(true);
        let test = self.measure(&self.splits.test, "test")?;
        self.log(&scalars(&test))?;
        let sampler = self.last_sampler()?;
        self.save_last()?;
        self.keep_sampler(sampler)?;
        Ok(test)
    }

    /// Remembers the best value of the monitored tag; true where this one is it.
    fn judge(&mut self, metrics: &BTreeMap<String, f32>, step: u64) -> Result<bool, Error> {
        let tag = &self.experiment.train.monitor;
        let Some(&value) = metrics.get(tag) else {
            let there = metrics.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::Monitor { monitor: tag.clone(), there });
        };
        if self.state.judged.replace(step) == Some(step) {
            return Ok(self.state.best.as_ref().is_some_and(|best| best.step == step));
        }
        let value = f64::from(value);
        // Of all measures only the ELBO is better when it is larger.
        let better = |old: f64| if tag.ends_with("/elbo") { value > old } else { value < old };
        let improved =
            value.is_finite() && self.state.best.as_ref().is_none_or(|best| better(best.value));
        match improved {
            true => {
                self.state.best = Some(Best { tag: tag.clone(), step, value });
                self.state.without_improvement = 0;
            }
            false => self.state.without_improvement += 1,
        }
        let best = self.state.best.clone();
        self.heartbeat.update(|status| status.best = best);
        Ok(improved)
    }

    /// Whether the experiment wants a checkpoint at this step.
    fn due(&self, step: u64) -> bool {
        match self.experiment.checkpoint.every {
            Length::Steps(every) => step.is_multiple_of(every),
            Length::Epochs(every) => {
                step.is_multiple_of(every.saturating_mul(self.plan.steps_per_epoch))
            }
        }
    }

    fn media(&mut self, snapshot: Option<&Snapshot>) -> Result<(), Error> {
        let sampler = self.sampler_for_media(snapshot)?;
        let (valid, classes, fixed) = (&self.splits.valid, self.classes, self.fixed());
        let media = Media::make(&self.session, valid, classes, fixed, snapshot, sampler.as_ref())?;
        let step = self.session.step();
        let pairs = media.reconstructions.as_ref().ok().map(|made| (made.pairs(), COLUMNS));
        let samples = media.samples.as_ref().ok();
        let samples = samples.map(|samples| (samples.pictures.clone(), samples.columns));
        for (tag, pictures) in [("images/reconstructions", pairs), ("images/samples", samples)] {
            let Some((pictures, columns)) = pictures else { continue };
            let (width, height, channels, png) = grid_png(&pictures, columns)?;
            self.log_now(&[(tag.to_owned(), Value::Image { width, height, channels, png })])?;
        }
        self.observer.observe(Progress::Media { step, media: &media, snapshot });
        Ok(())
    }

    /// # Errors
    /// A loss that is not finite, which is a divergence also where no step has met it yet.
    fn measure(&self, split: &Split, name: &str) -> Result<BTreeMap<String, f32>, Error> {
        let (size, fixed, knobs) = (self.batch_size(), self.fixed(), self.knobs());
        let measured = evaluate(&self.session, split, size, fixed, &knobs)?;
        if measured.get("loss").is_some_and(|loss| !loss.is_finite())
            && let Some(error) = not_finite(&self.session, (name, split), size, fixed, &knobs)?
        {
            return Err(error.into());
        }
        Ok(measured
            .into_iter()
            .map(|(measure, value)| (format!("{name}/{measure}"), value))
            .collect())
    }

    /// Items that could not be read, in one line: there may be many.
    fn tell_skipped(&mut self) -> Result<(), Error> {
        let skipped = &self.splits.skipped;
        let Some((split, item, why)) = skipped.first() else { return Ok(()) };
        let first = format!("skipped item {item} of `{split}`: {why}");
        match skipped.len() - 1 {
            0 => self.tell(&first),
            more => self.tell(&format!("{first}; and {more} more")),
        }
    }

    /// Figures that the experiment wants and the architecture has nothing for.
    fn tell_undrawable(&mut self) -> Result<(), Error> {
        for lack in self.session.graph().undrawable() {
            if let Some(words) = lack.of(&self.experiment.plots.figures) {
                self.tell(&words)?;
            }
        }
        Ok(())
    }

    /// A line of the run's story: in the log, where viewers mark it on the curves.
    pub(crate) fn tell(&mut self, message: &str) -> Result<(), Error> {
        let step = self.session.step();
        // Of two texts with one tag and step, readers keep the later: it repeats the earlier.
        match &mut self.told {
            (at, text) if *at == step && !text.is_empty() => {
                text.push_str("; ");
                text.push_str(message);
            }
            told => *told = (step, message.to_owned()),
        }
        self.log_now(&[("control".to_owned(), Value::Text(self.told.1.clone()))])?;
        self.observer.observe(Progress::Control { step, message });
        Ok(())
    }

    /// Every knob's value for the next step.
    pub(crate) fn knobs(&self) -> BTreeMap<String, f64> {
        let at = self.plan.position(self.session.step());
        knobs(&self.session, self.experiment, &self.state.set, at)
    }

    /// Changes the state that the status tells; a status that can't be written is a fault of the disk like others.
    pub(crate) fn enter(&mut self, state: State) -> Result<(), Error> {
        match self.heartbeat.enter(state, None) {
            Err(Error::Run(error @ workbench_runs::Error::Io { .. })) => {
                self.failed(Part::Status, format!("can't write the status: {}", reason(&error)))
            }
            other => other,
        }
    }

    pub(crate) fn fixed(&self) -> Transform {
        Transform::fixed(self.experiment)
    }

    pub(crate) fn batch_size(&self) -> usize {
        self.experiment.train.batch_size
    }
}

fn scalars(metrics: &BTreeMap<String, f32>) -> Vec<(String, Value)> {
    metrics.iter().map(|(tag, value)| (tag.clone(), Value::Scalar(*value))).collect()
}

/// How training ended, when nothing failed.
pub(crate) struct Ending {
    pub outcome: Outcome,
    /// For a divergence: what was not finite.
    pub why: Option<String>,
    /// Of the test split, where training came to its end.
    pub metrics: BTreeMap<String, f32>,
}
