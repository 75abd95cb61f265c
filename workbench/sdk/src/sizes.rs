//! The sizes that strided convolutions go through.

use crate::Tensor;

/// Kernel, stride and padding that halve a size, or double it where transposed.
pub(crate) const KERNEL: usize = 4;
pub(crate) const STRIDE: usize = 2;
pub(crate) const PAD: usize = 1;

/// The sizes of `like`, `n` times halved and rounded down, largest first.
pub(crate) fn halvings(like: Tensor, n: usize) -> Vec<Vec<usize>> {
    let axes = 2..like.shape().len().max(2);
    let mut sizes = vec![axes.map(|axis| like.size(axis)).collect::<Vec<_>>()];
    for i in 0..n {
        sizes.push(sizes[i].iter().map(|size| size / STRIDE).collect());
    }
    sizes
}

/// What a size that was rounded down lacks after doubling, for planes, rows and columns.
pub(crate) fn odd(sizes: &[usize]) -> [usize; 3] {
    let mut odd = [0; 3];
    odd.iter_mut().rev().zip(sizes.iter().rev()).for_each(|(odd, size)| *odd = size % STRIDE);
    odd
}
