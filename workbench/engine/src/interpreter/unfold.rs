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
    let [height, width] = plan.size;
    let padded = x
        .contiguous()?
        .reshape((batch, plan.channels, height, width))?
        .pad_with_zeros(2, plan.pad[0], plan.pad[0])?
        .pad_with_zeros(3, plan.pad[1], plan.pad[1])?
        .reshape((batch, plan.channels, ()))?;
    let seen = taps_seen(&plan, x.device())?;
    let depth = plan.channels / groups * taps;
    let columns = padded
        .contiguous()?
        .index_select(&seen, 2)?
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
    let [height, width] = canvas(&plan);
    let seen = taps_seen(&plan, x.device())?;
    Tensor::zeros((batch, plan.channels, height * width), x.dtype(), x.device())?
        .index_add(&seen, &columns, 2)?
        .reshape((batch, plan.channels, height, width))?
        .narrow(2, plan.pad[0], plan.size[0])?
        .narrow(3, plan.pad[1], plan.size[1])?
        .contiguous()?
        .reshape(dims)
}

/// The padded input.
fn canvas(plan: &Plan) -> [usize; 2] {
    [0, 1].map(|axis| plan.size[axis] + 2 * plan.pad[axis])
}

/// `[taps · places]`: which pixel of the padded input each tap sees from each output pixel.
fn taps_seen(plan: &Plan, device: &Device) -> Result<Tensor> {
    let width = canvas(plan)[1];
    let mut seen = Vec::with_capacity(plan.taps() * plan.places());
    for tap in 0..plan.taps() {
        let (ky, kx) = (tap / plan.kernel[1], tap % plan.kernel[1]);
        for place in 0..plan.places() {
            let (y, x) = (place / plan.out[1], place % plan.out[1]);
            let y = y * plan.stride[0] + ky * plan.dilation[0];
            let x = x * plan.stride[1] + kx * plan.dilation[1];
            seen.push((y * width + x) as u32);
        }
    }
    let n = seen.len();
    Tensor::from_vec(seen, n, device)
}
