//! Runs a graph node by node on candle, with candle's autograd.
//!
//! Only what is asked for is computed: the walk goes back from the wanted nodes and stops at
//! overridden ones. Two sets of kernels serve the same ops: on the CPU, one-pass loops and matrix
//! products with gradients of their own ([`elementwise`], [`conv`]); on other devices, compositions
//! of candle's operations ([`plain`], [`unfold`]). The tests hold both to the same references.

mod conv;
mod elementwise;
#[cfg(test)]
mod golden;
mod graft;
mod host;
mod index;
mod linear;
mod ops;
mod order;
mod plain;
pub(crate) mod pool;
mod reduce;
mod scan;
mod unfold;
mod windows;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use workbench_graph::{Graph, NodeId, Op};

use crate::Error;

pub(crate) use host::with_slice;

/// A graph with its parameters on a device.
pub(crate) struct Model {
    pub graph: Graph,
    pub device: Device,
    /// One a parameter of the graph, in its order.
    pub params: Vec<Var>,
    /// Values that no batch changes, made once; by node.
    constants: Vec<Option<Tensor>>,
    /// Whether the CPU's own kernels serve.
    fused: bool,
}

/// What one run of the graph is given.
pub(crate) struct Feed<'a> {
    pub batch: usize,
    /// By the graph's inputs; an input that is needed must be there.
    pub inputs: Vec<Option<Tensor>>,
    /// By the graph's knobs.
    pub knobs: Vec<f64>,
    pub overrides: BTreeMap<NodeId, Tensor>,
    pub noise: Noise<'a>,
    /// Whether gradients will be asked for; else values are dropped once they are used up.
    pub differentiate: bool,
}

/// Which noise `Rand` nodes draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise<'a> {
    pub seed: u64,
    pub purpose: &'a str,
    pub draw: u64,
}

/// Values by node; `None` where a node was not needed, or is no longer.
pub(crate) type Values = Vec<Option<Tensor>>;

impl Model {
    pub fn new(graph: Graph, device: Device, params: Vec<Var>) -> Result<Model, Error> {
        let fused = device.is_cpu();
        let constant = |node: &workbench_graph::Node| match node.op {
            Op::Const(value) => Tensor::from_slice(&[value as f32], (), &device).map(Some),
            Op::Iota { axis } => match node.shape.as_fixed() {
                Some(dims) => ops::iota(&dims, axis, &device).map(Some),
                None => Ok(None),
            },
            _ => Ok(None),
        };
        let constants = graph.nodes().iter().map(constant).collect::<Result<_, _>>()?;
        Ok(Model { graph, device, params, constants, fused })
    }

    /// Computes the wanted nodes.
    ///
    /// # Errors
    /// An input that is needed and not given, or a failing op with its place.
    pub fn run(&self, wanted: &[NodeId], feed: &Feed) -> Result<Values, Error> {
        let nodes = self.graph.nodes();
        let mut uses = self.uses(wanted, &feed.overrides);
        let mut values: Values = vec![None; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            if uses[index] == 0 {
                continue;
            }
            if let Some(value) = feed.overrides.get(&NodeId(index)) {
                values[index] = Some(value.clone());
                continue;
            }
            let value = match &node.op {
                Op::Input(id) => match &feed.inputs[id.0] {
                    Some(value) => value.clone(),
                    None => {
                        let name = self.graph.inputs()[id.0].name.clone();
                        return Err(Error::MissingInput { name });
                    }
                },
                Op::Param(id) if feed.differentiate && self.graph.params()[id.0].trained => {
                    self.params[id.0].as_tensor().clone()
                }
                Op::Param(id) => self.params[id.0].as_detached_tensor(),
                _ => self.compute(index, &values, feed).map_err(|error| Error::Node {
                    node: self.describe(NodeId(index)),
                    message: error.to_string(),
                })?,
            };
            values[index] = Some(value);
            if !feed.differentiate {
                for input in &node.inputs {
                    uses[input.0] -= 1;
                    if uses[input.0] == 0 {
                        values[input.0] = None;
                    }
                }
            }
        }
        Ok(values)
    }

