//! A graph that is trained and used.

use std::collections::BTreeMap;

use workbench_graph::{Graph, NodeId, Role, Shape};

use crate::adam::OptimizerConfig;
use crate::array::{Array, Batch};
use crate::backend::{Backend, Path, Step};
use crate::device::DeviceKind;
use crate::error::describe;
use crate::feed::{self, Ask};
use crate::initialise::initialise;
use crate::interpreter::Noise;
use crate::noise::{self, Key};
use crate::{Cost, Error};

/// What one training step is told.
#[derive(Clone, Copy, Debug)]
pub struct Controls<'a> {
    pub lr: f64,
    /// By name; a knob that is missing has its default.
    pub knobs: &'a BTreeMap<String, f64>,
    /// The largest norm over all gradients; longer ones are scaled down to it.
    pub clip_norm: Option<f64>,
}

/// What a step or an evaluation measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// Every loss and metric by name, the mean over the batch.
    pub values: BTreeMap<String, f32>,
    /// The sum of the losses.
    pub loss: f32,
    /// Of all gradients, before clipping; only training steps have one.
    pub grad_norm: Option<f32>,
}

/// A diagonal Gaussian for every item.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// `[B, D]`.
    pub mean: Array,
    /// `[B, D]`, where the architecture marks it.
    pub log_variance: Option<Array>,
}

/// What a classifier says of every item.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// By the name of an attribute, or "class": logits `[B, K]`, or numbers `[B]` or `[B, 1]`.
    pub of: Vec<(String, Array)>,
    /// `[B, F]`, where the architecture marks them.
    pub features: Option<Array>,
}

/// A graph with its parameters, its optimizer and its place in the noise.
///
/// With the same seed, machine and thread count, everything it computes is the same to the bit.
pub struct Session {
    pub(crate) graph: Graph,
    pub(crate) backend: Backend,
    pub(crate) seed: u64,
    pub(crate) step: u64,
    /// Whether an average of the weights is kept.
    pub(crate) keeps_average: bool,
}

impl Session {
    /// Opens the device and initialises the parameters from the seed and their names. The CPU runs a compiled plan,
    /// other devices the interpreter.
    ///
    /// # Errors
    /// The graph can't be trained ([`Graph::check`]), an optimizer setting is out of range, or the
    /// device can't be used.
    pub fn new(
        graph: Graph,
        device: DeviceKind,
        seed: u64,
        optimizer: OptimizerConfig,
    ) -> Result<Session, Error> {
        let path = if device == DeviceKind::Cpu { Path::Plan } else { Path::Interpreter };
        Session::on_path(graph, device, path, seed, optimizer)
    }

    /// As [`Session::new`], by the interpreter on every device: the oracle that plans are tested against.
    ///
    /// # Errors
    /// As for [`Session::new`].
    pub fn interpreted(
        graph: Graph,
        device: DeviceKind,
        seed: u64,
        optimizer: OptimizerConfig,
    ) -> Result<Session, Error> {
        Session::on_path(graph, device, Path::Interpreter, seed, optimizer)
    }

    fn on_path(
        graph: Graph,
        device: DeviceKind,
        path: Path,
        seed: u64,
        optimizer: OptimizerConfig,
    ) -> Result<Session, Error> {
        graph.check().map_err(Error::Graph)?;
        optimizer.check()?;
        let params = graph.params().iter().map(|param| initialise(param, seed)).collect();
        let backend = Backend::new(&graph, params, device, path, optimizer)?;
        Ok(Session { graph, backend, seed, step: 0, keeps_average: optimizer.ema > 0.0 })
    }

    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What runs the graph.
    pub fn path(&self) -> Path {
        self.backend.path()
    }

    /// Begins to keep what kernels cost, from nothing, or ends it. The interpreter keeps none.
    pub fn profile(&mut self, on: bool) {
        self.backend.profile(on);
    }

    /// What kernels cost since [`Session::profile`] began.
    pub fn costs(&self) -> Vec<Cost> {
        self.backend.costs(&self.graph)
    }

    /// Evaluates, encodes and decodes with the average of the weights, or with the weights: until this is called again,
    /// new parameters are loaded, or a step trains, which is always of the weights. Nothing is copied. Buffers are the
    /// same for both. Without [`OptimizerConfig::ema`] it does nothing.
    pub fn use_average(&mut self, on: bool) {
        self.backend.use_averages(on);
    }

