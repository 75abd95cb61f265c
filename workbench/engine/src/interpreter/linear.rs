//! Matrix products.

use candle_core::{Result, Tensor};

use super::graft::{Value, graft2};
use super::reduce::sum_to;

/// `[…, M, K] × […, K, N] → […, M, N]`; leading dimensions broadcast.
pub(super) fn matmul(a: &Tensor, b: &Tensor, fused: bool) -> Result<Tensor> {
    // A shared right side turns the leading dimensions of the left one into rows of one product.
    if b.rank() == 2 && a.rank() > 2 {
        let (rows, k) = (a.elem_count() / a.dims()[a.rank() - 1].max(1), b.dims()[0]);
        let mut dims = a.dims().to_vec();
        if let Some(last) = dims.last_mut() {
            *last = b.dims()[1];
        }
        let flat = a.reshape((rows, k))?;
        return matmul(&flat, b, fused)?.reshape(dims);
    }
    let value = product(&a.detach(), &b.detach())?;
    graft2(a, b, Value::Tensor(value), move |side, a, b, _, grad| {
        // Sides that were broadcast receive the sum over what they were spread to.
        if side == 0 {
            sum_to(&product(grad, &b.t()?)?, a.dims(), fused)
        } else {
            sum_to(&product(&a.t()?, grad)?, b.dims(), fused)
        }
    })
}

fn product(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.rank() == 2 && b.rank() == 2 {
        a.matmul(b)
    } else {
        a.contiguous()?.broadcast_matmul(&b.contiguous()?)
    }
}
