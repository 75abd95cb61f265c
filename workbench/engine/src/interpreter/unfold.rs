//! Convolutions of every geometry out of gathers and products, for devices without kernels of ours.
//!
//! Candle differentiates each step, so that nothing here has a backward pass of its own.

use candle_core::{Device, Result, Tensor};
use workbench_graph::ConvGeometry;

use super::conv::Plan;

/// `x ⋆ w`, of shape `dims`.
pub(super) fn conv(
    x: &Tensor,
    w: &Tensor,
    dims: &[usize],
    geometry: &ConvGeometry,
) -> Result<Tensor> {
    let plan = Plan::new(x.dims(), dims, w.dims(), geometry);
    let Plan { batch, groups, .. } = plan;
    let (taps, places) = (plan.taps(), plan.places());
    let depth = plan.channels / groups * taps;
    let columns = seen(&plan, x, 0.0)?
        .reshape((batch, groups, depth, places))?
        .permute((1, 2, 0, 3))?
        .reshape((groups, depth, batch * places))?;
    w.contiguous()?
        .reshape((groups, plan.filters / groups, depth))?
        .matmul(&columns)?
        .reshape((plan.filters, batch, places))?
        .transpose(0, 1)?
        .reshape(dims)
}

/// The transpose of the convolution from `dims` to the shape of `x`.
pub(super) fn conv_transpose(
    x: &Tensor,
    w: &Tensor,
    dims: &[usize],
    geometry: &ConvGeometry,
) -> Result<Tensor> {
    let plan = Plan::new(dims, x.dims(), w.dims(), geometry);
    let Plan { batch, groups, .. } = plan;
    let (taps, places) = (plan.taps(), plan.places());
    let depth = plan.channels / groups * taps;
    let x = x.contiguous()?.reshape((batch, plan.filters, places))?.transpose(0, 1)?.reshape((
        groups,
        plan.filters / groups,
        batch * places,
    ))?;
    let columns = w
        .contiguous()?
        .reshape((groups, plan.filters / groups, depth))?
        .transpose(1, 2)?
        .contiguous()?
        .matmul(&x)?
        .reshape((plan.channels, taps, batch, places))?
        .permute((2, 0, 1, 3))?
        .reshape((batch, plan.channels, taps * places))?;
    let canvas = canvas(&plan);
    let [planes, height, width] = canvas;
    let seen = taps_seen(&plan, x.device())?;
    let size = canvas.iter().product::<usize>();
    Tensor::zeros((batch, plan.channels, size), x.dtype(), x.device())?
        .index_add(&seen, &columns, 2)?
        .reshape((batch, plan.channels, planes, height, width))?
        .narrow(2, plan.pad[0], plan.size[0])?
        .narrow(3, plan.pad[1], plan.size[1])?
        .narrow(4, plan.pad[2], plan.size[2])?
        .contiguous()?
        .reshape(dims)
}

/// `[B, C, taps, places]`: what each tap sees from each output pixel; `fill` around the input.
pub(super) fn seen(plan: &Plan, x: &Tensor, fill: f64) -> Result<Tensor> {
    let [planes, height, width] = plan.size;
    let mut x = x.contiguous()?.reshape((plan.batch, plan.channels, planes, height, width))?;
    for (axis, &pad) in plan.pad.iter().enumerate() {
        x = super::ops::pad(&x, 2 + axis, [pad; 2], fill)?;
    }
    x.contiguous()?
        .reshape((plan.batch, plan.channels, ()))?
        .index_select(&taps_seen(plan, x.device())?, 2)?
        .reshape((plan.batch, plan.channels, plan.taps(), plan.places()))
}

/// The padded input.
fn canvas(plan: &Plan) -> [usize; 3] {
    std::array::from_fn(|axis| plan.size[axis] + 2 * plan.pad[axis])
}

/// `[taps · places]`: which pixel of the padded input each tap sees from each output pixel.
fn taps_seen(plan: &Plan, device: &Device) -> Result<Tensor> {
    let [_, rows, columns] = plan.out;
    let [_, height, width] = canvas(plan);
    let mut seen = Vec::with_capacity(plan.taps() * plan.places());
    for tap in 0..plan.taps() {
        let offset = plan.offset(tap);
        for place in 0..plan.places() {
            let at = [place / (rows * columns), place / columns % rows, place % columns];
            let [z, y, x]: [usize; 3] =
                std::array::from_fn(|axis| at[axis] * plan.stride[axis] + offset[axis]);
            seen.push(((z * height + y) * width + x) as u32);
        }
    }
    let n = seen.len();
    Tensor::from_vec(seen, n, device)
}
