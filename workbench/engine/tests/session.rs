//! A session as the trainer and the tools use it.

// The benches use what these tests do not.
#[allow(dead_code)]
mod models;

use std::collections::BTreeMap;

use models::{Builder, conv28, mlp};
use workbench_engine::noise::{self, Key};
use workbench_engine::{
    Array, Batch, Controls, DeviceKind, Error, Measures, OptimizerConfig, OptimizerKind, Path,
    Session,
};
use workbench_graph::{
    Binary, DType, Graph, Init, Location, MarkKind, Op, Reduction, Role, Shape, Unary,
};

const SIDE: usize = 6;

fn open(graph: Graph) -> Session {
    Session::new(graph, DeviceKind::Cpu, 7, OptimizerConfig::default()).unwrap()
}

fn vae() -> Session {
    open(mlp(SIDE, 16, 3))
}

/// Bright halves, left or right, with some noise.
fn batch(n: usize, draw: u64) -> Batch {
    let noise = noise::uniform(Key::new(3, "data", draw, 0), n * SIDE * SIDE);
    let data = noise.iter().enumerate().map(|(i, u)| {
        let (item, column) = (i / (SIDE * SIDE), i % SIDE);
        let bright = (column < SIDE / 2) == (item % 2 == 0);
        0.1 * u + if bright { 0.85 } else { 0.05 }
    });
    Batch::default().with_f32("x", &[n, 1, SIDE, SIDE], data.collect())
}

fn train(session: &mut Session, batch: &Batch) -> Result<Measures, Error> {
    train_at(1e-2, session, batch)
}

fn train_at(lr: f64, session: &mut Session, batch: &Batch) -> Result<Measures, Error> {
    let knobs = BTreeMap::new();
    let controls = Controls { lr, knobs: &knobs, clip_norm: Some(50.0) };
    session.train_step(batch, &controls)
}

fn bits(arrays: &BTreeMap<String, Array>) -> Vec<u32> {
    let data = arrays.values().flat_map(|array| &array.data);
    data.map(|x| x.to_bits()).collect()
}

type State = (u64, Vec<u32>, Vec<u32>);

fn state(session: &Session) -> State {
    (
        session.step(),
        bits(&session.parameters().unwrap()),
        bits(&session.optimizer_state().unwrap()),
    )
}

#[test]
fn values_of_nodes_are_those_that_evaluation_and_encoding_give() {
    let session = vae();
    let graph = session.graph();
    let (name, _, loss) = graph.losses().next().unwrap();
    let mean = graph.output(Role::Mean).unwrap();
    let values = session.values(&[mean, loss], &batch(4, 0)).unwrap();
    assert_eq!(values[0], session.encode(&batch(4, 0)).unwrap().mean);
    let measured = session.evaluate(&batch(4, 0), &BTreeMap::new(), 0).unwrap().values[name];
    let sum: f64 = values[1].data.iter().map(|&x| f64::from(x)).sum();
    assert_eq!((sum / values[1].data.len() as f64) as f32, measured);
    assert!(session.values(&[mean], &Batch::default()).is_err());
}

#[test]
fn the_loss_falls_and_pictures_come_back() {
    let mut session = vae();
    let first = train(&mut session, &batch(16, 0)).unwrap();
    assert_eq!(first.loss, first.values["loss"]);
    let parts = first.values["recon"] + first.values["kl"];
    assert!((first.loss - parts).abs() < 1e-3, "β is 1 by default");
    assert!(first.grad_norm.unwrap() > 0.0);
    let mut last = first.clone();
    for draw in 1..300 {
        last = train(&mut session, &batch(16, draw)).unwrap();
    }
    assert_eq!(session.step(), 300);
    assert!(last.loss < 0.7 * first.loss, "{} {}", first.loss, last.loss);
    let x = batch(4, 1000);
    let pictures = session.reconstruct(&x).unwrap();
    assert_eq!(pictures.shape, [4, 1, SIDE, SIDE]);
    assert!(pictures.data.iter().all(|p| (0.0..=1.0).contains(p)));
    let workbench_engine::Input::F32(wanted) = &x.inputs["x"] else { panic!("x is f32") };
    let error: f32 = pictures.data.iter().zip(&wanted.data).map(|(a, b)| (a - b).abs()).sum();
    assert!(error / (pictures.data.len() as f32) < 0.1, "{error}");
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let (mut a, mut b) = (vae(), vae());
    for draw in 0..20 {
        assert_eq!(train(&mut a, &batch(16, draw)), train(&mut b, &batch(16, draw)));
    }
    assert_eq!(state(&a), state(&b));
    let other = Session::new(mlp(SIDE, 16, 3), DeviceKind::Cpu, 8, OptimizerConfig::default());
    assert_ne!(other.unwrap().parameters(), vae().parameters());
}