    /// How many steps the parameters have been trained for.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// One step of training. Each loss is differentiated for the parameters of its group alone. Buffers
    /// become what their updates were in the forward pass, before the parameters moved.
    ///
    /// # Errors
    /// [`Error::NonFinite`], counting steps from 1, where a loss, a gradient or an update is not finite;
    /// a wrong input, knob or learning rate; a failing op. Parameters, buffers, moments and step are then
    /// unchanged.
    pub fn train_step(&mut self, batch: &Batch, controls: &Controls) -> Result<Measures, Error> {
        let wrong_rate = |what: &str, value: f64| {
            Error::Optimizer(format!("{what} is {value}; a positive number is wanted"))
        };
        if !(controls.lr >= 0.0 && controls.lr.is_finite()) {
            return Err(wrong_rate("the learning rate", controls.lr));
        }
        if let Some(clip) = controls.clip_norm
            && (clip.is_nan() || clip <= 0.0)
        {
            return Err(wrong_rate("clip_norm", clip));
        }
        let measured = self.measured();
        let mut wanted = measured.clone();
        wanted.extend(self.graph.updates().iter().map(|update| update.value));
        let ask = Ask {
            knobs: Some(controls.knobs),
            noise: self.noise("train", self.step),
            train: true,
            ..Ask::new(&wanted, self.seed)
        };
        let given = feed::feed(&self.graph, self.step, batch, ask)?;
        let step = self.step + 1;
        match self.backend.train(&self.graph, &measured, &given, controls, step)? {
            Ok(Step { measured, norm }) => {
                self.step = step;
                Ok(Measures { grad_norm: Some(norm as f32), ..self.measure(&measured) })
            }
            Err(what) => {
                let node = self.backend.first_non_finite(&self.graph, &wanted, &given)?;
                let node = node.map(|node| describe(&self.graph, node));
                Err(Error::NonFinite { step, what, node })
            }
        }
    }

    /// Losses and metrics without training: `train` is 0, and noise comes from a stream of its own,
    /// told apart by `draw`.
    ///
    /// # Errors
    /// A wrong input or knob, or a failing op. Values that are not finite are returned as they are.
    pub fn evaluate(
        &self,
        batch: &Batch,
        knobs: &BTreeMap<String, f64>,
        draw: u64,
    ) -> Result<Measures, Error> {
        let wanted = self.measured();
        let ask = Ask {
            knobs: Some(knobs),
            noise: self.noise("evaluate", draw),
            ..Ask::new(&wanted, self.seed)
        };
        Ok(self.measure(&self.run(batch, ask)?))
    }

    /// The values of nodes, as evaluation computes them, with knobs at their defaults: for whoever looks into a graph.
    ///
    /// # Errors
    /// A wrong or missing input, or a failing op. Values that are not finite are returned as they are.
    pub fn values(&self, nodes: &[NodeId], batch: &Batch) -> Result<Vec<Array>, Error> {
        let ask = Ask { noise: self.noise("evaluate", 0), ..Ask::new(nodes, self.seed) };
        self.run(batch, ask)
    }

    /// The posterior of every item of the batch.
    ///
    /// # Errors
    /// The architecture marks no posterior mean; a wrong or missing input; a failing op.
    pub fn encode(&self, batch: &Batch) -> Result<Posterior, Error> {
        let mean = self.output(Role::Mean)?;
        let wanted: Vec<NodeId> =
            std::iter::once(mean).chain(self.graph.output(Role::LogVariance)).collect();
        let mut values = self.run(batch, Ask::new(&wanted, self.seed))?.into_iter();
        let missing = || Error::Backend("the posterior was not computed".to_owned());
        Ok(Posterior { mean: values.next().ok_or_else(missing)?, log_variance: values.next() })
    }

    /// What a classifier says of every item of the batch.
    ///
    /// # Errors
    /// The architecture marks no prediction; a wrong or missing input; a failing op.
    pub fn predict(&self, batch: &Batch) -> Result<Predictions, Error> {
        let (names, mut wanted): (Vec<&str>, Vec<NodeId>) = self.graph.predictions().unzip();
        if names.is_empty() {
            return Err(Error::NotMarked { what: "prediction" });
        }
        let features = self.graph.output(Role::Features);
        wanted.extend(features);
        let mut values = self.run(batch, Ask::new(&wanted, self.seed))?;
        let features = features.and_then(|_| values.pop());
        Ok(Predictions { of: names.into_iter().map(str::to_owned).zip(values).collect(), features })
    }

    /// Images `[B, C, H, W]` (`[B, C, D, H, W]` of volumes and clips) in 0..1 for latent codes `z` `[B, D]`: the image output,
    /// cut off at 0 and 1, which the mean of a Gaussian may leave, or the sigmoid of the logits. Only what lies between the port `z` and the output is computed.
    ///
    /// # Errors
    /// No port `z` or no picture is marked; `z` has the wrong shape; an input that is needed on the
    /// way, such as `label`, is not in `others`.
    pub fn decode(&self, z: &Array, others: &Batch) -> Result<Array, Error> {
        let port = self.port()?;
        let wrong = |message: String| Error::Input { name: "z".to_owned(), message };
        let wanted = self.latent_dims().ok_or_else(|| {
            wrong("the port holds more than one axis that depends on the batch".to_owned())
        })?;
        let [batch, dims] = z.shape[..] else {
            return Err(wrong(format!("has shape {:?}, not [B, {wanted}]", z.shape)));
        };
        if batch == 0 || dims != wanted || z.data.len() != batch * dims {
            return Err(wrong(format!(
                "has shape {:?} with {} numbers, not [B, {wanted}]",
                z.shape,
                z.data.len()
            )));
        }
        let shape = self.graph.node(port).shape.resolve(batch);
        self.picture(port, Array { shape, data: z.data.clone() }, batch, others)
    }

