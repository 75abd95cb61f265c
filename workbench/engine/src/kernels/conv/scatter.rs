//! A transposed convolution that scatters: for few channels, where the form that gathers would leave lanes empty.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use std::ops::Range;

use pulp::Arch;

use super::super::product::{Finish, Matrix, Size, pack, packed_len, tiles};
use super::super::threads::parallel;
use super::super::{Source, Target, scratch};
use crate::geometry::Geometry;

/// Numbers of patches at a time: half of a small second-level cache.
const CHUNK: usize = 1 << 16;

/// X from Y, `[B, places, F] → [B, plane, C]`: patches, added up over the image.
pub(super) fn scatter(
    g: &Geometry,
    x: Target,
    y: Source,
    weight: Source,
    finish: Finish,
    packed: Target,
) {
    let (k, n) = (g.reach(), g.group_filters());
    let panels = packed_len(n, k);
    // SAFETY: nothing else uses the scratch.
    let packed = unsafe { packed.whole() };
    for (group, packed) in packed.chunks_mut(panels.max(1)).take(g.groups).enumerate() {
        let weight = Matrix::rows(g.group(weight.slice(), group), n);
        pack(packed, weight.transposed(), n, k);
    }
    let (packed, y) = (&*packed, y.slice());
    let (places, row) = (g.places(), g.row());
    let rows = g.rows();
    parallel(g.batch, |image| {
        let len = g.plane() * g.channels;
        // SAFETY: an image a task.
        let x = unsafe { x.part(image * len, len) };
        match finish.bias {
            Some(bias) => x.chunks_mut(g.channels).for_each(|x| x.copy_from_slice(bias)),
            None => x.fill(0.0),
        }
        let y = &y[image * places * g.filters..][..places * g.filters];
        scratch::with(rows.min(places) * row, |unfolded| {
            for from in (0..places).step_by(rows) {
                let count = rows.min(places - from);
                for group in 0..g.groups {
                    let y = &y[from * g.filters + group * n..];
                    let a = Matrix { data: y, row: g.filters, column: 1 };
                    let size = Size { m: count, n: k, k: n };
                    let packed = &packed[group * panels..];
                    // SAFETY: the rows are this task's own.
                    unsafe {
                        let c = unfolded.as_mut_ptr();
                        tiles(c, row, size, a, packed, Finish::default());
                    }
                    Arch::new().dispatch(|| g.fold(unfolded, group, from..from + count, x));
                }
            }
        });
        if finish.relu {
            Arch::new().dispatch(|| {
                x.iter_mut().for_each(|x| *x = if *x <= 0.0 { 0.0 } else { *x });
            });
        }
        if let Some(gate) = finish.gate {
            let gate = &gate[image * len..][..len];
            Arch::new().dispatch(|| {
                let gated = |x, open: f32| if open > 0.0 { x } else { 0.0 };
                x.iter_mut().zip(gate).for_each(|(x, &open)| *x = gated(*x, open));
            });
        }
    });
}

impl Geometry {
    /// Rows apart: not so that all of them fall on the same cache lines.
    fn row(&self) -> usize {
        let k = self.reach();
        if k.is_multiple_of(1024) { k + 16 } else { k }
    }

    /// Places that are taken at a time.
    fn rows(&self) -> usize {
        (CHUNK / self.row()).clamp(12, 480) / 12 * 12
    }

    /// Adds patches, a row each, to the pixels of an image `[plane, C]` that they lie over.
    #[inline(always)]
    fn fold(&self, rows: &[f32], group: usize, places: Range<usize>, x: &mut [f32]) {
        let (channels, row) = (self.group_channels(), self.row());
        self.runs(places, |run| {
            let Some(pixel) = run.pixel else { return };
            let width = run.taps * channels;
            let from = &rows[run.row * row + run.tap * channels..];
            if self.groups == 1 {
                let step = self.stride[2] * channels;
                add_runs(&mut x[pixel * channels..], step, from, row, run.count, width);
                return;
            }
            for i in 0..run.count {
                let pixel = pixel + i * self.stride[2];
                for (tap, from) in from[i * row..][..width].chunks(channels).enumerate() {
                    let at = (pixel + tap) * self.channels + group * channels;
                    add(&mut x[at..at + channels], from);
                }
            }
        });
    }

