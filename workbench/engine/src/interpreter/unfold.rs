//! Convolutions of every geometry out of gathers and products, for devices without kernels of ours.
//!
//! Candle differentiates each step, so that nothing here has a backward pass of its own.

use candle_core::{Device, Result, Tensor};
use workbench_graph::ConvGeometry;

use crate::geometry::Geometry;

/// `x ⋆ w`, of shape `dims`.
pub(super) fn conv(
    x: &Tensor,
    w: &Tensor,
    dims: &[usize],
    geometry: &ConvGeometry,
) -> Result<Tensor> {
    let g = Geometry::new(x.dims(), dims, w.dims(), geometry);
    let Geometry { batch, groups, .. } = g;
    let (taps, places) = (g.taps(), g.places());
    let depth = g.channels / groups * taps;
    let columns = seen(&g, x, 0.0)?
        .reshape((batch, groups, depth, places))?
        .permute((1, 2, 0, 3))?
        .reshape((groups, depth, batch * places))?;
    w.contiguous()?
        .reshape((groups, g.filters / groups, depth))?
        .matmul(&columns)?
        .reshape((g.filters, batch, places))?
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
    let g = Geometry::new(dims, x.dims(), w.dims(), geometry);
    let Geometry { batch, groups, .. } = g;
    let (taps, places) = (g.taps(), g.places());
    let depth = g.channels / groups * taps;
    let x = x.contiguous()?.reshape((batch, g.filters, places))?.transpose(0, 1)?.reshape((
        groups,
        g.filters / groups,
        batch * places,
    ))?;
    let columns = w
        .contiguous()?
        .reshape((groups, g.filters / groups, depth))?
        .transpose(1, 2)?
        .contiguous()?
        .matmul(&x)?
        .reshape((g.channels, taps, batch, places))?
        .permute((2, 0, 1, 3))?
        .reshape((batch, g.channels, taps * places))?;
    let canvas = canvas(&g);
    let [planes, height, width] = canvas;
    let seen = taps_seen(&g, x.device())?;
    let size = canvas.iter().product::<usize>();
    Tensor::zeros((batch, g.channels, size), x.dtype(), x.device())?
        .index_add(&seen, &columns, 2)?
        .reshape((batch, g.channels, planes, height, width))?
        .narrow(2, g.pad[0], g.size[0])?
        .narrow(3, g.pad[1], g.size[1])?
        .narrow(4, g.pad[2], g.size[2])?
        .contiguous()?
        .reshape(dims)
}

/// `[B, C, taps, places]`: what each tap sees from each output pixel; `fill` around the input.
pub(super) fn seen(g: &Geometry, x: &Tensor, fill: f64) -> Result<Tensor> {
    let [planes, height, width] = g.size;
    let mut x = x.contiguous()?.reshape((g.batch, g.channels, planes, height, width))?;
    for (axis, &pad) in g.pad.iter().enumerate() {
        x = super::ops::pad(&x, 2 + axis, [pad; 2], fill)?;
    }
    x.contiguous()?
        .reshape((g.batch, g.channels, ()))?
        .index_select(&taps_seen(g, x.device())?, 2)?
        .reshape((g.batch, g.channels, g.taps(), g.places()))
}

/// The padded input.
fn canvas(g: &Geometry) -> [usize; 3] {
    std::array::from_fn(|axis| g.size[axis] + 2 * g.pad[axis])
}

/// `[taps · places]`: which pixel of the padded input each tap sees from each output pixel.
fn taps_seen(g: &Geometry, device: &Device) -> Result<Tensor> {
    let [_, rows, columns] = g.out;
    let [_, height, width] = canvas(g);
    let mut seen = Vec::with_capacity(g.taps() * g.places());
    for tap in 0..g.taps() {
        let offset = g.offset(tap);
        for place in 0..g.places() {
            let at = [place / (rows * columns), place / columns % rows, place % columns];
            let [z, y, x]: [usize; 3] =
                std::array::from_fn(|axis| at[axis] * g.stride[axis] + offset[axis]);
            seen.push(((z * height + y) * width + x) as u32);
        }
    }
    let n = seen.len();
    Tensor::from_vec(seen, n, device)
}
