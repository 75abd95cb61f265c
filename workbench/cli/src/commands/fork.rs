//! `fork`: a new run from a checkpoint of another.

use std::path::Path;
use std::process::ExitCode;

use workbench_experiment::{Experiment, Length, is_name};
use workbench_runs::parent::Change;
use workbench_runs::{LogWriter, Making, Parent, RunDir, Snapshot, Value, checkpoint, log};
use workbench_trainer::{Differences, Error, Forked};

use super::train::{bad_name, begin, how, named, taken};
use crate::arguments::Fork;
use crate::branch;
use crate::changes::changes;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::prepare::Prepared;
use crate::{console, model, provenance};

/// Settings that decide what the monitored value measures.
const MEASURED: [&str; 10] = [
    "architecture",
    "dataset",
    "input.binarize",
    "input.crop",
    "input.dequantize",
    "input.on_bad_item",
    "knobs",
    "seed",
    "train.monitor",
    "train.validation",
];
/// Settings that decide how many steps an epoch has.
const COUNTED: [&str; 4] = ["dataset", "input.on_bad_item", "train.batch_size", "train.validation"];

/// `workbench fork`.
pub fn fork(context: &Context, fork: &Fork) -> Result<ExitCode> {
    if let Some(name) = &fork.name {
        if !is_name(name) {
            return Err(bad_name(name));
        }
        if context.runs.join(name).exists() {
            return Err(taken(name));
        }
    }
    let parent = context.run(&fork.run.run)?;
    let before = model::experiment(&parent)?;
    let experiment =
        Experiment::load(&parent.experiment(), &fork.overrides).map_err(Failure::usage)?;
    let (checkpoint, manifest_sha256) = branch::find(&parent, fork.at)?;
    let prepared = Prepared::new(context, experiment)?;
    let changes = changes(&before, &prepared.experiment);
    let replaced = provenance::differences(&parent, &prepared);
    replaced.iter().for_each(console::warning);
    let differences = Differences {
        given: given(&prepared),
        measures_anew: !replaced.is_empty() || is_any_of(&changes, &MEASURED),
    };
    let session = prepared.session()?;
    let forked = workbench_trainer::fork(
        checkpoint,
        &session,
        &prepared.experiment,
        &prepared.plan,
        &differences,
    );
    let forked = forked.map_err(|error| refusal(&parent, &prepared, &error))?;
    drop(session);
    let step = forked.checkpoint.step;
    let path = place(&context.runs, &parent);
    let run = parent.name().to_owned();
    let origin = Parent { run, path, step, manifest_sha256, changes };
    let run = make(context, fork.name.as_deref(), &prepared, &parent, &forked, &origin)?;
    console::note(story(&origin));
    forked.notes.iter().for_each(console::note);
    if is_any_of(&origin.changes, &COUNTED) {
        let epoch = prepared.plan.steps_per_epoch;
        let of = step / epoch + 1;
        console::note(format_args!("an epoch is {epoch} steps now: step {step} is in epoch {of}"));
    }
    begin(context, &run, prepared, how(fork.headless, fork.detach, fork.json))
}

/// Makes the run directory with all that the fork goes on with, at once and whole.
fn make(
    context: &Context,
    name: Option<&str>,
    prepared: &Prepared,
    parent: &RunDir,
    forked: &Forked,
    origin: &Parent,
) -> Result<RunDir> {
    let mut making = Making::begin(&context.runs).map_err(Failure::usage)?;
    let text = provenance::describe(context, prepared, None, Some(origin));
    let fill = |run: &RunDir| -> Result<(), workbench_runs::Error> {
        run.write_text("experiment.toml", &prepared.experiment.to_toml())?;
        run.write_text("provenance.toml", &text)?;
        copy_best(parent, run, forked)?;
        checkpoint::save(run, &forked.checkpoint)?;
        Snapshot::copy_up_to(parent, run, origin.step)?;
        copy_log(parent, run, origin)
    };
    fill(making.run()).map_err(Failure::usage)?;
    named(name, &prepared.experiment.name, |name| making.put_in_place(name))
}

/// A run keeps the checkpoint of its best value, which may be one from before the fork.
fn copy_best(parent: &RunDir, run: &RunDir, forked: &Forked) -> Result<(), workbench_runs::Error> {
    let Some(best) = forked.best.filter(|best| *best < forked.checkpoint.step) else {
        return Ok(());
    };
    let all = checkpoint::list(parent)?;
    let path = all.iter().find(|(step, _)| *step == best).map(|(_, path)| path);
    match path.map(|path| checkpoint::load(path)) {
        Some(Ok(best)) => checkpoint::save(run, &best).map(drop),
        // The value stays known; only what gave it is gone.
        Some(Err(error)) => {
            console::warning(format_args!("{error}; the fork is without the best checkpoint"));
            Ok(())
        }
        None => Ok(()),
    }
}

