//! Convolutions on the CPU: patches as columns, one matrix product a group.
//!
//! Candle's own take one stride, padding and dilation for both axes, derive the backward pass of
//! conv2d for square inputs, and run a dot product a pixel in conv_transpose2d; these know every
//! geometry. A transposed convolution is the gradient of a convolution with respect to its input, so
//! that three products serve both directions.

use candle_core::{Result, Tensor};
use workbench_graph::ConvGeometry;

use super::graft::{Value, graft2};
use super::host::with_slice;
use super::pool;
use crate::geometry::Geometry;

/// How many numbers are unfolded at a time: bounds the memory, whatever the batch. Set by hand, so
/// that the order of sums is the same everywhere. Tests use a smaller one, to split their batches.
const COLUMNS: usize = if cfg!(test) { 300 } else { 1 << 22 };

impl Geometry {
    /// Where a tap lies from the kernel's corner, counted as in row-major order.
    pub fn offset(&self, tap: usize) -> [usize; 3] {
        let [_, height, width] = self.kernel;
        let place = [tap / (height * width), tap / width % height, tap % width];
        std::array::from_fn(|axis| place[axis] * self.dilation[axis])
    }

    /// `[B, C, …]` of the input side.
    fn input_dims(&self, rank: usize) -> Vec<usize> {
        let mut dims = vec![self.batch, self.channels];
        dims.extend(&self.size[5 - rank..]);
        dims
    }

    fn output_dims(&self, rank: usize) -> Vec<usize> {
        let mut dims = vec![self.batch, self.filters];
        dims.extend(&self.out[5 - rank..]);
        dims
    }

    /// `[C · taps, B · places]`: under each output pixel, what the kernel sees from there.
    fn columns(&self, x: &Tensor) -> Result<Tensor> {
        let (rows, width) = (self.channels * self.taps(), self.batch * self.places());
        let mut columns = vec![0f32; rows * width];
        with_slice(&x.contiguous()?, |x| {
            let elements = columns.len();
            pool::each(elements, columns.chunks_mut(width.max(1)), |row, columns| {
                self.fill_row(x, row, columns)
            });
        })?;
        Tensor::from_vec(columns, (rows, width), x.device())
    }

    fn fill_row(&self, x: &[f32], row: usize, columns: &mut [f32]) {
        let (channel, tap) = (row / self.taps(), row % self.taps());
        let plane = self.plane();
        for (image, columns) in columns.chunks_mut(self.places()).enumerate() {
            let x = &x[(image * self.channels + channel) * plane..][..plane];
            self.each_row(tap, |from, first, to| {
                let (x, columns) = (&x[from..], &mut columns[to]);
                if self.stride[2] == 1 {
                    columns.copy_from_slice(&x[first..first + columns.len()]);
                } else {
                    let x = x[first..].iter().step_by(self.stride[2]);
                    columns.iter_mut().zip(x).for_each(|(to, x)| *to = *x);
                }
            });
        }
    }

    /// The transpose of [`Geometry::columns`]: what lies over a pixel is summed.
    fn fold_columns(&self, columns: &Tensor, rank: usize) -> Result<Tensor> {
        let plane = self.plane();
        let width = self.batch * self.places();
        let mut x = vec![0f32; self.batch * self.channels * plane];
        with_slice(&columns.contiguous()?, |columns| {
            pool::each(columns.len(), x.chunks_mut(plane.max(1)), |index, x| {
                let (image, channel) = (index / self.channels, index % self.channels);
                for tap in 0..self.taps() {
                    let row = (channel * self.taps() + tap) * width;
                    let columns = &columns[row + image * self.places()..][..self.places()];
                    self.each_row(tap, |from, first, to| {
                        let x = x[from + first..].iter_mut().step_by(self.stride[2]);
                        columns[to].iter().zip(x).for_each(|(c, x)| *x += c);
                    });
                }
            });
        })?;
        Tensor::from_vec(x, self.input_dims(rank), columns.device())
    }

    /// For one tap and each output row that it finds inside the input: where the input's row starts,
    /// the first of its pixels that is seen, and the output pixels that see it and its followers.
    fn each_row(&self, tap: usize, mut each: impl FnMut(usize, usize, std::ops::Range<usize>)) {
        let offset = self.offset(tap);
        // The output pixels x with 0 ≤ x · stride + offset − pad < size.
        let lowest = self.pad[2].saturating_sub(offset[2]).div_ceil(self.stride[2]);
        let end = (self.size[2] + self.pad[2])
            .saturating_sub(offset[2])
            .div_ceil(self.stride[2])
            .min(self.out[2]);
        if lowest >= end {
            return;
        }
        let first = lowest * self.stride[2] + offset[2] - self.pad[2];
        let seen = |axis: usize, place: usize| {
            let seen = place * self.stride[axis] + offset[axis];
            seen.checked_sub(self.pad[axis]).filter(|&seen| seen < self.size[axis])
        };
        for z in 0..self.out[0] {
            let Some(seen_z) = seen(0, z) else { continue };
            for y in 0..self.out[1] {
                let Some(seen_y) = seen(1, y) else { continue };
                let from = (seen_z * self.size[1] + seen_y) * self.size[2];
                let row = (z * self.out[1] + y) * self.out[2];
                each(from, first, row + lowest..row + end);
            }
        }
    }

    /// `[B, F, places] → [F, B · places]`.
    fn filters_first(&self, y: &Tensor) -> Result<Tensor> {
        let swapped = swap(&y.contiguous()?, self.batch, self.filters, self.places())?;
        let dims = (self.filters, self.batch * self.places());
        Tensor::from_vec(swapped, dims, y.device())
    }

