//! The gradient of a convolution's weight.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use pulp::Arch;

use super::super::product::{
    Finish, Matrix, Panels, Rows, Size, Tiles, pack, packed_len, sum_parts, width,
};
use super::super::threads::parallel;
use super::super::{Source, Target, scratch};
use super::band::{Band, CHUNK};
use super::stencil::Stencil;
use crate::geometry::Geometry;

/// Places over which is summed at a time, so that what they are multiplied by stays in the cache.
const PLACES: usize = 256;

/// `[G, taps · C / G, F / G]` from X `[B, plane, C]` and the gradient of Y `[B, places, F]`, summed over the batch.
pub(crate) fn weight(g: &Geometry, grad: Target, x: Source, y: Source, parts: Target) {
    let (k, n) = (g.reach(), g.group_filters());
    let (x, y, width) = (x.slice(), y.slice(), width());
    let len = g.groups * k * n;
    let count = g.parts();
    let stencil = Stencil::convolution(g);
    let band = band(g, &stencil, g.batch.div_ceil(count));
    let layout = stencil.layout(band);
    let (run, starts) = stencil.taps(layout);
    let most = band.images * band.cells.iter().product::<usize>();
    parallel(count, |part| {
        let images = part * g.batch / count..(part + 1) * g.batch / count;
        // SAFETY: a part a task.
        let sum = unsafe { parts.part(part * len, len) };
        scratch::with(band.images * layout.image + packed_len(most, n), |scratch| {
            let (copy, packed) = scratch.split_at_mut(band.images * layout.image);
            let mut accumulate = false;
            let mut lines = Vec::new();
            for first in images.clone().step_by(band.images) {
                let taken = first..images.end.min(first + band.images);
                for index in 0..stencil.regions(band) {
                    let region = stencil.region(band, index);
                    stencil.copy(x, taken.clone(), &region, layout, copy);
                    let [zs, ys, xs] = region.clone();
                    lines.clear();
                    for image in 0..taken.len() {
                        for z in zs.clone() {
                            for y in ys.clone() {
                                let at = stencil.at(layout, &region, [z, y, xs.start]);
                                lines.push(image * layout.image + at);
                            }
                        }
                    }
                    // A band of several images has all of each, one of several planes whole ones: neighbours all.
                    let at = (zs.start * g.out[1] + ys.start) * g.out[2] + xs.start;
                    let places = lines.len() * xs.len();
                    for group in 0..g.groups {
                        let y = &y[(first * g.places() + at) * g.filters + group * n..];
                        pack(packed, Matrix { data: y, row: g.filters, column: 1 }, places, n);
                        for (i, start) in starts.iter().enumerate() {
                            let c = &mut sum[(group * k + i * run) * n..][..run * n];
                            Arch::new().dispatch(Tiles {
                                c: c.as_mut_ptr(),
                                stride: n,
                                size: Size { m: run, n, k: places },
                                a: Rows {
                                    data: &copy[start + group * g.group_channels()..],
                                    row: 1,
                                    column: stencil.cell_step(layout),
                                    run: xs.len(),
                                    starts: &lines,
                                },
                                b: Panels { data: packed, row: width },
                                finish: Finish { accumulate, ..Finish::default() },
                            });
                        }
                    }
                    accumulate = true;
                }
            }
        });
    });
    // SAFETY: the tasks are done.
    let parts = Source::of(unsafe { parts.part(0, count * len) });
    sum_parts(grad, parts);
}

/// Small images several at a time, so that sums stay in registers for longer.
fn band(g: &Geometry, stencil: &Stencil, most: usize) -> Band {
    let band = stencil.band(1, |band| band.cells.iter().product::<usize>() <= PLACES);
    if band.cells != g.out {
        return band;
    }
    let images = (PLACES / g.places()).min(CHUNK / stencil.layout(band).image);
    Band { images: images.clamp(1, most), ..band }
}