#[test]
fn a_convolutional_model_trains_alike_twice() {
    let run = || {
        let mut session = open(conv28());
        let pixels = noise::uniform(Key::new(1, "data", 0, 0), 4 * 784);
        let x = Batch::default().with_f32("x", &[4, 1, 28, 28], pixels);
        let losses: Vec<f32> =
            (0..4).map(|_| train_at(1e-4, &mut session, &x).unwrap().loss).collect();
        assert!(losses[3] < losses[0], "{losses:?}");
        state(&session)
    };
    assert_eq!(run(), run());
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let config = OptimizerConfig { ema: 0.99, ..Default::default() };
            let mut session = Session::new(conv28(), DeviceKind::Cpu, 7, config).unwrap();
            let pixels = noise::uniform(Key::new(1, "data", 0, 0), 40 * 784);
            let x = Batch::default().with_f32("x", &[40, 1, 28, 28], pixels);
            for _ in 0..3 {
                train_at(1e-3, &mut session, &x).unwrap();
            }
            state(&session)
        })
    };
    let alone = run(1);
    assert_eq!(alone, run(2));
    assert_eq!(alone, run(5));
}

#[test]
fn a_plan_trains_as_the_interpreter_does() {
    for (graph, side) in [(mlp(SIDE, 16, 3), SIDE), (conv28(), 28)] {
        let mut planned = open(graph.clone());
        let config = OptimizerConfig::default();
        let mut interpreted = Session::interpreted(graph, DeviceKind::Cpu, 7, config).unwrap();
        assert_eq!((planned.path(), interpreted.path()), (Path::Plan, Path::Interpreter));
        // Large enough for several tasks, and the smaller last batch of an epoch.
        for (step, n) in [(0, 48), (1, 8), (2, 8), (3, 3), (4, 1)] {
            let pixels = noise::uniform(Key::new(1, "data", step, 0), n * side * side);
            let x = Batch::default().with_f32("x", &[n, 1, side, side], pixels);
            let a = train_at(1e-3, &mut planned, &x).unwrap();
            let b = train_at(1e-3, &mut interpreted, &x).unwrap();
            assert!((a.loss / b.loss - 1.0).abs() < 1e-4, "step {step}: {} {}", a.loss, b.loss);
            let norms = a.grad_norm.unwrap() / b.grad_norm.unwrap();
            assert!((norms - 1.0).abs() < 1e-3, "step {step}: {norms}");
        }
        let z = planned.prior(1, 1, 0).unwrap();
        let none = Batch::default();
        let (a, b) = (planned.decode(&z, &none).unwrap(), interpreted.decode(&z, &none).unwrap());
        for (a, b) in a.data.iter().zip(&b.data) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}

#[test]
fn a_session_may_move_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&vae());
}

#[test]
fn a_restored_session_goes_on_bit_for_bit() {
    let mut undisturbed = vae();
    for draw in 0..10 {
        train(&mut undisturbed, &batch(8, draw)).unwrap();
    }
    let (parameters, moments) =
        (undisturbed.parameters().unwrap(), undisturbed.optimizer_state().unwrap());
    let mut restored = vae();
    restored.load_parameters(&parameters).unwrap();
    restored.load_optimizer_state(&moments, 10).unwrap();
    assert_eq!(state(&restored), state(&undisturbed));
    for draw in 10..20 {
        let measures = train(&mut undisturbed, &batch(8, draw)).unwrap();
        assert_eq!(train(&mut restored, &batch(8, draw)).unwrap(), measures);
    }
    assert_eq!(state(&restored), state(&undisturbed));
}

/// With an average of the weights, on one of the two paths.
fn averaging(path: Path, ema: f64) -> Session {
    let config = OptimizerConfig { ema, ..Default::default() };
    let make = if path == Path::Plan { Session::new } else { Session::interpreted };
    make(mlp(SIDE, 16, 3), DeviceKind::Cpu, 7, config).unwrap()
}

