//! `bench`: how fast an experiment trains, phase by phase, without making a run.

use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use workbench_engine::measure_peak;
use workbench_trainer::BenchLength;

use crate::arguments::Bench;
use crate::console;
use crate::context::Context;
use crate::failure::{DIVERGED, Failure, Result};
use crate::loading;
use crate::prepare::{Prepared, load_experiment};
use crate::process;
use crate::speed::Speed;

pub fn bench(context: &Context, bench: &Bench) -> Result<()> {
    let began = Instant::now();
    let given = &bench.experiment;
    let prepared =
        Prepared::new(context, load_experiment(context, &given.experiment, &given.overrides)?)?;
    let experiment = &prepared.experiment;
    let splits = loading::load(&prepared, &|| {}).map_err(Failure::usage)?;
    let mut session = prepared.session()?;
    let length = BenchLength { warmup: bench.warmup, steps: bench.steps };
    let bar = bar(length);
    let mut first = None;
    let timed = workbench_trainer::bench(
        &mut session,
        experiment,
        &splits.train,
        prepared.plan,
        length,
        &mut |step| {
            first.get_or_insert_with(|| began.elapsed());
            bar.set_position(step);
        },
    );
    bar.finish_and_clear();
    let timed = timed.map_err(|error| match error {
        workbench_trainer::Error::Engine(error @ workbench_engine::Error::NonFinite { .. }) => {
            Failure::with_code(Some(DIVERGED.into()), error)
        }
        other => Failure::running(other),
    })?;
    // Before the peak is measured, which takes memory of its own.
    let memory = process::peak_memory();
    let speed = Speed {
        prepared: &prepared,
        path: session.path(),
        timed: &timed,
        is_held: splits.train.is_held(),
        readers: splits.train.readers(),
        first: first.unwrap_or_default(),
        memory,
        peak: measure_peak(),
        warmup: bench.warmup,
    };
    match bench.json.json {
        true => console::json(&speed.to_json(bench.profile)),
        false => speed.print(bench.profile),
    }
    Ok(())
}

fn bar(length: BenchLength) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    ProgressBar::new(length.warmup.saturating_add(length.steps)).with_style(
        ProgressStyle::with_template("training steps {wide_bar} {human_pos}/{human_len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}
