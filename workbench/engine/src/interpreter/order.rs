//! Places of elements by their size. None has a gradient.

use std::cmp::Ordering;

use candle_core::{DType, Device, Result, Tensor};

use super::host::with_slice;
use super::pool;

/// The place of the largest element along `axis`, which is dropped: i64, the first of ties.
pub(super) fn largest(x: &Tensor, axis: usize, fused: bool) -> Result<Tensor> {
    if !fused {
        return largest_on_device(x, axis);
    }
    let lanes = Lanes::new(x.dims(), axis);
    let mut out = vec![0i64; lanes.outer * lanes.inner];
    with_slice(&x.contiguous()?, |x| {
        pool::each(x.len(), out.chunks_mut(lanes.inner.max(1)), |outer, out| {
            let x = &x[outer * lanes.block()..][..lanes.block()];
            for (inner, best) in out.iter_mut().enumerate() {
                let lane = |i: usize| x[i * lanes.inner + inner];
                let first = |best, i| match compare(lane(i), lane(best)) {
                    Ordering::Greater => i,
                    _ => best,
                };
                *best = (1..lanes.size).fold(0, first) as i64;
            }
        });
    })?;
    let mut dims = x.dims().to_vec();
    dims.remove(axis);
    Tensor::from_vec(out, dims, x.device())
}

/// The places along `axis` in ascending or descending order, i64; ties in the order in which they
/// come. Other devices than the CPU are read back for it: their own sorts are not stable.
pub(super) fn order(x: &Tensor, axis: usize, descending: bool) -> Result<Tensor> {
    let lanes = Lanes::new(x.dims(), axis);
    let host = x.to_device(&Device::Cpu)?.contiguous()?;
    let mut out = vec![0i64; x.elem_count()];
    with_slice(&host, |x| {
        pool::each(x.len(), out.chunks_mut(lanes.block().max(1)), |outer, out| {
            let x = &x[outer * lanes.block()..][..lanes.block()];
            let mut places: Vec<usize> = Vec::with_capacity(lanes.size);
            for inner in 0..lanes.inner {
                let lane = |i: usize| x[i * lanes.inner + inner];
                places.clear();
                places.extend(0..lanes.size);
                match descending {
                    true => places.sort_by(|&a, &b| compare(lane(b), lane(a))),
                    false => places.sort_by(|&a, &b| compare(lane(a), lane(b))),
                }
                for (i, &place) in places.iter().enumerate() {
                    out[i * lanes.inner + inner] = place as i64;
                }
            }
        });
    })?;
    Tensor::from_vec(out, x.dims(), x.device())
}

/// The lines along one axis of a row-major tensor.
#[derive(Clone, Copy)]
pub(super) struct Lanes {
    pub outer: usize,
    pub size: usize,
    pub inner: usize,
}

impl Lanes {
    pub fn new(dims: &[usize], axis: usize) -> Lanes {
        Lanes {
            outer: dims[..axis].iter().product(),
            size: dims[axis],
            inner: dims[axis + 1..].iter().product(),
        }
    }

    /// Elements that one place of the outer axes holds.
    pub fn block(self) -> usize {
        self.size * self.inner
    }
}

/// NaN is larger than every number and equal to itself; −0 equals 0.
fn compare(a: f32, b: f32) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Without reading `x` back: the smallest place that holds the maximum, or NaN.
fn largest_on_device(x: &Tensor, axis: usize) -> Result<Tensor> {
    let size = x.dims()[axis];
    let x = x.contiguous()?;
    let mut line = vec![1; x.rank()];
    line[axis] = size;
    let steps: Vec<f32> = (0..size).map(|i| i as f32).collect();
    let places = Tensor::from_vec(steps, line, x.device())?.broadcast_as(x.dims())?.contiguous()?;
    let nan = x.ne(&x)?;
    // Numbers are ranked as they are, NaN above all of them.
    let ranked = nan.where_cond(&x.ones_like()?.affine(f64::INFINITY, 0.0)?, &x)?;
    let peak = ranked.max_keepdim(axis)?;
    let any_nan = nan.to_dtype(DType::F32)?.max_keepdim(axis)?.broadcast_as(x.dims())?;
    let is_best = ranked.broadcast_eq(&peak)?;
    let is_best = any_nan.contiguous()?.ne(0f32)?.where_cond(&nan, &is_best)?;
    let last = Tensor::full((size - 1) as f32, x.dims(), x.device())?.contiguous()?;
    is_best.where_cond(&places, &last)?.min(axis)?.to_dtype(DType::I64)
}
