//! `runs`: the table of runs.

use serde_json::json;
use workbench_runs::{Group, History, Parent, RunDir, Status, looks_dead};

use super::group;
use crate::console::{self, number};
use crate::context::Context;
use crate::failure::Result;
use crate::headless::numbers;

/// Oldest first, so that the newest is above the prompt.
pub fn runs(context: &Context, json: bool) -> Result<()> {
    let runs = workbench_runs::list(&context.runs)?;
    if json {
        let entries = runs.iter().map(|run| {
            let status = Status::read(run).ok().flatten();
            let best = status.as_ref().and_then(|status| status.best.as_ref());
            json!({
                "run": run.name(),
                "path": run.path(),
                "state": state(status.as_ref()),
                "step": status.as_ref().map(|status| status.step),
                "steps_total": status.as_ref().map(|status| status.steps_total),
                "epoch": status.as_ref().map(|status| status.epoch),
                "started": status.as_ref().map(|status| status.started.clone()),
                "storage": status.as_ref().and_then(|status| status.storage.clone()),
                "best": best.map(|best| json!({"tag": best.tag, "step": best.step, "value": best.value})),
                "metrics": numbers(&tested(run)),
                "group": Group::of(run).map(|group| json!({"name": group.name, "seed": group.seed})),
                "parent": Parent::of(run).map(|parent| json!({"run": parent.run, "step": parent.step})),
            })
        });
        console::json(&entries.collect());
        return Ok(());
    }
    if runs.is_empty() {
        console::note(format_args!(
            "there are no runs in {}: start one with `workbench train experiments/digits-mlp.toml`",
            context.runs.display()
        ));
        return Ok(());
    }
    console::table(&table(&runs));
    let faults = runs.iter().filter_map(|run| {
        let storage = Status::read(run).ok().flatten()?.storage?;
        Some(format!("{}  storage: {storage}", run.name()))
    });
    for (i, fault) in faults.enumerate() {
        if i == 0 {
            console::line("");
        }
        console::line(fault);
    }
    let groups = group::table(&runs);
    if !groups.is_empty() {
        console::line("");
        console::table(&groups);
    }
    Ok(())
}

/// The table of some runs, its head first; where any is a fork, of what is the last column.
pub fn table(runs: &[RunDir]) -> Vec<Vec<String>> {
    let parents: Vec<Option<Parent>> = runs.iter().map(Parent::of).collect();
    let is_any_fork = parents.iter().any(Option::is_some);
    let mut head = ["run", "state", "step", "best", "test loss"].map(str::to_owned).to_vec();
    head.extend(is_any_fork.then(|| "forked from".to_owned()));
    let rows = runs.iter().zip(&parents).map(|(run, parent)| {
        let status = Status::read(run).ok().flatten();
        let step = status
            .as_ref()
            .map_or(String::new(), |status| format!("{}/{}", status.step, status.steps_total));
        let best = status.as_ref().and_then(|status| status.best.as_ref());
        let best =
            best.map_or(String::new(), |best| format!("{} {}", best.tag, number(best.value)));
        let tested =
            tested(run).get("test/loss").map_or(String::new(), |loss| number(f64::from(*loss)));
        let mut row = vec![run.name().to_owned(), state(status.as_ref()), step, best, tested];
        if is_any_fork {
            let from = |parent: &Parent| format!("{} at {}", parent.run, parent.step);
            row.push(parent.as_ref().map_or(String::new(), from));
        }
        row
    });
    [head].into_iter().chain(rows).collect()
}

/// The state as a reader sees it: a live one whose process is gone is lost.
pub fn state(status: Option<&Status>) -> String {
    match status {
        None => "unknown".to_owned(),
        Some(status) if status.state.is_live() && looks_dead(status) => "lost".to_owned(),
        Some(status) => status.state.name().to_owned(),
    }
}

fn tested(run: &RunDir) -> std::collections::BTreeMap<String, f32> {
    let history = History::read(run.path()).unwrap_or_default();
    let tested = history.scalars.into_iter().filter(|(tag, _)| tag.starts_with("test/"));
    tested.filter_map(|(tag, series)| Some((tag, series.last()?.1))).collect()
}
