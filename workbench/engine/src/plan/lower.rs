//! From a graph to a program, for one batch size.

use std::collections::BTreeMap;

use workbench_graph::{
    Binary, ConvGeometry, DType, Graph, InputId, KnobId, NodeId, Op, ParamId, Reduction, Unary,
};

use super::program::{Id, Instr, Kind, Program};
use crate::geometry::Geometry;
use crate::kernels::map::Map;
use crate::kernels::reduce::Fold;

/// Records what the wanted nodes need; nodes in `overrides` are given. The result has the value of each node that was
/// needed.
pub(crate) fn lower(
    graph: &Graph,
    batch: usize,
    wanted: &[NodeId],
    overrides: &[NodeId],
) -> (Program, BTreeMap<NodeId, Id>) {
    let nodes = graph.nodes();
    let mut needed = vec![false; nodes.len()];
    wanted.iter().for_each(|id| needed[id.0] = true);
    for index in (0..nodes.len()).rev() {
        if needed[index] && !overrides.contains(&NodeId(index)) {
            nodes[index].inputs.iter().for_each(|input| needed[input.0] = true);
        }
    }
    let mut lowering = Lowering { program: Program::default(), values: BTreeMap::new() };
    for (index, node) in nodes.iter().enumerate().filter(|(index, _)| needed[*index]) {
        lowering.program.origin = Some(index);
        let dims = node.shape.resolve(batch);
        let value = if overrides.contains(&NodeId(index)) {
            lowering.program.push(Instr::Override(index), &[], &dims, kind(node.dtype))
        } else {
            let args: Vec<Id> = node.inputs.iter().map(|input| lowering.values[input]).collect();
            lowering.op(index, &node.op, &args, &dims, node.dtype)
        };
        lowering.values.insert(NodeId(index), value);
    }
    lowering.program.origin = None;
    (lowering.program, lowering.values)
}

struct Lowering {
    program: Program,
    values: BTreeMap<NodeId, Id>,
}

impl Lowering {
    fn op(&mut self, node: usize, op: &Op, args: &[Id], dims: &[usize], dtype: DType) -> Id {
        let p = &mut self.program;
        let kind = kind(dtype);
        match op {
            Op::Input(InputId(id)) => p.push(Instr::Input(*id), &[], dims, kind),
            Op::Param(ParamId(id)) => p.push(Instr::Param(*id), &[], dims, kind),
            Op::Knob(KnobId(id)) => p.push(Instr::Knob(*id), &[], dims, kind),
            Op::Const(value) => p.constant(*value as f32),
            Op::Rand(distribution) => {
                let instr = Instr::Rand { distribution: *distribution, node };
                p.push(instr, &[], dims, kind)
            }
            Op::Iota { axis } => p.push(Instr::Iota { axis: *axis }, &[], dims, kind),
            Op::Unary(unary) => p.unary(*unary, args[0]),
            Op::Binary(_) if p.values[args[0]].kind == Kind::Integer => {
                let [a, b] = [args[0], args[1]].map(|arg| self.whole(arg, dims));
                self.program.push(Instr::EqualIntegers, &[a, b], dims, kind)
            }
            Op::Binary(binary) => p.binary(*binary, args[0], args[1]),
            Op::Select => p.map(Map::Select, args),
            Op::Reduce { reduction, axes, .. } => self.reduce(*reduction, args[0], axes, dims),
            Op::Reshape => p.reshape(args[0], dims),
            Op::Permute { axes } => p.permute(args[0], axes),
            Op::Broadcast if kind == Kind::Integer => self.whole(args[0], dims),
            Op::Broadcast => p.spread(args[0], dims),
            Op::Slice { axis, start, length } => p.slice(args[0], *axis, *start, *length),
            Op::Concat { axis } => p.concat(args, *axis),
            Op::Pad { axis, before, after, value } => {
                p.pad(args[0], *axis, [*before, *after], *value as f32)
            }
            Op::Cast(to) => match (p.values[args[0]].kind, to) {
                (Kind::Float, DType::F32) => args[0],
                (Kind::Integer, DType::F32) => p.push(Instr::ToFloat, args, dims, kind),
                (Kind::Integer, DType::I64) => args[0],
                (_, DType::U8) => p.push(Instr::ToByte, args, dims, kind),
                (Kind::Float, DType::I64) => p.push(Instr::ToInteger, args, dims, kind),
            },
            Op::CumSum { axis } => {
                p.push(Instr::CumSum { axis: *axis, from_last: false }, args, dims, kind)
            }
            Op::ArgMax { axis } => p.push(Instr::ArgMax { axis: *axis }, args, dims, kind),
            Op::ArgSort { axis, descending } => {
                let instr = Instr::ArgSort { axis: *axis, descending: *descending };
                p.push(instr, args, dims, kind)
            }
            Op::Gather { axis } => p.push(Instr::Gather { axis: *axis }, args, dims, kind),
            Op::Take { axis } => p.push(Instr::Take { axis: *axis }, args, dims, kind),
            Op::MatMul => p.matmul(args[0], args[1], [false; 2]),
            Op::Conv(geometry) => {
                let (x, weight) = (p.dims(args[0]), p.dims(args[1]));
                let g = Geometry::new(x, dims, weight, geometry);
                let x = self.channels_last(args[0]);
                let weight = self.weight(args[1], &g);
                let out = channels_last(dims);
                let y = self.program.push(Instr::Conv(g), &[x, weight], &out, Kind::Float);
                self.channels_first(y)
            }
            Op::ConvTranspose { geometry, .. } => {
                // The convolution that leads from the result to the operand, backwards.
                let (y, weight) = (p.dims(args[0]), p.dims(args[1]));
                let g = Geometry::new(dims, y, weight, geometry);
                let y = self.channels_last(args[0]);
                let weight = self.weight(args[1], &g);
                let out = channels_last(dims);
                let x = self.program.push(Instr::ConvInput(g), &[y, weight], &out, Kind::Float);
                self.channels_first(x)
            }
            Op::Pool { pooling, window } => {
                let x = p.dims(args[0]).to_vec();
                let geometry = ConvGeometry {
                    stride: window.stride.clone(),
                    pad: window.pad.clone(),
                    dilation: vec![1; window.kernel.len()],
                    groups: 1,
                };
                let weight = [&[1, 1], &window.kernel[..]].concat();
                let mut g = Geometry::new(&x, dims, &weight, &geometry);
                (g.batch, g.channels, g.filters) = (x[0] * x[1], 1, 1);
                p.push(Instr::Pool { pooling: *pooling, geometry: g }, args, dims, kind)
            }
            Op::Upsample { factors } => self.upsample(args[0], factors),
            Op::StopGradient => p.detach(args[0]),
        }
    }

