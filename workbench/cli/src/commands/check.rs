//! `check`: what an experiment will do, before it does.

use std::time::Instant;

use serde_json::json;
use workbench_engine::{Controls, Path};
use workbench_experiment::Length;
use workbench_graph::{layers, parameter_count, render_layers};
use workbench_trainer::{Binarizer, Source, Splits};

use crate::arguments::Check;
use crate::console::{self, duration, grouped};
use crate::context::Context;
use crate::failure::{Failure, Result};
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
    let (step, path) = time_a_step(&prepared)?;
    let plan = prepared.plan;
    let (experiment, source) = (&prepared.experiment, &prepared.source);
    let shape: Vec<String> = source.image().iter().map(usize::to_string).collect();
    let parameters = parameter_count(&prepared.graph);
    let memory = memory(&prepared);
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
            "architecture": {"plugin": prepared.architecture.name, "parameters": parameters, "layers": layers},
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
fn time_a_step(prepared: &Prepared) -> Result<(f64, Path)> {
    let splits =
        Splits::load(&prepared.experiment, &prepared.source, &|_, _| {}).map_err(Failure::usage)?;
    let mut session = prepared.session()?;
    let places: Vec<u32> = (0..prepared.experiment.train.batch_size as u32).collect();
    let batch = splits.train.batch(&places, Binarizer::training(&prepared.experiment, 0));
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

/// Bytes: the data, parameters with gradients and two moments, and each node's value with its gradient for a batch.
fn memory(prepared: &Prepared) -> u64 {
    let batch = prepared.experiment.train.batch_size;
    let plan = prepared.plan;
    let image = prepared.source.bytes_per_item();
    let data = (plan.train_items + plan.valid_items + plan.test_items) * image;
    let numbers: usize = prepared
        .graph
        .nodes()
        .iter()
        .map(|node| node.shape.resolve(batch).iter().product::<usize>())
        .sum();
    data + 16 * parameter_count(&prepared.graph) as u64 + 8 * numbers as u64
}
