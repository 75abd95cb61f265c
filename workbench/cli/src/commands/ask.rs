//! Requests to a trainer: `stop`, `pause`, `continue`, `save`, `set`.

use workbench_runs::{Request, Status, looks_dead, toml_text};

use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};

/// Drops a request for a run that trains.
pub fn ask(context: &Context, query: &str, request: &Request) -> Result<()> {
    let run = context.run(query)?;
    let status = Status::read(&run)?;
    match status {
        Some(status) if status.state.is_live() && !looks_dead(&status) => {
            request.post(&run).map_err(Failure::usage)?;
            console::note(format_args!("asked {}; it answers between two steps", run.name()));
            Ok(())
        }
        Some(status) if status.state.is_live() => Err(Failure::usage(format_args!(
            "the trainer of {} is gone: go on with `workbench resume {}`",
            run.name(),
            run.name()
        ))),
        Some(status) => Err(Failure::usage(format_args!(
            "{} is {}: nobody is there to ask",
            run.name(),
            status.state
        ))),
        None => Err(Failure::usage(format_args!("{} has no trainer", run.name()))),
    }
}

/// `workbench set RUN KNOB=VALUE`.
pub fn set(context: &Context, query: &str, assignment: &str) -> Result<()> {
    let parsed = assignment.split_once('=').and_then(|(knob, value)| {
        let value: f64 = value.trim().parse().ok()?;
        (!knob.trim().is_empty() && value.is_finite()).then(|| (knob.trim().to_owned(), value))
    });
    let Some((knob, value)) = parsed else {
        return Err(Failure::usage(format_args!(
            "`{assignment}` sets nothing: KNOB=VALUE is wanted, such as beta=2"
        )));
    };
    allowed(context, query, &knob, value)?;
    ask(context, query, &Request::Set { knob, value })
}

/// Refuses what the trainer would: an unknown knob, a value outside its range.
fn allowed(context: &Context, query: &str, knob: &str, value: f64) -> Result<()> {
    if knob == "lr" {
        return match value > 0.0 {
            true => Ok(()),
            false => Err(Failure::usage(format_args!("lr is {value}, and must be above 0"))),
        };
    }
    let run = context.run(query)?;
    let provenance = toml_text::read_table(&run.provenance(), toml_text::MAX_PROVENANCE)
        .map_err(Failure::usage)?
        .ok_or_else(|| {
            let file = run.provenance();
            Failure::usage(format_args!(
                "{} is missing: it says which knobs there are",
                file.display()
            ))
        })?;
    let none = toml::Table::new();
    let knobs = provenance.get("knobs").and_then(toml::Value::as_table).unwrap_or(&none);
    let Some(range) = knobs.get(knob) else {
        let names: Vec<&str> = knobs.keys().map(String::as_str).chain(["lr"]).collect();
        return Err(Failure::usage(format_args!(
            "there is no knob `{knob}`: there are {}",
            names.join(", ")
        )));
    };
    let bound =
        |key: &str, otherwise| range.get(key).and_then(toml::Value::as_float).unwrap_or(otherwise);
    let (min, max) = (bound("min", f64::MIN), bound("max", f64::MAX));
    match (min..=max).contains(&value) {
        true => Ok(()),
        false => {
            Err(Failure::usage(format_args!("{knob} is {value}, and must be from {min} to {max}")))
        }
    }
}
