//! `eval`: measures of a trained model.

use serde_json::json;
use workbench_trainer::{Binarizer, Splits, evaluate};

use crate::arguments::Eval;
use crate::console::{self, number};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::headless::numbers;
use crate::model::Model;

pub fn eval(context: &Context, eval: &Eval) -> Result<()> {
    let run = context.run(&eval.run.run)?;
    let model = Model::load(context, &run)?;
    let experiment = &model.prepared.experiment;
    let splits = Splits::load(experiment, &model.prepared.source, &|_, _| {})?;
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
    let fixed = Binarizer::fixed(experiment);
    let mut metrics =
        evaluate(&model.session, split, experiment.train.batch_size, fixed, &model.knobs)?;
    if let Some(unknown) = eval.metrics.iter().find(|name| !metrics.contains_key(*name)) {
        let there: Vec<&str> = metrics.keys().map(String::as_str).collect();
        return Err(Failure::usage(format_args!(
            "there is no measure `{unknown}`: there are {}",
            there.join(", ")
        )));
    }
    if !eval.metrics.is_empty() {
        metrics.retain(|name, _| eval.metrics.contains(name));
    }
    if eval.json.json {
        console::json(
            &json!({"run": run.name(), "split": eval.split, "n": split.len(), "metrics": numbers(&metrics)}),
        );
        return Ok(());
    }
    console::line(format_args!(
        "{}, {} items of {}, nats an image",
        run.name(),
        split.len(),
        eval.split
    ));
    let rows: Vec<Vec<String>> =
        metrics.iter().map(|(name, value)| vec![name.clone(), number(f64::from(*value))]).collect();
    console::table(&rows);
    Ok(())
}
