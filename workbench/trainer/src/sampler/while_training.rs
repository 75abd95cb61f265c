//! Samplers of a model that is being trained.

use workbench_runs::{Snapshot, Value};

use super::{Effort, Sampler, fit, keep};
use crate::storage::{Part, reason};
use crate::training::Training;
use crate::{Asked, Error, Progress, snapshot_of};

/// Fewer validation items are too few to say where codes lie.
const ENOUGH: usize = 500;

impl Training<'_> {
    /// For pictures: fitted to the codes of the validation items, which are there already, or to those of some training
    /// items where they are few. At the end of training it is the one that is kept.
    pub(crate) fn sampler_for_media(
        &mut self,
        snapshot: Option<&Snapshot>,
    ) -> Result<Option<Sampler>, Error> {
        if self.session.step() >= self.plan.total_steps {
            return Ok(self.last_sampler()?.ok());
        }
        // Without posteriors there is no snapshot either.
        let Some(snapshot) = snapshot else { return Ok(None) };
        let codes = match snapshot.len() < ENOUGH && self.splits.train.len() > snapshot.len() {
            true => self.codes(ENOUGH)?,
            false => None,
        };
        let codes = codes.as_ref().unwrap_or(snapshot);
        Ok(self.fit(codes, Effort::QUICK).ok())
    }

    /// That of the last step, fitted with care once, or why there is none; the log and who listens are told of it.
    pub(crate) fn last_sampler(&mut self) -> Result<Result<Sampler, String>, Error> {
        let step = self.session.step();
        if let Some((_, sampler)) = self.sampler.as_ref().filter(|(of, _)| *of == step) {
            return Ok(sampler.clone());
        }
        let sampler = match self.codes(Effort::FULL.items)? {
            Some(codes) => self.fit(&codes, Effort::FULL),
            None => Err("the architecture marks no posterior mean".to_owned()),
        };
        self.sampler = Some((step, sampler.clone()));
        if self.session.graph().is_classifier() {
            // It draws nothing, and nobody misses a sampler.
            return Ok(sampler);
        }
        let words = match &sampler {
            Ok(sampler) => sampler.words(),
            Err(why) => format!("none: {why}; samples are of the prior"),
        };
        self.log_now(&[("text/sampler".to_owned(), Value::Text(words.clone()))])?;
        self.observer.observe(Progress::Sampler { step, words: &words });
        Ok(sampler)
    }

    /// Keeps the sampler of the last step. It can be fitted again at any time: a disk that does not take it is told of, and
    /// ends nothing.
    pub(crate) fn keep_sampler(&mut self, sampler: Result<Sampler, String>) -> Result<(), Error> {
        let Ok(sampler) = sampler else { return Ok(()) };
        if let Err(workbench_runs::Error::Claimed { holder, .. }) = self.ticket.check() {
            return Err(Error::TakenOver(holder));
        }
        match keep(self.run, &self.session, &sampler) {
            Ok(()) => self.went_well(Part::Sampler),
            Err(Error::Run(error)) => {
                let why = format!("can't save the sampler: {}", reason(&error));
                self.failed(Part::Sampler, why)
            }
            Err(other) => Err(other),
        }
    }

    fn fit(&self, codes: &Snapshot, effort: Effort) -> Result<Sampler, String> {
        if self.session.latent_dims() != Some(codes.dims) {
            return Err(
                "the architecture has no port `z` as large as its posterior mean".to_owned()
            );
        }
        let asked = Asked::of(&self.session);
        fit(codes, &asked, self.classes.len(), self.experiment.seed, effort)
    }

    fn codes(&self, n: usize) -> Result<Option<Snapshot>, Error> {
        let (train, fixed) = (&self.splits.train, self.fixed());
        snapshot_of(&self.session, train, n, self.batch_size(), fixed)
    }
}
