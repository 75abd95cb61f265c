//! Running sums.

use candle_core::{Result, Tensor};

use super::graft::{Value, graft1};
use super::host::with_slice;
use super::order::Lanes;
use super::{ops, pool};

/// The sum of the elements along `axis` up to and with each one.
pub(super) fn cumsum(x: &Tensor, axis: usize, fused: bool) -> Result<Tensor> {
    if !fused {
        return doubling(x, axis);
    }
    let value = running(&x.detach(), axis, false)?;
    graft1(x, Value::Host(value, x.dims().to_vec()), move |x, _, grad| {
        // An element is part of every sum from its own place on.
        Tensor::from_vec(running(grad, axis, true)?, x.dims(), x.device())
    })
}

/// From the first element on, or from the last one back. Sums are kept in f64, so that long lines
/// do not drift.
fn running(x: &Tensor, axis: usize, from_last: bool) -> Result<Vec<f32>> {
    let lanes = Lanes::new(x.dims(), axis);
    let mut out = vec![0f32; x.elem_count()];
    with_slice(&x.contiguous()?, |x| {
        pool::each(x.len(), out.chunks_mut(lanes.block().max(1)), |outer, out| {
            let x = &x[outer * lanes.block()..][..lanes.block()];
            let mut sums = vec![0f64; lanes.inner];
            for step in 0..lanes.size {
                let place = if from_last { lanes.size - 1 - step } else { step };
                let row = place * lanes.inner..(place + 1) * lanes.inner;
                for ((sum, x), out) in sums.iter_mut().zip(&x[row.clone()]).zip(&mut out[row]) {
                    *sum += f64::from(*x);
                    *out = *sum as f32;
                }
            }
        });
    })?;
    Ok(out)
}

/// Sums of 2, 4, 8, … neighbours, out of candle's operations (D. Hillis and G. Steele, "Data Parallel
/// Algorithms", 1986); candle's own cumsum is a product with a square matrix of the axis's length.
fn doubling(x: &Tensor, axis: usize) -> Result<Tensor> {
    let size = x.dims()[axis];
    let (mut sums, mut reach) = (x.clone(), 1);
    while reach < size {
        let shifted = ops::pad(&sums.narrow(axis, 0, size - reach)?, axis, [reach, 0], 0.0)?;
        sums = (sums + shifted)?;
        reach *= 2;
    }
    Ok(sums)
}
