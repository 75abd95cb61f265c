//! How fast single kernels are, to notice when one becomes slower:
//!
//! ```text
//! cargo bench -p workbench-engine -- --save-baseline before
//! cargo bench -p workbench-engine -- --baseline before            # later; a word at the end picks by name
//! ```
//!
//! Each case is a graph of a layer or two whose input is a parameter, so that its gradient is computed too. The time is
//! that of the kernels of one pass, as [`Session::costs`] tells it: the optimizer and what is around them do not count.

#![allow(dead_code)]

#[path = "../tests/models/mod.rs"]
mod models;

use std::collections::BTreeMap;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use models::Builder;
use workbench_engine::{Batch, Controls, Cost, DeviceKind, OptimizerConfig, Session};
use workbench_graph::{Distribution, MarkKind, NodeId, Op, Shape, Unary};

/// Images a batch.
const BATCH: usize = 128;
/// Volumes a batch.
const VOLUMES: usize = 16;

/// The part of a step whose kernels are timed.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Forward,
    Backward,
    Optimizer,
}

impl Pass {
    fn counts(self, cost: &Cost) -> bool {
        let optimizer = matches!(cost.kernel, "optimizer" | "norm");
        match self {
            Pass::Forward => !cost.backward && !optimizer,
            Pass::Backward => cost.backward && !optimizer,
            Pass::Optimizer => optimizer,
        }
    }
}

fn products(criterion: &mut Criterion) {
    // Square, and those of the reference models: wide in, narrow, wide out.
    for (m, k, n) in [(1024, 1024, 1024), (BATCH, 784, 400), (BATCH, 400, 40), (BATCH, 256, 3136)] {
        let build = move |b: &mut Builder| {
            let x = b.param("x", &[m, k], k);
            let h = b.linear("layer", x, k, n);
            b.unary(Unary::Relu, h)
        };
        layer(criterion, "linear", &format!("{m}x{k}x{n}"), build);
    }
}

fn convolutions(criterion: &mut Criterion) {
    for (channels, to, side) in [(1, 32, 28), (32, 64, 14), (3, 32, 64), (64, 64, 8)] {
        conv(criterion, [channels, to], &[BATCH, side, side], false);
    }
    for (channels, to, side) in [(64, 32, 7), (64, 64, 4), (32, 1, 14), (32, 3, 32)] {
        conv(criterion, [channels, to], &[BATCH, side, side], true);
    }
    for (channels, to, side) in [(1, 32, 32), (32, 64, 16)] {
        conv(criterion, [channels, to], &[VOLUMES, side, side, side], false);
    }
    for (channels, to, side) in [(64, 32, 8), (32, 1, 16)] {
        conv(criterion, [channels, to], &[VOLUMES, side, side, side], true);
    }
}

/// Kernel 4, stride 2, padding 1, over `[B, …]`; up or down.
fn conv(criterion: &mut Criterion, [channels, to]: [usize; 2], size: &[usize], up: bool) {
    let dims = [&size[..1], &[channels], &size[1..]].concat();
    let build = |b: &mut Builder| {
        let x = b.param("x", &dims, channels);
        let h = b.conv("layer", x, channels, to, up);
        b.unary(Unary::Relu, h)
    };
    let side: Vec<String> = size[1..].iter().map(usize::to_string).collect();
    let kind = if up { "conv_transpose" } else { "conv" };
    layer(criterion, kind, &format!("{channels}to{to}_{}", side.join("x")), build);
}

fn elementwise(criterion: &mut Criterion) {
    const N: usize = 3136;
    for (name, op) in [
        ("relu", Unary::Relu),
        ("exp", Unary::Exp),
        ("sigmoid", Unary::Sigmoid),
        ("softplus", Unary::Softplus),
    ] {
        let build = move |b: &mut Builder| {
            let x = b.param("x", &[BATCH, N], N);
            b.unary(op, x)
        };
        layer(criterion, name, &format!("{BATCH}x{N}"), build);
    }
    let noise = |b: &mut Builder| {
        let shape = Shape::fixed(&[BATCH, N]);
        let noise = b.add(Op::Rand(Distribution::Normal), &[], Some(shape));
        let x = b.param("x", &[BATCH, N], N);
        b.binary(workbench_graph::Binary::Mul, x, noise)
    };
    let mut session = session(noise);
    time(criterion, &format!("noise/{BATCH}x{N}/forward"), &mut session, Pass::Forward);
}

fn optimizer(criterion: &mut Criterion) {
    const N: usize = 1 << 20;
    let mut session = session(|b| b.param("x", &[N], 1));
    time(criterion, "adam/1048576", &mut session, Pass::Optimizer);
}

/// Both passes of a small graph.
fn layer(
    criterion: &mut Criterion,
    kind: &str,
    size: &str,
    build: impl Fn(&mut Builder) -> NodeId,
) {
    let mut session = session(build);
    for (pass, name) in [(Pass::Forward, "forward"), (Pass::Backward, "backward")] {
        time(criterion, &format!("{kind}/{size}/{name}"), &mut session, pass);
    }
}

/// The session of a graph whose loss is the sum of the node built, at a learning rate of nothing.
fn session(build: impl Fn(&mut Builder) -> NodeId) -> Session {
    let mut b = Builder::default();
    let node = build(&mut b);
    let axes: Vec<usize> = (0..b.graph.node(node).shape.0.len()).collect();
    let loss = b.sum(node, &axes);
    b.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    Session::new(b.graph, DeviceKind::Cpu, 1, OptimizerConfig::default()).expect("a sound graph")
}

/// Times the kernels of one pass. There may be none: the gradient of exp's sum, say, is exp's value.
fn time(criterion: &mut Criterion, name: &str, session: &mut Session, pass: Pass) {
    let (taken, flops) = per_step(session, 1, pass);
    if taken.is_zero() {
        return;
    }
    let mut group = criterion.benchmark_group(name.rsplit_once('/').map_or(name, |(kind, _)| kind));
    if flops > 0 {
        group.throughput(Throughput::Elements(flops));
    }
    group.bench_function(name.rsplit('/').next().unwrap_or(name), |bencher| {
        bencher.iter_custom(|runs| per_step(session, runs, pass).0);
    });
    group.finish();
}

/// Time of the pass's kernels over so many steps, and their floating-point operations in one.
fn per_step(session: &mut Session, steps: u64, pass: Pass) -> (Duration, u64) {
    let knobs = BTreeMap::new();
    let controls = Controls { lr: 0.0, knobs: &knobs, clip_norm: None };
    let batch = Batch::default();
    session.profile(true);
    for step in 0..steps {
        let done = match pass {
            Pass::Forward => session.evaluate(&batch, &knobs, step),
            Pass::Backward | Pass::Optimizer => session.train_step(&batch, &controls),
        };
        done.expect("a step");
    }
    let costs: Vec<Cost> = session.costs().into_iter().filter(|cost| pass.counts(cost)).collect();
    let flops: u64 = costs.iter().map(|cost| cost.flops).sum();
    (costs.iter().map(|cost| cost.time).sum(), flops / steps)
}

/// What is not timed of a step takes longer than what is, so that all of it takes about two minutes.
fn quick() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
}

criterion_group! {
    name = kernels;
    config = quick();
    targets = products, convolutions, elementwise, optimizer
}
criterion_main!(kernels);
