//! From a batch and a request to what the interpreter is fed.

use std::collections::BTreeMap;

use candle_core::Tensor;
use workbench_graph::{DType, Dim, Graph, NodeId};

use crate::Error;
use crate::array::{Batch, Input};
use crate::interpreter::{Feed, Model, Noise};

/// One request for values.
pub(crate) struct Ask<'a> {
    pub wanted: &'a [NodeId],
    /// Where an override sets it; else the inputs do.
    pub batch: Option<usize>,
    pub overrides: BTreeMap<NodeId, Tensor>,
    pub knobs: Option<&'a BTreeMap<String, f64>>,
    pub noise: Noise<'a>,
    pub train: bool,
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

/// Checks a request against the graph and puts its inputs on the device.
///
/// # Errors
/// An input that is missing or of the wrong shape or type; a knob that is unknown or not finite.
pub(crate) fn feed<'a>(
    model: &Model,
    step: u64,
    batch: &Batch,
    ask: &Ask<'a>,
) -> Result<Feed<'a>, Error> {
    let graph = &model.graph;
    let needed = model.needed_inputs(ask.wanted, &ask.overrides);
    let size = match ask.batch {
        Some(size) => size,
        None => batch_size(graph, batch, &needed)?,
    };
    let mut inputs = Vec::with_capacity(graph.inputs().len());
    for (spec, &needed) in graph.inputs().iter().zip(&needed) {
        inputs.push(match spec.name.as_str() {
            _ if !needed => None,
            "step" => Some(scalar(model, step as f64, spec.dtype)?),
            "train" => Some(scalar(model, f64::from(u8::from(ask.train)), spec.dtype)?),
            name => {
                let missing = || Error::MissingInput { name: name.to_owned() };
                let input = batch.inputs.get(name).ok_or_else(missing)?;
                Some(tensor(model, name, input, &spec.shape.resolve(size), spec.dtype)?)
            }
        });
    }
    Ok(Feed {
        batch: size,
        inputs,
        knobs: knobs(graph, ask.knobs)?,
        overrides: ask.overrides.clone(),
        noise: ask.noise,
        differentiate: ask.train,
    })
}

fn scalar(model: &Model, value: f64, dtype: DType) -> Result<Tensor, Error> {
    let tensor = match dtype {
        DType::F32 => Tensor::from_slice(&[value as f32], (), &model.device),
        DType::I64 => Tensor::from_slice(&[value as i64], (), &model.device),
        DType::U8 => Tensor::from_slice(&[value as u8], (), &model.device),
    };
    Ok(tensor?)
}

fn tensor(
    model: &Model,
    name: &str,
    input: &Input,
    dims: &[usize],
    dtype: DType,
) -> Result<Tensor, Error> {
    let fail = |message: String| Error::Input { name: name.to_owned(), message };
    if input.shape() != dims || input.len() != dims.iter().product::<usize>() {
        return Err(fail(format!(
            "has shape {:?} with {} elements, and {dims:?} is wanted",
            input.shape(),
            input.len()
        )));
    }
    let device = &model.device;
    match (input, dtype) {
        (Input::F32(array), DType::F32) => Ok(Tensor::from_slice(&array.data, dims, device)?),
        (Input::I64 { data, .. }, DType::I64) => Ok(Tensor::from_slice(data, dims, device)?),
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
