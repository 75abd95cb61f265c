//! `train` and `resume`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use workbench_experiment::is_name;
use workbench_runs::{Claim, Group, Making, RunDir, State, Status, checkpoint, request};
use workbench_trainer::{Job, Outcome, REQUESTS_EVERY, Signals, Source, Splits};

use super::attach;
use crate::arguments::{Resume, Train};
use crate::context::Context;
use crate::failure::{DIVERGED, Failure, Result, STOPPED};
use crate::guard::Ward;
use crate::headless::Headless;
use crate::prepare::{Prepared, load_experiment};
use crate::{console, detached, loading, model, provenance};

/// `workbench train`.
pub fn train(context: &Context, train: &Train) -> Result<ExitCode> {
    if !train.seeds.is_empty() {
        return super::seeds::train(context, train);
    }
    if let Some(name) = &train.name {
        if !is_name(name) {
            return Err(bad_name(name));
        }
        let there = context.runs.join(name);
        if there.exists() && train.or_resume {
            let run = open_made(&there)?;
            return go_on(context, &run, how(train.headless, train.detach, train.json));
        }
        if there.exists() {
            return Err(taken(name));
        }
    }
    let experiment =
        load_experiment(context, &train.experiment.experiment, &train.experiment.overrides)?;
    let prepared = Prepared::new(context, experiment)?;
    // What a session refuses is refused before there is a run.
    prepared.session()?;
    let there = train.name.as_ref().map(|name| context.runs.join(name));
    let run = match create(context, &prepared, train.name.as_deref(), None) {
        Ok(run) => run,
        Err(failure) => match there {
            // Another that was started at the same time has made it.
            Some(there) if train.or_resume && there.exists() => {
                let run = open_made(&there)?;
                return go_on(context, &run, how(train.headless, train.detach, train.json));
            }
            _ => return Err(failure),
        },
    };
    begin(context, &run, prepared, how(train.headless, train.detach, train.json))
}

/// Opens a run directory, which another process may just be making: where the file system can't rename to a new name
/// only, it is empty for a moment.
fn open_made(there: &Path) -> Result<RunDir> {
    let began = Instant::now();
    loop {
        match RunDir::open(there) {
            Err(workbench_runs::Error::NotARun { .. })
                if began.elapsed() < BEING_MADE && is_empty(there) =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened.map_err(Failure::usage),
        }
    }
}

/// Whether nothing is in it but what is still being written.
fn is_empty(folder: &Path) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.all(|entry| entry.file_name().to_string_lossy().starts_with('.'))
}

/// `workbench resume`.
pub fn resume(context: &Context, resume: &Resume) -> Result<ExitCode> {
    let run = context.run(&resume.run.run)?;
    go_on(context, &run, how(resume.headless, resume.detach, resume.json))
}

/// The trainer of a detached run: its words go to the run's trainer.log.
pub fn in_background(context: &Context, run: &Path) -> Result<ExitCode> {
    let run = RunDir::open(run).map_err(Failure::usage)?;
    let prepared = Prepared::new(context, model::experiment(&run)?)?;
    Ok(ExitCode::from(here(&run, prepared, false, None)?))
}

/// Between two signs of life while data are read.
const BEAT: Duration = Duration::from_secs(2);
/// So long a run directory may be empty while it is being made.
const BEING_MADE: Duration = Duration::from_secs(5);

/// Where training happens, and who watches.
#[derive(Clone, Copy, PartialEq)]
pub enum How {
    /// In this process, with lines on stdout.
    Headless { json: bool },
    /// In a process of its own, and this one returns.
    Detached { json: bool },
    /// In a process of its own, and this one shows the dashboard.
    Attached,
}

pub fn how(headless: bool, detach: bool, json: bool) -> How {
    if detach {
        How::Detached { json }
    } else if headless || json || !attach::possible() {
        How::Headless { json }
    } else {
        How::Attached
    }
}

