//! Plans against the interpreter and, through the interpreter's golden tests, against f64 references.

mod random;

use std::collections::BTreeMap;

use workbench_graph::{
    Binary, DType, Graph, Init, InputSpec, Location, MarkKind, NodeId, Op, Reduction, Shape,
};

use super::{Fed, Planned};
use crate::Error;
use crate::adam::OptimizerConfig;
use crate::feed::Given;
use crate::interpreter::Noise;
use crate::interpreter::golden::{Indices, Operand};

/// A value, and gradients where there are any.
pub(crate) type Tested = (Vec<f32>, Vec<Option<Vec<f32>>>);

/// An op's value, and the gradients of Σ value · weight with respect to the operands that are tracked.
pub(crate) fn value_and_gradients(
    op: &Op,
    operands: &[Operand],
    indices: &[Indices],
    target: Option<&[usize]>,
    tracked: &[bool],
    weights: impl Fn(usize) -> Vec<f32>,
) -> Result<Tested, Error> {
    let mut graph = Graph::new();
    let place = Location::default;
    let mut ids: Vec<NodeId> = Vec::new();
    for (i, operand) in operands.iter().enumerate() {
        let (name, zero) = (format!("p{i}"), Init::Constant(0.0));
        ids.push(match tracked[i] {
            true => graph.param(&name, &operand.dims, zero, "", place()).unwrap(),
            false => graph.buffer(&name, &operand.dims, zero, place()).unwrap(),
        });
    }
    for (i, index) in indices.iter().enumerate() {
        let shape = Shape::fixed(&index.dims);
        let spec = InputSpec { name: format!("i{i}"), shape, dtype: DType::I64 };
        ids.push(graph.input(&spec, place()));
    }
    let shape = target.map(Shape::fixed);
    let node = graph.add(op.clone(), &ids, shape.as_ref(), place()).unwrap();
    let dims = graph.node(node).shape.resolve(1);
    let spec = InputSpec { name: "w".to_owned(), shape: Shape::fixed(&dims), dtype: DType::F32 };
    let weight = graph.input(&spec, place());
    let product = graph.add(Op::Binary(Binary::Mul), &[node, weight], None, place()).unwrap();
    let axes: Vec<usize> = (0..dims.len()).collect();
    let sum = Op::Reduce { reduction: Reduction::Sum, axes, keepdim: false };
    let loss = match dims.len() {
        0 => product,
        _ => graph.add(sum, &[product], None, place()).unwrap(),
    };
    graph.mark(MarkKind::Loss { group: String::new() }, "loss", loss, place()).unwrap();
    let params: Vec<Vec<f32>> = operands.iter().map(|operand| operand.data.clone()).collect();
    let mut inputs: Vec<Option<Fed>> =
        indices.iter().map(|index| Some(Fed::Integer(index.data.clone()))).collect();
    inputs.push(Some(Fed::Float(weights(dims.iter().product()))));
    let given = Given {
        batch: 1,
        inputs,
        knobs: vec![0.75],
        overrides: BTreeMap::new(),
        noise: Noise { seed: 5, purpose: "golden", draw: 0 },
    };
    let planned = Planned::new(&graph, params, OptimizerConfig::default());
    let (mut values, gradients) = planned.differentiate(&graph, &[node, loss], &given)?;
    let mut gradients = gradients.into_iter();
    let by_operand =
        tracked.iter().map(|&tracked| if tracked { gradients.next().flatten() } else { None });
    Ok((values.swap_remove(0), by_operand.collect()))
}
