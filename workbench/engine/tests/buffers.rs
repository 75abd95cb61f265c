//! Buffers: kept and updated, never trained.

// The models are for the other tests.
#[allow(dead_code)]
mod models;

use std::collections::BTreeMap;

use models::Builder;
use workbench_engine::{Batch, Controls, DeviceKind, Error, Measures, OptimizerConfig, Session};
use workbench_graph::{Binary, DType, Init, Location, MarkKind, NodeId, Op, Shape};

fn train(session: &mut Session, x: f32) -> Result<Measures, Error> {
    let knobs = BTreeMap::new();
    let controls = Controls { lr: 0.1, knobs: &knobs, clip_norm: None };
    session.train_step(&Batch::default().with_f32("x", &[2, 2], vec![x; 4]), &controls)
}

fn buffer(b: &mut Builder, name: &str, value: f64) -> NodeId {
    b.graph.buffer(name, &[2], Init::Constant(value), Location::default()).unwrap()
}

/// loss = Σ weight · mean, where `mean` follows the batch's mean by halves, `last` is the weight as it
/// was before the step, and `a` and `b` change places.
fn session() -> Session {
    let mut b = Builder::default();
    let here = Location::default;
    let x = b.input("x", Shape::batched(&[2]), DType::F32);
    let weight = b.graph.param("weight", &[2], Init::Constant(1.0), "", here()).unwrap();
    let mean = buffer(&mut b, "mean", 0.0);
    let last = buffer(&mut b, "last", 0.0);
    let (one, two) = (buffer(&mut b, "a", 1.0), buffer(&mut b, "b", 2.0));
    let batch = workbench_graph::Reduction::Mean;
    let batch = Op::Reduce { reduction: batch, axes: vec![0], keepdim: false };
    let batch = b.add(batch, &[x], None);
    let sum = b.binary(Binary::Add, mean, batch);
    let next = b.scale(sum, 0.5);
    for (buffer, value) in [(mean, next), (last, weight), (one, two), (two, one)] {
        b.graph.update(buffer, value, here()).unwrap();
    }
    let product = b.binary(Binary::Mul, weight, mean);
    // A constant gradient of 1 keeps the optimizer busy while `mean` is 0.
    let product = b.binary(Binary::Add, product, weight);
    let loss = b.sum(product, &[0]);
    b.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    Session::new(b.graph, DeviceKind::Cpu, 0, OptimizerConfig::default()).unwrap()
}

fn values(session: &Session) -> BTreeMap<String, f32> {
    let parameters = session.parameters().unwrap();
    parameters.into_iter().map(|(name, array)| (name, array.data[1])).collect()
}

#[test]
fn a_buffer_follows_its_update_and_nothing_else() {
    let mut session = session();
    let first = train(&mut session, 4.0).unwrap();
    assert_eq!(first.loss, 2.0, "the forward pass sees the buffers as they were");
    let after = values(&session);
    assert_eq!((after["mean"], after["last"]), (2.0, 1.0));
    assert_eq!((after["a"], after["b"]), (2.0, 1.0));
    assert!((after["weight"] - 0.9).abs() < 1e-6);
    // Two gradients of 1: the buffers have none.
    assert_eq!(first.grad_norm, Some(2f32.sqrt()));
    let moments: Vec<String> = session.optimizer_state().unwrap().into_keys().collect();
    assert_eq!(moments, ["weight.m", "weight.v"]);
    assert_eq!(workbench_graph::parameter_count(session.graph()), 2);

    let second = train(&mut session, 4.0).unwrap();
    assert!((second.loss - 2.0 * 0.9 * 3.0).abs() < 1e-5, "{}", second.loss);
    assert_eq!(values(&session)["mean"], 3.0);
    assert!((second.grad_norm.unwrap() - 18f32.sqrt()).abs() < 1e-5);
}

#[test]
fn evaluation_leaves_buffers_alone() {
    let mut session = session();
    train(&mut session, 4.0).unwrap();
    let before = values(&session);
    session
        .evaluate(&Batch::default().with_f32("x", &[2, 2], vec![9.0; 4]), &BTreeMap::new(), 0)
        .unwrap();
    assert_eq!(values(&session), before);
}

#[test]
fn a_step_that_is_not_finite_updates_nothing() {
    let mut session = session();
    train(&mut session, 4.0).unwrap();
    let before = (values(&session), session.optimizer_state().unwrap(), session.step());
    // The loss does not depend on x: only the update is not finite.
    let error = train(&mut session, f32::NAN).unwrap_err();
    let Error::NonFinite { step, what, node } = &error else { panic!("{error}") };
    assert_eq!((*step, what.as_str()), (2, "mean"));
    assert!(node.as_ref().unwrap().contains("input `x`"), "{error}");
    let mut parameters = session.parameters().unwrap();
    parameters.get_mut("weight").unwrap().data[0] = f32::INFINITY;
    let whole = session.parameters().unwrap();
    session.load_parameters(&parameters).unwrap();
    assert!(
        matches!(train(&mut session, 4.0), Err(Error::NonFinite { what, .. }) if what == "loss")
    );
    session.load_parameters(&whole).unwrap();
    assert_eq!((values(&session), session.optimizer_state().unwrap(), session.step()), before);
}

#[test]
fn a_restored_session_goes_on_with_its_buffers() {
    let mut undisturbed = session();
    for _ in 0..3 {
        train(&mut undisturbed, 4.0).unwrap();
    }
    let mut restored = session();
    restored.load_parameters(&undisturbed.parameters().unwrap()).unwrap();
    restored.load_optimizer_state(&undisturbed.optimizer_state().unwrap(), 3).unwrap();
    let wanted = train(&mut undisturbed, 1.0).unwrap();
    assert_eq!(train(&mut restored, 1.0).unwrap(), wanted);
    assert_eq!(restored.parameters(), undisturbed.parameters());
    let mut without = undisturbed.parameters().unwrap();
    without.remove("mean");
    let error = restored.load_parameters(&without).unwrap_err();
    assert_eq!(error.to_string(), "parameter `mean`: is missing");
}
