//! Elementwise ops on the CPU: one pass forward, one pass a gradient.

use candle_core::{Result, Tensor};
use workbench_graph::{Binary, Unary};

use super::graft::{Value, graft1, graft2};
use super::pool;
use super::reduce::sum_to;

/// The op's value with its gradient, or `None` for ops that are left to candle.
pub(super) fn unary(op: Unary, x: &Tensor) -> Result<Option<Tensor>> {
    let x = &x.contiguous()?;
    macro_rules! fused {
        (|$x:ident| $value:expr, |$a:ident, $y:ident| $slope:expr) => {{
            let value = zip([&x.detach()], x.dims(), |[$x]| $value)?;
            graft1(x, Value::Host(value, x.dims().to_vec()), |x, y, grad| {
                let data = zip([x, y, grad], x.dims(), |[$a, $y, g]| g * $slope)?;
                Tensor::from_vec(data, x.dims(), x.device())
            })
        }};
    }
    let result = match op {
        Unary::Exp => fused!(|x| x.exp(), |_x, y| y),
        Unary::Log => fused!(|x| x.ln(), |x, _y| x.recip()),
        Unary::Log1p => fused!(|x| x.ln_1p(), |x, _y| (1.0 + x).recip()),
        Unary::Sqrt => fused!(|x| x.sqrt(), |_x, y| 0.5 / y),
        Unary::Abs => fused!(|x| x.abs(), |x, _y| sign(x)),
        Unary::Sin => fused!(|x| x.sin(), |x, _y| x.cos()),
        Unary::Cos => fused!(|x| x.cos(), |x, _y| -x.sin()),
        Unary::Tanh => fused!(|x| x.tanh(), |_x, y| 1.0 - y * y),
        Unary::Sigmoid => fused!(|x| sigmoid(x), |_x, y| y * (1.0 - y)),
        Unary::Softplus => fused!(|x| relu(x) + (-x.abs()).exp().ln_1p(), |x, _y| sigmoid(x)),
        Unary::Relu => fused!(|x| relu(x), |x, _y| truth(x > 0.0)),
        Unary::Neg | Unary::Sign | Unary::Floor | Unary::Erf => return Ok(None),
    };
    result.map(Some)
}

/// The op's value with its gradient; operands broadcast to `dims`.
pub(super) fn binary(op: Binary, a: &Tensor, b: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let (a, b) = (&a.contiguous()?, &b.contiguous()?);
    macro_rules! fused {
        (|$a:ident, $b:ident| $value:expr, $da:expr, $db:expr) => {{
            let value = zip([&a.detach(), &b.detach()], dims, |[$a, $b]| $value)?;
            graft2(a, b, Value::Host(value, dims.to_vec()), |side, a, b, y, grad| {
                let operands = [a, b, y, grad];
                if side == 0 { pull(operands, a, $da) } else { pull(operands, b, $db) }
            })
        }};
    }
    match op {
        Binary::Add => fused!(|a, b| a + b, |[_, _, _, g]| g, |[_, _, _, g]| g),
        Binary::Sub => fused!(|a, b| a - b, |[_, _, _, g]| g, |[_, _, _, g]| -g),
        Binary::Mul => fused!(|a, b| a * b, |[_, b, _, g]| g * b, |[a, _, _, g]| g * a),
        Binary::Div => fused!(|a, b| a / b, |[_, b, _, g]| g / b, |[_, b, y, g]| -(g * y / b)),
        Binary::Pow => {
            fused!(|a, b| a.powf(b), |[a, b, _, g]| g * b * a.powf(b - 1.0), |[a, _, y, g]| g
                * y
                * a.ln())
        }
        // Written so that NaN on either side comes through.
        Binary::Max => fused!(
            |a, b| if a >= b || a.is_nan() { a } else { b },
            |[a, b, _, g]| g * share(a > b, a == b),
            |[a, b, _, g]| g * share(b > a, a == b)
        ),
        Binary::Min => fused!(
            |a, b| if a <= b || a.is_nan() { a } else { b },
            |[a, b, _, g]| g * share(a < b, a == b),
            |[a, b, _, g]| g * share(b < a, a == b)
        ),
        Binary::Lt | Binary::Eq => {
            let value = match op {
                Binary::Lt => zip([&a.detach(), &b.detach()], dims, |[a, b]| truth(a < b))?,
                _ => zip([&a.detach(), &b.detach()], dims, |[a, b]| truth(a == b))?,
            };
            Tensor::from_vec(value, dims, a.device())
        }
    }
}

/// `x` spread to `dims`.
pub(super) fn broadcast(x: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let value = zip([&x.detach()], dims, |[x]| x)?;
    graft1(x, Value::Host(value, dims.to_vec()), |x, _, grad| sum_to(grad, x.dims(), true))
}

/// `a` where the mask is not zero, else `b`.
pub(super) fn select(mask: &Tensor, a: &Tensor, b: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let mask = mask.detach().contiguous()?;
    let (a, b) = (&a.contiguous()?, &b.contiguous()?);
    let pick = |[m, a, b]: [f32; 3]| if m != 0.0 { a } else { b };
    let value = zip([&mask, &a.detach(), &b.detach()], dims, pick)?;
    graft2(a, b, Value::Host(value, dims.to_vec()), move |side, a, b, _, grad| {
        let operands = [&mask, grad];
        if side == 0 {
            pull(operands, a, |[m, g]| if m != 0.0 { g } else { 0.0 })
        } else {
            pull(operands, b, |[m, g]| if m != 0.0 { 0.0 } else { g })
        }
    })
}

