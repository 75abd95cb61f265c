//! From a batch and a request to what a run is given.

use std::collections::BTreeMap;

use workbench_graph::{DType, Dim, Graph, NodeId, Op, Shape};

use crate::Error;
use crate::array::{Array, Batch, Input};
use crate::interpreter::Noise;
use crate::plan::Fed;

/// One request for values.
pub(crate) struct Ask<'a> {
    pub wanted: &'a [NodeId],
    /// Where an override sets it; else the inputs do.
    pub batch: Option<usize>,
    pub overrides: BTreeMap<NodeId, Array>,
    pub knobs: Option<&'a BTreeMap<String, f64>>,
    pub noise: Noise<'a>,
    pub train: bool,
}

/// What one run of a graph is given, checked.
pub(crate) struct Given<'a> {
    pub batch: usize,
    /// By the graph's inputs; all that are needed are there.
    pub inputs: Vec<Option<Fed>>,
    /// By the graph's knobs.
    pub knobs: Vec<f64>,
    pub overrides: BTreeMap<NodeId, Array>,
    pub noise: Noise<'a>,
}

impl<'a> Ask<'a> {
    /// Without overrides, at the knobs' defaults, not for training.
    pub fn new(wanted: &'a [NodeId], seed: u64) -> Ask<'a> {
        Ask {
            wanted,
            batch: None,
            overrides: BTreeMap::new(),
            knobs: None,
            noise: Noise { seed, purpose: "encode", draw: 0 },
            train: false,
        }
    }
}

/// Checks a request against the graph.
///
/// # Errors
/// An input that is missing or of the wrong shape or type; a knob that is unknown or not finite.
pub(crate) fn feed<'a>(
    graph: &Graph,
    step: u64,
    batch: &Batch,
    ask: Ask<'a>,
) -> Result<Given<'a>, Error> {
    let needed = needed_inputs(graph, ask.wanted, &ask.overrides);
    let size = match ask.batch {
        Some(size) => size,
        None => batch_size(graph, batch, &needed)?,
    };
    let mut inputs = Vec::with_capacity(graph.inputs().len());
    for (spec, &needed) in graph.inputs().iter().zip(&needed) {
        inputs.push(match spec.name.as_str() {
            _ if !needed => None,
            "step" => Some(scalar(step as f64, spec.dtype)),
            "train" => Some(scalar(f64::from(u8::from(ask.train)), spec.dtype)),
            name => {
                let missing = || Error::MissingInput { name: name.to_owned() };
                let input = batch.inputs.get(name).ok_or_else(missing)?;
                Some(numbers(name, input, &spec.shape, size, spec.dtype)?)
            }
        });
    }
    let knobs = knobs(graph, ask.knobs)?;
    Ok(Given { batch: size, inputs, knobs, overrides: ask.overrides, noise: ask.noise })
}

/// Which of the graph's inputs the wanted nodes need, once some nodes are overridden.
fn needed_inputs(
    graph: &Graph,
    wanted: &[NodeId],
    overrides: &BTreeMap<NodeId, Array>,
) -> Vec<bool> {
    let nodes = graph.nodes();
    let mut used = vec![false; nodes.len()];
    wanted.iter().for_each(|id| used[id.0] = true);
    let mut needed = vec![false; graph.inputs().len()];
    for index in (0..nodes.len()).rev() {
        if !used[index] || overrides.contains_key(&NodeId(index)) {
            continue;
        }
        nodes[index].inputs.iter().for_each(|input| used[input.0] = true);
        if let Op::Input(id) = nodes[index].op {
            needed[id.0] = true;
        }
    }
    needed
}

fn scalar(value: f64, dtype: DType) -> Fed {
    match dtype {
        DType::F32 => Fed::Float(vec![value as f32]),
        DType::I64 | DType::U8 => Fed::Integer(vec![value as i64]),
    }
}

fn numbers(
    name: &str,
    input: &Input,
    shape: &Shape,
    size: usize,
    dtype: DType,
) -> Result<Fed, Error> {
    let fail = |message: String| Error::Input { name: name.to_owned(), message };
    let dims = shape.resolve(size);
    if input.shape() != dims || input.len() != dims.iter().product::<usize>() {
        return Err(fail(format!(
            "has shape {:?} with {} elements, and {dims:?} is wanted",
            input.shape(),
            input.len()
        )));
    }
    match (input, dtype) {
        (Input::F32(array), DType::F32) => Ok(Fed::Float(array.data.clone())),
        (Input::I64 { data, .. }, DType::I64) => Ok(Fed::Integer(data.clone())),
        (Input::F32(_), wanted) => Err(fail(format!("is f32, and {wanted} is wanted"))),
        (Input::I64 { .. }, wanted) => Err(fail(format!("is i64, and {wanted} is wanted"))),
    }
}

fn knobs(graph: &Graph, given: Option<&BTreeMap<String, f64>>) -> Result<Vec<f64>, Error> {
    let known = graph.knobs();
    for (name, value) in given.into_iter().flatten() {
        let fail = |message: String| Error::Knob { name: name.clone(), message };
        if !known.iter().any(|knob| &knob.name == name) {
            let names: Vec<_> = known.iter().map(|knob| knob.name.as_str()).collect();
            return Err(fail(format!(
                "the architecture declares no such knob (it has: {})",
                names.join(", ")
            )));
        }
        if !value.is_finite() {
            return Err(fail(format!("is {value}, which is not finite")));
        }
    }
    let value = |name: &str| given.and_then(|given| given.get(name)).copied();
    Ok(known.iter().map(|knob| value(&knob.name).unwrap_or(knob.default)).collect())
}

/// The number of items, read off the first needed input that has a batch axis.
fn batch_size(graph: &Graph, batch: &Batch, needed: &[bool]) -> Result<usize, Error> {
    for (spec, _) in graph.inputs().iter().zip(needed).filter(|(_, needed)| **needed) {
        let Some(input) = batch.inputs.get(&spec.name) else {
            continue;
        };
        for (axis, dim) in spec.shape.0.iter().enumerate() {
            if let Dim::Batch(factor) = *dim {
                let size = input.shape().get(axis).copied().unwrap_or(0);
                if size < factor.max(1) {
                    return Err(Error::Input {
                        name: spec.name.clone(),
                        message: format!(
                            "has shape {:?}, and {} with at least one item is wanted",
                            input.shape(),
                            spec.shape
                        ),
                    });
                }
                return Ok(size / factor.max(1));
            }
        }
    }
    Ok(1)
}