    fn reduce(&mut self, reduction: Reduction, x: Id, axes: &[usize], dims: &[usize]) -> Id {
        let p = &mut self.program;
        let count: usize = axes.iter().map(|&axis| p.dims(x)[axis]).product();
        let value = match reduction {
            Reduction::Sum => p.reduce(Fold::Sum, x, axes),
            Reduction::Mean => {
                let sum = p.reduce(Fold::Sum, x, axes);
                p.scale(sum, 1.0 / count as f32)
            }
            Reduction::Max => p.reduce(Fold::Max, x, axes),
            Reduction::Min => p.reduce(Fold::Min, x, axes),
            Reduction::LogSumExp => {
                let flat = p.detach(x);
                let peak = p.reduce(Fold::Max, flat, axes);
                // A shift by an infinity would give NaN.
                let size = p.unary(Unary::Abs, peak);
                let (infinity, zero) = (p.constant(f32::INFINITY), p.constant(0.0));
                let finite = p.binary(Binary::Lt, size, infinity);
                let shift = p.map(Map::Select, &[finite, peak, zero]);
                let mut kept = p.dims(x).to_vec();
                axes.iter().for_each(|&axis| kept[axis] = 1);
                let across = p.reshape(shift, &kept);
                let shifted = p.binary(Binary::Sub, x, across);
                let powers = p.unary(Unary::Exp, shifted);
                let sum = p.reduce(Fold::Sum, powers, axes);
                let log = p.unary(Unary::Log, sum);
                p.binary(Binary::Add, log, shift)
            }
        };
        p.reshape(value, dims)
    }

    fn upsample(&mut self, x: Id, factors: &[usize]) -> Id {
        let p = &mut self.program;
        let rank = p.dims(x).len();
        // Where the channels lie last, they stay there.
        let last = match &p.values[x].instr {
            Instr::Permute { axes } if *axes == to_first(rank) => Some(p.values[x].inputs[0]),
            _ => None,
        };
        let from = last.unwrap_or(x);
        let lead = if last.is_some() { 1 } else { 2 };
        let dims = p.dims(from).to_vec();
        let (mut thin, mut full, mut out) = (vec![], vec![], vec![]);
        for (axis, &size) in dims.iter().enumerate() {
            match axis.checked_sub(lead).and_then(|spatial| factors.get(spatial)) {
                Some(&factor) => {
                    thin.extend([size, 1]);
                    full.extend([size, factor]);
                    out.push(size * factor);
                }
                None => {
                    thin.push(size);
                    full.push(size);
                    out.push(size);
                }
            }
        }
        let value = p.reshape(from, &thin);
        let value = p.spread(value, &full);
        let value = p.reshape(value, &out);
        if last.is_some() { p.permute(value, &to_first(rank)) } else { value }
    }

    /// `[B, C, …] → [B, …, C]`.
    fn channels_last(&mut self, x: Id) -> Id {
        let rank = self.program.dims(x).len();
        let axes: Vec<usize> = std::iter::once(0).chain(2..rank).chain([1]).collect();
        self.program.permute(x, &axes)
    }

    fn channels_first(&mut self, x: Id) -> Id {
        let rank = self.program.dims(x).len();
        self.program.permute(x, &to_first(rank))
    }

    /// `[F, C / G, kernel…] → [G, taps · C / G, F / G]`.
    fn weight(&mut self, weight: Id, g: &Geometry) -> Id {
        let (channels, filters, taps) = (g.group_channels(), g.group_filters(), g.taps());
        let p = &mut self.program;
        let split = p.reshape(weight, &[g.groups, filters, channels, taps]);
        let turned = p.permute(split, &[0, 3, 2, 1]);
        p.reshape(turned, &[g.groups, taps * channels, filters])
    }

    /// Whole numbers spread to `dims`.
    fn whole(&mut self, x: Id, dims: &[usize]) -> Id {
        let p = &mut self.program;
        if p.dims(x) == dims { x } else { p.push(Instr::Map(Map::Same), &[x], dims, Kind::Integer) }
    }
}

/// `[B, …, C] → [B, C, …]`.
fn to_first(rank: usize) -> Vec<usize> {
    std::iter::once(0).chain([rank - 1]).chain(1..rank - 1).collect()
}

fn channels_last(dims: &[usize]) -> Vec<usize> {
    [&dims[..1], &dims[2..], &dims[1..2]].concat()
}

fn kind(dtype: DType) -> Kind {
    match dtype {
        DType::F32 => Kind::Float,
        DType::U8 | DType::I64 => Kind::Integer,
    }
}
