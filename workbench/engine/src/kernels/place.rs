//! Elements by their place along one axis: running sums, largest elements, orders, reading by index.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use std::cmp::Ordering;

use super::threads::chunks;
use super::{Source, Target};

/// The lines along one axis of a row-major array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    pub outer: usize,
    pub size: usize,
    pub inner: usize,
}

const TASK: usize = 1 << 14;

impl Lanes {
    pub fn new(dims: &[usize], axis: usize) -> Lanes {
        Lanes {
            outer: dims[..axis].iter().product(),
            size: dims[axis],
            inner: dims[axis + 1..].iter().product(),
        }
    }

    /// Elements that one place of the outer axes holds.
    fn block(self) -> usize {
        self.size * self.inner
    }

    fn each(self, work: impl Fn(usize) + Sync) {
        chunks(self.outer, TASK / self.block(), |from, n| (from..from + n).for_each(&work));
    }
}

/// The sum of the elements up to and with each one, or from each one on. In f64, so that long lines do not drift.
pub(crate) fn cumsum(out: Target, x: Source, lanes: Lanes, from_last: bool) {
    let x = x.slice();
    lanes.each(|outer| {
        let x = &x[outer * lanes.block()..][..lanes.block()];
        // SAFETY: a block a task.
        let out = unsafe { out.part(outer * lanes.block(), lanes.block()) };
        for inner in 0..lanes.inner {
            let mut sum = 0f64;
            for step in 0..lanes.size {
                let place = if from_last { lanes.size - 1 - step } else { step };
                sum += f64::from(x[place * lanes.inner + inner]);
                out[place * lanes.inner + inner] = sum as f32;
            }
        }
    });
}

/// The place of the largest element; the first of ties.
pub(crate) fn argmax(out: Target<i64>, x: Source, lanes: Lanes) {
    let x = x.slice();
    lanes.each(|outer| {
        let x = &x[outer * lanes.block()..][..lanes.block()];
        // SAFETY: a block a task.
        let out = unsafe { out.part(outer * lanes.inner, lanes.inner) };
        for (inner, best) in out.iter_mut().enumerate() {
            let lane = |i: usize| x[i * lanes.inner + inner];
            let larger = |best, i| match compare(lane(i), lane(best)) {
                Ordering::Greater => i,
                _ => best,
            };
            *best = (1..lanes.size).fold(0, larger) as i64;
        }
    });
}

/// The places in ascending or descending order; ties in the order in which they come.
pub(crate) fn argsort(out: Target<i64>, x: Source, lanes: Lanes, descending: bool) {
    let x = x.slice();
    lanes.each(|outer| {
        let x = &x[outer * lanes.block()..][..lanes.block()];
        // SAFETY: a block a task.
        let out = unsafe { out.part(outer * lanes.block(), lanes.block()) };
        let mut places: Vec<usize> = Vec::with_capacity(lanes.size);
        for inner in 0..lanes.inner {
            let lane = |i: usize| x[i * lanes.inner + inner];
            places.clear();
            places.extend(0..lanes.size);
            match descending {
                true => places.sort_by(|&a, &b| compare(lane(b), lane(a))),
                false => places.sort_by(|&a, &b| compare(lane(a), lane(b))),
            }
            for (i, &place) in places.iter().enumerate() {
                out[i * lanes.inner + inner] = place as i64;
            }
        }
    });
}

/// NaN is larger than every number and equal to itself; −0 equals 0.
fn compare(a: f32, b: f32) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Names the first index that is not below `size`.
///
/// # Errors
/// In the words of the interpreter.
pub(crate) fn check(index: Source<i64>, axis: usize, size: usize) -> Result<(), String> {
    let wrong = |i: &i64| usize::try_from(*i).map_or(true, |i| i >= size);
    match index.slice().iter().position(wrong) {
        None => Ok(()),
        Some(place) => Err(format!(
            "index {} (element {place} of the indices) is out of range: axis {axis} has {size} elements, counted from 0",
            index.slice()[place]
        )),
    }
}

/// The slices of `x` along an axis that the indices name.
pub(crate) fn take<T: Copy + Send + Sync>(
    out: Target<T>,
    x: Source<T>,
    index: Source<i64>,
    lanes: Lanes,
) {
    let (x, index, inner) = (x.slice(), index.slice(), lanes.inner);
    let width = index.len() * inner;
    lanes.each(|outer| {
        let x = &x[outer * lanes.block()..][..lanes.block()];
        // SAFETY: a block a task.
        let out = unsafe { out.part(outer * width, width) };
        for (out, &row) in out.chunks_exact_mut(inner).zip(index) {
            out.copy_from_slice(&x[row as usize * inner..][..inner]);
        }
    });
}

/// The transpose of [`take`]: repeated slices add up.
pub(crate) fn put(out: Target, grad: Source, index: Source<i64>, lanes: Lanes) {
    let (grad, index, inner) = (grad.slice(), index.slice(), lanes.inner);
    let width = index.len() * inner;
    lanes.each(|outer| {
        // SAFETY: a block a task.
        let out = unsafe { out.part(outer * lanes.block(), lanes.block()) };
        out.fill(0.0);
        for (grad, &row) in grad[outer * width..][..width].chunks_exact(inner).zip(index) {
            let out = &mut out[row as usize * inner..][..inner];
            out.iter_mut().zip(grad).for_each(|(sum, g)| *sum += g);
        }
    });
}

/// `out[i][j] = x[i][index[i][j]]` for axis 1, and so for every axis, in the shape of the index.
pub(crate) fn gather<T: Copy + Send + Sync>(
    out: Target<T>,
    x: Source<T>,
    index: Source<i64>,
    dims: [&[usize]; 2],
    axis: usize,
) {
    let x = x.slice();
    // SAFETY: the only task.
    let out = unsafe { out.whole() };
    let mut out = out.iter_mut();
    each_place(index.slice(), dims, axis, |at| {
        if let Some(out) = out.next() {
            *out = x[at];
        }
    });
}

/// The transpose of [`gather`].
pub(crate) fn scatter(
    out: Target,
    grad: Source,
    index: Source<i64>,
    dims: [&[usize]; 2],
    axis: usize,
) {
    // SAFETY: the only task.
    let out = unsafe { out.whole() };
    out.fill(0.0);
    let mut grad = grad.slice().iter();
    each_place(index.slice(), dims, axis, |at| out[at] += grad.next().copied().unwrap_or(0.0));
}

/// Where each gathered element lies in an array of the first sizes; the second are those of the index.
fn each_place(index: &[i64], [x, dims]: [&[usize]; 2], axis: usize, mut each: impl FnMut(usize)) {
    let strides = super::movement::strides(x);
    let mut at = vec![0; dims.len()];
    for &row in index {
        let others = (0..at.len()).filter(|&i| i != axis).map(|i| at[i] * strides[i]);
        each(others.sum::<usize>() + row as usize * strides[axis]);
        for i in (0..at.len()).rev() {
            at[i] += 1;
            if at[i] < dims[i] {
                break;
            }
            at[i] = 0;
        }
    }
}