/// The gradient of `target`, of which `slope` gives the elements at the full shape; the last operand
/// is the gradient of the result.
fn pull<const N: usize>(
    operands: [&Tensor; N],
    target: &Tensor,
    slope: impl Fn([f32; N]) -> f32 + Sync,
) -> Result<Tensor> {
    let grad = operands[N - 1];
    let data = zip(operands, grad.dims(), slope)?;
    let full = Tensor::from_vec(data, grad.dims(), grad.device())?;
    sum_to(&full, target.dims(), true)
}

fn truth(yes: bool) -> f32 {
    if yes { 1.0 } else { 0.0 }
}

fn share(wins: bool, ties: bool) -> f32 {
    truth(wins) + 0.5 * truth(ties)
}

fn sign(x: f32) -> f32 {
    truth(x > 0.0) - truth(x < 0.0)
}

/// Keeps NaN, unlike `f32::max`, so that a fault shows in the loss.
fn relu(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

fn sigmoid(x: f32) -> f32 {
    (1.0 + (-x).exp()).recip()
}

/// Elements read into a buffer at a time: few enough for the first-level cache.
const TILE: usize = 64;
/// Elements that one task computes.
const TASK: usize = 1 << 14;

/// `f` of the operands' elements, broadcast to `dims`.
fn zip<const N: usize>(
    operands: [&Tensor; N],
    dims: &[usize],
    f: impl Fn([f32; N]) -> f32 + Sync,
) -> Result<Vec<f32>> {
    let operands = operands.map(Tensor::contiguous);
    let mut tensors = Vec::with_capacity(N);
    for tensor in operands {
        tensors.push(tensor?);
    }
    let strides: Vec<Vec<usize>> = tensors.iter().map(|t| spread(t.dims(), dims)).collect();
    let (dims, strides) = merge(dims, &strides);
    let guards: Vec<_> = tensors.iter().map(Tensor::storage_and_layout).collect();
    let mut data: [&[f32]; N] = [&[]; N];
    for (slot, (storage, layout)) in data.iter_mut().zip(&guards) {
        match (&**storage, layout.contiguous_offsets()) {
            (candle_core::Storage::Cpu(candle_core::CpuStorage::F32(all)), Some((start, end))) => {
                *slot = &all[start..end]
            }
            _ => candle_core::bail!("a contiguous f32 tensor on the CPU is wanted"),
        }
    }
    let mut out = vec![0f32; dims.iter().product()];
    let row = dims.last().copied().unwrap_or(1).max(1);
    let fill = |from: usize, out: &mut [f32]| fill(&data, &dims, &strides, from, out, &f);
    let task = TASK.div_ceil(row) * row;
    let elements = out.len();
    pool::each(elements, out.chunks_mut(task), |index, out| fill(index * task, out));
    Ok(out)
}

/// Computes whole rows of the last axis, the first one at element `from` of the result.
fn fill<const N: usize>(
    data: &[&[f32]; N],
    dims: &[usize],
    strides: &[Vec<usize>],
    from: usize,
    out: &mut [f32],
    f: &impl Fn([f32; N]) -> f32,
) {
    let last = dims.len() - 1;
    let row = dims[last].max(1);
    let mut tiles = [[0f32; TILE]; N];
    for (index, out) in out.chunks_mut(row).enumerate() {
        let mut starts = [0usize; N];
        let mut rest = from / row + index;
        for axis in (0..last).rev() {
            let place = rest % dims[axis];
            rest /= dims[axis];
            for (start, strides) in starts.iter_mut().zip(strides) {
                *start += place * strides[axis];
            }
        }
        for (tile, out) in out.chunks_mut(TILE).enumerate() {
            for k in 0..N {
                let into = &mut tiles[k][..out.len()];
                if strides[k][last] == 0 {
                    into.fill(data[k][starts[k]]);
                } else {
                    let at = starts[k] + tile * TILE;
                    into.copy_from_slice(&data[k][at..at + out.len()]);
                }
            }
            for (i, out) in out.iter_mut().enumerate() {
                *out = f(std::array::from_fn(|k| tiles[k][i]));
            }
        }
    }
}

/// Strides of an operand along the axes of the result: 0 where it is spread.
fn spread(from: &[usize], to: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; to.len()];
    let mut stride = 1;
    for (i, &size) in from.iter().enumerate().rev() {
        if size != 1 {
            strides[to.len() - from.len() + i] = stride;
        }
        stride *= size;
    }
    strides
}

/// Joins neighbouring axes that every operand steps through alike; at least one axis is left.
fn merge(dims: &[usize], strides: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut merged = vec![1];
    let mut steps: Vec<Vec<usize>> = vec![vec![0]; strides.len()];
    for (axis, &size) in dims.iter().enumerate() {
        if size == 1 {
            continue;
        }
        let last = merged.len() - 1;
        let joins = merged[last] == 1
            || (0..strides.len()).all(|k| steps[k][last] == strides[k][axis] * size);
        if joins {
            merged[last] *= size;
            for k in 0..strides.len() {
                steps[k][last] = strides[k][axis];
            }
        } else {
            merged.push(size);
            for k in 0..strides.len() {
                steps[k].push(strides[k][axis]);
            }
        }
    }
    (merged, steps)
}
