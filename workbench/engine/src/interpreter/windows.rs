//! Pools: one number a window, and upsampling, which spreads one number over a block.

use std::ops::Range;

use candle_core::{D, DType, Result, Tensor};
use workbench_graph::{ConvGeometry, Pooling, Window};

use super::conv::Plan;
use super::graft::{Value, graft1};
use super::host::with_slice;
use super::{elementwise, order, pool, unfold};

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
    let plan = Plan::new(x.dims(), dims, &weight, &geometry);
    match (pooling, fused) {
        (Pooling::Max, true) => max(&x.contiguous()?, dims, plan),
        (Pooling::Average, true) => average(&x.contiguous()?, dims, plan),
        (Pooling::Max, false) => {
            let seen = unfold::seen(&plan, x, f64::NEG_INFINITY)?;
            let best = order::largest(&seen.detach(), 2, fused)?.unsqueeze(2)?;
            seen.gather(&best.contiguous()?, 2)?.reshape(dims)
        }
        (Pooling::Average, false) => unfold::seen(&plan, x, 0.0)?.mean(D::Minus2)?.reshape(dims),
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

fn max(x: &Tensor, dims: &[usize], plan: Plan) -> Result<Tensor> {
    let mut value = vec![0f32; dims.iter().product()];
    // Where in its plane each window's largest element lies.
    let mut best = vec![0u32; value.len()];
    with_slice(x, |x| {
        let pairs = value.chunks_mut(plan.places()).zip(best.chunks_mut(plan.places()));
        pool::each(x.len(), pairs, |index, (value, best)| {
            let x = &x[index * plan.plane()..][..plan.plane()];
            each_window(&plan, |place, window| {
                let mut at = window.corner(&plan);
                window.each_row(&plan, |row| {
                    for i in row {
                        // NaN is the largest, so that a fault shows; the first of ties stays.
                        if x[i] > x[at] || (x[i].is_nan() && !x[at].is_nan()) {
                            at = i;
                        }
                    }
                });
                (value[place], best[place]) = (x[at], at as u32);
            });
        });
    })?;
    graft1(x, Value::Host(value, dims.to_vec()), move |x, _, grad| {
        gradient(x, grad, &plan, |plane, grad, into| {
            let best = &best[plane * plan.places()..][..plan.places()];
            best.iter().zip(grad).for_each(|(&at, g)| into[at as usize] += g);
        })
    })
}

fn average(x: &Tensor, dims: &[usize], plan: Plan) -> Result<Tensor> {
    let share = 1.0 / plan.taps() as f32;
    let mut value = vec![0f32; dims.iter().product()];
    with_slice(x, |x| {
        pool::each(x.len(), value.chunks_mut(plan.places()), |index, value| {
            let x = &x[index * plan.plane()..][..plan.plane()];
            each_window(&plan, |place, window| {
                let mut sum = 0.0;
                window.each_row(&plan, |row| sum += x[row].iter().sum::<f32>());
                value[place] = sum * share;
            });
        });
    })?;
    graft1(x, Value::Host(value, dims.to_vec()), move |x, _, grad| {
        gradient(x, grad, &plan, |_, grad, into| {
            each_window(&plan, |place, window| {
                let g = grad[place] * share;
                window.each_row(&plan, |row| into[row].iter_mut().for_each(|sum| *sum += g));
            });
        })
    })
}

/// The gradient of `x`, plane by plane: `spread(plane, gradient of its windows, gradient to add to)`.
fn gradient(
    x: &Tensor,
    grad: &Tensor,
    plan: &Plan,
    spread: impl Fn(usize, &[f32], &mut [f32]) + Sync,
) -> Result<Tensor> {
    let mut sum = vec![0f32; x.elem_count()];
    with_slice(&grad.contiguous()?, |grad| {
        pool::each(x.elem_count(), sum.chunks_mut(plan.plane()), |plane, sum| {
            spread(plane, &grad[plane * plan.places()..][..plan.places()], sum)
        });
    })?;
    Tensor::from_vec(sum, x.dims(), x.device())
}

/// The part of a window that lies inside the input, one range an axis; never empty, as the padding is
/// less than the kernel.
struct Inside([Range<usize>; 3]);

impl Inside {
    fn corner(&self, plan: &Plan) -> usize {
        let [z, y, x] = &self.0;
        (z.start * plan.size[1] + y.start) * plan.size[2] + x.start
    }

    /// The rows of the window, as ranges of the plane.
    fn each_row(&self, plan: &Plan, mut each: impl FnMut(Range<usize>)) {
        let [zs, ys, xs] = self.0.clone();
        for z in zs {
            for y in ys.clone() {
                let row = (z * plan.size[1] + y) * plan.size[2];
                each(row + xs.start..row + xs.end);
            }
        }
    }
}

/// Visits each output pixel with its window.
fn each_window(plan: &Plan, mut each: impl FnMut(usize, Inside)) {
    let inside = |axis: usize, place: usize| {
        let (start, pad) = (place * plan.stride[axis], plan.pad[axis]);
        let end = (start + plan.kernel[axis]).saturating_sub(pad).min(plan.size[axis]);
        start.saturating_sub(pad)..end
    };
    let [planes, rows, columns] = plan.out;
    let mut place = 0;
    for z in 0..planes {
        for y in 0..rows {
            for x in 0..columns {
                each(place, Inside([inside(0, z), inside(1, y), inside(2, x)]));
                place += 1;
            }
        }
    }
}
