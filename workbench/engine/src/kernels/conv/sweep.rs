//! Every pixel of a stencil's result, as products whose rows are read where they lie in a copy: nothing is unfolded.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::super::product::{
    Finish, Matrix, Panels, Rows, Size, Tiles, pack_rows, packed_len, width,
};
use super::super::threads::parallel;
use super::super::{Target, scratch};
use super::band::{Layout, Region};
use super::stencil::{Grid, Stencil};

/// Cells of a line that are enough rows for a product; with fewer, images are its rows.
const WIDE: usize = 6;
/// Images that are a product's rows at a time.
const IMAGES: usize = 12;

impl Stencil {
    /// The result for every pixel; `weight` gives a group's tap `[source channels, result channels]`.
    pub fn run<'a>(
        &self,
        result: Target,
        source: &[f32],
        weight: impl Fn(usize, usize) -> Matrix<'a> + Sync,
        packed: Target,
        finish: Finish,
    ) {
        let across = self.across();
        let images = if across { self.batch.div_ceil(8).min(IMAGES) } else { 1 };
        let band = self.band(images, |_| true);
        let layout = self.layout(band);
        let sums = self.pack(&weight, packed, layout);
        // SAFETY: nothing writes it any more.
        let packed: &[f32] = unsafe { packed.whole() };
        let regions = self.regions(band);
        parallel(self.batch.div_ceil(images) * regions, |task| {
            let first = task / regions * images;
            let images = first..self.batch.min(first + images);
            let region = self.region(band, task % regions);
            scratch::with(images.len() * layout.image, |copy| {
                self.copy(source, images.clone(), &region, layout, copy);
                let width = width();
                Arch::new().dispatch(Sweep {
                    stencil: self,
                    across,
                    images,
                    region,
                    layout,
                    sums: &sums,
                    copy,
                    packed,
                    width,
                    result,
                    finish,
                });
            });
        });
    }

    /// Whether the rows of products are images: lines are short, and images many.
    fn across(&self) -> bool {
        self.cells[2] < WIDE && self.batch.div_ceil(8).min(IMAGES) > self.cells[2]
    }

    /// Packs each phase's weights, and says how its sums are taken.
    fn pack<'a>(
        &self,
        weight: &(impl Fn(usize, usize) -> Matrix<'a> + Sync),
        packed: Target,
        layout: Layout,
    ) -> Vec<Sums> {
        let [channels, n] = self.channels();
        let mut panels = 0;
        let sums: Vec<Sums> = self
            .phases
            .iter()
            .map(|phase| {
                let (run, starts) = self.taps_of(phase, layout);
                let depth = phase.taps.len() * channels;
                let sums = Sums { run, starts, depth, panels, group: packed_len(depth, n) };
                panels += self.groups * sums.group;
                sums
            })
            .collect();
        let width = width();
        let each = n.div_ceil(width);
        parallel(self.phases.len() * self.groups * each, |task| {
            let (rest, panel) = (task / each, task % each);
            let (index, group) = (rest / self.groups, rest % self.groups);
            let (phase, sums) = (&self.phases[index], &sums[index]);
            let at = sums.panels + group * sums.group + panel * width * sums.depth;
            // SAFETY: a panel a task.
            let packed = unsafe { packed.part(at, width * sums.depth) };
            for (i, &(tap, _)) in phase.taps.iter().enumerate() {
                let b = weight(group, tap);
                let b = Matrix { data: &b.data[panel * width * b.column..], ..b };
                let columns = width.min(n - panel * width);
                pack_rows(packed, b, sums.depth, columns, i * channels..(i + 1) * channels);
            }
        });
        sums
    }
}

/// How a phase is summed: runs of so many numbers, from where they start in a cell, times packed weights.
struct Sums {
    run: usize,
    starts: Vec<usize>,
    depth: usize,
    /// Where its panels begin, and how long a group's are.
    panels: usize,
    group: usize,
}

/// One task: all phases of a region's cells.
struct Sweep<'a> {
    stencil: &'a Stencil,
    across: bool,
    images: Range<usize>,
    region: Region,
    layout: Layout,
    sums: &'a [Sums],
    copy: &'a [f32],
    packed: &'a [f32],
    width: usize,
    result: Target,
    finish: Finish<'a>,
}

impl WithSimd for Sweep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Stencil { groups, result: Grid { size, channels }, spacing, .. } = *self.stencil;
        let [inner, n] = self.stencil.channels();
        let image = size.iter().product::<usize>() * channels;
        let [planes, lines, columns] = &self.region;
        let phases = self.stencil.phases.iter().zip(self.sums);
        for z in planes.clone() {
            for y in lines.clone() {
                for (phase, sums) in phases.clone() {
                    // The cells of the line that have this phase.
                    let from = columns.start.max(phase.cell[2]);
                    let to = columns.end.min(phase.cell[2] + phase.count[2]);
                    let [Some(plane), Some(line)] =
                        [(0, z), (1, y)].map(|(axis, cell)| phase.pixel(axis, cell, spacing))
                    else {
                        continue;
                    };
                    let Some(column) = phase.pixel(2, from, spacing).filter(|_| from < to) else {
                        continue;
                    };
                    let there = self.stencil.at(self.layout, &self.region, [z, y, from]);
                    let pixel = (plane * size[1] + line) * size[2] + column;
                    let pixel = self.images.start * image + pixel * channels;
                    let cells = Axis {
                        count: to - from,
                        source: self.stencil.cell_step(self.layout),
                        result: spacing[2] * channels,
                    };
                    let images =
                        Axis { count: self.images.len(), source: self.layout.image, result: image };
                    let [rows, others] =
                        if self.across { [images, cells] } else { [cells, images] };
                    for group in 0..groups {
                        let bias = self.finish.bias.map(|bias| &bias[group * n..]);
                        for other in 0..others.count {
                            let there = there + other * others.source + group * inner;
                            let at = pixel + other * others.result + group * n;
                            Tiles {
                                c: self.result.at(at),
                                stride: rows.result,
                                size: Size { m: rows.count, n, k: sums.depth },
                                a: Rows {
                                    data: &self.copy[there..],
                                    row: rows.source,
                                    column: 1,
                                    run: sums.run,
                                    starts: &sums.starts,
                                },
                                b: Panels {
                                    data: &self.packed[sums.panels + group * sums.group..],
                                    row: self.width,
                                },
                                finish: Finish { bias, ..self.finish.skip(at) },
                            }
                            .with_simd(simd);
                        }
                    }
                }
            }
        }
    }
}

/// Rows of a product along cells or images: how many, and how far apart on both sides.
#[derive(Clone, Copy)]
struct Axis {
    count: usize,
    source: usize,
    result: usize,
}
