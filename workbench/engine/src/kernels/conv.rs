//! Convolutions with the channels last: patches as rows of a matrix, one product a group.
//!
//! `[B, D, H, W, C] ⋆ [G, taps · C / G, F / G] → [B, D', H', W', F]`; 2-D ones have depth 1. A transposed convolution
//! is the gradient of a convolution with respect to its input, so that three products serve both directions. Patches
//! are unfolded a few rows at a time, into memory that stays in the cache.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use std::ops::Range;

use pulp::Arch;

use super::product::{Finish, Matrix, Size, pack, packed_len, sum_parts, tiles};
use super::threads::parallel;
use super::{Source, Target, scratch};
use crate::geometry::Geometry;

/// Numbers that a task unfolds at a time: half of a small second-level cache.
const CHUNK: usize = 1 << 16;
/// Images are summed in at most so many parts for the weight's gradient.
const PARTS: usize = 8;

impl Geometry {
    /// Numbers that a group's kernel sees at once.
    pub fn reach(&self) -> usize {
        self.taps() * self.group_channels()
    }

    pub fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    pub fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Multiply-adds of one of the three products.
    pub fn work(&self) -> usize {
        self.batch * self.places() * self.reach() * self.filters
    }

    pub fn scratch_len(&self) -> usize {
        let [k, n] = [self.reach(), self.group_filters()];
        self.groups * packed_len(k, n).max(packed_len(n, k)).max(self.parts() * k * n)
    }

    fn parts(&self) -> usize {
        PARTS.min(self.batch)
    }

    /// Rows apart: not so that all of them fall on the same cache lines.
    fn row(&self) -> usize {
        let k = self.reach();
        if k.is_multiple_of(1024) { k + 16 } else { k }
    }

    /// Output pixels that are unfolded at a time.
    fn rows(&self) -> usize {
        (CHUNK / self.row()).clamp(12, 480) / 12 * 12
    }

    fn group<'a>(&self, weight: &'a [f32], group: usize) -> &'a [f32] {
        let len = self.reach() * self.group_filters();
        &weight[group * len..][..len]
    }

    /// What the kernel sees from each of some output pixels of an image `[plane, C]`, a row each.
    #[inline(always)]
    fn unfold(&self, x: &[f32], group: usize, places: Range<usize>, rows: &mut [f32]) {
        let (channels, row) = (self.group_channels(), self.row());
        self.runs(places, |run| {
            let (first, width) = (run.tap * channels, run.taps * channels);
            let to = &mut rows[run.row * row + first..];
            match run.pixel {
                None => each_row(to, row, run.count, |_, to| to[..width].fill(0.0)),
                Some(pixel) if self.groups == 1 => {
                    let (x, step) = (&x[pixel * channels..], self.stride[2] * channels);
                    copy_runs(to, row, x, step, run.count, width);
                }
                Some(pixel) => each_row(to, row, run.count, |i, to| {
                    let pixel = pixel + i * self.stride[2];
                    for (tap, to) in to[..width].chunks_mut(channels).enumerate() {
                        let at = (pixel + tap) * self.channels + group * channels;
                        to.copy_from_slice(&x[at..at + channels]);
                    }
                }),
            }
        });
    }

    /// The transpose of [`Geometry::unfold`]: what lies over a pixel is summed.
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

#[inline(always)]
fn each_row(rows: &mut [f32], row: usize, count: usize, mut work: impl FnMut(usize, &mut [f32])) {
    for (i, rows) in rows.chunks_mut(row).take(count).enumerate() {
        work(i, rows);
    }
}

/// Runs of `width` numbers, `step` apart in `x`, to the beginnings of rows.
#[inline(always)]
fn copy_runs(rows: &mut [f32], row: usize, x: &[f32], step: usize, count: usize, width: usize) {
    // Widths that are known make a few moves of each run; any other is a call.
    macro_rules! known {
        ($($width:literal)*) => {
            match width {
                $($width => for (i, to) in rows.chunks_mut(row).take(count).enumerate() {
                    to[..$width].copy_from_slice(&x[i * step..][..$width]);
                },)*
                _ => for (i, to) in rows.chunks_mut(row).take(count).enumerate() {
                    to[..width].copy_from_slice(&x[i * step..][..width]);
                },
            }
        };
    }
    known!(3 4 9 12 16 32 48 64 128);
}

/// Runs of `width` numbers from the beginnings of rows, added to `x` at places `step` apart.
#[inline(always)]
fn add_runs(x: &mut [f32], step: usize, rows: &[f32], row: usize, count: usize, width: usize) {
    macro_rules! known {
        ($($width:literal)*) => {
            match width {
                $($width => for (i, from) in rows.chunks(row).take(count).enumerate() {
                    add(&mut x[i * step..][..$width], &from[..$width]);
                },)*
                _ => for (i, from) in rows.chunks(row).take(count).enumerate() {
                    add(&mut x[i * step..][..width], &from[..width]);
                },
            }
        };
    }
    known!(3 4 9 12 16 32 48 64 128);
}

