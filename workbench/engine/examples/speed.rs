//! How many images a second a training step takes:
//! `cargo run --release -p workbench-engine --example speed -- [mlp28|conv28] [steps]`.

#![allow(clippy::print_stdout, dead_code)]

#[path = "../tests/models/mod.rs"]
mod models;

use std::collections::BTreeMap;
use std::time::Instant;

use workbench_engine::noise::{self, Key};
use workbench_engine::{Batch, Controls, DeviceKind, Error, OptimizerConfig, Session};

const BATCH: usize = 128;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let model = arguments.next().unwrap_or_else(|| "conv28".to_owned());
    let steps = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(50);
    let graph = match model.as_str() {
        "mlp28" => models::mlp(28, 400, 20),
        _ => models::conv28(),
    };
    let mut session = Session::new(graph, DeviceKind::Cpu, 1, OptimizerConfig::default())?;
    let data = noise::uniform(Key::new(1, "data", 0, 0), BATCH * 784);
    let batch = Batch::default().with_f32("x", &[BATCH, 1, 28, 28], data);
    let knobs = BTreeMap::new();
    let controls = Controls { lr: 1e-3, knobs: &knobs, clip_norm: None };
    for _ in 0..5 {
        session.train_step(&batch, &controls)?;
    }
    let mut times: Vec<f64> = Vec::with_capacity(steps);
    for _ in 0..steps {
        let start = Instant::now();
        session.train_step(&batch, &controls)?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    println!(
        "{model}, batch {BATCH}: median {:.2} ms a step, {:.0} images/s",
        1e3 * median,
        BATCH as f64 / median
    );
    session.profile(true);
    for _ in 0..10 {
        session.train_step(&batch, &controls)?;
    }
    let mut costs = session.costs();
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.time));
    for cost in costs.iter().take(25) {
        println!(
            "{:8.3} ms  {:6.1} GFLOP/s  {:<11} {}{}",
            1e3 * cost.time.as_secs_f64() / 10.0,
            cost.flops as f64 / cost.time.as_secs_f64() / 1e9,
            cost.kernel,
            if cost.backward { "backward of " } else { "" },
            cost.node
        );
    }
    Ok(())
}
