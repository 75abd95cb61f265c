//! Every op against a plain f64 reference: its value, and its gradient by central differences.

mod convolutions;
mod elementwise;
mod movement;
mod places;
mod pools;
mod reductions;

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use workbench_graph::{DType, Graph, Init, InputSpec, Location, NodeId, Op, Shape};

use super::{Feed, Model, Noise, Values};
use crate::Error;
use crate::noise::{self, Key};
use crate::plan::tests::value_and_gradients;

/// An operand: its shape and its numbers.
#[derive(Clone)]
pub struct Operand {
    pub dims: Vec<usize>,
    pub data: Vec<f32>,
}

/// Whole numbers that an op takes after its operands.
#[derive(Clone)]
pub struct Indices {
    pub dims: Vec<usize>,
    pub data: Vec<i64>,
}

pub fn operand(dims: &[usize], data: &[f32]) -> Operand {
    assert_eq!(dims.iter().product::<usize>(), data.len());
    Operand { dims: dims.to_vec(), data: data.to_vec() }
}

/// Normal numbers, the same for the same shape and `salt`.
pub fn random(dims: &[usize], salt: u64) -> Operand {
    let n = dims.iter().product();
    operand(dims, &noise::normal(Key::new(salt, "golden", 0, 0), n))
}

/// Uniform numbers in `low .. high`.
pub fn between(dims: &[usize], low: f32, high: f32, salt: u64) -> Operand {
    let n = dims.iter().product();
    let data = noise::uniform(Key::new(salt, "golden", 1, 0), n);
    let data: Vec<f32> = data.iter().map(|u| low + (high - low) * u).collect();
    operand(dims, &data)
}

/// Holds both sets of kernels, and plans, to `reference`, with every operand tracked and with each one alone.
pub fn check(
    op: &Op,
    operands: &[Operand],
    target: Option<&[usize]>,
    reference: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    check_indexed(op, operands, &[], target, reference);
}

/// Like [`check`], for an op that takes whole numbers as well.
pub fn check_indexed(
    op: &Op,
    operands: &[Operand],
    indices: &[Indices],
    target: Option<&[usize]>,
    reference: impl Fn(&[Vec<f64>]) -> Vec<f64>,
) {
    let exact: Vec<Vec<f64>> = operands
        .iter()
        .map(|operand| operand.data.iter().map(|&x| f64::from(x)).collect())
        .collect();
    let wanted = reference(&exact);
    let weights = noise::normal(Key::new(99, "weights", 0, 0), wanted.len());
    let loss = |data: &[Vec<f64>]| -> f64 {
        let value = reference(data);
        value.iter().zip(&weights).map(|(y, &w)| y * f64::from(w)).sum()
    };
    let slopes: Vec<Vec<f64>> = (0..exact.len())
        .map(|k| {
            (0..exact[k].len())
                .map(|i| {
                    let step = 1e-5 * exact[k][i].abs().max(1.0);
                    let at = |sign: f64| {
                        let mut moved = exact.clone();
                        moved[k][i] += sign * step;
                        loss(&moved)
                    };
                    (at(1.0) - at(-1.0)) / (2.0 * step)
                })
                .collect()
        })
        .collect();
    for fused in [true, false] {
        let all = (0..operands.len()).map(|_| true).collect();
        let alone = (0..operands.len()).map(|k| (0..operands.len()).map(|i| i == k).collect());
        for tracked in std::iter::once::<Vec<bool>>(all).chain(alone) {
            let run = Run::new(op, operands, indices, target, fused, &tracked).unwrap();
            let label = format!("{op:?}, fused {fused}, tracked {tracked:?}");
            assert_near(&run.value, &wanted, &label);
            let grads = run.gradients(&weights);
            for k in (0..operands.len()).filter(|&k| tracked[k]) {
                let zeros = vec![0.0; operands[k].data.len()];
                let grad = grads[k].as_ref().unwrap_or(&zeros);
                assert_near(grad, &slopes[k], &format!("{label}, gradient of {k}"));
            }
        }
    }
    let all = (0..operands.len()).map(|_| true).collect();
    let alone = (0..operands.len()).map(|k| (0..operands.len()).map(|i| i == k).collect());
    for tracked in std::iter::once::<Vec<bool>>(all).chain(alone) {
        let (value, grads) =
            value_and_gradients(op, operands, indices, target, &tracked, |_| weights.clone())
                .unwrap();
        let label = format!("{op:?}, planned, tracked {tracked:?}");
        assert_near(&value, &wanted, &label);
        for k in (0..operands.len()).filter(|&k| tracked[k]) {
            let zeros = vec![0.0; operands[k].data.len()];
            let grad = grads[k].as_ref().unwrap_or(&zeros);
            assert_near(grad, &slopes[k], &format!("{label}, gradient of {k}"));
        }
    }
}

/// The op's value and gradients for a sum of all its elements, by both sets of kernels.
pub fn both(op: &Op, operands: &[Operand]) -> Vec<(Vec<f32>, Vec<Vec<f32>>)> {
    let tracked = vec![true; operands.len()];
    [true, false]
        .map(|fused| {
            let run = Run::new(op, operands, &[], None, fused, &tracked).unwrap();
            let grads = run.gradients(&vec![1.0; run.value.len()]);
            (run.value.clone(), grads.into_iter().flatten().collect())
        })
        .into_iter()
        .chain(std::iter::once_with(|| {
            let ones = |n: usize| vec![1.0; n];
            let planned = value_and_gradients(op, operands, &[], None, &tracked, ones).unwrap();
            (planned.0, planned.1.into_iter().flatten().collect())
        }))
        .collect()
}

