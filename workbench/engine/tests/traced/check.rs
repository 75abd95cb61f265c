//! What a composite computes, against a reference in f64.

use std::collections::BTreeMap;

use workbench_engine::noise::{self, Key};
use workbench_engine::{Array, Batch, Controls, Session};
use workbench_sdk::{Dim, Graph, Tensor};

use super::{Build, open};

/// The trained parameters by name.
pub type Numbers = BTreeMap<String, Vec<f64>>;

/// The author's side of a case: the composite's result becomes the buffer `y`, and the loss is its sum
/// weighed by [`weight`].
pub fn observe<'g>(g: &'g Graph, y: Tensor<'g>) {
    let dims: Vec<usize> = (0..y.shape().len()).map(|axis| y.size(axis)).collect();
    g.update(g.buffer("y", &dims, 0.0), y);
    let n = dims.iter().product();
    let flat = y.reshape(&[Dim::Fixed(n)]);
    let turns = g.iota(n) * TURN;
    g.loss("loss", (flat * (turns - turns.floor() - 0.5)).sum(&[0]));
}

/// Its multiples are the same numbers in f32 as in f64, thousands of them.
const TURN: f64 = 375.0 / 1024.0;

pub fn weight(i: usize) -> f64 {
    (TURN * i as f64).fract() - 0.5
}

/// Sets every trained parameter to numbers of its own, and gives them.
pub fn randomise(session: &mut Session) -> Numbers {
    let mut arrays = session.parameters().unwrap();
    let mut numbers = Numbers::new();
    let trained: Vec<String> = session
        .graph()
        .params()
        .iter()
        .filter(|param| param.trained)
        .map(|param| param.name.clone())
        .collect();
    for (salt, name) in trained.into_iter().enumerate() {
        let array: &mut Array = arrays.get_mut(&name).unwrap();
        array.data = noise::normal(Key::new(1, &name, salt as u64, 0), array.data.len());
        numbers.insert(name, array.data.iter().map(|&x| f64::from(x)).collect());
    }
    session.load_parameters(&arrays).unwrap();
    numbers
}

pub fn step(session: &mut Session, batch: &Batch) -> f32 {
    let knobs = BTreeMap::new();
    let controls = Controls { lr: 0.0, knobs: &knobs, clip_norm: None };
    session.train_step(batch, &controls).unwrap().loss
}

pub fn evaluated(session: &Session, batch: &Batch) -> f32 {
    session.evaluate(batch, &BTreeMap::new(), 0).unwrap().loss
}

pub fn near(value: f32, wanted: f64, scale: f64, label: &str) {
    let allowed = 2e-4 * wanted.abs().max(0.1 * scale).max(1e-6);
    assert!((f64::from(value) - wanted).abs() <= allowed, "{label}: {value}, not {wanted}");
}

pub fn all_near(values: &[f32], wanted: &[f64], label: &str) {
    assert_eq!(values.len(), wanted.len(), "{label}");
    let scale = wanted.iter().fold(0f64, |m, x| m.max(x.abs()));
    for (i, (value, wanted)) in values.iter().zip(wanted).enumerate() {
        near(*value, *wanted, scale, &format!("{label}, element {i}"));
    }
}

/// Elements of a parameter whose gradients are checked, at most; they lie evenly in it.
const SLOPES: usize = 150;

/// Holds a training step's value, and the gradient of every parameter, to `reference`.
pub fn check(label: &str, build: Build, batch: &Batch, reference: impl Fn(&Numbers) -> Vec<f64>) {
    let mut session = open(build);
    let numbers = randomise(&mut session);
    let loss = |numbers: &Numbers| -> f64 {
        reference(numbers).iter().enumerate().map(|(i, y)| y * weight(i)).sum()
    };
    let measured = step(&mut session, batch);
    all_near(&session.parameters().unwrap()["y"].data, &reference(&numbers), label);
    near(measured, loss(&numbers), 1.0, label);
    let moments = session.optimizer_state().unwrap();
    for (name, values) in &numbers {
        let slope = |i: usize| {
            let at = |step: f64| {
                let mut moved = numbers.clone();
                moved.get_mut(name).unwrap()[i] += step;
                loss(&moved)
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        let every = values.len().div_ceil(SLOPES);
        let slopes: Vec<f64> = (0..values.len()).step_by(every).map(slope).collect();
        // Adam's first moment is a tenth of the first gradient.
        let moments = &moments[&format!("{name}.m")].data;
        let grads: Vec<f32> = moments.iter().step_by(every).map(|m| 10.0 * m).collect();
        all_near(&grads, &slopes, &format!("{label}, gradient of {name}"));
    }
}
