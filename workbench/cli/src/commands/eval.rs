//! `eval`: measures of a trained model.

use std::collections::BTreeSet;

use serde_json::json;
use workbench_trainer::{
    Asked, Readout, Split, Splits, Transform, evaluate, readouts, snapshot_of,
};

use crate::arguments::Eval;
use crate::console::{self, number};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::headless::numbers;
use crate::judged;
use crate::model::Model;
use crate::quality;

/// Attributes are read off so many codes at most.
const READ: usize = 10_000;

pub fn eval(context: &Context, eval: &Eval) -> Result<()> {
    let run = context.run(&eval.run.run)?;
    let model = Model::load(context, &run)?;
    let judge = judged::load(context, eval)?;
    let experiment = &model.prepared.experiment;
    let splits = Splits::open(experiment, model.prepared.source.shared())?;
    let split = match eval.split.as_str() {
        "train" => &splits.train,
        "valid" => &splits.valid,
        "test" => &splits.test,
        other => {
            return Err(Failure::usage(format_args!(
                "there is no split `{other}`: train, valid or test"
            )));
        }
    };
    let fixed = Transform::fixed(experiment);
    let mut metrics =
        evaluate(&model.session, split, experiment.train.batch_size, fixed, &model.knobs)?;
    let batch = experiment.train.batch_size;
    let codes = |split: &Split| snapshot_of(&model.session, split, READ, batch, fixed);
    let others = if eval.split == "train" { None } else { codes(&splits.train)? };
    let codes = codes(split)?;
    let both = (&splits, split);
    metrics.extend(quality::measure(&model, &run, both, codes.as_ref(), &eval.metrics)?);
    let read = codes.as_ref().map(|codes| readouts(codes, others.as_ref(), experiment.seed));
    let mut read = read.unwrap_or_default();
    let asked = Asked::of(&model.session);
    let is_given = |readout: &Readout| match readout.name.as_str() {
        "class" => asked.class,
        name => asked.attributes.iter().any(|asked| asked == name),
    };
    let repeats = |readout: &Readout| {
        let codes = codes
            .as_ref()
            .and_then(|codes| codes.labels.as_ref().zip(codes.attribute(&readout.name)));
        readout.name != "class"
            && codes.is_some_and(|(labels, column)| column.repeats_class(labels))
    };
    let tag = |readout: &Readout| format!("read/{}", readout.name);
    let is_known = |name: &&String| {
        metrics.contains_key(*name) || read.iter().any(|readout| tag(readout) == **name)
    };
    if let Some(unknown) = eval.metrics.iter().find(|name| !is_known(name)) {
        if !quality::about(unknown).is_empty() {
            return Err(Failure::usage(format_args!(
                "`{unknown}` can't be measured: architecture `{}` marks no posterior, no port `z` or no picture that it takes",
                experiment.architecture.plugin
            )));
        }
        let known = quality::MEASURES.iter().map(|(name, _)| (*name).to_owned());
        let there: BTreeSet<String> =
            metrics.keys().cloned().chain(known).chain(read.iter().map(tag)).collect();
        let there: Vec<String> = there.into_iter().collect();
        return Err(Failure::usage(format_args!(
            "there is no measure `{unknown}`: there are {}",
            there.join(", ")
        )));
    }
    let judged = judged::measure((&model, &run), judge.as_ref(), &splits, eval)?;
    if !eval.metrics.is_empty() {
        metrics.retain(|name, _| eval.metrics.contains(name));
        read.retain(|readout| eval.metrics.contains(&tag(readout)));
    }
    if eval.json.json {
        console::json(
            &json!({"run": run.name(), "split": eval.split, "n": split.len(), "metrics": numbers(&metrics),
                "attributes": read.iter().map(|one| described(one, is_given(one), repeats(one))).collect::<Vec<_>>(),
                "judged": judged.map(|judged| judged.json()).transpose()?}),
        );
        return Ok(());
    }
    console::line(format_args!(
        "{}, {} items of {}, nats an image",
        run.name(),
        split.len(),
        eval.split
    ));
    let row_of = |(name, value): (&String, &f32)| {
        vec![name.clone(), number(f64::from(*value)), quality::about(name).to_owned()]
    };
    let rows: Vec<Vec<String>> = metrics.iter().map(row_of).collect();
    console::table(&rows);
    // What the class says is told once, unless it was asked for by its name.
    let is_shown = |readout: &&Readout| !eval.metrics.is_empty() || !repeats(readout);
    let read: Vec<&Readout> = read.iter().filter(is_shown).collect();
    if !read.is_empty() {
        let fitted = match others {
            Some(others) => format!("{} items of train and measured on these", others.len()),
            None => "half of these and measured on the others".to_owned(),
        };
        console::line(format_args!("\nread off the latent means by a line, fitted to {fitted}"));
        let rows = read.iter().map(|readout| row(readout, is_given(readout)));
        console::table(&rows.collect::<Vec<_>>());
        if read.iter().any(|readout| is_given(readout)) {
            console::line(
                "a model that is conditioned on an attribute need not have it in its latent code: a low score is no fault, \
                 and a high one no merit",
            );
        }
    }
    if let Some(judged) = judged {
        judged.show();
    }
    Ok(())
}

fn row(readout: &Readout, is_given: bool) -> Vec<String> {
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let (score, beside) = match (readout.score, readout.majority) {
        (Some(score), Some(majority)) => (
            format!("{} right", percent(score)),
            format!("{} by the most frequent value", percent(majority)),
        ),
        (Some(score), None) => (format!("R² {score:.3}"), String::new()),
        (None, _) => ("not to be read: too few are known, or all are alike".into(), String::new()),
    };
    let given = if is_given { "(conditioned on it)" } else { "" };
    vec![readout.name.clone(), score, beside, given.to_owned()]
}

fn described(readout: &Readout, is_given: bool, is_class: bool) -> serde_json::Value {
    let measure = if readout.kind == "real" { "r2" } else { "accuracy" };
    json!({"name": readout.name, "kind": readout.kind, "measure": measure, "score": readout.score,
        "majority": readout.majority, "fitted": readout.fitted, "measured": readout.measured,
        "conditioned_on": is_given, "is_class": is_class})
}
