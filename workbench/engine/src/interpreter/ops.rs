//! From an op to its kernel.

use candle_core::{DType, Device, Result, Tensor};
use workbench_graph::{Binary, Distribution, Op};

use super::{Feed, conv, elementwise, index, linear, order, plain, reduce, scan, unfold, windows};
use crate::noise::{self, Key};

/// One op with what it is applied to.
pub(super) struct Call<'a> {
    pub op: &'a Op,
    pub operands: &'a [&'a Tensor],
    /// The result's shape.
    pub dims: &'a [usize],
    pub device: &'a Device,
    pub fused: bool,
    /// Tells the noise of one node from that of another.
    pub node: u64,
}

pub(super) fn apply(call: &Call, feed: &Feed) -> Result<Tensor> {
    let Call { op, dims, device, .. } = *call;
    let fused = call.fused;
    let x = |index: usize| {
        let operand = call.operands.get(index).copied();
        operand.ok_or_else(|| candle_core::Error::Msg(format!("operand {index} is missing")))
    };
    match op {
        Op::Input(_) | Op::Param(_) => candle_core::bail!("is fed, not computed"),
        Op::Knob(id) => Tensor::from_slice(&[feed.knobs[id.0] as f32], (), device),
        Op::Const(value) => Tensor::from_slice(&[*value as f32], (), device),
        Op::Rand(distribution) => {
            let key = Key::new(feed.noise.seed, feed.noise.purpose, feed.noise.draw, call.node);
            let n = dims.iter().product();
            let data = match distribution {
                Distribution::Normal => noise::normal(key, n),
                Distribution::Uniform => noise::uniform(key, n),
            };
            Tensor::from_vec(data, dims, device)
        }
        Op::Iota { axis } => iota(dims, *axis, device),
        Op::Unary(unary) => {
            if fused && let Some(value) = elementwise::unary(*unary, x(0)?)? {
                return Ok(value);
            }
            plain::unary(*unary, x(0)?)
        }
        Op::Binary(binary) => {
            let (a, b) = (x(0)?, x(1)?);
            if *binary == Binary::Eq && a.dtype() != DType::F32 {
                plain::compare(*binary, a, b)
            } else if fused {
                elementwise::binary(*binary, a, b, dims)
            } else {
                plain::binary(*binary, a, b)
            }
        }
        Op::Select => {
            let select = if fused { elementwise::select } else { plain::select };
            select(x(0)?, x(1)?, x(2)?, dims)
        }
        Op::Reduce { reduction, axes, .. } => reduce::reduce(*reduction, x(0)?, axes, dims, fused),
        Op::Reshape => x(0)?.reshape(dims),
        Op::Permute { axes } => x(0)?.permute(axes.as_slice()),
        Op::Broadcast if fused && x(0)?.dtype() == DType::F32 => {
            elementwise::broadcast(x(0)?, dims)
        }
        Op::Broadcast => x(0)?.broadcast_as(dims),
        Op::Slice { axis, start, length } => x(0)?.narrow(*axis, *start, *length),
        Op::Concat { axis } => Tensor::cat(call.operands, *axis),
        Op::Pad { axis, before, after, value } => pad(x(0)?, *axis, [*before, *after], *value),
        Op::Cast(dtype) => x(0)?.to_dtype(candle_dtype(*dtype)),
        Op::CumSum { axis } => scan::cumsum(x(0)?, *axis, fused),
        Op::ArgMax { axis } => order::largest(&x(0)?.detach(), *axis, fused),
        Op::ArgSort { axis, descending } => order::order(&x(0)?.detach(), *axis, *descending),
        Op::Gather { axis } => index::gather(x(0)?, x(1)?, *axis, fused),
        Op::Take { axis } => index::take(x(0)?, x(1)?, *axis, dims, fused),
        Op::MatMul => linear::matmul(x(0)?, x(1)?, fused),
        Op::Conv(geometry) if fused => conv::conv(x(0)?, x(1)?, dims, geometry),
        Op::Conv(geometry) => unfold::conv(x(0)?, x(1)?, dims, geometry),
        Op::ConvTranspose { geometry, .. } if fused => {
            conv::conv_transpose(x(0)?, x(1)?, dims, geometry)
        }
        Op::ConvTranspose { geometry, .. } => unfold::conv_transpose(x(0)?, x(1)?, dims, geometry),
        Op::Pool { pooling, window } => windows::pooled(*pooling, x(0)?, dims, window, fused),
        Op::Upsample { factors } => windows::upsample(x(0)?, dims, factors, fused),
        Op::StopGradient => Ok(x(0)?.detach()),
    }
}

/// 0, 1, 2, … along `axis`, the same along the others.
pub(super) fn iota(dims: &[usize], axis: usize, device: &Device) -> Result<Tensor> {
    let mut line = vec![1; dims.len()];
    line[axis] = dims[axis];
    let steps: Vec<f32> = (0..dims[axis]).map(|i| i as f32).collect();
    Tensor::from_vec(steps, line, device)?.broadcast_as(dims)?.contiguous()
}

pub(super) fn candle_dtype(dtype: workbench_graph::DType) -> DType {
    match dtype {
        workbench_graph::DType::U8 => DType::U8,
        workbench_graph::DType::F32 => DType::F32,
        workbench_graph::DType::I64 => DType::I64,
    }
}

/// `value` added before and after along `axis`.
pub(super) fn pad(
    x: &Tensor,
    axis: usize,
    [before, after]: [usize; 2],
    value: f64,
) -> Result<Tensor> {
    let border = |length: usize| {
        let mut dims = x.dims().to_vec();
        dims[axis] = length;
        Tensor::full(value as f32, dims, x.device())?.contiguous()
    };
    let mut parts = Vec::new();
    if before > 0 {
        parts.push(border(before)?);
    }
    parts.push(x.clone());
    if after > 0 {
        parts.push(border(after)?);
    }
    Tensor::cat(&parts, axis)
}
