//! A graph that is trained and used.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};
use workbench_graph::{Graph, NodeId, Param, Role, Shape};

use crate::Error;
use crate::adam::{Adam, OptimizerConfig, global_norm};
use crate::array::{Array, Batch};
use crate::device::{self, DeviceKind};
use crate::feed::{self, Ask};
use crate::initialise::initialise;
use crate::interpreter::{Model, Noise, Values, is_finite};
use crate::noise::{self, Key};

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

/// Candle walks and drops its tape by recursion, so that a graph of more nodes than this is trained
/// on a thread with a stack for it; address space that is not touched costs nothing.
const SHALLOW: usize = 256;
const STACK_PER_NODE: usize = 16 << 10;

/// A graph with its parameters, its optimizer and its place in the noise.
///
/// With the same seed, machine and thread count, everything it computes is the same to the bit.
pub struct Session {
    pub(crate) model: Model,
    pub(crate) adam: Adam,
    /// The parameters that the optimizer moves, in the graph's order: all but the buffers.
    pub(crate) trained: Vec<Var>,
    pub(crate) seed: u64,
    pub(crate) step: u64,
}

impl Session {
    /// Opens the device and initialises the parameters from the seed and their names.
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
        graph.check().map_err(Error::Graph)?;
        optimizer.check()?;
        let device = device::open(device)?;
        let params = graph
            .params()
            .iter()
            .map(|param| Var::from_vec(initialise(param, seed), param.shape.as_slice(), &device))
            .collect::<Result<Vec<_>, _>>()?;
        let pairs = graph.params().iter().zip(&params);
        let trained: Vec<Var> =
            pairs.filter(|(param, _)| param.trained).map(|(_, var)| var.clone()).collect();
        let adam = Adam::new(optimizer, &trained, &device)?;
        let model = Model::new(graph, device, params)?;
        Ok(Session { model, adam, trained, seed, step: 0 })
    }

    pub fn graph(&self) -> &Graph {
        &self.model.graph
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
        let nodes = self.model.graph.nodes().len();
        if nodes <= SHALLOW {
            return self.advance(batch, controls);
        }
        let failed = |why: String| Error::Backend(format!("no thread for {nodes} nodes: {why}"));
        std::thread::scope(|scope| {
            std::thread::Builder::new()
                .stack_size(nodes.saturating_mul(STACK_PER_NODE))
                .spawn_scoped(scope, || self.advance(batch, controls))
                .map_err(|error| failed(error.to_string()))?
                .join()
                .unwrap_or_else(|_| Err(failed("it panicked".to_owned())))
        })
    }

    fn advance(&mut self, batch: &Batch, controls: &Controls) -> Result<Measures, Error> {
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
        let mut wanted = self.measured();
        wanted.extend(self.model.graph.updates().iter().map(|update| update.value));
        let ask = Ask {
            knobs: Some(controls.knobs),
            noise: self.noise("train", self.step),
            train: true,
            ..Ask::new(&wanted, self.seed)
        };
        let values = self.run(batch, ask)?;
        let mut measures = self.measure(&values)?;
        let non_finite = |what: &str| -> Result<Error, Error> {
            let node = self.model.first_non_finite(&values)?;
            Ok(Error::NonFinite {
                step: self.step + 1,
                what: what.to_owned(),
                node: node.map(|id| self.model.describe(id)),
            })
        };
        for (name, _, _) in self.model.graph.losses() {
            if !measures.values.get(name).is_some_and(|x| x.is_finite()) {
                return Err(non_finite(name)?);
            }
        }
        let grads = self.gradients(&values)?;
        let norm = match global_norm(&grads)? {
            Ok(norm) => norm,
            Err(index) => {
                let name = self.trained_params().nth(index).map_or("", |param| &param.name);
                return Err(non_finite(name)?);
            }
        };
        let updates = self.updates(&values)?;
        for (buffer, value) in &updates {
            if !is_finite(value)? {
                return Err(non_finite(&self.model.graph.params()[*buffer].name)?);
            }
        }
        drop(values);
        let scale = match controls.clip_norm {
            Some(clip) if norm > clip => clip / norm,
            _ => 1.0,
        };
        let step = self.step + 1;
        self.adam.step(&self.trained, &grads, step, controls.lr, scale)?;
        for (buffer, value) in &updates {
            self.model.params[*buffer].set(value)?;
        }
        self.step = step;
        measures.grad_norm = Some(norm as f32);
        Ok(measures)
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
        let values = self.run(batch, ask)?;
        self.measure(&values)
    }

    /// The posterior of every item of the batch.
    ///
    /// # Errors
    /// The architecture marks no posterior mean; a wrong or missing input; a failing op.
    pub fn encode(&self, batch: &Batch) -> Result<Posterior, Error> {
        let mean = self.output(Role::Mean)?;
        let log_variance = self.model.graph.output(Role::LogVariance);
        let wanted: Vec<NodeId> = std::iter::once(mean).chain(log_variance).collect();
        let values = self.run(batch, Ask::new(&wanted, self.seed))?;
        Ok(Posterior {
            mean: read(&values, mean)?,
            log_variance: log_variance.map(|id| read(&values, id)).transpose()?,
        })
    }

    /// Pictures `[B, C, H, W]` in 0..1 for latent codes `z` `[B, D]`: the image output, or the sigmoid
    /// of the logits. Only what lies between the port `z` and the output is computed.
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
        let shape = self.model.graph.node(port).shape.resolve(batch);
        let value = Tensor::from_slice(&z.data, shape, &self.model.device)?;
        self.picture(port, value, batch, others)
    }

    /// What becomes of the batch through the posterior mean: `[B, C, H, W]` in 0..1.
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
        let port = self.model.graph.port("z")?;
        let Shape(dims) = &self.model.graph.node(port).shape;
        let item = dims.get(1..)?;
        item.iter().try_fold(1usize, |n, dim| n.checked_mul(dim.as_fixed()?))
    }

    /// The nodes of losses and metrics.
    pub(crate) fn measured(&self) -> Vec<NodeId> {
        let graph = &self.model.graph;
        let losses = graph.losses().map(|(_, _, node)| node);
        losses.chain(graph.metrics().map(|(_, node)| node)).collect()
    }

    fn measure(&self, values: &Values) -> Result<Measures, Error> {
        let mean = |node: NodeId| -> Result<f32, Error> {
            let data = read(values, node)?.data;
            let sum: f64 = data.iter().map(|&x| f64::from(x)).sum();
            Ok((sum / data.len() as f64) as f32)
        };
        let mut measures = Measures { values: BTreeMap::new(), loss: 0.0, grad_norm: None };
        for (name, node) in self.model.graph.metrics() {
            measures.values.insert(name.to_owned(), mean(node)?);
        }
        for (name, _, node) in self.model.graph.losses() {
            let value = mean(node)?;
            measures.values.insert(name.to_owned(), value);
            measures.loss += value;
        }
        Ok(measures)
    }

    /// The gradient of every trained parameter; zeros where its loss does not depend on it.
    fn gradients(&self, values: &Values) -> Result<Vec<Tensor>, Error> {
        let params: Vec<&Param> = self.trained_params().collect();
        let mut grads: Vec<Option<Tensor>> = vec![None; params.len()];
        for (_, group, node) in self.model.graph.losses() {
            if !params.iter().any(|param| param.group == group) {
                continue;
            }
            let mut store = value(values, node)?.mean_all()?.backward()?;
            for (index, param) in params.iter().enumerate() {
                if param.group == group {
                    grads[index] = store.remove(&self.trained[index]);
                }
            }
        }
        grads
            .into_iter()
            .zip(&self.trained)
            .map(|(grad, var)| Ok(grad.map_or_else(|| var.zeros_like(), Ok)?))
            .collect()
    }

    /// What the buffers become, by their place among the graph's parameters. Copies: a value may be a
    /// parameter or another buffer, which are about to change in place.
    fn updates(&self, values: &Values) -> Result<Vec<(usize, Tensor)>, Error> {
        let updates = self.model.graph.updates().iter();
        updates
            .map(|update| Ok((update.buffer.0, value(values, update.value)?.detach().copy()?)))
            .collect()
    }

    pub(crate) fn trained_params(&self) -> impl Iterator<Item = &Param> {
        self.model.graph.params().iter().filter(|param| param.trained)
    }

    fn picture(
        &self,
        port: NodeId,
        z: Tensor,
        batch: usize,
        others: &Batch,
    ) -> Result<Array, Error> {
        let graph = &self.model.graph;
        let image = graph.output(Role::Image);
        let node = image.or(graph.output(Role::Logits));
        let node = node.ok_or(Error::NotMarked { what: "image or logits output" })?;
        let wanted = [node];
        let ask = Ask {
            batch: Some(batch),
            overrides: BTreeMap::from([(port, z)]),
            noise: self.noise("decode", 0),
            ..Ask::new(&wanted, self.seed)
        };
        let mut picture = read(&self.run(others, ask)?, node)?;
        if image.is_none() {
            for x in &mut picture.data {
                *x = (1.0 + (-*x).exp()).recip();
            }
        }
        Ok(picture)
    }

    fn output(&self, role: Role) -> Result<NodeId, Error> {
        self.model.graph.output(role).ok_or(Error::NotMarked { what: "posterior mean output" })
    }

    fn port(&self) -> Result<NodeId, Error> {
        let port = self.model.graph.port("z");
        port.ok_or(Error::NotMarked { what: "port `z`" })
    }

    pub(crate) fn noise<'a>(&self, purpose: &'a str, draw: u64) -> Noise<'a> {
        Noise { seed: self.seed, purpose, draw }
    }

    pub(crate) fn run(&self, batch: &Batch, ask: Ask) -> Result<Values, Error> {
        let feed = feed::feed(&self.model, self.step, batch, &ask)?;
        self.model.run(ask.wanted, &feed)
    }
}

fn value(values: &Values, node: NodeId) -> Result<&Tensor, Error> {
    let value = values.get(node.0).and_then(Option::as_ref);
    value.ok_or_else(|| Error::Backend(format!("node {} was not computed", node.0)))
}

fn read(values: &Values, node: NodeId) -> Result<Array, Error> {
    to_array(value(values, node)?)
}

pub(crate) fn to_array(tensor: &Tensor) -> Result<Array, Error> {
    Ok(Array { shape: tensor.dims().to_vec(), data: tensor.flatten_all()?.to_vec1::<f32>()? })
}
