//! `prune`: space back from runs that are done.

use serde_json::json;
use workbench_runs::{Prunable, RunDir, State, Status};

use super::remove::{found, refuse_live};
use crate::arguments::Prune;
use crate::console::{self, bytes};
use crate::context::Context;
use crate::failure::{Failure, Result};

/// Prunes the runs named, or all that are finished.
pub fn prune(context: &Context, prune: &Prune) -> Result<()> {
    let keep = prune.keep as usize;
    let runs = match &prune.named[..] {
        [] => finished(context)?,
        queries => found(context, queries)?,
    };
    for run in &runs {
        refuse_live(run)?;
    }
    let mut planned = Vec::new();
    for run in runs {
        let prunable = Prunable::of(&run, keep).map_err(Failure::usage)?;
        if !prunable.is_empty() {
            planned.push((run, prunable));
        }
    }
    let total = planned.iter().map(|(_, prunable)| prunable.bytes).sum();
    if planned.is_empty() {
        tell(prune, &[], "nothing to prune: what is there is kept")?;
        return Ok(());
    }
    if !prune.json.json || !prune.yes {
        for (run, prunable) in &planned {
            console::note(format_args!("{}  {}", run.name(), described(prunable)));
        }
    }
    let question = format!("remove these, {} in all, for good?", bytes(total));
    if !console::agreed(&question, prune.yes)? {
        console::note("nothing was removed");
        return Ok(());
    }
    let mut pruned = Vec::new();
    for (run, _) in planned {
        let prunable = workbench_runs::prune(&run, keep).map_err(|error| match error {
            workbench_runs::Error::Claimed { .. } => Failure::usage(error),
            error => Failure::running(error),
        })?;
        pruned.push((run, prunable));
    }
    let total = pruned.iter().map(|(_, prunable)| prunable.bytes).sum();
    tell(prune, &pruned, &format!("freed {}", bytes(total)))
}

fn finished(context: &Context) -> Result<Vec<RunDir>> {
    let mut runs = workbench_runs::list(&context.runs)?;
    let state = |run: &RunDir| Some(Status::read(run).ok()??.state);
    runs.retain(|run| state(run) == Some(State::Finished));
    Ok(runs)
}

fn described(prunable: &Prunable) -> String {
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let parts = [
        (prunable.checkpoints.len(), "checkpoint"),
        (prunable.snapshots.len(), "latent snapshot"),
        (prunable.samplers.len(), "sampler"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, one)| count(*n, one)).collect();
    format!("{}, {}", parts.join(", "), bytes(prunable.bytes))
}

fn tell(prune: &Prune, pruned: &[(RunDir, Prunable)], words: &str) -> Result<()> {
    if !prune.json.json {
        console::line(words);
        return Ok(());
    }
    let steps = |list: &[(u64, std::path::PathBuf)]| -> Vec<u64> {
        list.iter().map(|(step, _)| *step).collect()
    };
    let runs = pruned.iter().map(|(run, prunable)| {
        json!({
            "run": run.name(), "path": run.path(), "checkpoints": steps(&prunable.checkpoints),
            "latents": steps(&prunable.snapshots), "samplers": steps(&prunable.samplers), "bytes": prunable.bytes,
        })
    });
    let total: u64 = pruned.iter().map(|(_, prunable)| prunable.bytes).sum();
    console::json(&json!({"runs": runs.collect::<Vec<_>>(), "bytes": total}));
    Ok(())
}
