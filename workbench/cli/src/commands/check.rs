//! `check`: what an experiment will do, before it does.

use std::time::Instant;

use serde_json::json;
use workbench_engine::{Controls, Path};
use workbench_experiment::Length;
use workbench_graph::{layers, parameter_count, render_layers};
use workbench_trainer::{Holdings, Source, Splits, Transform, holdings};

use crate::arguments::Check;
use crate::console::{self, duration, grouped};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::input;
use crate::loading;
use crate::prepare::{Prepared, load_experiment};

/// One step to warm up, and as many to time.
const TIMED: usize = 3;

pub fn check(context: &Context, check: &Check) -> Result<()> {
    let given = &check.experiment;
    let prepared =
        Prepared::new(context, load_experiment(context, &given.experiment, &given.overrides)?)?;
    if check.resolved {
        match check.json.json {
            true => console::json(&serde_json::to_value(
                prepared.experiment.to_toml().parse::<toml::Table>()?,
            )?),
            false => console::line(prepared.experiment.to_toml().trim_end()),
        }
        return Ok(());
    }
    let (experiment, source) = (&prepared.experiment, &prepared.source);
    let splits = loading::load(&prepared, &|| {}).map_err(Failure::usage)?;
    let holdings = holdings(experiment, source).map_err(Failure::usage)?;
    let (step, path) = time_a_step(&prepared, &splits)?;
    if let Some(file) = &check.batch {
        let figure = input::figure(experiment, &splits.train).map_err(Failure::usage)?;
        figure.save_png(file).map_err(Failure::usage)?;
    }
    let plan = prepared.plan;
    let shape: Vec<String> = source.image().iter().map(usize::to_string).collect();
    let parameters = parameter_count(&prepared.graph);
    let memory = memory(&prepared, &holdings);
    let epoch = step * plan.steps_per_epoch as f64;
    let whole = step * plan.total_steps as f64;
    let lacks = prepared.graph.undrawable();
    let not_drawn: Vec<String> =
        lacks.iter().filter_map(|lack| lack.of(&experiment.plots.figures)).collect();
    if check.json.json {
        let layers: Vec<_> = layers(&prepared.graph)
            .into_iter()
            .map(|layer| json!({"name": layer.name, "op": layer.op, "output": layer.shape.to_string(), "parameters": layer.parameters}))
            .collect();
        console::json(&json!({
            "experiment": experiment.name,
            "dataset": {"plugin": prepared.reader.name, "shape": source.image(), "classes": source.classes(),
                        "train": plan.train_items, "valid": plan.valid_items, "test": plan.test_items},
            "architecture": {"plugin": prepared.architecture.name, "parameters": parameters, "layers": layers,
                             "likelihood": prepared.graph.likelihood()},
            "input": {"shape": prepared.input, "is": input::in_words(experiment)},
            "images": {"budget_mb": holdings.budget / 1_000_000, "held_mb": holdings.held() / 1_000_000,
                       "streamed": holdings.splits.iter().filter(|split| !split.is_held).map(|split| split.split).collect::<Vec<_>>()},
            "batch": check.batch,
            "steps_per_epoch": plan.steps_per_epoch, "steps_total": plan.total_steps,
            "memory_mb": memory / 1_000_000, "step_ms": step * 1e3, "epoch_seconds": epoch, "seconds": whole,
            "figures": experiment.plots.figures, "not_drawn": not_drawn, "path": path.name(), "path_reason": why(path),
        }));
        return Ok(());
    }
    let classes = match source.classes().len() {
        0 => "no classes".to_owned(),
        n => format!("{n} classes"),
    };
    console::line(format_args!(
        "data          {} ({}): {}, {classes}",
        prepared.reader.name,
        data_name(&prepared),
        shape.join("x")
    ));
    console::line(format_args!(
        "items         {} to train on, {} to validate, {} to test",
        grouped(plan.train_items),
        grouped(plan.valid_items),
        grouped(plan.test_items)
    ));
    let seen: Vec<String> = prepared.input.iter().map(usize::to_string).collect();
    console::line(format_args!(
        "input         {}: {}",
        seen.join("x"),
        input::in_words(experiment)
    ));
    console::line(format_args!(
        "images        {}",
        input::where_held(&holdings, splits.train.readers())
    ));
    let length = match experiment.train.length {
        Length::Epochs(n) => format!("{n} epochs of {} steps", grouped(plan.steps_per_epoch)),
        Length::Steps(_) => format!("{} steps an epoch", grouped(plan.steps_per_epoch)),
    };
    console::line(format_args!(
        "training      {length}, {} steps in all, batches of {}",
        grouped(plan.total_steps),
        experiment.train.batch_size
    ));
    console::line(format_args!(
        "time          {} an epoch, {} in all (timed over {TIMED} steps)",
        duration(epoch),
        duration(whole)
    ));
    console::line(format_args!("memory        about {} MB", grouped(memory / 1_000_000)));
    let figures = match &experiment.plots.figures[..] {
        [] => "none".to_owned(),
        figures => format!(
            "{}, every {} epoch(s), in the run's plots/",
            figures.join(", "),
            experiment.plots.every_epochs
        ),
    };
    console::line(format_args!("figures       {figures}"));
    not_drawn.iter().for_each(console::warning);
    console::line(format_args!("path          {}: {}", path.name(), why(path)));
    console::line("");
    console::line(render_layers(&prepared.graph).trim_end());
    if let Some(file) = &check.batch {
        console::line("");
        console::line(file.display());
    }
    Ok(())
}

