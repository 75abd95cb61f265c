//! `train --seeds`: the same experiment with several seeds, one run after the other.

use std::process::ExitCode;

use workbench_experiment::is_name;
use workbench_runs::{Group, RunDir, State, Status};

use super::train::{How, bad_name, create, dated, here, how};
use super::{attach, group};
use crate::arguments::Train;
use crate::context::Context;
use crate::failure::{DIVERGED, Failure, Result, STOPPED};
use crate::prepare::{Prepared, load_experiment};
use crate::{console, detached, model};

/// Trains them all; a stop, and leaving the dashboard of one that trains, ends the series.
pub fn train(context: &Context, train: &Train) -> Result<ExitCode> {
    let how = how(train.headless, train.detach, train.json);
    let members = members(context, train, how)?;
    let mut worst = 0;
    for (i, (group, name)) in members.iter().enumerate() {
        let (code, is_left) = match one(context, train, group, name, how) {
            Ok(ended) => ended,
            Err(failure) if failure.code() == 2 => return Err(failure),
            // The other seeds may fare better.
            Err(failure) => {
                failure.report();
                (1, false)
            }
        };
        worst = worse(worst, code);
        if code == STOPPED || is_left {
            left_out(train, &group.name, &members[i + 1..]);
            break;
        }
    }
    if how != (How::Headless { json: true }) {
        summary(context, &members)?;
    }
    Ok(ExitCode::from(worst))
}

/// The runs to be: what each is in the group, and its name. All is checked before the first is made.
fn members(context: &Context, train: &Train, how: How) -> Result<Vec<(Group, String)>> {
    if matches!(how, How::Detached { .. }) {
        return Err(Failure::usage(
            "--seeds does not go with --detach yet: the runs need this process, one after the other; start it in the \
             background yourself, as with `nohup workbench train … --seeds … --headless &`",
        ));
    }
    if train.experiment.overrides.iter().any(|setting| setting.starts_with("seed=")) {
        return Err(Failure::usage("--seeds and seed=… contradict each other: give one of them"));
    }
    let mut sorted = train.seeds.clone();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Failure::usage(format_args!("--seeds names {} twice", twice[0])));
    }
    let experiment = with_seed(context, train, train.seeds[0])?;
    let prepared = Prepared::new(context, experiment)?;
    // What a session refuses is refused before there is a run.
    prepared.session()?;
    let name = train.name.clone().unwrap_or_else(|| dated(&prepared.experiment.name));
    let member = |&seed: &u64| (Group { name: name.clone(), seed }, format!("{name}-s{seed}"));
    let members: Vec<(Group, String)> = train.seeds.iter().map(member).collect();
    for (_, name) in &members {
        if !is_name(name) {
            return Err(bad_name(name));
        }
        if !train.or_resume && context.runs.join(name).exists() {
            return Err(Failure::usage(format_args!(
                "there is a run `{name}` already: go on with --or-resume, or take another name"
            )));
        }
    }
    Ok(members)
}

fn with_seed(
    context: &Context,
    train: &Train,
    seed: u64,
) -> Result<workbench_experiment::Experiment> {
    let mut overrides = train.experiment.overrides.clone();
    overrides.push(format!("seed={seed}"));
    load_experiment(context, &train.experiment.experiment, &overrides)
}

/// Trains one of them to its end; tells the exit code, and whether it was left running.
fn one(
    context: &Context,
    train: &Train,
    group: &Group,
    name: &str,
    how: How,
) -> Result<(u8, bool)> {
    let there = context.runs.join(name);
    let (run, prepared) = if there.exists() {
        let run = RunDir::open(&there).map_err(Failure::usage)?;
        if Status::read(&run)?.is_some_and(|status| status.state == State::Finished) {
            console::note(format_args!("{name} is finished"));
            return Ok((0, false));
        }
        let prepared = Prepared::new(context, model::experiment(&run)?)?;
        (run, prepared)
    } else {
        let prepared = Prepared::new(context, with_seed(context, train, group.seed)?)?;
        (create(context, &prepared, Some(name), Some(group))?, prepared)
    };
    if let How::Headless { json } = how {
        return Ok((here(&run, prepared, json, Some(group.seed))?, false));
    }
    drop(prepared);
    let trainer = detached::start(context, &run)?;
    let ended = attach::follow(context, &run, trainer)?;
    Ok((ended.unwrap_or(0), ended.is_none()))
}

fn left_out(train: &Train, name: &str, rest: &[(Group, String)]) {
    if rest.is_empty() {
        return;
    }
    let join = |seeds: Vec<String>| seeds.join(",");
    let missing = join(rest.iter().map(|(group, _)| group.seed.to_string()).collect());
    let all = join(train.seeds.iter().map(u64::to_string).collect());
    console::note(format_args!(
        "not started: the seeds {missing}; go on with `workbench train {} --seeds {all} --name {name} --or-resume`",
        train.experiment.experiment.display()
    ));
}

fn summary(context: &Context, members: &[(Group, String)]) -> Result<()> {
    let runs: Vec<RunDir> = members
        .iter()
        .filter_map(|(_, name)| RunDir::open(&context.runs.join(name)).ok())
        .collect();
    let measures = group::measures(&runs);
    let shown = ["test/loss", "test/elbo"].into_iter().filter_map(|tag| {
        let measure = measures.get(tag)?;
        Some(format!("{tag} {measure}"))
    });
    let shown: Vec<String> = shown.collect();
    if let (false, Some((group, _))) = (shown.is_empty(), members.first()) {
        console::line(format_args!("group {}: {}", group.name, shown.join("  ")));
    }
    Ok(())
}

/// The worse of two exit codes: failed, then diverged, then stopped.
fn worse(a: u8, b: u8) -> u8 {
    let badness = |code| match code {
        0 => 0,
        STOPPED => 1,
        DIVERGED => 2,
        _ => 3,
    };
    if badness(b) > badness(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_code_is_the_groups() {
        assert_eq!([0, STOPPED, 0].into_iter().fold(0, worse), STOPPED);
        assert_eq!([STOPPED, DIVERGED, 0].into_iter().fold(0, worse), DIVERGED);
        assert_eq!([DIVERGED, 1, STOPPED].into_iter().fold(0, worse), 1);
        assert_eq!(worse(0, 0), 0);
    }
}
