//! Reductions over any set of axes.

use candle_core::{Result, Tensor};
use workbench_graph::Reduction;

use super::graft::{Value, graft1};
use super::host::with_slice;
use super::pool;

/// Reduces `x` over `axes` to a tensor of shape `dims`.
pub(super) fn reduce(
    reduction: Reduction,
    x: &Tensor,
    axes: &[usize],
    dims: &[usize],
    fused: bool,
) -> Result<Tensor> {
    let mut kept = x.dims().to_vec();
    for &axis in axes {
        kept[axis] = 1;
    }
    let count = axes.iter().map(|&axis| x.dims()[axis]).product::<usize>();
    let flat = x.detach();
    let reduced = match reduction {
        Reduction::Sum | Reduction::Mean => {
            let scale = match reduction {
                Reduction::Mean => 1.0 / count as f64,
                _ => 1.0,
            };
            let scaled = move |tensor: Tensor| match reduction {
                Reduction::Mean => tensor.affine(scale, 0.0),
                _ => Ok(tensor),
            };
            let value = scaled(sum_to(&flat, &kept, fused)?)?;
            graft1(x, Value::Tensor(value), move |x, _, grad| {
                scaled(grad.clone())?.broadcast_as(x.dims())
            })?
        }
        Reduction::Max | Reduction::Min => {
            let value = extreme(reduction, &flat, axes)?;
            graft1(x, Value::Tensor(value), move |x, extreme, grad| {
                let ties = x.broadcast_eq(extreme)?.to_dtype(x.dtype())?;
                let share = (grad / sum_to(&ties, extreme.dims(), fused)?)?;
                ties.broadcast_mul(&share)
            })?
        }
        Reduction::LogSumExp => {
            let shift = shift(&flat, axes)?;
            let sum = sum_to(&flat.broadcast_sub(&shift)?.exp()?, &kept, fused)?;
            let value = (sum.log()? + shift)?;
            let axes = axes.to_vec();
            // Softmax, shifted like the value: x − logsumexp(x) would lose what rounding took there.
            graft1(x, Value::Tensor(value), move |x, value, grad| {
                let powers = x.broadcast_sub(&self::shift(x, &axes)?)?.exp()?;
                let share = (grad / sum_to(&powers, value.dims(), fused)?)?;
                powers.broadcast_mul(&share)
            })?
        }
    };
    reduced.reshape(dims)
}

/// The maximum or minimum over `axes`, which stay as ones.
fn extreme(reduction: Reduction, x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    axes.iter().try_fold(x.clone(), |x, &axis| match reduction {
        Reduction::Min => x.contiguous()?.min_keepdim(axis),
        _ => x.contiguous()?.max_keepdim(axis),
    })
}

/// The maximum, or 0 where that is infinite: a shift by −∞ or +∞ would give NaN.
fn shift(x: &Tensor, axes: &[usize]) -> Result<Tensor> {
    let peak = extreme(Reduction::Max, x, axes)?;
    let finite = peak.abs()?.lt(f32::INFINITY)?;
    finite.where_cond(&peak, &peak.zeros_like()?)
}

/// Sums `x` down to `dims`, a shape that broadcasts to that of `x`. Off the tape.
pub(super) fn sum_to(x: &Tensor, dims: &[usize], fused: bool) -> Result<Tensor> {
    if x.dims() == dims {
        return Ok(x.clone());
    }
    let lead = x.rank() - dims.len();
    let summed: Vec<bool> =
        (0..x.rank()).map(|i| i < lead || dims[i - lead] != x.dims()[i]).collect();
    if !fused {
        let axes: Vec<usize> = (0..x.rank()).filter(|&i| summed[i]).collect();
        return x.sum_keepdim(axes)?.reshape(dims);
    }
    let data = with_slice(&x.contiguous()?, |data| sum(data, x.dims(), &summed))?;
    Tensor::from_vec(data, dims, x.device())
}

/// Sums over the axes marked in `summed`, in an order that the shape alone fixes.
fn sum(data: &[f32], dims: &[usize], summed: &[bool]) -> Vec<f32> {
    // Neighbouring axes of the same kind are one.
    let mut runs: Vec<(usize, bool)> = Vec::new();
    for (&size, &summed) in dims.iter().zip(summed) {
        match runs.last_mut() {
            Some(run) if run.1 == summed || size == 1 => run.0 *= size,
            _ => runs.push((size, summed)),
        }
    }
    // From the last axis on, so that what is left shrinks fastest.
    let mut current: Option<Vec<f32>> = None;
    let mut inner = 1;
    for &(size, is_summed) in runs.iter().rev() {
        if is_summed {
            let from = current.as_deref().unwrap_or(data);
            current = Some(sum_middle(from, size, inner));
        } else {
            inner *= size;
        }
    }
    current.unwrap_or_else(|| data.to_vec())
}

/// `[outer, size, inner] → [outer, inner]`.
fn sum_middle(data: &[f32], size: usize, inner: usize) -> Vec<f32> {
    let block = size * inner;
    if block == 0 {
        return Vec::new();
    }
    let mut out = vec![0f32; data.len() / block * inner];
    let sum_one = |(out, block): (&mut [f32], &[f32])| {
        if inner == 1 {
            out[0] = sum_row(block);
            return;
        }
        for row in block.chunks_exact(inner) {
            out.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    };
    let pairs = out.chunks_mut(inner).zip(data.chunks(block));
    // Short blocks are not worth a slot each.
    let elements = if block < 1 << 10 { 0 } else { data.len() };
    pool::each(elements, pairs, |_, pair| sum_one(pair));
    out
}

/// Lanes in f32, so that the compiler may use vectors; across blocks in f64, so that long rows keep
/// their precision.
fn sum_row(row: &[f32]) -> f32 {
    const LANES: usize = 16;
    let block_sum = |block: &[f32]| {
        let mut lanes = [0f32; LANES];
        let mut chunks = block.chunks_exact(LANES);
        for chunk in &mut chunks {
            lanes.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
        }
        lanes.iter().sum::<f32>() + chunks.remainder().iter().sum::<f32>()
    };
    let total: f64 = row.chunks(1024).map(|b| f64::from(block_sum(b))).sum();
    total as f32
}
