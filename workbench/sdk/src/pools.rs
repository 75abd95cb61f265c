//! Pools and upsampling: `[B, C, L]`, `[B, C, H, W]` or `[B, C, D, H, W]`, one number a spatial axis.

use crate::Tensor;
use crate::tensor::{Attribute, whole};

impl<'g> Tensor<'g> {
    /// The largest element of each window. Padding, less than the kernel, is never the largest; the
    /// first of ties receives the gradient. `x.max_pool(&[2, 2], &[2, 2], &[0, 0])` halves a picture.
    #[track_caller]
    pub fn max_pool(self, kernel: &[usize], stride: &[usize], pad: &[usize]) -> Tensor<'g> {
        self.pool("max_pool", kernel, stride, pad)
    }

    /// The mean of each window, in which padding counts as zeros (as PyTorch's `count_include_pad`).
    #[track_caller]
    pub fn avg_pool(self, kernel: &[usize], stride: &[usize], pad: &[usize]) -> Tensor<'g> {
        self.pool("avg_pool", kernel, stride, pad)
    }

    /// Each element repeated so many times along each spatial axis (nearest neighbour).
    #[track_caller]
    pub fn upsample(self, factors: &[usize]) -> Tensor<'g> {
        let factors = whole(factors);
        self.graph.op("upsample", &[self], &[("factors", Attribute::Ints(&factors))], None)
    }

    #[track_caller]
    fn pool(self, op: &str, kernel: &[usize], stride: &[usize], pad: &[usize]) -> Tensor<'g> {
        let [kernel, stride, pad] = [kernel, stride, pad].map(whole);
        let attributes = [
            ("kernel", Attribute::Ints(&kernel)),
            ("stride", Attribute::Ints(&stride)),
            ("pad", Attribute::Ints(&pad)),
        ];
        self.graph.op(op, &[self], &attributes, None)
    }
}
