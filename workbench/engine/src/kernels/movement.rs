//! Elements that change their place, of any type.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use super::threads::chunks;
use super::{Source, Target};

/// Elements that one task moves, about.
const TASK: usize = 1 << 14;

/// `x` read by strides: the result has the sizes `dims`, and its element at an index is `x[start + Σ index · stride]`.
/// Serves permutations, slices and spreading.
pub(crate) fn strided<T: Copy + Send + Sync>(
    out: Target<T>,
    x: Source<T>,
    start: usize,
    dims: &[usize],
    strides: &[usize],
) {
    let (dims, strides) = merge(dims, strides);
    let x = &x.slice()[start..];
    let last = dims.len() - 1;
    // A transposition is done in squares: rows of either side alone would touch a cache line an element.
    if last >= 1 && strides[last] != 1 && strides[last - 1] == 1 {
        squares(out, x, &dims, &strides);
        return;
    }
    let (row, stride) = (dims[last], strides[last]);
    chunks(out.len() / row, TASK / row, |from, n| {
        // SAFETY: chunks are disjoint.
        let out = unsafe { out.part(from * row, n * row) };
        for (i, out) in out.chunks_exact_mut(row).enumerate() {
            let start = place(&dims[..last], &strides[..last], from + i);
            match stride {
                1 if row <= 16 => {
                    out.iter_mut().zip(&x[start..start + row]).for_each(|(out, x)| *out = *x);
                }
                1 => out.copy_from_slice(&x[start..start + row]),
                0 => out.fill(x[start]),
                _ => {
                    let x = x[start..].iter().step_by(stride);
                    out.iter_mut().zip(x).for_each(|(out, x)| *out = *x);
                }
            }
        }
    });
}

fn squares<T: Copy + Send + Sync>(out: Target<T>, x: &[T], dims: &[usize], strides: &[usize]) {
    const SIDE: usize = 16;
    let last = dims.len() - 1;
    let (rows, columns, stride) = (dims[last - 1], dims[last], strides[last]);
    let plane = rows * columns;
    chunks(out.len() / plane, TASK / plane, |from, n| {
        for index in from..from + n {
            // SAFETY: a plane at a time, each visited once.
            let out = unsafe { out.part(index * plane, plane) };
            let x = &x[place(&dims[..last - 1], &strides[..last - 1], index)..];
            for top in (0..rows).step_by(SIDE) {
                for left in (0..columns).step_by(SIDE) {
                    for i in top..rows.min(top + SIDE) {
                        for j in left..columns.min(left + SIDE) {
                            out[i * columns + j] = x[i + j * stride];
                        }
                    }
                }
            }
        }
    });
}

/// Copies `x`, seen as `[outer, block]`, into `[outer, from .. from + block]` of rows of `row` elements.
pub(crate) fn place_blocks<T: Copy + Send + Sync>(
    out: Target<T>,
    x: Source<T>,
    block: usize,
    row: usize,
    from: usize,
) {
    let x = x.slice();
    chunks(x.len() / block, TASK / block, |first, n| {
        for outer in first..first + n {
            // SAFETY: blocks are disjoint.
            let out = unsafe { out.part(outer * row + from, block) };
            out.copy_from_slice(&x[outer * block..][..block]);
        }
    });
}

/// Where an element lies, counted in row-major order over `dims`.
fn place(dims: &[usize], strides: &[usize], mut index: usize) -> usize {
    let mut at = 0;
    for (&size, &stride) in dims.iter().zip(strides).rev() {
        at += index % size * stride;
        index /= size;
    }
    at
}

/// Joins neighbouring axes that are stepped through as one; at least one axis is left.
pub(crate) fn merge(dims: &[usize], strides: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let (mut sizes, mut steps): (Vec<usize>, Vec<usize>) = (vec![1], vec![1]);
    for (&size, &stride) in dims.iter().zip(strides).filter(|(size, _)| **size != 1) {
        let last = sizes.len() - 1;
        if sizes[last] == 1 {
            (sizes[last], steps[last]) = (size, stride);
        } else if steps[last] == stride * size {
            (sizes[last], steps[last]) = (sizes[last] * size, stride);
        } else {
            sizes.push(size);
            steps.push(stride);
        }
    }
    (sizes, steps)
}

/// Strides of an array of these sizes, row by row.
pub(crate) fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    strides
}

/// Strides of an operand along the axes of the result: 0 where it is spread.
pub(crate) fn spread(from: &[usize], to: &[usize]) -> Vec<usize> {
    let own = strides(from);
    let lead = to.len() - from.len();
    (0..to.len())
        .map(|axis| match axis.checked_sub(lead) {
            Some(axis) if from[axis] != 1 => own[axis],
            _ => 0,
        })
        .collect()
}