/// Y from X: `[B, plane, C] → [B, places, F]`.
pub(crate) fn forward(
    g: &Geometry,
    y: Target,
    x: Source,
    weight: Source,
    finish: Finish,
    packed: Target,
) {
    let (k, n) = (g.reach(), g.group_filters());
    let panels = packed_len(k, n);
    // SAFETY: nothing else uses the scratch.
    let packed = unsafe { packed.whole() };
    for (group, packed) in packed.chunks_mut(panels.max(1)).take(g.groups).enumerate() {
        pack(packed, Matrix::rows(g.group(weight.slice(), group), n), k, n);
    }
    let (packed, x) = (&*packed, x.slice());
    let (places, row) = (g.places(), g.row());
    let rows = g.rows().min(places);
    let per_image = places.div_ceil(rows);
    // Small images are taken several at a time, so that the tiles of the product are full.
    let images = (g.rows() / places).clamp(1, g.batch.div_ceil(16).max(1));
    let tasks = g.batch.div_ceil(images) * per_image;
    parallel(tasks, |task| {
        let (first, part) = (task / per_image * images, task % per_image);
        let images = images.min(g.batch - first);
        let from = part * rows;
        let count = rows.min(places - from);
        scratch::with(images * count * row, |unfolded| {
            for group in 0..g.groups {
                for (i, unfolded) in unfolded.chunks_mut(count * row).take(images).enumerate() {
                    let x = &x[(first + i) * g.plane() * g.channels..][..g.plane() * g.channels];
                    Arch::new().dispatch(|| g.unfold(x, group, from..from + count, unfolded));
                }
                let a = Matrix { data: unfolded, row, column: 1 };
                let size = Size { m: images * count, n, k };
                let bias = finish.bias.map(|bias| &bias[group * n..]);
                let at = (first * places + from) * g.filters;
                let finish = Finish { bias, ..finish.skip(at + group * n) };
                // SAFETY: tasks own disjoint rows; several images are whole ones, so that their rows are neighbours.
                unsafe {
                    let y = y.part(at, images * count * g.filters);
                    let c = y[group * n..].as_mut_ptr();
                    tiles(c, g.filters, size, a, &packed[group * panels..], finish);
                }
            }
        });
    });
}

/// X from Y: `[B, places, F] → [B, plane, C]`.
pub(crate) fn input(
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

/// The gradient of the weight, `[G, taps · C / G, F / G]`, summed over the batch.
pub(crate) fn weight(g: &Geometry, grad: Target, x: Source, y: Source, parts: Target) {
    let (k, n) = (g.reach(), g.group_filters());
    let (x, y) = (x.slice(), y.slice());
    let (places, row, rows) = (g.places(), g.row(), g.rows());
    let len = g.groups * k * n;
    let count = g.parts();
    parallel(count, |part| {
        let images = part * g.batch / count..(part + 1) * g.batch / count;
        // SAFETY: a part a task.
        let sum = unsafe { parts.part(part * len, len) };
        // Small images several at a time, so that sums stay in registers for longer.
        let together = (rows / places).max(1);
        let most = if together > 1 { together * places } else { rows.min(places) };
        scratch::with(most * row + packed_len(most, n), |scratch| {
            let (unfolded, packed) = scratch.split_at_mut(most * row);
            let mut accumulate = false;
            for first in images.clone().step_by(together) {
                let taken = together.min(images.end - first);
                for from in (0..places).step_by(most) {
                    let count = most.min(places - from);
                    for group in 0..g.groups {
                        for (i, unfolded) in
                            unfolded.chunks_mut(count * row).take(taken).enumerate()
                        {
                            let x = &x[(first + i) * g.plane() * g.channels..];
                            let x = &x[..g.plane() * g.channels];
                            Arch::new()
                                .dispatch(|| g.unfold(x, group, from..from + count, unfolded));
                        }
                        let y = &y[(first * places + from) * g.filters + group * n..];
                        let count = taken * count;
                        pack(packed, Matrix { data: y, row: g.filters, column: 1 }, count, n);
                        let a = Matrix { data: unfolded, row, column: 1 }.transposed();
                        let size = Size { m: k, n, k: count };
                        let finish = Finish { accumulate, ..Finish::default() };
                        // SAFETY: the part is this task's own.
                        unsafe {
                            let c = sum[group * k * n..].as_mut_ptr();
                            tiles(c, n, size, a, packed, finish);
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

#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
}