#[test]
fn the_average_follows_the_weights_as_a_plain_computation_does() {
    for (path, ema) in [(Path::Plan, 0.9), (Path::Interpreter, 0.9), (Path::Plan, 0.15)] {
        let (mut session, mut plain) = (averaging(path, ema), averaging(path, 0.0));
        let mut expected: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (name, array) in session.parameters().unwrap() {
            expected.insert(name, array.data.iter().map(|&x| f64::from(x)).collect());
        }
        for step in 0..25u64 {
            train(&mut session, &batch(8, step)).unwrap();
            train(&mut plain, &batch(8, step)).unwrap();
            let d = ema.min((1.0 + step as f64) / (10.0 + step as f64));
            for (name, array) in session.parameters().unwrap() {
                let average = expected.get_mut(&name).unwrap();
                let pairs = average.iter_mut().zip(&array.data);
                pairs.for_each(|(a, &w)| *a = d * *a + (1.0 - d) * f64::from(w));
            }
            // In between it is used, which must not show in what is trained.
            session.use_average(true);
            session.encode(&batch(4, 100)).unwrap();
        }
        assert_eq!(bits(&session.parameters().unwrap()), bits(&plain.parameters().unwrap()));
        let state = session.optimizer_state().unwrap();
        for (name, expected) in &expected {
            let found = &state[&format!("{name}.ema")].data;
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-5,
                    "{path:?}: {found} {expected}"
                );
            }
        }
        assert!(!plain.optimizer_state().unwrap().keys().any(|name| name.ends_with(".ema")));

        // What is used is the average: as a model that has it for its weights.
        let average = |name: &String| state[&format!("{name}.ema")].clone();
        let model = session.parameters().unwrap();
        let model = model.into_keys().map(|name| (name.clone(), average(&name))).collect();
        plain.load_parameters(&model).unwrap();
        let of_average = session.encode(&batch(4, 100)).unwrap();
        assert_eq!(of_average, plain.encode(&batch(4, 100)).unwrap());
        session.use_average(false);
        assert_ne!(session.encode(&batch(4, 100)).unwrap(), of_average);
        assert_eq!(state, session.optimizer_state().unwrap());
    }
}

#[test]
fn a_session_with_an_average_is_restored_bit_for_bit() {
    for path in [Path::Plan, Path::Interpreter] {
        let mut undisturbed = averaging(path, 0.99);
        for draw in 0..10 {
            train(&mut undisturbed, &batch(8, draw)).unwrap();
        }
        // Also where the average is what computes just then.
        undisturbed.use_average(true);
        let (parameters, optimizer) =
            (undisturbed.parameters().unwrap(), undisturbed.optimizer_state().unwrap());
        let mut restored = averaging(path, 0.99);
        restored.use_average(true);
        restored.load_parameters(&parameters).unwrap();
        restored.load_optimizer_state(&optimizer, 10).unwrap();
        for draw in 10..15 {
            let measures = train(&mut undisturbed, &batch(8, draw)).unwrap();
            assert_eq!(train(&mut restored, &batch(8, draw)).unwrap(), measures);
        }
        assert_eq!(state(&restored), state(&undisturbed));
        let error = averaging(path, 0.0).load_optimizer_state(&optimizer, 10).unwrap_err();
        assert!(error.to_string().contains(".ema"), "{error}");
    }
}

#[test]
fn only_what_is_asked_for_is_needed() {
    let session = vae();
    let z = session.prior(5, 1, 0).unwrap();
    assert_eq!((session.latent_dims(), &z.shape[..]), (Some(3), &[5, 3][..]));
    assert_ne!(z, session.prior(5, 1, 1).unwrap());
    let pictures = session.decode(&z, &Batch::default()).unwrap();
    assert_eq!(pictures.shape, [5, 1, SIDE, SIDE]);
    let missing = session.encode(&Batch::default()).unwrap_err();
    assert_eq!(missing, Error::MissingInput { name: "x".to_owned() });
    let wrong = Array { shape: vec![5, 4], data: vec![0.0; 20] };
    let error = session.decode(&wrong, &Batch::default()).unwrap_err();
    assert!(error.to_string().contains("[B, 3]"), "{error}");
    let posterior = session.encode(&batch(2, 0)).unwrap();
    assert_eq!(posterior.mean.shape, [2, 3]);
    assert_eq!(posterior.log_variance.unwrap().shape, [2, 3]);
}