    fn group_rows(&self, tensor: &Tensor, group: usize) -> Result<Tensor> {
        let rows = tensor.dims()[0] / self.groups;
        tensor.narrow(0, group * rows, rows)
    }

    fn each_group(&self, product: impl Fn(usize) -> Result<Tensor>) -> Result<Tensor> {
        if self.groups == 1 {
            return product(0);
        }
        let parts = (0..self.groups).map(product).collect::<Result<Vec<_>>>()?;
        Tensor::cat(&parts, 0)
    }

    /// `[F, C / groups · taps]`.
    fn flat(&self, weight: &Tensor) -> Result<Tensor> {
        let columns = self.channels / self.groups * self.taps();
        weight.contiguous()?.reshape((self.filters, columns))
    }

    /// The batch in parts, each with the image that it starts at, so that no part's columns are
    /// larger than [`COLUMNS`] where one image's are not.
    fn batches(&self) -> Vec<(usize, Geometry)> {
        let image = self.channels * self.taps() * self.places();
        let most = (COLUMNS / image.max(1)).max(1);
        (0..self.batch)
            .step_by(most)
            .map(|start| {
                let batch = most.min(self.batch - start);
                (start, Geometry { batch, ..*self })
            })
            .collect()
    }

    /// The convolution itself.
    fn forward(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let weight = self.flat(weight)?;
        let part = |(start, g): (usize, Geometry)| {
            let columns = g.columns(&x.narrow(0, start, g.batch)?)?;
            let y = g.each_group(|group| {
                g.group_rows(&weight, group)?.matmul(&g.group_rows(&columns, group)?)
            })?;
            let y_data = swap(&y.contiguous()?, g.filters, g.batch, g.places())?;
            Tensor::from_vec(y_data, g.output_dims(x.rank()), x.device())
        };
        join(self.batches().into_iter().map(part))
    }

    /// The gradient of the input, given that of the output.
    fn input_gradient(&self, grad: &Tensor, weight: &Tensor) -> Result<Tensor> {
        let weight = self.flat(weight)?;
        let part = |(start, g): (usize, Geometry)| {
            let y = g.filters_first(&grad.narrow(0, start, g.batch)?)?;
            let columns = g.each_group(|group| {
                g.group_rows(&weight, group)?.t()?.matmul(&g.group_rows(&y, group)?)
            })?;
            g.fold_columns(&columns, grad.rank())
        };
        join(self.batches().into_iter().map(part))
    }

    /// The gradient of the weight, given the input and the gradient of the output.
    fn weight_gradient(&self, x: &Tensor, grad: &Tensor, dims: &[usize]) -> Result<Tensor> {
        let part = |(start, g): (usize, Geometry)| {
            let columns = g.columns(&x.narrow(0, start, g.batch)?)?;
            let y = g.filters_first(&grad.narrow(0, start, g.batch)?)?;
            g.each_group(|group| {
                g.group_rows(&y, group)?.matmul(&g.group_rows(&columns, group)?.t()?)
            })
        };
        let mut parts = self.batches().into_iter().map(part);
        let Some(first) = parts.next() else {
            return Tensor::zeros(dims, x.dtype(), x.device());
        };
        let weight = parts.try_fold(first?, |sum, part| sum + part?)?;
        weight.reshape(dims)
    }
}

/// The parts of a batch in one tensor.
fn join(parts: impl Iterator<Item = Result<Tensor>>) -> Result<Tensor> {
    let parts = parts.collect::<Result<Vec<_>>>()?;
    match &parts[..] {
        [whole] => Ok(whole.clone()),
        parts => Tensor::cat(parts, 0),
    }
}

/// `[a, b, block] → [b, a, block]`.
fn swap(tensor: &Tensor, a: usize, b: usize, block: usize) -> Result<Vec<f32>> {
    let mut out = vec![0f32; a * b * block];
    with_slice(tensor, |data| {
        pool::each(data.len(), out.chunks_mut((a * block).max(1)), |j, out| {
            for (i, out) in out.chunks_mut(block.max(1)).enumerate() {
                out.copy_from_slice(&data[(i * b + j) * block..][..block]);
            }
        });
    })?;
    Ok(out)
}

/// `x ⋆ w`, of shape `dims`.
pub(super) fn conv(
    x: &Tensor,
    w: &Tensor,
    dims: &[usize],
    geometry: &ConvGeometry,
) -> Result<Tensor> {
    let g = Geometry::new(x.dims(), dims, w.dims(), geometry);
    let value = g.forward(&x.detach(), &w.detach())?;
    graft2(x, w, Value::Tensor(value), move |side, x, w, _, grad| {
        if side == 0 { g.input_gradient(grad, w) } else { g.weight_gradient(x, grad, w.dims()) }
    })
}

/// The transpose of the convolution from `dims` to the shape of `x`.
pub(super) fn conv_transpose(
    x: &Tensor,
    w: &Tensor,
    dims: &[usize],
    geometry: &ConvGeometry,
) -> Result<Tensor> {
    let g = Geometry::new(dims, x.dims(), w.dims(), geometry);
    let value = g.input_gradient(&x.detach(), &w.detach())?;
    graft2(x, w, Value::Tensor(value), move |side, x, w, _, grad| {
        if side == 0 { g.forward(grad, w) } else { g.weight_gradient(grad, x, w.dims()) }
    })
}
