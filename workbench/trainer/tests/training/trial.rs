//! Runs on a small data set made here.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use workbench_engine::{DeviceKind, OptimizerConfig, Session};
use workbench_experiment::Experiment;
use workbench_graph::{
    Binary, DType, Dim, Distribution, Graph, Init, InputSpec, Knob, Location, MarkKind, NodeId, Op,
    Reduction, Role, Shape, Unary,
};
use workbench_runs::{Attribute, AttributeKind, Claim, History, Request, RunDir, checkpoint};
use workbench_trainer::{
    Error, Items, Job, Observer, Outcome, Pixels, Progress, Signals, Source, SourceError, Splits,
};

/// 4×4 pictures of a bright row, whose number is the class; grey values by the item's number.
#[derive(Clone)]
pub struct Rows {
    /// Of the training split, and of the test split.
    pub items: [u64; 2],
    /// An item of the training split that is NaN.
    pub bad: Option<u64>,
    /// An item of the training split that can't be read while this is set.
    pub gone: (u64, Arc<AtomicBool>),
}

impl Rows {
    pub fn new() -> Rows {
        Rows { items: [100, 20], bad: None, gone: (0, Arc::default()) }
    }

    pub fn with_bad(item: u64) -> Rows {
        Rows { bad: Some(item), ..Rows::new() }
    }
}

impl Source for Rows {
    fn image(&self) -> &[usize] {
        &[1, 4, 4]
    }

    fn pixel_bytes(&self) -> usize {
        4
    }

    fn classes(&self) -> &[String] {
        &[]
    }

    fn attributes(&self) -> &[Attribute] {
        static ATTRIBUTES: OnceLock<Vec<Attribute>> = OnceLock::new();
        ATTRIBUTES.get_or_init(|| {
            let attribute = |name: &str, kind, values: &[&str], range| {
                let values = values.iter().map(|&value| value.to_owned()).collect();
                Attribute { name: name.to_owned(), kind, values, range }
            };
            vec![
                attribute("row", AttributeKind::Ordinal, &["1st", "2nd", "3rd", "4th"], None),
                attribute("bright", AttributeKind::Real, &[], Some([0.6, 1.0])),
            ]
        })
    }

    fn caption(&self) -> usize {
        3
    }

    fn len(&self, split: &str) -> Result<Option<u64>, SourceError> {
        Ok(match split {
            "train" => Some(self.items[0]),
            "test" => Some(self.items[1]),
            _ => None,
        })
    }

    fn read(&self, split: &str, items: &[u64]) -> Result<Items, SourceError> {
        let mut pixels = Vec::new();
        let (mut attributes, mut captions) = (vec![Vec::new(), Vec::new()], Vec::new());
        for &item in items {
            if split == "train" && item == self.gone.0 && self.gone.1.load(Relaxed) {
                return Err(format!("item {item} of `{split}` is gone").into());
            }
            let row = (item % 4) as usize;
            let bright = 0.6 + 0.4 * (item as f32 * 0.61).fract();
            pixels.extend((0..16).map(|at| if at / 4 == row { bright } else { 0.05 }));
            // Of every tenth it is not known.
            attributes[0].push(if item % 10 == 9 { f32::NAN } else { row as f32 });
            attributes[1].push(if item % 10 == 9 { f32::NAN } else { bright });
            captions.extend([b'a' + row as u8, b'!', 0]);
            if split == "train" && self.bad == Some(item) {
                *pixels.last_mut().unwrap() = f32::NAN;
            }
        }
        Ok(Items { pixels: Pixels::F32(pixels), labels: None, attributes, captions })
    }
}