fn data_name(prepared: &Prepared) -> String {
    match &prepared.card {
        Some(card) => card.content.title.clone(),
        None => "without a card".to_owned(),
    }
}

/// Why a model is run that way.
fn why(path: Path) -> &'static str {
    match path {
        Path::Plan => "on the CPU, every graph is compiled to kernels of the workbench's own",
        Path::Interpreter => "node by node on candle: there are compiled plans for the CPU only",
    }
}

/// Seconds a step, after trying that one works: everything finite; and what ran it.
fn time_a_step(prepared: &Prepared, splits: &Splits) -> Result<(f64, Path)> {
    let mut session = prepared.session()?;
    let places: Vec<u32> = (0..prepared.experiment.train.batch_size as u32).collect();
    let transform = Transform::training(&prepared.experiment, 0);
    let batch = splits.train.batch(&places, transform).map_err(Failure::usage)?;
    let at = prepared.plan.position(0);
    let knobs = prepared
        .experiment
        .knobs
        .iter()
        .map(|(name, schedule)| (name.clone(), schedule.at(at)))
        .collect();
    let controls = Controls {
        lr: prepared.experiment.train.optimizer.lr.at(at),
        knobs: &knobs,
        clip_norm: prepared.experiment.train.clip,
    };
    session.train_step(&batch, &controls).map_err(Failure::usage)?;
    let began = Instant::now();
    for _ in 0..TIMED {
        session.train_step(&batch, &controls).map_err(Failure::usage)?;
    }
    Ok((began.elapsed().as_secs_f64() / TIMED as f64, session.path()))
}

/// Bytes: what is held of the data, parameters with gradients, two moments and perhaps an average, and each node's value with its gradient for a batch.
fn memory(prepared: &Prepared, holdings: &Holdings) -> u64 {
    let batch = prepared.experiment.train.batch_size;
    let numbers: usize = prepared
        .graph
        .nodes()
        .iter()
        .map(|node| node.shape.resolve(batch).iter().product::<usize>())
        .sum();
    let copies = if prepared.experiment.train.ema > 0.0 { 5 } else { 4 };
    holdings.held() + 4 * copies * parameter_count(&prepared.graph) as u64 + 8 * numbers as u64
}