#[test]
fn evaluation_changes_nothing() {
    let mut session = vae();
    train(&mut session, &batch(8, 0)).unwrap();
    let before = state(&session);
    let knobs = BTreeMap::from([("beta".to_owned(), 3.0)]);
    let measures = session.evaluate(&batch(8, 1), &knobs, 0).unwrap();
    assert_eq!(measures, session.evaluate(&batch(8, 1), &knobs, 0).unwrap());
    let other = session.evaluate(&batch(8, 1), &knobs, 1).unwrap();
    assert_ne!(measures.values["recon"], other.values["recon"], "other noise");
    assert_eq!(measures.values["kl"], other.values["kl"]);
    let wanted = measures.values["recon"] + 3.0 * measures.values["kl"];
    assert!((measures.loss - wanted).abs() < 1e-3);
    assert_eq!(measures.grad_norm, None);
    assert_eq!(state(&session), before);
}

#[test]
fn what_is_not_finite_is_traced_and_changes_nothing() {
    let mut session = vae();
    train(&mut session, &batch(8, 0)).unwrap();
    let mut parameters = session.parameters().unwrap();
    // exp of a huge log-variance overflows; its bias is the second half of the heads' bias.
    let bias = parameters.get_mut("posterior.bias").unwrap();
    bias.data[4] = 500.0;
    session.load_parameters(&parameters).unwrap();
    let before = state(&session);
    let error = train(&mut session, &batch(8, 1)).unwrap_err();
    let Error::NonFinite { step, what, node } = &error else { panic!("{error}") };
    assert_eq!((*step, what.as_str()), (2, "loss"));
    let node = node.as_ref().unwrap();
    assert!(node.starts_with("`exp`") && node.contains("models"), "{node}");
    assert_eq!(state(&session), before);

    let poisoned = Batch::default().with_f32("x", &[1, 1, SIDE, SIDE], vec![f32::NAN; 36]);
    let error = train(&mut vae(), &poisoned).unwrap_err();
    assert!(error.to_string().contains("input `x`"), "{error}");
}

#[test]
fn a_gradient_that_is_not_finite_names_its_parameter() {
    let mut b = Builder::default();
    b.graph.enter("scale", None);
    let place = Location::default();
    let p = b.graph.param("p", &[2], Init::Constant(0.0), "", place).unwrap();
    b.graph.leave();
    // √p is 0 at 0, and its slope infinite.
    let root = b.unary(Unary::Sqrt, p);
    let loss = b.sum(root, &[0]);
    b.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    let mut session = open(b.graph);
    let error = train(&mut session, &Batch::default()).unwrap_err();
    let wanted = Error::NonFinite { step: 1, what: "scale.p".to_owned(), node: None };
    assert_eq!(error, wanted);
    assert_eq!(session.parameters().unwrap()["scale.p"].data, [0.0, 0.0]);
}

/// Two groups that pull on both parameters; each parameter follows its own group's loss alone.
#[test]
fn groups_train_their_own_parameters() {
    let mut b = Builder::default();
    let mut param = |name: &str, group: &str| {
        let init = Init::Constant(1.0);
        b.graph.param(name, &[], init, group, Location::default()).unwrap()
    };
    let (p, q) = (param("p", ""), param("q", "adversary"));
    let product = b.binary(Binary::Mul, p, q);
    let opposite = b.unary(Unary::Neg, product);
    b.mark(MarkKind::Loss { group: String::new() }, "main", product);
    let group = "adversary".to_owned();
    b.mark(MarkKind::Loss { group }, "adversary", opposite);
    let mut session = open(b.graph);
    let measures = train(&mut session, &Batch::default()).unwrap();
    assert_eq!((measures.values["main"], measures.values["adversary"]), (1.0, -1.0));
    assert_eq!(measures.loss, 0.0);
    let parameters = session.parameters().unwrap();
    assert!((parameters["p"].data[0] - 0.99).abs() < 1e-6);
    assert!((parameters["q"].data[0] - 1.01).abs() < 1e-6);
}