/// The parent's curves and pictures up to the fork, and a mark there.
fn copy_log(parent: &RunDir, run: &RunDir, origin: &Parent) -> Result<(), workbench_runs::Error> {
    let mut writer = LogWriter::create(run, None)?;
    let mut told = String::new();
    let damaged = log::copy(parent.path(), &mut writer, origin.step, |event| {
        // A run is tested once, at its end: the parent's end is not the fork's.
        event.values.retain(|(tag, _)| !tag.starts_with("test/"));
        for (tag, value) in &event.values {
            if let ("control", Value::Text(text), true) =
                (tag.as_str(), value, event.step == origin.step)
            {
                told = format!("{text}; ");
            }
        }
    })?;
    if damaged > 0 {
        console::warning(format_args!(
            "the log of {} is damaged in the middle: the fork's curves lack what is missing there",
            parent.name()
        ));
    }
    // Of two texts with one tag and step, readers keep the later: it repeats the earlier.
    let mark = Value::Text(format!("{told}{}", story(origin)));
    writer.write(origin.step, &[("control".to_owned(), mark)])?;
    writer.sync()
}

/// `forked from NAME at step N: knobs.beta = 4.0 (was 1.0)`.
fn story(origin: &Parent) -> String {
    let changes: Vec<String> = origin.changes.iter().map(Change::to_string).collect();
    let colon = if changes.is_empty() { "" } else { ": " };
    format!("forked from {} at step {}{colon}{}", origin.run, origin.step, changes.join(", "))
}

/// Knobs, and `lr`, that the command line names.
fn given(prepared: &Prepared) -> Vec<String> {
    let experiment = &prepared.experiment;
    let knobs = prepared.graph.knobs().iter().map(|knob| knob.name.clone());
    let mut given: Vec<String> =
        knobs.filter(|knob| experiment.is_from_argument(&format!("knobs.{knob}"))).collect();
    given.extend(experiment.is_from_argument("train.optimizer.lr").then(|| "lr".to_owned()));
    given
}

fn is_any_of(changes: &[Change], settings: &[&str]) -> bool {
    let is_of = |change: &Change, setting: &str| {
        let rest = change.setting.strip_prefix(setting);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    changes.iter().any(|change| settings.iter().any(|setting| is_of(change, setting)))
}

/// Where the parent is, from the folder of runs where it is in it.
fn place(runs: &Path, parent: &RunDir) -> String {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (runs, parent) = (real(runs), real(parent.path()));
    parent.strip_prefix(&runs).unwrap_or(&parent).display().to_string()
}

/// Why there can't be such a fork, and what to do.
fn refusal(parent: &RunDir, prepared: &Prepared, error: &Error) -> Failure {
    let steps = branch::steps(parent).unwrap_or_default();
    let train = &prepared.experiment.train;
    let earlier = format!("fork from an earlier step (--at; there are {steps})");
    let advice = match error {
        Error::NothingLeft { step, .. } => {
            let epoch = prepared.plan.steps_per_epoch;
            let longer = match train.length {
                Length::Epochs(n) => {
                    let more = n.saturating_add(n.div_ceil(2)).max(step / epoch + 1);
                    format!("train.epochs={more} (it is {n})")
                }
                Length::Steps(n) => {
                    let more = n.saturating_add(n.div_ceil(2)).max(step + 1);
                    format!("train.steps={more} (it is {n})")
                }
            };
            format!("; train for longer, as with {longer}, or {earlier}")
        }
        Error::WornOut { epochs, .. } => {
            format!("; be more patient, as with train.patience={}, or {earlier}", epochs * 2)
        }
        _ => String::new(),
    };
    Failure::usage(format_args!("{} can't be forked so: {error}{advice}", parent.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_by_itself_and_by_its_table() {
        let of = |setting: &str| {
            let change = Change { setting: setting.to_owned(), from: None, to: None };
            is_any_of(&[change], &MEASURED)
        };
        assert!(of("seed") && of("knobs.beta") && of("dataset.name") && of("train.monitor"));
        assert!(of("input.crop") && !of("input.flip") && !of("input.memory_mb"));
        assert!(!of("seeds") && !of("train.epochs") && !of("device.threads"));
    }
}