/// The whole numbers that the op gives, by both sets of kernels.
pub fn whole(op: &Op, x: &Operand) -> [Vec<i64>; 2] {
    [true, false].map(|fused| {
        let (tensor, _) = compute(op, std::slice::from_ref(x), &[], None, fused, &[true]).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    })
}

/// Why the op can't be computed, by both sets of kernels.
pub fn refused(op: &Op, x: &Operand, index: &Indices) -> [Error; 2] {
    [true, false].map(|fused| {
        let (x, index) = (std::slice::from_ref(x), std::slice::from_ref(index));
        compute(op, x, index, None, fused, &[true]).unwrap_err()
    })
}

struct Run {
    value: Vec<f32>,
    tensor: Tensor,
    params: Vec<Var>,
}

impl Run {
    fn new(
        op: &Op,
        operands: &[Operand],
        indices: &[Indices],
        target: Option<&[usize]>,
        fused: bool,
        tracked: &[bool],
    ) -> Result<Run, Error> {
        let (tensor, params) = compute(op, operands, indices, target, fused, tracked)?;
        let value = tensor.flatten_all().unwrap().to_vec1().unwrap();
        Ok(Run { value, tensor, params })
    }

    fn gradients(&self, weights: &[f32]) -> Vec<Option<Vec<f32>>> {
        let weights = Tensor::from_slice(weights, self.tensor.dims(), &Device::Cpu).unwrap();
        let loss = (&self.tensor * weights).unwrap().sum_all().unwrap();
        let grads = loss.backward().unwrap();
        let read = |var: &Var| {
            let grad = grads.get(var)?;
            assert_eq!(grad.dims(), var.dims());
            Some(grad.flatten_all().unwrap().to_vec1().unwrap())
        };
        self.params.iter().map(read).collect()
    }
}

/// The op's value, and the operands as variables; those that are not tracked take no gradient.
fn compute(
    op: &Op,
    operands: &[Operand],
    indices: &[Indices],
    target: Option<&[usize]>,
    fused: bool,
    tracked: &[bool],
) -> Result<(Tensor, Vec<Var>), Error> {
    let mut graph = Graph::new();
    let place = Location::default;
    let mut ids: Vec<NodeId> = Vec::new();
    for (i, o) in operands.iter().enumerate() {
        let name = format!("p{i}");
        ids.push(graph.param(&name, &o.dims, Init::Constant(0.0), "", place()).unwrap());
    }
    for (i, index) in indices.iter().enumerate() {
        let shape = Shape::fixed(&index.dims);
        let spec = InputSpec { name: format!("i{i}"), shape, dtype: DType::I64 };
        ids.push(graph.input(&spec, place()));
    }
    let shape = target.map(Shape::fixed);
    let node = graph.add(op.clone(), &ids, shape.as_ref(), place()).unwrap();
    let params: Vec<Var> = operands
        .iter()
        .map(|o| Var::from_slice(&o.data, o.dims.as_slice(), &Device::Cpu).unwrap())
        .collect();
    let inputs = indices
        .iter()
        .map(|i| Some(Tensor::from_slice(&i.data, i.dims.as_slice(), &Device::Cpu).unwrap()))
        .collect();
    let overrides = (0..operands.len())
        .filter(|&i| !tracked[i])
        .map(|i| (ids[i], params[i].as_detached_tensor()))
        .collect();
    let dims = graph.node(node).shape.resolve(1);
    let mut model = Model::new(graph, Device::Cpu, params).unwrap();
    model.fused = fused;
    let values = model.run(&[node], &Feed { inputs, ..feed(overrides) })?;
    let tensor = values[node.0].clone().unwrap();
    assert_eq!(tensor.dims(), dims, "{op:?}");
    Ok((tensor, model.params))
}

fn feed(overrides: BTreeMap<NodeId, Tensor>) -> Feed<'static> {
    Feed {
        batch: 1,
        inputs: vec![],
        knobs: vec![0.75],
        overrides,
        noise: Noise { seed: 5, purpose: "golden", draw: 0 },
        differentiate: true,
    }
}

pub fn run(model: &Model, wanted: &[NodeId], overrides: BTreeMap<NodeId, Tensor>) -> Values {
    model.run(wanted, &feed(overrides)).unwrap()
}

/// Relative error of at most 1e-4; near zero, relative to a tenth of the largest element.
pub fn assert_near(value: &[f32], wanted: &[f64], label: &str) {
    assert_eq!(value.len(), wanted.len(), "{label}");
    let largest = wanted.iter().fold(0f64, |m, x| m.max(x.abs()));
    for (i, (&a, &b)) in value.iter().zip(wanted).enumerate() {
        let allowed = 1e-4 * b.abs().max(0.1 * largest).max(1e-7);
        assert!((f64::from(a) - b).abs() <= allowed, "{label}: element {i} is {a}, not {b}");
    }
}

/// Visits every index of a shape in row-major order.
pub fn indices(dims: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let dims = dims.to_vec();
    (0..dims.iter().product()).map(move |flat: usize| {
        let mut rest = flat;
        let mut index = vec![0; dims.len()];
        for axis in (0..dims.len()).rev() {
            index[axis] = rest % dims[axis];
            rest /= dims[axis];
        }
        index
    })
}

/// The element of an array of shape `dims` at `index`, broadcasting from the right.
pub fn at(data: &[f64], dims: &[usize], index: &[usize]) -> f64 {
    let lead = index.len() - dims.len();
    let flat = dims.iter().enumerate().fold(0, |flat, (axis, &size)| {
        flat * size + if size == 1 { 0 } else { index[lead + axis] }
    });
    data[flat]
}