/// An MLP VAE with two latent dimensions and the knob beta.
pub fn graph() -> Graph {
    let mut g = Recorder(Graph::new());
    let x = {
        let spec =
            InputSpec { name: "x".into(), shape: Shape::batched(&[1, 4, 4]), dtype: DType::F32 };
        g.0.input(&spec, Location::default())
    };
    let flat = g.shaped(Op::Reshape, &[x], Shape::batched(&[16]));
    let h = g.linear(flat, "encoder", 16, 8);
    let h = g.op(Op::Unary(Unary::Relu), &[h]);
    let (mean, logvar) = (g.linear(h, "mean", 8, 2), g.linear(h, "logvar", 8, 2));
    let noise = g.shaped(Op::Rand(Distribution::Normal), &[], Shape::batched(&[2]));
    let half = g.op(Op::Const(0.5), &[]);
    let std = g.binary(Binary::Mul, half, logvar);
    let std = g.op(Op::Unary(Unary::Exp), &[std]);
    let moved = g.binary(Binary::Mul, noise, std);
    let z = g.binary(Binary::Add, mean, moved);
    g.mark(MarkKind::Port, "z", z);
    let logits = g.linear(z, "decoder", 2, 16);
    let picture = g.shaped(Op::Reshape, &[logits], Shape::batched(&[1, 4, 4]));
    g.mark(MarkKind::Output(Role::Mean), "mean", mean);
    g.mark(MarkKind::Output(Role::LogVariance), "logvar", logvar);
    g.mark(MarkKind::Output(Role::Logits), "logits", picture);

    let soft = g.op(Op::Unary(Unary::Softplus), &[logits]);
    let product = g.binary(Binary::Mul, flat, logits);
    let terms = g.binary(Binary::Sub, soft, product);
    let recon = g.sum(terms);
    let square = g.binary(Binary::Mul, mean, mean);
    let variance = g.op(Op::Unary(Unary::Exp), &[logvar]);
    let terms = g.binary(Binary::Add, square, variance);
    let terms = g.binary(Binary::Sub, terms, logvar);
    let one = g.op(Op::Const(1.0), &[]);
    let terms = g.binary(Binary::Sub, terms, one);
    let terms = g.binary(Binary::Mul, half, terms);
    let kl = g.sum(terms);
    g.mark(MarkKind::Metric, "recon", recon);
    g.mark(MarkKind::Metric, "kl", kl);
    let knob =
        Knob { name: "beta".into(), default: 1.0, min: 0.0, max: 10.0, about: String::new() };
    let beta = g.0.knob(&knob, Location::default());
    let weighted = g.binary(Binary::Mul, beta, kl);
    let loss = g.binary(Binary::Add, recon, weighted);
    g.mark(MarkKind::Loss { group: String::new() }, "loss", loss);
    g.0
}

struct Recorder(Graph);

impl Recorder {
    fn op(&mut self, op: Op, inputs: &[NodeId]) -> NodeId {
        self.0.add(op, inputs, None, Location::default()).unwrap()
    }

    fn shaped(&mut self, op: Op, inputs: &[NodeId], shape: Shape) -> NodeId {
        self.0.add(op, inputs, Some(&shape), Location::default()).unwrap()
    }

    fn binary(&mut self, binary: Binary, a: NodeId, b: NodeId) -> NodeId {
        self.op(Op::Binary(binary), &[a, b])
    }

    /// [B, n] → [B].
    fn sum(&mut self, node: NodeId) -> NodeId {
        assert_eq!(self.0.node(node).shape.0[0], Dim::Batch(1));
        self.op(Op::Reduce { reduction: Reduction::Sum, axes: vec![1], keepdim: false }, &[node])
    }

    fn linear(&mut self, x: NodeId, name: &str, inputs: usize, outputs: usize) -> NodeId {
        self.0.enter(name, Some("linear"));
        let init = Init::Normal { std: (1.0 / inputs as f64).sqrt() };
        let w = self.0.param("weight", &[inputs, outputs], init, "", Location::default()).unwrap();
        let b =
            self.0.param("bias", &[outputs], Init::Constant(0.0), "", Location::default()).unwrap();
        let product = self.op(Op::MatMul, &[x, w]);
        let sum = self.binary(Binary::Add, product, b);
        self.0.leave();
        sum
    }

    fn mark(&mut self, kind: MarkKind, name: &str, node: NodeId) {
        self.0.mark(kind, name, node, Location::default()).unwrap();
    }
}

