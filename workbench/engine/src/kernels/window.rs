//! Pools over planes `[B · C, D, H, W]`: one number a window.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use std::ops::Range;

use workbench_graph::Pooling;

use super::conv::Geometry;
use super::threads::chunks;
use super::{Source, Target};

const TASK: usize = 1 << 14;

/// The pool of each plane. The geometry's batch counts planes.
pub(crate) fn pool(pooling: Pooling, g: &Geometry, out: Target, x: Source) {
    let (x, share) = (x.slice(), 1.0 / g.taps() as f32);
    each_plane(g, |plane| {
        let x = &x[plane * g.plane()..][..g.plane()];
        // SAFETY: a plane a task.
        let out = unsafe { out.part(plane * g.places(), g.places()) };
        each_window(g, |place, window| {
            out[place] = match pooling {
                Pooling::Max => x[window.largest(g, x)],
                Pooling::Average => {
                    let mut sum = 0.0;
                    window.each_row(g, |row| sum += x[row].iter().sum::<f32>());
                    sum * share
                }
            };
        });
    });
}

/// The gradient of `x`; the first of ties receives that of a maximum.
pub(crate) fn gradient(pooling: Pooling, g: &Geometry, out: Target, x: Source, grad: Source) {
    let (x, grad, share) = (x.slice(), grad.slice(), 1.0 / g.taps() as f32);
    each_plane(g, |plane| {
        let x = &x[plane * g.plane()..][..g.plane()];
        let grad = &grad[plane * g.places()..][..g.places()];
        // SAFETY: a plane a task.
        let out = unsafe { out.part(plane * g.plane(), g.plane()) };
        out.fill(0.0);
        each_window(g, |place, window| match pooling {
            Pooling::Max => out[window.largest(g, x)] += grad[place],
            Pooling::Average => {
                let g_place = grad[place] * share;
                window.each_row(g, |row| out[row].iter_mut().for_each(|sum| *sum += g_place));
            }
        });
    });
}

fn each_plane(g: &Geometry, work: impl Fn(usize) + Sync) {
    chunks(g.batch, TASK / (g.plane() + g.places() * g.taps()), |from, n| {
        (from..from + n).for_each(&work);
    });
}

/// The part of a window that lies inside the input, one range an axis; never empty, as the padding is less than the
/// kernel.
struct Inside([Range<usize>; 3]);

impl Inside {
    /// Where the largest element lies. NaN is the largest, so that a fault shows; the first of ties stays.
    fn largest(&self, g: &Geometry, x: &[f32]) -> usize {
        let [z, y, first] = &self.0;
        let mut at = (z.start * g.size[1] + y.start) * g.size[2] + first.start;
        self.each_row(g, |row| {
            for i in row {
                if x[i] > x[at] || (x[i].is_nan() && !x[at].is_nan()) {
                    at = i;
                }
            }
        });
        at
    }

    /// The rows of the window, as ranges of the plane.
    fn each_row(&self, g: &Geometry, mut each: impl FnMut(Range<usize>)) {
        let [zs, ys, xs] = self.0.clone();
        for z in zs {
            for y in ys.clone() {
                let row = (z * g.size[1] + y) * g.size[2];
                each(row + xs.start..row + xs.end);
            }
        }
    }
}

/// Visits each output pixel with its window.
fn each_window(g: &Geometry, mut each: impl FnMut(usize, Inside)) {
    let inside = |axis: usize, place: usize| {
        let (start, pad) = (place * g.stride[axis], g.pad[axis]);
        let end = (start + g.kernel[axis]).saturating_sub(pad).min(g.size[axis]);
        start.saturating_sub(pad)..end
    };
    let [planes, rows, columns] = g.out;
    let mut place = 0;
    for z in 0..planes {
        for y in 0..rows {
            for x in 0..columns {
                each(place, Inside([inside(0, z), inside(1, y), inside(2, x)]));
                place += 1;
            }
        }
    }
}
