//! `remove`: runs that are not wanted any more.

use serde_json::json;
use workbench_runs::{RunDir, Status, looks_dead};

use super::runs::state;
use crate::arguments::Remove;
use crate::console::{self, bytes};
use crate::context::Context;
use crate::failure::{Failure, Result};

/// Removes all of them, or none where one is not there or live.
pub fn remove(context: &Context, remove: &Remove) -> Result<()> {
    let runs = found(context, &remove.named)?;
    let status = |run: &RunDir| Status::read(run).ok().flatten();
    for run in &runs {
        refuse_live(run)?;
    }
    let sizes: Vec<u64> = runs.iter().map(|run| workbench_runs::remove::size(run.path())).collect();
    if !remove.yes {
        for (run, size) in runs.iter().zip(&sizes) {
            let state = state(status(run).as_ref());
            console::note(format_args!("{}  {state}  {}", run.name(), bytes(*size)));
        }
    }
    let question = match &runs[..] {
        [run] => format!("remove {} for good?", run.name()),
        runs => format!("remove these {} runs for good?", runs.len()),
    };
    if !console::agreed(&question, remove.yes)? {
        console::note("nothing was removed");
        return Ok(());
    }
    for run in &runs {
        workbench_runs::remove(run).map_err(|error| match error {
            workbench_runs::Error::Claimed { .. } => Failure::usage(error),
            error => Failure::running(error),
        })?;
        if !remove.json.json {
            console::line(format_args!("removed {}", run.path().display()));
        }
    }
    if remove.json.json {
        let removed = runs
            .iter()
            .zip(&sizes)
            .map(|(run, size)| json!({"run": run.name(), "path": run.path(), "bytes": size}));
        let total: u64 = sizes.iter().sum();
        console::json(&json!({"removed": removed.collect::<Vec<_>>(), "bytes": total}));
    }
    Ok(())
}

/// The runs that some arguments mean, each once.
pub fn found(context: &Context, queries: &[String]) -> Result<Vec<RunDir>> {
    let mut runs: Vec<RunDir> = Vec::new();
    for query in queries {
        let run = context.run(query)?;
        let same = |other: &RunDir| std::fs::canonicalize(other.path()).ok();
        if !runs.iter().any(|other| same(other) == same(&run)) {
            runs.push(run);
        }
    }
    Ok(runs)
}

/// # Errors
/// A trainer is at work on the run.
pub fn refuse_live(run: &RunDir) -> Result<()> {
    match Status::read(run).ok().flatten() {
        Some(status) if status.state.is_live() && !looks_dead(&status) => {
            let name = run.name();
            Err(Failure::usage(format_args!(
                "{name} is {}: stop it first, with `workbench stop {name}`",
                status.state
            )))
        }
        _ => Ok(()),
    }
}
