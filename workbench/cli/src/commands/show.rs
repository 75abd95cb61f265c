//! `show`: one run.

use serde_json::{Map, Value, json};
use workbench_runs::{History, Parent, Series, Status, checkpoint};

use super::group;
use super::runs::state;
use crate::console::{self, grouped, number};
use crate::context::Context;
use crate::failure::Result;
use crate::headless::figure_paths;
use crate::model;

pub fn show(context: &Context, query: &str, json: bool) -> Result<()> {
    if let Some((name, members)) = group::find(context, query)? {
        return group::show(&name, &members, json);
    }
    let run = context.run(query)?;
    let status = Status::read(&run)?;
    let history = History::read(run.path())?;
    let experiment = model::experiment(&run)?;
    let checkpoints = checkpoint::list(&run)?;
    let figures = figure_paths(&run);
    let parent = Parent::of(&run);
    let state = state(status.as_ref());
    let likelihood = history.texts.get("text/likelihood").and_then(|texts| texts.last());
    let likelihood = likelihood.map(|(_, name)| console::plain(name));
    let above = above_floor(&history);
    if json {
        let metrics: Map<String, Value> = history
            .scalars
            .iter()
            .map(|(tag, series)| {
                (
                    tag.clone(),
                    json!({"last": series.last().map(|last| console::json_number(last.1)),
                       "best": best(tag, series).map(console::json_number)}),
                )
            })
            .collect();
        console::json(&json!({
            "run": run.name(),
            "path": run.path(),
            "experiment": experiment.name,
            "parent": parent.map(|parent| parent_json(&parent)),
            "state": state,
            "step": status.as_ref().map(|status| status.step),
            "epoch": status.as_ref().map(|status| status.epoch),
            "steps_total": status.as_ref().map(|status| status.steps_total),
            "parameters": status.as_ref().map(|status| status.parameters),
            "images_per_second": status.as_ref().map(|status| status.images_per_second),
            "skipped": status.as_ref().map(|status| status.skipped),
            "error": status.as_ref().and_then(|status| status.error.clone()),
            "storage": status.as_ref().and_then(|status| status.storage.clone()),
            "likelihood": likelihood,
            "above_floor": above.as_ref().map(|above| json!({"split": above.split, "step": above.step,
                "value": console::json_number(above.value), "floor": console::json_number(above.floor)})),
            "metrics": metrics,
            "checkpoints": checkpoints.iter().map(|(_, path)| path).collect::<Vec<_>>(),
            "figures": figures,
        }));
        return Ok(());
    }
    console::line(format_args!("{}  {state}", run.name()));
    console::line(run.path().display());
    if let Some(parent) = &parent {
        console::line(format_args!("forked from {} at step {}", parent.run, parent.step));
        parent.changes.iter().for_each(|change| console::line(format_args!("  {change}")));
    }
    if let Some(status) = &status {
        console::line(format_args!(
            "step {}/{}, epoch {}, {} parameters, {} images/s",
            status.step,
            status.steps_total,
            status.epoch,
            grouped(status.parameters),
            grouped(status.images_per_second.round() as u64)
        ));
        if status.skipped > 0 {
            console::line(skipped(status.skipped, &history));
        }
        if let Some(error) = &status.error {
            console::line(format_args!("error: {}", console::plain(error)));
        }
        if let Some(storage) = &status.storage {
            console::line(format_args!("storage: {}", console::plain(storage)));
        }
    }
    if let Some(likelihood) = likelihood {
        console::line(format_args!("{likelihood} likelihood"));
    }
    if let Some(AboveFloor { split, step, value, floor }) = above {
        console::line(format_args!(
            "loss above the floor: {} ({split}, step {step}); no model reaches below {} nats",
            number(f64::from(value)),
            number(f64::from(floor))
        ));
    }
    let mut rows = vec![["metric", "last", "best", "at step"].map(str::to_owned).to_vec()];
    for (tag, series) in &history.scalars {
        let Some((step, last)) = series.last() else { continue };
        let best = best(tag, series).map_or(String::new(), |best| number(f64::from(best)));
        rows.push(vec![tag.clone(), number(f64::from(last)), best, step.to_string()]);
    }
    if rows.len() > 1 {
        console::line("");
        console::table(&rows);
    }
    let paths = checkpoints
        .iter()
        .map(|(_, path)| ("checkpoint", path))
        .chain(figures.iter().map(|path| ("figure", path)));
    for (i, (what, path)) in paths.enumerate() {
        if i == 0 {
            console::line("");
        }
        console::line(format_args!("{what}  {}", path.display()));
    }
    Ok(())
}

/// How far the last loss is above the value that no model can reach.
struct AboveFloor {
    split: &'static str,
    step: u64,
    value: f32,
    floor: f32,
}

/// Of validation, or of training where there is none yet; `None` where no floor is logged.
fn above_floor(history: &History) -> Option<AboveFloor> {
    ["valid", "train"].into_iter().find_map(|split| {
        let (step, value) = history.above_floor(split, "loss")?.last()?;
        let (_, loss) = history.scalars.get(&format!("{split}/loss"))?.last()?;
        Some(AboveFloor { split, step, value, floor: loss - value })
    })
}

/// How many items were left out, and what the log says of them.
fn skipped(n: u64, history: &History) -> String {
    let were = if n == 1 { "item was" } else { "items were" };
    let told = history.texts.get("control").into_iter().flatten();
    match told.map(|(_, text)| text).find(|text| text.contains("skipped item ")) {
        Some(text) => format!("{} {were} left out: {text}", grouped(n)),
        None => format!("{} {were} left out: they could not be read", grouped(n)),
    }
}

/// A fork's parent, and what was changed: a side is null where the setting was not there.
pub fn parent_json(parent: &Parent) -> Value {
    let changed: Map<String, Value> = parent
        .changes
        .iter()
        .map(|change| (change.setting.clone(), json!({"from": change.from, "to": change.to})))
        .collect();
    json!({"run": parent.run, "path": parent.path, "step": parent.step, "changed": changed})
}

/// The best value of a measure: the lowest of a loss, the highest of an ELBO; settings and timings have none.
pub fn best(tag: &str, series: &Series) -> Option<f32> {
    let measured = ["train/", "valid/", "test/"].iter().any(|part| tag.starts_with(part));
    let finite = series.values.iter().copied().filter(|value| value.is_finite());
    match tag {
        "train/lr" | "train/grad_norm" => None,
        _ if !measured => None,
        _ if tag.ends_with("/elbo") => finite.reduce(f32::max),
        _ => finite.reduce(f32::min),
    }
}
