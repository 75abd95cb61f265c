//! The checkpoint that a fork begins with.

use std::path::PathBuf;

use workbench_runs::{Checkpoint, Error, RunDir, Status, checkpoint};

use crate::arguments::At;
use crate::console;
use crate::failure::{Failure, Result};

/// A run that trains can replace or prune a checkpoint while it is read, but not this often.
const TRIES: usize = 4;

/// A run's checkpoint, the newest good one where none is named, with the SHA-256 of its manifest.
///
/// # Errors
/// Exit code 2: there is no such checkpoint (those that there are, are told), or it is damaged.
pub fn find(run: &RunDir, at: Option<At>) -> Result<(Checkpoint, String)> {
    let mut damaged = Vec::new();
    'again: for _ in 0..TRIES {
        damaged.clear();
        for path in candidates(run, at)? {
            // Where it was being replaced, the second look finds the new one.
            let loaded = checkpoint::load_with_digest(&path);
            match loaded.or_else(|_| checkpoint::load_with_digest(&path)) {
                Ok((found, digest)) => {
                    for error in &damaged {
                        console::warning(format_args!("{error}; forking from step {}", found.step));
                    }
                    return Ok((found, digest));
                }
                Err(_) if !path.exists() => continue 'again,
                Err(error) => damaged.push(error),
            }
        }
        break;
    }
    let others = steps(run)?;
    let why = match damaged.first() {
        Some(error) => error.to_string(),
        None => format!("the checkpoints of {} change faster than they can be read", run.name()),
    };
    Err(Failure::usage(match (at, &damaged[..]) {
        (None, [_, _, ..]) => format!("no checkpoint of {} is good; the newest: {why}", run.name()),
        (Some(_), [_]) => format!("{why}; there are checkpoints of the steps {others}"),
        _ => why,
    }))
}

/// Folders of checkpoints that would do, the most wanted first.
fn candidates(run: &RunDir, at: Option<At>) -> Result<Vec<PathBuf>> {
    let all = checkpoint::list(run)?;
    let name = run.name();
    if all.is_empty() {
        return Err(Failure::usage(format_args!(
            "{name} has no checkpoint to fork from yet: the first comes after an epoch, or now with `workbench save {name}`"
        )));
    }
    let step = match at {
        None => return Ok(all.into_iter().rev().map(|(_, path)| path).collect()),
        Some(At::Step(step)) => step,
        Some(At::Best) => best(run)?,
    };
    match all.into_iter().find(|(of, _)| *of == step) {
        Some((_, path)) => Ok(vec![path]),
        None => Err(Failure::usage(format_args!(
            "{name} has no checkpoint of step {step}: there are those of the steps {}",
            steps(run)?
        ))),
    }
}

fn best(run: &RunDir) -> Result<u64> {
    let best = Status::read(run).map_err(Failure::usage)?.and_then(|status| status.best);
    best.map(|best| best.step).ok_or_else(|| {
        Failure::usage(format_args!(
            "{} has no best value yet: there are checkpoints of the steps {}",
            run.name(),
            steps(run).unwrap_or_default()
        ))
    })
}

/// `10, 20, 30`.
pub fn steps(run: &RunDir) -> Result<String, Error> {
    let steps: Vec<String> =
        checkpoint::list(run)?.iter().map(|(step, _)| step.to_string()).collect();
    Ok(steps.join(", "))
}
