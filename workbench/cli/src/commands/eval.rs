//! `eval`: measures of a trained model.

use serde_json::json;
use workbench_trainer::{Readout, Split, Splits, Transform, evaluate, readouts, snapshot_of};

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
    let own = codes(split)?;
    let both = (&splits, split);
    metrics.extend(quality::measure(&model, &run, both, own.as_ref(), &eval.metrics)?);
    let read = own.map(|codes| readouts(&codes, others.as_ref(), experiment.seed));
    let mut read = read.unwrap_or_default();
    let tag = |readout: &Readout| format!("read/{}", readout.name);
    let is_known = |name: &&String| {
        metrics.contains_key(*name) || read.iter().any(|readout| tag(readout) == **name)
    };
    if let Some(unknown) = eval.metrics.iter().find(|name| !is_known(name)) {
        let there: Vec<String> = metrics.keys().cloned().chain(read.iter().map(tag)).collect();
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
                "attributes": read.iter().map(described).collect::<Vec<_>>(),
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
    if !read.is_empty() {
        let fitted = match others {
            Some(others) => format!("{} items of train and measured on these", others.len()),
            None => "half of these and measured on the others".to_owned(),
        };
        console::line(format_args!("\nread off the latent means by a line, fitted to {fitted}"));
        console::table(&read.iter().map(row).collect::<Vec<_>>());
    }
    if let Some(judged) = judged {
        judged.show();
    }
    Ok(())
}

fn row(readout: &Readout) -> Vec<String> {
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    let (score, beside) = match (readout.score, readout.majority) {
        (Some(score), Some(majority)) => (
            format!("{} right", percent(score)),
            format!("{} by the most frequent value", percent(majority)),
        ),
        (Some(score), None) => (format!("R² {score:.3}"), String::new()),
        (None, _) => ("not to be read: too few are known, or all are alike".into(), String::new()),
    };
    vec![readout.name.clone(), score, beside]
}

fn described(readout: &Readout) -> serde_json::Value {
    let measure = if readout.kind == "real" { "r2" } else { "accuracy" };
    json!({"name": readout.name, "kind": readout.kind, "measure": measure, "score": readout.score,
        "majority": readout.majority, "fitted": readout.fitted, "measured": readout.measured})
}