    /// Visits the taps of some output pixels in runs of neighbours along a line of either side.
    #[inline(always)]
    fn runs(&self, places: Range<usize>, mut each: impl FnMut(Run)) {
        let [_, height, width] = self.out;
        let [planes, lines, columns] = self.kernel;
        let inside = |axis: usize, place: usize, tap: usize| {
            let at = (place * self.stride[axis] + tap * self.dilation[axis])
                .wrapping_sub(self.pad[axis]);
            (at < self.size[axis]).then_some(at)
        };
        // Output columns for which the whole kernel lies inside.
        let (stride, pad) = (self.stride[2], self.pad[2]);
        let reach = (columns - 1) * self.dilation[2] + 1;
        let whole_from = pad.div_ceil(stride);
        let whole_to = match (self.size[2] + pad).checked_sub(reach) {
            Some(last) => (last / stride + 1).max(whole_from),
            None => whole_from,
        };
        let mut at = places.start;
        while at < places.end {
            let (line, first) = (at / width, at % width);
            let count = (width - first).min(places.end - at);
            let (z, y) = (line / height, line % height);
            for tap_z in 0..planes {
                let plane = inside(0, z, tap_z);
                for tap_y in 0..lines {
                    let tap = (tap_z * lines + tap_y) * columns;
                    let row = at - places.start;
                    let (Some(plane), Some(y)) = (plane, inside(1, y, tap_y)) else {
                        each(Run { row, count, tap, taps: columns, pixel: None });
                        continue;
                    };
                    let start = (plane * self.size[1] + y) * self.size[2];
                    let mut column = first;
                    while column < first + count {
                        let row = row + column - first;
                        if column >= whole_from && column < whole_to && self.dilation[2] == 1 {
                            let count = whole_to.min(first + count) - column;
                            let pixel = Some(start + column * stride - pad);
                            each(Run { row, count, tap, taps: columns, pixel });
                            column += count;
                            continue;
                        }
                        if self.dilation[2] == 1 {
                            // At the border: what lies before, inside and behind.
                            let at = column * stride;
                            let before = pad.saturating_sub(at).min(columns);
                            let end = (self.size[2] + pad).saturating_sub(at);
                            let end = end.clamp(before, columns);
                            let pixel = (end > before).then(|| start + at + before - pad);
                            let parts =
                                [(0, before, None), (before, end, pixel), (end, columns, None)];
                            for (from, to, pixel) in
                                parts.into_iter().filter(|part| part.0 < part.1)
                            {
                                each(Run {
                                    row,
                                    count: 1,
                                    tap: tap + from,
                                    taps: to - from,
                                    pixel,
                                });
                            }
                        } else {
                            for x in 0..columns {
                                let pixel = inside(2, column, x).map(|x| start + x);
                                each(Run { row, count: 1, tap: tap + x, taps: 1, pixel });
                            }
                        }
                        column += 1;
                    }
                }
            }
            at += count;
        }
    }
}

/// Neighbouring taps of neighbouring output pixels.
#[derive(Clone, Copy)]
struct Run {
    /// The first output pixel, counted from the first that was asked for.
    row: usize,
    /// Output pixels.
    count: usize,
    tap: usize,
    taps: usize,
    /// The input pixel under the first tap of the first output pixel; none where it lies outside.
    pixel: Option<usize>,
}

/// Runs of `width` numbers from the beginnings of rows, added to `x` at places `step` apart.
#[inline(always)]
fn add_runs(x: &mut [f32], step: usize, rows: &[f32], row: usize, count: usize, width: usize) {
    // What overlaps is not added one directly after the other: a sum that is not stored yet is waited for.
    let apart = width.div_ceil(step);
    macro_rules! known {
        ($($width:literal)*) => {
            match width {
                $($width => sums!($width),)*
                _ => sums!(width),
            }
        };
    }
    macro_rules! sums {
        ($width:expr) => {
            for first in 0..apart {
                let mut i = first;
                while i < count {
                    add(&mut x[i * step..][..$width], &rows[i * row..][..$width]);
                    i += apart;
                }
            }
        };
    }
    known!(3 4 6 8 9 12 16);
}

#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
}