#[test]
fn the_session_supplies_step_and_train_and_clips() {
    let mut b = Builder::default();
    let step = b.input("step", Shape::scalar(), DType::F32);
    let train_flag = b.input("train", Shape::scalar(), DType::F32);
    b.mark(MarkKind::Metric, "step", step);
    b.mark(MarkKind::Metric, "train", train_flag);
    let init = Init::Constant(1.0);
    let p = b.graph.param("p", &[4], init, "", Location::default()).unwrap();
    let big = b.scale(p, 100.0);
    let loss = b.sum(big, &[0]);
    b.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    let optimizer = OptimizerConfig { kind: OptimizerKind::AdamW, ..Default::default() };
    let mut session = Session::new(b.graph, DeviceKind::Cpu, 0, optimizer).unwrap();
    let measures = train(&mut session, &Batch::default()).unwrap();
    assert_eq!((measures.values["step"], measures.values["train"]), (0.0, 1.0));
    assert_eq!(measures.grad_norm, Some(200.0));
    // Clipped from 200 to 50: each gradient is 25, and m is a tenth of that.
    let moments = session.optimizer_state().unwrap();
    assert!((moments["p.m"].data[0] - 2.5).abs() < 1e-5);
    let measures = session.evaluate(&Batch::default(), &BTreeMap::new(), 0).unwrap();
    assert_eq!((measures.values["step"], measures.values["train"]), (1.0, 0.0));
}

/// A decoder that needs the label, and an image output.
#[test]
fn a_conditional_decoder_asks_for_its_label() {
    let mut b = Builder::default();
    let x = b.input("x", Shape::batched(&[1, 2, 2]), DType::F32);
    let label = b.input("label", Shape::batched(&[]), DType::I64);
    let flat = b.add(Op::Reshape, &[x], Some(Shape::batched(&[4])));
    let mean = b.linear("mean", flat, 4, 2);
    b.mark(MarkKind::Output(Role::Mean), "mean", mean);
    b.mark(MarkKind::Port, "z", mean);
    let label = b.add(Op::Cast(DType::F32), &[label], None);
    let column = b.add(Op::Reshape, &[label], Some(Shape::batched(&[1])));
    let both = b.add(Op::Concat { axis: 1 }, &[mean, column], None);
    let out = b.linear("out", both, 3, 4);
    let pixels = b.unary(Unary::Sigmoid, out);
    let image = b.add(Op::Reshape, &[pixels], Some(Shape::batched(&[1, 2, 2])));
    b.mark(MarkKind::Output(Role::Image), "image", image);
    let loss = b.sum(image, &[1, 2, 3]);
    b.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    let session = open(b.graph);
    let z = session.prior(3, 0, 0).unwrap();
    let error = session.decode(&z, &Batch::default()).unwrap_err();
    assert_eq!(error, Error::MissingInput { name: "label".to_owned() });
    let labels = |n: i64| Batch::default().with_i64("label", &[3], vec![n; 3]);
    let one = session.decode(&z, &labels(1)).unwrap();
    assert!(one.data.iter().all(|p| (0.0..=1.0).contains(p)));
    assert_ne!(one, session.decode(&z, &labels(2)).unwrap());
    let wrong = Batch::default().with_i64("label", &[2], vec![0; 2]);
    assert!(
        matches!(session.decode(&z, &wrong), Err(Error::Input { name, .. }) if name == "label")
    );
    let wrong = Batch::default().with_f32("label", &[3], vec![0.0; 3]);
    assert!(
        matches!(session.decode(&z, &wrong), Err(Error::Input { name, .. }) if name == "label")
    );
}

#[test]
fn an_image_that_leaves_zero_to_one_is_cut_off() {
    let mut b = Builder::default();
    let x = b.input("x", Shape::batched(&[1, 2, 2]), DType::F32);
    let flat = b.add(Op::Reshape, &[x], Some(Shape::batched(&[4])));
    b.mark(MarkKind::Output(Role::Mean), "mean", flat);
    b.mark(MarkKind::Port, "z", flat);
    let weight = b.linear("out", flat, 4, 4);
    let image = b.add(Op::Reshape, &[weight], Some(Shape::batched(&[1, 2, 2])));
    b.mark(MarkKind::Output(Role::Image), "gaussian", image);
    let loss = b.sum(image, &[1, 2, 3]);
    b.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    assert_eq!(b.graph.likelihood(), Some("gaussian"));
    let session = open(b.graph);
    let z = Array { shape: vec![8, 4], data: session.prior(8, 0, 0).unwrap().data };
    let z = Array { data: z.data.iter().map(|x| x * 20.0).collect(), ..z };
    let drawn = session.decode(&z, &Batch::default()).unwrap();
    assert!(drawn.data.iter().all(|p| (0.0..=1.0).contains(p)), "{:?}", drawn.data);
    assert!(drawn.data.contains(&0.0) && drawn.data.contains(&1.0), "{:?}", drawn.data);
}

