//! What goes by the place along an axis: running sums, the largest, orders, reading by index.

use crate::Tensor;
use crate::tensor::Attribute;

impl<'g> Tensor<'g> {
    /// The sum of the elements along an axis up to and with each one.
    #[track_caller]
    pub fn cumsum(self, axis: usize) -> Tensor<'g> {
        self.along("cumsum", axis)
    }

    /// The place of the largest element along an axis, which is dropped: i64, the first of ties. No
    /// gradient.
    #[track_caller]
    pub fn argmax(self, axis: usize) -> Tensor<'g> {
        self.along("argmax", axis)
    }

    /// The places along an axis in ascending (or descending) order of their elements: i64, ties in the
    /// order in which they come. No gradient; `x.gather(axis, x.argsort(axis, false))` is sorted, and
    /// has one.
    #[track_caller]
    pub fn argsort(self, axis: usize, descending: bool) -> Tensor<'g> {
        let attributes = [
            ("axis", Attribute::Int(axis as i64)),
            ("descending", Attribute::Int(descending.into())),
        ];
        self.graph.op("argsort", &[self], &attributes, None)
    }

    /// One element for each index: `out[i][j] = x[i][index[i][j]]` for axis 1. `index` is i64 and gives
    /// the shape; no other axis of it is longer than that of `x`. Gradients go where elements came from.
    #[track_caller]
    pub fn gather(self, axis: usize, index: Tensor<'g>) -> Tensor<'g> {
        self.graph.op("gather", &[self, index], &[("axis", Attribute::Int(axis as i64))], None)
    }

    /// The slices along an axis that an i64 tensor of any shape names: rows of a codebook `[K, D]` by
    /// `[B, H, W]` are `[B, H, W, D]`. Slices that are taken more than once add up their gradients.
    #[track_caller]
    pub fn take(self, axis: usize, index: Tensor<'g>) -> Tensor<'g> {
        self.graph.op("take", &[self, index], &[("axis", Attribute::Int(axis as i64))], None)
    }

    #[track_caller]
    fn along(self, op: &str, axis: usize) -> Tensor<'g> {
        self.graph.op(op, &[self], &[("axis", Attribute::Int(axis as i64))], None)
    }
}
