//! `eval --judge`: whether what a model draws is what was asked for.

mod table;

use serde_json::{Value, json};
use workbench_engine::Batch;
use workbench_evaluate::{Described, Error, Eye, Judge, Report, Settings, Subject, report};
use workbench_experiment::{Binarize, Experiment};
use workbench_runs::RunDir;
use workbench_trainer::{Medium, SampleFrom, Source, Splits, Transform};

use crate::arguments::Eval;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::model::Model;
use crate::sampling;

/// What was measured, and with whose eyes.
pub struct Judged {
    judge: Option<String>,
    seed: u64,
    from: SampleFrom,
    report: Report,
}

/// A judge's run and its model, loaded before anything is measured.
pub struct Loaded {
    name: String,
    model: Model,
}

/// The judge that is asked for.
///
/// # Errors
/// There is no such run, or it has no checkpoint.
pub fn load(context: &Context, eval: &Eval) -> Result<Option<Loaded>> {
    let Some(query) = &eval.judge else { return Ok(None) };
    let run = context.run(query)?;
    let model = Model::load_beside(context, &run)?;
    Ok(Some(Loaded { name: run.name().to_owned(), model }))
}

/// Measures a model by a judge; without one what needs none, which is nothing of pictures.
///
/// # Errors
/// The judge can't judge this model; what fails while drawing.
pub fn measure(
    (model, run): (&Model, &RunDir),
    judge: Option<&Loaded>,
    splits: &Splits,
    eval: &Eval,
) -> Result<Option<Judged>> {
    let source = &model.prepared.source;
    let medium = source.medium();
    if judge.is_none() && (medium == Medium::Picture || !eval.metrics.is_empty()) {
        return Ok(None);
    }
    let described = |of: &Model| {
        let source = &of.prepared.source;
        (source.classes().to_vec(), source.attributes().to_vec())
    };
    let (classes, attributes) = described(model);
    let of = Described { classes: &classes, attributes: &attributes };
    let judge_eye = judge.map(|judge| {
        let (classes, attributes) = described(&judge.model);
        let own = Described { classes: &classes, attributes: &attributes };
        Judge::new(&judge.name, &judge.model.session, own, of, &model.prepared.input)
    });
    let eye = Eye { judge: judge_eye.transpose().map_err(failure)?, medium };
    let sampler = match model.session.latent_dims() {
        Some(_) => sampling::sampler(model, run, eval.from.into())?,
        None => None,
    };
    let draw = |n: usize, number: u64, given: &Batch| match &sampler {
        Some(sampler) => Ok(sampler.draw(given, n, eval.seed, number)),
        None => model.session.prior(n, eval.seed, number).map_err(|error| error.to_string()),
    };
    let experiment = &model.prepared.experiment;
    let subject = Subject {
        session: &model.session,
        classes: &classes,
        attributes: &attributes,
        transform: Transform::fixed(experiment),
        draw: &draw,
    };
    let transform = as_they_are(experiment);
    let settings = Settings { n: eval.n as usize, seed: eval.seed, transform };
    let report = report(&subject, &eye, splits, &settings).map_err(failure)?;
    let judge = judge.map(|judge| judge.name.clone());
    Ok(Some(Judged { judge, seed: eval.seed, from: SampleFrom::of(sampler.as_ref()), report }))
}

impl Judged {
    pub fn json(&self) -> Result<Value> {
        let mut value = serde_json::to_value(&self.report).map_err(Failure::running)?;
        value["judge"] = json!(self.judge);
        value["seed"] = json!(self.seed);
        value["from"] = json!(self.from.name());
        Ok(value)
    }

    /// Prints it.
    pub fn show(&self) {
        table::show(self.judge.as_deref(), self.from, self.seed, &self.report);
    }
}

/// How items are seen as the data set has them, but cropped as the experiment crops them: what a model draws is grey, also
/// where it was trained on black and white.
fn as_they_are(experiment: &Experiment) -> Transform {
    let mut experiment = experiment.clone();
    experiment.input.binarize = Binarize::None;
    experiment.input.dequantize = false;
    Transform::fixed(&experiment)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Engine(_) | Error::Trainer(_) | Error::Draw(_) => Failure::running(error),
        refused => Failure::usage(refused),
    }
}
