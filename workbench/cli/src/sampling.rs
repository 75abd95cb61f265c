//! From what a model's codes are drawn: the sampler that its run keeps, one that is fitted now, or the prior.

use workbench_engine::Batch;
use workbench_graph::Role;
use workbench_runs::{Claim, RunDir};
use workbench_trainer::{
    Asked, Drawn, Effort, SampleFrom, Sampler, Source, Split, Splits, Transform, Wanted, draw,
    fit_sampler, keep_sampler, kept_sampler, snapshot_of,
};

use crate::console;
use crate::failure::{Failure, Result};
use crate::model::Model;
use crate::told;

/// The sampler of a model; `None` for the prior, also where there is no other, which a line on stderr then says. One that the
/// run does not keep for this checkpoint is fitted now, and kept where no trainer holds the run.
pub fn sampler(model: &Model, run: &RunDir, from: SampleFrom) -> Result<Option<Sampler>> {
    if from == SampleFrom::Prior {
        return Ok(None);
    }
    if let Some(kept) = kept(model, run) {
        return Ok(Some(kept));
    }
    if let Some(why) = impossible(model) {
        console::note(format_args!("no sampler: {why}; samples are of the prior"));
        return Ok(None);
    }
    console::note(format_args!(
        "{} keeps no sampler for step {}: fitting one to the codes of training items",
        run.name(),
        model.session.step()
    ));
    let splits = Splits::open(&model.prepared.experiment, model.prepared.source.shared())?;
    match fitted(model, &splits.train)? {
        Ok(sampler) => {
            if let Err(why) = keep(model, run, &sampler) {
                console::note(format_args!("it is not kept: {why}"));
            }
            Ok(Some(sampler))
        }
        Err(why) => {
            console::note(format_args!("no sampler: {why}; samples are of the prior"));
            Ok(None)
        }
    }
}

/// The one that the run keeps for the checkpoint in the session. One that is damaged is named, and as good as none.
pub fn kept(model: &Model, run: &RunDir) -> Option<Sampler> {
    kept_sampler(run, &model.session).unwrap_or_else(|error| {
        console::warning(error);
        None
    })
}

/// One that is fitted to the codes of training items now, or why there is none.
///
/// # Errors
/// The data set's own, and the model's.
pub fn fitted(model: &Model, train: &Split) -> Result<std::result::Result<Sampler, String>> {
    let (session, experiment) = (&model.session, &model.prepared.experiment);
    if let Some(why) = impossible(model) {
        return Ok(Err(why.to_owned()));
    }
    let (items, batch) = (Effort::FULL.items, experiment.train.batch_size);
    let codes = snapshot_of(session, train, items, batch, Transform::fixed(experiment))?;
    let Some(codes) = codes else {
        return Ok(Err("the architecture marks no posterior mean".to_owned()));
    };
    if session.latent_dims() != Some(codes.dims) {
        return Ok(Err("its posterior mean is not as large as its port `z`".to_owned()));
    }
    let classes = model.prepared.source.classes().len();
    Ok(fit_sampler(&codes, &Asked::of(session), classes, experiment.seed, Effort::FULL))
}

/// Why no sampler can be fitted, as far as the graph tells.
fn impossible(model: &Model) -> Option<&'static str> {
    if model.session.latent_dims().is_none() {
        return Some("the architecture has no port `z`");
    }
    let mean = model.session.graph().output(Role::Mean);
    mean.is_none().then_some("the architecture marks no posterior mean")
}

/// Keeps a sampler in the run, where nobody else writes there.
pub fn keep(model: &Model, run: &RunDir, sampler: &Sampler) -> std::result::Result<(), String> {
    let claim = Claim::acquire(run).map_err(|error| error.to_string())?;
    let kept = keep_sampler(run, &model.session, sampler).map_err(|error| error.to_string());
    claim.release().map_err(|error| error.to_string())?;
    kept
}

/// Codes of a model, with what their pictures are conditioned on: what is wanted, and the first test items for the rest.
///
/// # Errors
/// The architecture has no port `z`; the data set's own.
pub fn drawn(
    model: &Model,
    sampler: Option<&Sampler>,
    (n, seed): (usize, u64),
    wanted: &Wanted,
) -> Result<Drawn> {
    let items = items(model, n)?;
    let classes = model.prepared.source.classes().len();
    draw(&model.session, sampler, &items, (n, seed), classes, wanted).map_err(Failure::usage)
}

/// The first test items, for what samples are conditioned on; they take turns.
pub fn items(model: &Model, n: usize) -> Result<Batch> {
    told::items(model, n.min(MOST_ITEMS))
}

/// More than these are not read.
const MOST_ITEMS: usize = 4096;