#[test]
fn loads_that_do_not_fit_change_nothing() {
    let mut session = vae();
    train(&mut session, &batch(4, 0)).unwrap();
    let before = state(&session);
    let whole = session.parameters().unwrap();
    let refused = |session: &mut Session, arrays: &BTreeMap<String, Array>, part: &str| {
        let error = session.load_parameters(arrays).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    let mut missing = whole.clone();
    missing.remove("decoder.weight");
    refused(&mut session, &missing, "decoder.weight");
    let mut extra = whole.clone();
    extra.insert("stray".to_owned(), whole["decoder.bias"].clone());
    refused(&mut session, &extra, "stray");
    let mut reshaped = whole.clone();
    reshaped.get_mut("pixels.weight").unwrap().shape.reverse();
    refused(&mut session, &reshaped, "pixels.weight");
    let mut moments = session.optimizer_state().unwrap();
    moments.remove("pixels.bias.v");
    let error = session.load_optimizer_state(&moments, 9).unwrap_err();
    assert!(matches!(error, Error::OptimizerState { name, .. } if name == "pixels.bias.v"));
    assert_eq!(state(&session), before);
}

#[test]
fn wrong_requests_are_refused() {
    let mut session = vae();
    let knobs = BTreeMap::from([("bета".to_owned(), 1.0)]);
    let error = session.evaluate(&batch(2, 0), &knobs, 0).unwrap_err();
    assert!(error.to_string().contains("beta"), "{error}");
    let short = Batch::default().with_f32("x", &[2, 1, SIDE, 5], vec![0.0; 60]);
    let error = session.encode(&short).unwrap_err();
    assert!(error.to_string().contains("[2, 1, 6, 6]"), "{error}");
    let empty = Batch::default().with_f32("x", &[0, 1, SIDE, SIDE], vec![]);
    assert!(matches!(session.encode(&empty), Err(Error::Input { .. })));
    let knobs = BTreeMap::new();
    let controls = Controls { lr: f64::NAN, knobs: &knobs, clip_norm: None };
    let error = session.train_step(&batch(2, 0), &controls).unwrap_err();
    assert!(matches!(error, Error::Optimizer(_)));
    let unfinished = Session::new(Graph::new(), DeviceKind::Cpu, 0, OptimizerConfig::default());
    assert!(matches!(unfinished, Err(Error::Graph(_))));
}

/// Candle's recursion over the tape would overflow the stack of this thread.
#[test]
fn a_very_deep_graph_trains() {
    let mut b = Builder::default();
    let init = Init::Constant(1.0);
    let mut x = b.graph.param("p", &[1, 1, 2], init, "", Location::default()).unwrap();
    let identity = b.add(Op::Iota { axis: 0 }, &[], Some(Shape::fixed(&[2, 1])));
    let turned = b.add(Op::Permute { axes: vec![1, 0] }, &[identity], None);
    // [[1, 0], [0, 1]], so that the value stays what it is.
    let eye = b.binary(Binary::Eq, identity, turned);
    for _ in 0..4000 {
        x = b.add(Op::MatMul, &[x, eye], None);
        let op = Op::Reduce { reduction: Reduction::LogSumExp, axes: vec![0], keepdim: true };
        x = b.add(op, &[x], None);
        x = b.unary(Unary::Neg, x);
        x = b.unary(Unary::Neg, x);
    }
    let loss = b.sum(x, &[0, 1, 2]);
    b.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    let measures = train(&mut open(b.graph), &Batch::default()).unwrap();
    assert_eq!(measures.loss, 2.0);
    assert!((measures.grad_norm.unwrap() - 2f32.sqrt()).abs() < 1e-5);
}
