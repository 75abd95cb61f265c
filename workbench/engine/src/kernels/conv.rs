//! Convolutions with the channels last: patches as rows of a matrix, one product a group.
//!
//! `[B, D, H, W, C] ⋆ [G, taps · C / G, F / G] → [B, D', H', W', F]`; 2-D ones have depth 1. A transposed convolution
//! is the gradient of a convolution with respect to its input, so that three products serve both directions. Patches
//! are unfolded a few rows at a time, into memory that stays in the cache.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use super::product::{Finish, Matrix, Size, pack, packed_len, sum_parts, tiles};
use super::threads::parallel;
use super::{Source, Target, scratch};

/// A convolution from `channels × size` to `filters × out` over a batch. Sizes are depth, height and width; a 2-D
/// one has depth 1, a 1-D one height 1 as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Geometry {
    pub batch: usize,
    pub channels: usize,
    pub filters: usize,
    pub groups: usize,
    pub size: [usize; 3],
    pub out: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub pad: [usize; 3],
    pub dilation: [usize; 3],
}

/// Numbers that a task unfolds at a time: half of a small second-level cache.
const CHUNK: usize = 1 << 16;
/// Images are summed in at most so many parts for the weight's gradient.
const PARTS: usize = 8;

impl Geometry {
    /// Kernel taps a channel.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Pixels of the output.
    pub fn places(&self) -> usize {
        self.out.iter().product()
    }

    /// Pixels of the input.
    pub fn plane(&self) -> usize {
        self.size.iter().product()
    }

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
    fn unfold(&self, x: &[f32], group: usize, places: std::ops::Range<usize>, rows: &mut [f32]) {
        let channels = self.group_channels();
        for (place, row) in places.zip(rows.chunks_mut(self.row())) {
            self.visit(place, |tap, count, pixel| {
                let to = &mut row[tap * channels..][..count * channels];
                match pixel {
                    None => to.fill(0.0),
                    Some(pixel) if self.groups == 1 => {
                        copy(to, &x[pixel * channels..][..count * channels]);
                    }
                    Some(pixel) => {
                        for (i, to) in to.chunks_mut(channels).enumerate() {
                            let at = (pixel + i) * self.channels + group * channels;
                            to.copy_from_slice(&x[at..at + channels]);
                        }
                    }
                }
            });
        }
    }

    /// The transpose of [`Geometry::unfold`]: what lies over a pixel is summed.
    fn fold(&self, rows: &[f32], group: usize, places: std::ops::Range<usize>, x: &mut [f32]) {
        let channels = self.group_channels();
        for (place, row) in places.zip(rows.chunks(self.row())) {
            self.visit(place, |tap, count, pixel| {
                let Some(pixel) = pixel else { return };
                let from = &row[tap * channels..][..count * channels];
                if self.groups == 1 {
                    add(&mut x[pixel * channels..][..count * channels], from);
                    return;
                }
                for (i, from) in from.chunks(channels).enumerate() {
                    let at = (pixel + i) * self.channels + group * channels;
                    add(&mut x[at..at + channels], from);
                }
            });
        }
    }

    /// Visits the taps of an output pixel in runs of neighbours: `(first tap, taps, input pixel)`, with no pixel where
    /// they lie outside.
    #[inline(always)]
    fn visit(&self, place: usize, mut each: impl FnMut(usize, usize, Option<usize>)) {
        let [_, height, width] = self.out;
        let at = [place / (height * width), place / width % height, place % width];
        let [planes, rows, columns] = self.kernel;
        let inside = |axis: usize, tap: usize| {
            let at = (at[axis] * self.stride[axis] + tap * self.dilation[axis])
                .wrapping_sub(self.pad[axis]);
            (at < self.size[axis]).then_some(at)
        };
        for z in 0..planes {
            let depth = inside(0, z);
            for y in 0..rows {
                let tap = (z * rows + y) * columns;
                let (Some(z), Some(y)) = (depth, inside(1, y)) else {
                    each(tap, columns, None);
                    continue;
                };
                let line = (z * self.size[1] + y) * self.size[2];
                if self.dilation[2] != 1 {
                    for x in 0..columns {
                        each(tap + x, 1, inside(2, x).map(|x| line + x));
                    }
                    continue;
                }
                let (start, pad) = (at[2] * self.stride[2], self.pad[2]);
                let before = pad.saturating_sub(start).min(columns);
                let end = (self.size[2] + pad).saturating_sub(start).clamp(before, columns);
                if before > 0 {
                    each(tap, before, None);
                }
                if end > before {
                    each(tap + before, end - before, Some(line + start + before - pad));
                }
                if columns > end {
                    each(tap + end, columns - end, None);
                }
            }
        }
    }
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
                    g.unfold(x, group, from..from + count, unfolded);
                }
                let a = Matrix { data: unfolded, row, column: 1 };
                let size = Size { m: images * count, n, k };
                let finish = Finish { bias: finish.bias.map(|bias| &bias[group * n..]), ..finish };
                let at = (first * places + from) * g.filters;
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
            Some(bias) => x.chunks_mut(g.channels).for_each(|x| copy(x, bias)),
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
                    g.fold(unfolded, group, from..from + count, x);
                }
            }
        });
        if finish.relu {
            pulp::Arch::new().dispatch(|| {
                x.iter_mut().for_each(|x| *x = if *x <= 0.0 { 0.0 } else { *x });
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
        scratch::with(rows.min(places) * row + packed_len(rows, n), |scratch| {
            let (unfolded, packed) = scratch.split_at_mut(rows.min(places) * row);
            let mut accumulate = false;
            for image in images {
                let x = &x[image * g.plane() * g.channels..][..g.plane() * g.channels];
                let y = &y[image * places * g.filters..][..places * g.filters];
                for from in (0..places).step_by(rows) {
                    let count = rows.min(places - from);
                    for group in 0..g.groups {
                        g.unfold(x, group, from..from + count, unfolded);
                        let y = &y[from * g.filters + group * n..];
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

/// Short runs are not worth a call of memcpy.
#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    if to.len() <= 16 {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    } else {
        to.copy_from_slice(from);
    }
}

#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
}