    /// Which of the graph's inputs the wanted nodes need, once some nodes are overridden.
    pub fn needed_inputs(
        &self,
        wanted: &[NodeId],
        overrides: &BTreeMap<NodeId, Tensor>,
    ) -> Vec<bool> {
        let uses = self.uses(wanted, overrides);
        let mut needed = vec![false; self.graph.inputs().len()];
        for (index, node) in self.graph.nodes().iter().enumerate() {
            if let Op::Input(id) = node.op {
                needed[id.0] = uses[index] > 0 && !overrides.contains_key(&NodeId(index));
            }
        }
        needed
    }

    /// The wanted nodes and all that they are computed from.
    pub fn needed(&self, wanted: &[NodeId]) -> Vec<NodeId> {
        let uses = self.uses(wanted, &BTreeMap::new());
        (0..uses.len()).filter(|&index| uses[index] > 0).map(NodeId).collect()
    }

    /// How often each node's value is used, counting once for being wanted; 0 where it is not needed.
    fn uses(&self, wanted: &[NodeId], overrides: &BTreeMap<NodeId, Tensor>) -> Vec<usize> {
        let nodes = self.graph.nodes();
        let mut uses = vec![0; nodes.len()];
        for id in wanted {
            uses[id.0] += 1;
        }
        for index in (0..nodes.len()).rev() {
            if uses[index] > 0 && !overrides.contains_key(&NodeId(index)) {
                for input in &nodes[index].inputs {
                    uses[input.0] += 1;
                }
            }
        }
        uses
    }

    fn compute(&self, index: usize, values: &Values, feed: &Feed) -> candle_core::Result<Tensor> {
        if let Some(constant) = &self.constants[index] {
            return Ok(constant.clone());
        }
        let node = &self.graph.nodes()[index];
        let missing = || candle_core::Error::Msg("an operand was not computed".to_owned());
        let operands = node
            .inputs
            .iter()
            .map(|input| values[input.0].as_ref().ok_or_else(missing))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let call = ops::Call {
            op: &node.op,
            operands: &operands,
            dims: &node.shape.resolve(feed.batch),
            device: &self.device,
            fused: self.fused,
            node: index as u64,
        };
        ops::apply(&call, feed)
    }

    /// A node in words: `` `log` of encoder.mean (at plugins/x/src/lib.rs:65:21) ``.
    pub fn describe(&self, id: NodeId) -> String {
        let node = self.graph.node(id);
        let mut text = match &node.op {
            Op::Param(param) => {
                let param = &self.graph.params()[param.0];
                let kind = if param.trained { "parameter" } else { "buffer" };
                format!("{kind} `{}`", param.name)
            }
            Op::Input(input) => format!("input `{}`", self.graph.inputs()[input.0].name),
            Op::Knob(knob) => format!("knob `{}`", self.graph.knobs()[knob.0].name),
            op => format!("`{}`", op.name()),
        };
        let path = self.graph.path(node.scope);
        if !path.is_empty() && !matches!(node.op, Op::Param(_)) {
            text.push_str(&format!(" of {path}"));
        }
        if !node.location.file.is_empty() {
            text.push_str(&format!(" (at {})", node.location));
        }
        text
    }

    /// The first node in graph order that holds a value that is NaN or infinite.
    pub fn first_non_finite(&self, values: &Values) -> Result<Option<NodeId>, Error> {
        for (index, value) in values.iter().enumerate() {
            if let Some(value) = value
                && value.dtype() == DType::F32
                && !is_finite(value)?
            {
                return Ok(Some(NodeId(index)));
            }
        }
        Ok(None)
    }
}

/// Whether every element is finite.
pub(crate) fn is_finite(tensor: &Tensor) -> Result<bool, Error> {
    let data = tensor.flatten_all()?.to_vec1::<f32>()?;
    Ok(data.iter().all(|x| x.is_finite()))
}
