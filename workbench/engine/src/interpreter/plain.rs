//! Elementwise ops out of candle's operations, for devices without kernels of ours.

use candle_core::{Result, Tensor};
use workbench_graph::{Binary, Unary};

use super::graft::{Value, graft1};

pub(super) fn unary(op: Unary, x: &Tensor) -> Result<Tensor> {
    match op {
        Unary::Neg => x.neg(),
        Unary::Exp => x.exp(),
        Unary::Log => x.log(),
        Unary::Log1p => {
            let value = log1p(&x.detach())?;
            graft1(x, Value::Tensor(value), |x, _, grad| grad.div(&x.affine(1.0, 1.0)?))
        }
        Unary::Sqrt => x.sqrt(),
        Unary::Abs => {
            let value = x.detach().abs()?;
            graft1(x, Value::Tensor(value), |x, _, grad| grad.mul(&x.sign()?))
        }
        Unary::Sign => x.detach().sign(),
        Unary::Floor => x.detach().floor(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tanh => x.tanh(),
        Unary::Erf => x.erf(),
        Unary::Sigmoid => candle_nn::ops::sigmoid(x),
        Unary::Softplus => {
            let flat = x.detach();
            let value = (relu(&flat)? + log1p(&flat.abs()?.neg()?.exp()?)?)?;
            graft1(x, Value::Tensor(value), |x, _, grad| grad.mul(&candle_nn::ops::sigmoid(x)?))
        }
        Unary::Relu => relu(x),
    }
}

pub(super) fn binary(op: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match op {
        Binary::Add => a.broadcast_add(b),
        Binary::Sub => a.broadcast_sub(b),
        Binary::Mul => a.broadcast_mul(b),
        Binary::Div => a.broadcast_div(b),
        Binary::Pow => a.broadcast_pow(b),
        Binary::Max => a.broadcast_maximum(b),
        Binary::Min => a.broadcast_minimum(b),
        Binary::Lt | Binary::Eq => compare(op, &a.detach(), &b.detach()),
    }
}

/// Zeros and ones in f32, from operands of any one type.
pub(super) fn compare(op: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let mask = match op {
        Binary::Lt => a.broadcast_lt(b)?,
        _ => a.broadcast_eq(b)?,
    };
    mask.to_dtype(candle_core::DType::F32)
}

pub(super) fn select(mask: &Tensor, a: &Tensor, b: &Tensor, dims: &[usize]) -> Result<Tensor> {
    let mask = mask.detach().ne(0f32)?.broadcast_as(dims)?.contiguous()?;
    mask.where_cond(&a.broadcast_as(dims)?.contiguous()?, &b.broadcast_as(dims)?.contiguous()?)
}

/// Gradient 0 at 0, unlike candle's; NaN comes through.
fn relu(x: &Tensor) -> Result<Tensor> {
    let flat = x.detach();
    flat.le(0f32)?.where_cond(&flat.zeros_like()?, x)
}

/// log(1 + x) by Kahan's correction of the rounding in 1 + x (D. Goldberg, "What Every Computer
/// Scientist Should Know About Floating-Point Arithmetic", theorem 4). Off the tape.
fn log1p(x: &Tensor) -> Result<Tensor> {
    let shifted = x.affine(1.0, 1.0)?;
    let rounded_away = shifted.eq(1f32)?;
    let corrected = x.mul(&shifted.log()?)?.div(&shifted.affine(1.0, -1.0)?)?;
    let infinite = x.eq(f32::INFINITY)?;
    let value = rounded_away.where_cond(x, &corrected)?;
    infinite.where_cond(x, &value)
}