    /// What becomes of the batch through the posterior mean: of the shape of its images, in 0..1.
    ///
    /// # Errors
    /// As for [`Session::encode`] and [`Session::decode`].
    pub fn reconstruct(&self, batch: &Batch) -> Result<Array, Error> {
        self.port()?;
        self.decode(&self.encode(batch)?.mean, batch)
    }

    /// `n` latent codes `[n, D]` from the standard normal prior.
    ///
    /// # Errors
    /// The architecture has no port `z`.
    pub fn prior(&self, n: usize, seed: u64, draw: u64) -> Result<Array, Error> {
        let dims = self.latent_dims().ok_or(Error::NotMarked { what: "port `z`" })?;
        let elements = n.checked_mul(dims).ok_or_else(|| Error::Input {
            name: "z".to_owned(),
            message: format!("{n} codes of {dims} numbers are too many"),
        })?;
        Ok(Array {
            shape: vec![n, dims],
            data: noise::normal(Key::new(seed, "prior", draw, 0), elements),
        })
    }

    /// How many numbers the port `z` holds for an item; `None` where there is no such port.
    pub fn latent_dims(&self) -> Option<usize> {
        let port = self.graph.port("z")?;
        let Shape(dims) = &self.graph.node(port).shape;
        let item = dims.get(1..)?;
        item.iter().try_fold(1usize, |n, dim| n.checked_mul(dim.as_fixed()?))
    }

    /// The nodes of losses and metrics.
    pub(crate) fn measured(&self) -> Vec<NodeId> {
        let losses = self.graph.losses().map(|(_, _, node)| node);
        losses.chain(self.graph.metrics().map(|(_, node)| node)).collect()
    }

    /// From the values of the measured nodes.
    fn measure(&self, arrays: &[Array]) -> Measures {
        let mut measures = Measures { values: BTreeMap::new(), loss: 0.0, grad_norm: None };
        let mean = |array: &Array| {
            let sum: f64 = array.data.iter().map(|&x| f64::from(x)).sum();
            (sum / array.data.len() as f64) as f32
        };
        let losses = self.graph.losses().map(|(name, ..)| (name, true));
        let metrics = self.graph.metrics().map(|(name, _)| (name, false));
        for ((name, is_loss), array) in losses.chain(metrics).zip(arrays) {
            let value = mean(array);
            // A loss and a metric of one name: the loss counts.
            if is_loss {
                measures.loss += value;
                measures.values.insert(name.to_owned(), value);
            } else {
                measures.values.entry(name.to_owned()).or_insert(value);
            }
        }
        measures
    }

    fn picture(
        &self,
        port: NodeId,
        z: Array,
        batch: usize,
        others: &Batch,
    ) -> Result<Array, Error> {
        let image = self.graph.output(Role::Image);
        let node = image.or(self.graph.output(Role::Logits));
        let node = node.ok_or(Error::NotMarked { what: "image or logits output" })?;
        let wanted = [node];
        let ask = Ask {
            batch: Some(batch),
            overrides: BTreeMap::from([(port, z)]),
            noise: self.noise("decode", 0),
            ..Ask::new(&wanted, self.seed)
        };
        let missing = || Error::Backend("the picture was not computed".to_owned());
        let mut picture = self.run(others, ask)?.pop().ok_or_else(missing)?;
        for x in &mut picture.data {
            *x = match image {
                // NaN stays, so that a fault shows.
                Some(_) => x.clamp(0.0, 1.0),
                None => (1.0 + (-*x).exp()).recip(),
            };
        }
        Ok(picture)
    }

    fn output(&self, role: Role) -> Result<NodeId, Error> {
        self.graph.output(role).ok_or(Error::NotMarked { what: "posterior mean output" })
    }

    fn port(&self) -> Result<NodeId, Error> {
        self.graph.port("z").ok_or(Error::NotMarked { what: "port `z`" })
    }

    pub(crate) fn noise<'a>(&self, purpose: &'a str, draw: u64) -> Noise<'a> {
        Noise { seed: self.seed, purpose, draw }
    }

    /// The values of the wanted nodes, in their order.
    fn run(&self, batch: &Batch, ask: Ask) -> Result<Vec<Array>, Error> {
        let wanted = ask.wanted;
        let given = feed::feed(&self.graph, self.step, batch, ask)?;
        self.backend.compute(&self.graph, wanted, &given)
    }
}
