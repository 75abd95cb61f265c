//! Pools over planes `[B · C, D, H, W]`: one number a window.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use workbench_graph::Pooling;

use super::threads::chunks;
use super::{Source, Target};
use crate::geometry::{Geometry, each_window};

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