fn go_on(context: &Context, run: &RunDir, how: How) -> Result<ExitCode> {
    // A status that a crash has damaged is written anew.
    if let Ok(Some(Status { state: State::Finished, step, .. })) = Status::read(run) {
        console::note(format_args!(
            "{} is finished, at step {step}: there is nothing to go on with",
            run.name()
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let prepared = Prepared::new(context, model::experiment(run)?)?;
    for difference in provenance::differences(run, &prepared) {
        console::warning(difference);
    }
    begin(context, run, prepared, how)
}

/// Trains a run that is made, as it is to be watched.
pub fn begin(context: &Context, run: &RunDir, prepared: Prepared, how: How) -> Result<ExitCode> {
    if let How::Headless { json } = how {
        return Ok(ExitCode::from(here(run, prepared, json, None)?));
    }
    // The trainer opens the data itself; this process only watches, or ends.
    drop(prepared);
    let trainer = detached::start(context, run)?;
    match how {
        How::Attached => Ok(ExitCode::from(attach::follow(context, run, trainer)?.unwrap_or(0))),
        How::Detached { json: true } => {
            console::json(&serde_json::json!({"run": run.name(), "path": run.path()}));
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            console::line(run.path().display());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Trains in this process: a new run, or from the newest good checkpoint of one that has any. Returns the exit code.
/// `seed` is told with every event, where the run is one of several.
pub fn here(run: &RunDir, prepared: Prepared, json: bool, seed: Option<u64>) -> Result<u8> {
    let claim = Claim::acquire_watching(run, &mut |holder| {
        console::note(format_args!(
            "{} was being written by {holder}; whether that one is at work can't be told from here: watching it for a \
             minute",
            run.name()
        ));
    })
    .map_err(Failure::usage)?;
    if let Some(holder) = claim.taken_from() {
        console::note(format_args!("{} was left by {holder}, which is gone", run.name()));
    }
    // What was asked of a trainer that is gone is not meant for this one; what can't be read is as good as gone.
    while request::take(run).is_ok_and(|requests| !requests.is_empty()) {}
    let parameters = workbench_graph::parameter_count(&prepared.graph);
    let mut status = Status::starting(prepared.plan.total_steps, parameters as u64);
    if let Ok(Some(before)) = Status::read(run) {
        status.started = before.started;
        status.step = before.step;
    }
    status.write(run)?;
    let _ward = Ward::over(run);
    // A panic is a fault of ours that no plugin is to be blamed for; the run must not look alive after it.
    let trained = catch_unwind(AssertUnwindSafe(|| claimed(run, &claim, &prepared, json, seed)));
    let bug =
        |_| Err(Failure::running("the workbench itself fell over (its words are above): a bug"));
    let ended = trained.unwrap_or_else(bug).inspect_err(|failure| {
        // Where training itself failed, its status says so already, with the same words; where the run was taken over,
        // it is the other's.
        if let Ok(Some(mut now)) = Status::read(run)
            && now.state.is_live()
            && claim.ticket().check().is_ok()
        {
            now.state = State::Failed;
            now.error = Some(failure.to_string());
            if let Err(error) = now.write(run) {
                console::warning(error);
            }
        }
    });
    let released = claim.release();
    let code = ended?;
    released?;
    Ok(code)
}

/// What [`here`] does once the run directory is this process's.
fn claimed(
    run: &RunDir,
    claim: &Claim,
    prepared: &Prepared,
    json: bool,
    seed: Option<u64>,
) -> Result<u8> {
    let signals = Signals::install()?;
    let resume = match checkpoint::load_newest(run)? {
        None => None,
        Some((checkpoint, damaged)) => {
            for error in damaged {
                console::warning(format_args!("{error}; going on from step {}", checkpoint.step));
            }
            Some(checkpoint)
        }
    };
    let splits = load(run, prepared)?;
    let classes = prepared.source.classes();
    let mut texts =
        vec![("text/layers".to_owned(), workbench_graph::render_layers(&prepared.graph))];
    let likelihood = prepared.graph.likelihood();
    texts.extend(likelihood.map(|name| ("text/likelihood".to_owned(), name.to_owned())));
    let lacks = prepared.graph.undrawable();
    let mut observer = Headless::new(run, &prepared.experiment, classes, &lacks, json, seed);
    let session = prepared.session()?;
    let job = Job {
        run,
        claim,
        experiment: &prepared.experiment,
        session,
        splits: &splits,
        classes,
        texts,
        resume,
        signals: &signals,
        requests_every: REQUESTS_EVERY,
    };
    Ok(match job.train(&mut observer)? {
        Outcome::Finished => 0,
        Outcome::Stopped => STOPPED,
        Outcome::Diverged => {
            let why = Status::read(run)?.and_then(|status| status.error).unwrap_or_default();
            console::error(&format!("training diverged: {why}"));
            DIVERGED
        }
    })
}

/// Makes the run directory, with all that says what the run is: whole, or not at all. Whoever is killed in the middle
/// of it leaves nothing that has the name, so that the same command begins anew.
pub fn create(
    context: &Context,
    prepared: &Prepared,
    name: Option<&str>,
    group: Option<&Group>,
) -> Result<RunDir> {
    let mut making = Making::begin(&context.runs).map_err(Failure::usage)?;
    let provenance = provenance::describe(context, prepared, group, None);
    let fill = |run: &RunDir| {
        run.write_text("experiment.toml", &prepared.experiment.to_toml())?;
        run.write_text("provenance.toml", &provenance)
    };
    fill(making.run()).map_err(Failure::usage)?;
    named(name, &prepared.experiment.name, |name| making.put_in_place(name))
}

/// What `make` makes by the name asked for, or else by `<date>-<time>-<experiment>`; a second run within a second gets a
/// number.
pub fn named(
    name: Option<&str>,
    experiment: &str,
    mut make: impl FnMut(&str) -> std::result::Result<RunDir, workbench_runs::Error>,
) -> Result<RunDir> {
    if let Some(name) = name {
        return make(name).map_err(Failure::usage);
    }
    let dated = dated(experiment);
    for n in 1.. {
        let name = match n {
            1 => dated.clone(),
            n => format!("{dated}-{n}"),
        };
        match make(&name) {
            Err(workbench_runs::Error::Exists { .. }) => {}
            made => return made.map_err(Failure::usage),
        }
    }
    Err(Failure::running("no name is free"))
}

/// `<date>-<time>-<experiment>`.
pub fn dated(experiment: &str) -> String {
    format!("{}-{experiment}", jiff::ZonedDateTime::now().strftime("%Y%m%d-%H%M%S"))
}

pub fn bad_name(name: &str) -> Failure {
    Failure::usage(format_args!(
        "`{name}` can't name a run: letters, digits, `.`, `_` and `-`, at most 100, not beginning with `.` or `-`"
    ))
}

pub fn taken(name: &str) -> Failure {
    Failure::usage(format_args!(
        "there is a run `{name}` already: go on with `workbench resume {name}` (or train --or-resume), or take another \
         name"
    ))
}

/// Reads the data with a heartbeat: whoever watches the run would else take it for lost.
fn load(run: &RunDir, prepared: &Prepared) -> Result<Splits> {
    let beaten = Mutex::new(Instant::now());
    let splits = loading::load(prepared, &|| {
        if let Ok(mut beaten) = beaten.try_lock()
            && beaten.elapsed() > BEAT
        {
            *beaten = Instant::now();
            // A status that can't be written now is told of once training has begun.
            if let Ok(Some(status)) = Status::read(run) {
                let _ = status.write(run);
            }
        }
    });
    let reader = &prepared.reader.name;
    splits.map_err(|error| match error {
        // The plugin has named itself.
        workbench_trainer::Error::Source(error) => Failure::running(format_args!(
            "{error}; `workbench plugin check {reader}` tells more of what it reads"
        )),
        other => Failure::running(format_args!("plugin `{reader}`: {other}")),
    })
}
