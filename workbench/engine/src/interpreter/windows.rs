//! Pools: one number a window, and upsampling, which spreads one number over a block.

use candle_core::{D, DType, Result, Tensor};
use workbench_graph::{ConvGeometry, Pooling, Window};

use super::graft::{Value, graft1};
use super::host::with_slice;
use super::{elementwise, order, pool, unfold};
use crate::geometry::{Geometry, each_window};

/// The pool of `x` `[B, C, …]`, of shape `dims`.
pub(super) fn pooled(
    pooling: Pooling,
    x: &Tensor,
    dims: &[usize],
    window: &Window,
    fused: bool,
) -> Result<Tensor> {
    let geometry = ConvGeometry {
        stride: window.stride.clone(),
        pad: window.pad.clone(),
        dilation: vec![1; window.kernel.len()],
        groups: 1,
    };
    let weight = [&[1, 1], &window.kernel[..]].concat();
    let g = Geometry::new(x.dims(), dims, &weight, &geometry);
    match (pooling, fused) {
        (Pooling::Max, true) => max(&x.contiguous()?, dims, g),
        (Pooling::Average, true) => average(&x.contiguous()?, dims, g),
        (Pooling::Max, false) => {
            let seen = unfold::seen(&g, x, f64::NEG_INFINITY)?;
            let best = order::largest(&seen.detach(), 2, fused)?.unsqueeze(2)?;
            seen.gather(&best.contiguous()?, 2)?.reshape(dims)
        }
        (Pooling::Average, false) => unfold::seen(&g, x, 0.0)?.mean(D::Minus2)?.reshape(dims),
    }
}

/// Each element of `x` `[B, C, …]` repeated along the spatial axes, to the shape `dims`.
pub(super) fn upsample(
    x: &Tensor,
    dims: &[usize],
    factors: &[usize],
    fused: bool,
) -> Result<Tensor> {
    let (lead, sizes) = x.dims().split_at(2);
    let with = |block: &dyn Fn(usize) -> usize| {
        let blocks = sizes.iter().enumerate().flat_map(|(i, &size)| [size, block(i)]);
        lead.iter().copied().chain(blocks).collect::<Vec<_>>()
    };
    let (thin, full) = (x.contiguous()?.reshape(with(&|_| 1))?, with(&|i| factors[i]));
    let spread = match fused && x.dtype() == DType::F32 {
        true => elementwise::broadcast(&thin, &full)?,
        false => thin.broadcast_as(full)?,
    };
    spread.reshape(dims)
}

fn max(x: &Tensor, dims: &[usize], g: Geometry) -> Result<Tensor> {
    let mut value = vec![0f32; dims.iter().product()];
    // Where in its plane each window's largest element lies.
    let mut best = vec![0u32; value.len()];
    with_slice(x, |x| {
        let pairs = value.chunks_mut(g.places()).zip(best.chunks_mut(g.places()));
        pool::each(x.len(), pairs, |index, (value, best)| {
            let x = &x[index * g.plane()..][..g.plane()];
            each_window(&g, |place, window| {
                let at = window.largest(&g, x);
                (value[place], best[place]) = (x[at], at as u32);
            });
        });
    })?;
    graft1(x, Value::Host(value, dims.to_vec()), move |x, _, grad| {
        gradient(x, grad, &g, |plane, grad, into| {
            let best = &best[plane * g.places()..][..g.places()];
            best.iter().zip(grad).for_each(|(&at, g)| into[at as usize] += g);
        })
    })
}

fn average(x: &Tensor, dims: &[usize], g: Geometry) -> Result<Tensor> {
    let share = 1.0 / g.taps() as f32;
    let mut value = vec![0f32; dims.iter().product()];
    with_slice(x, |x| {
        pool::each(x.len(), value.chunks_mut(g.places()), |index, value| {
            let x = &x[index * g.plane()..][..g.plane()];
            each_window(&g, |place, window| {
                let mut sum = 0.0;
                window.each_row(&g, |row| sum += x[row].iter().sum::<f32>());
                value[place] = sum * share;
            });
        });
    })?;
    graft1(x, Value::Host(value, dims.to_vec()), move |x, _, grad| {
        gradient(x, grad, &g, |_, grad, into| {
            each_window(&g, |place, window| {
                let part = grad[place] * share;
                window.each_row(&g, |row| into[row].iter_mut().for_each(|sum| *sum += part));
            });
        })
    })
}

/// The gradient of `x`, plane by plane: `spread(plane, gradient of its windows, gradient to add to)`.
fn gradient(
    x: &Tensor,
    grad: &Tensor,
    g: &Geometry,
    spread: impl Fn(usize, &[f32], &mut [f32]) + Sync,
) -> Result<Tensor> {
    let mut sum = vec![0f32; x.elem_count()];
    with_slice(&grad.contiguous()?, |grad| {
        pool::each(x.elem_count(), sum.chunks_mut(g.plane()), |plane, sum| {
            spread(plane, &grad[plane * g.places()..][..g.places()], sum)
        });
    })?;
    Tensor::from_vec(sum, x.dims(), x.device())
}
