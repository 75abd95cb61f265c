//! Reading by index: `gather` and `take`. An index out of range is an error, on every device.

use candle_core::{DType, Result, Tensor};

use super::graft::{Value, graft1};
use super::host::with_slice;
use super::order::Lanes;
use super::pool;

/// The slices of `x` along `axis` that `index` names, in a tensor of shape `dims`.
pub(super) fn take(
    x: &Tensor,
    index: &Tensor,
    axis: usize,
    dims: &[usize],
    fused: bool,
) -> Result<Tensor> {
    let lanes = Lanes::new(x.dims(), axis);
    let rows = read(index, axis, lanes.size)?;
    let x = x.contiguous()?;
    if !fused || x.dtype() != DType::F32 {
        return x.index_select(&places(rows, &x)?, axis)?.reshape(dims);
    }
    let inner = lanes.inner;
    let mut value = vec![0f32; dims.iter().product()];
    with_slice(&x, |x| {
        pool::each(value.len(), value.chunks_mut((rows.len() * inner).max(1)), |outer, value| {
            let x = &x[outer * lanes.block()..][..lanes.block()];
            for (value, row) in value.chunks_mut(inner.max(1)).zip(&rows) {
                value.copy_from_slice(&x[row * inner..][..inner]);
            }
        });
    })?;
    graft1(&x, Value::Host(value, dims.to_vec()), move |x, _, grad| {
        let mut sum = vec![0f32; x.elem_count()];
        with_slice(&grad.contiguous()?, |grad| {
            let width = rows.len() * inner;
            pool::each(grad.len(), sum.chunks_mut(lanes.block().max(1)), |outer, sum| {
                let grad = &grad[outer * width..][..width];
                for (grad, row) in grad.chunks(inner.max(1)).zip(&rows) {
                    let sum = &mut sum[row * inner..][..inner];
                    sum.iter_mut().zip(grad).for_each(|(sum, g)| *sum += g);
                }
            });
        })?;
        Tensor::from_vec(sum, x.dims(), x.device())
    })
}

/// `out[i][j] = x[i][index[i][j]]` for axis 1, and so for every axis, in the shape of `index`.
pub(super) fn gather(x: &Tensor, index: &Tensor, axis: usize, fused: bool) -> Result<Tensor> {
    let rows = read(index, axis, x.dims()[axis])?;
    let from = flat_places(x.dims(), index.dims(), axis, &rows);
    let x = x.contiguous()?;
    if !fused || x.dtype() != DType::F32 {
        return x.flatten_all()?.index_select(&places(from, &x)?, 0)?.reshape(index.dims());
    }
    let value = with_slice(&x, |x| from.iter().map(|&at| x[at]).collect::<Vec<f32>>())?;
    graft1(&x, Value::Host(value, index.dims().to_vec()), move |x, _, grad| {
        let mut sum = vec![0f32; x.elem_count()];
        with_slice(&grad.contiguous()?, |grad| {
            from.iter().zip(grad).for_each(|(&at, g)| sum[at] += g);
        })?;
        Tensor::from_vec(sum, x.dims(), x.device())
    })
}

/// The indices in row-major order, each below `size`.
fn read(index: &Tensor, axis: usize, size: usize) -> Result<Vec<usize>> {
    let index = index.flatten_all()?.to_vec1::<i64>()?;
    let check = |(place, i): (usize, i64)| {
        let inside = usize::try_from(i).ok().filter(|&i| i < size);
        inside.ok_or_else(|| {
            candle_core::Error::Msg(format!(
                "index {i} (element {place} of the indices) is out of range: axis {axis} has {size} \
                 elements, counted from 0"
            ))
        })
    };
    index.into_iter().enumerate().map(check).collect()
}

/// Where each gathered element lies in `x`, counted in row-major order.
fn flat_places(x: &[usize], index: &[usize], axis: usize, rows: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; x.len()];
    for i in (0..x.len().saturating_sub(1)).rev() {
        strides[i] = strides[i + 1] * x[i + 1];
    }
    let mut at = vec![0; index.len()];
    let place = |row: &usize| {
        let other = (0..at.len()).filter(|&i| i != axis).map(|i| at[i] * strides[i]);
        let place = other.sum::<usize>() + row * strides[axis];
        for i in (0..at.len()).rev() {
            at[i] += 1;
            if at[i] < index[i] {
                break;
            }
            at[i] = 0;
        }
        place
    };
    rows.iter().map(place).collect()
}

fn places(places: Vec<usize>, x: &Tensor) -> Result<Tensor> {
    let places: Vec<i64> = places.into_iter().map(|place| place as i64).collect();
    let n = places.len();
    Tensor::from_vec(places, n, x.device())
}