pub fn experiment(settings: &str) -> Experiment {
    changed(settings, &[])
}

/// An experiment with settings laid over it, each as `train.batch_size=40`.
pub fn changed(settings: &str, more: &[&str]) -> Experiment {
    let text = format!(
        "seed = 3\n[dataset]\nplugin = 'rows'\n[architecture]\nplugin = 'small'\n[log]\nevery_steps = 1\n[train]\nbatch_size = 16\n{settings}"
    );
    let more: Vec<String> = more.iter().map(|&more| more.to_owned()).collect();
    Experiment::parse("test.toml", &text, &more).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs one experiment in a directory of its own, or goes on with it.
pub struct Trial {
    pub dir: tempfile::TempDir,
    pub experiment: Experiment,
    pub source: Rows,
}

impl Trial {
    pub fn new(settings: &str) -> Trial {
        Trial {
            dir: tempfile::tempdir().unwrap(),
            experiment: experiment(settings),
            source: Rows::new(),
        }
    }

    pub fn run_dir(&self) -> RunDir {
        RunDir::open(&self.dir.path().join("run")).unwrap()
    }

    pub fn run(&self, observer: &mut dyn Observer) -> Result<Outcome, Error> {
        let fresh = !self.dir.path().join("run").exists();
        let run = match fresh {
            true => RunDir::create(self.dir.path(), "run").unwrap(),
            false => self.run_dir(),
        };
        if fresh {
            run.write_text("experiment.toml", &self.experiment.to_toml()).unwrap();
        }
        let splits = Splits::load(&self.experiment, Arc::new(self.source.clone()), &|_, _| {})?;
        let session = Session::new(
            graph(),
            DeviceKind::Cpu,
            self.experiment.seed,
            OptimizerConfig { ema: self.experiment.train.ema, ..OptimizerConfig::default() },
        )?;
        let resume = checkpoint::load_newest(&run)?.map(|(checkpoint, _)| checkpoint);
        let signals = Signals::default();
        let experiment = &self.experiment;
        let claim = Claim::acquire(&run)?;
        Job {
            run: &run,
            claim: &claim,
            experiment,
            session,
            splits: &splits,
            classes: &[],
            texts: vec![],
            resume,
            signals: &signals,
            requests_every: Duration::ZERO,
        }
        .train(observer)
    }

    pub fn history(&self) -> History {
        History::read(self.run_dir().path()).unwrap()
    }

    pub fn newest(&self) -> checkpoint::Checkpoint {
        checkpoint::load_newest(&self.run_dir()).unwrap().unwrap().0
    }

    /// Every scalar but those of timing and of the machine.
    pub fn records(&self) -> BTreeMap<String, Vec<(u64, u32)>> {
        let scalars = self
            .history()
            .scalars
            .into_iter()
            .filter(|(tag, _)| !tag.starts_with("time/") && !tag.starts_with("system/"));
        scalars
            .map(|(tag, series)| {
                (
                    tag,
                    series
                        .steps
                        .into_iter()
                        .zip(series.values.iter().map(|x| x.to_bits()))
                        .collect(),
                )
            })
            .collect()
    }
}

/// Posts requests when training has come to given steps.
pub struct Ask {
    run: std::path::PathBuf,
    at: Vec<(u64, Request)>,
    pub story: Vec<(u64, String)>,
}

impl Ask {
    pub fn new(trial: &Trial, at: Vec<(u64, Request)>) -> Ask {
        Ask { run: trial.dir.path().join("run"), at, story: vec![] }
    }
}

impl Observer for Ask {
    fn observe(&mut self, progress: Progress) {
        match progress {
            Progress::Step { step, .. } => {
                let run = RunDir::open(Path::new(&self.run)).unwrap();
                let due = self.at.iter().filter(|(at, _)| *at == step);
                due.for_each(|(_, request)| request.post(&run).unwrap());
            }
            Progress::Control { step, message } => self.story.push((step, message.to_owned())),
            _ => {}
        }
    }
}

pub struct Nobody;

impl Observer for Nobody {
    fn observe(&mut self, _: Progress) {}
}
