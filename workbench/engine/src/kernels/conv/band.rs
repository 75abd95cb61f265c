//! What a task takes at a time: cells that see no more than fits the cache, and a copy of that with zeros around it.

use std::ops::Range;

use pulp::Arch;

use super::stencil::{Grid, Phase, Stencil};

/// Numbers that a task copies at a time: half of a small second-level cache.
pub(super) const CHUNK: usize = 1 << 16;
/// Rows so many numbers apart, or a multiple of it, fall on the same lines of the first-level cache.
const ALIAS: usize = 1024;

/// Images and cells that are taken at a time.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub images: usize,
    pub cells: [usize; 3],
}

/// How a band's copy lies: pixels along each axis, and numbers from one pixel, and one image, to the next.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    extent: [usize; 3],
    pixel: usize,
    pub image: usize,
}

/// Cells of a band.
pub(super) type Region = [Range<usize>; 3];

impl Stencil {
    /// The largest band of up to so many images that fits the cache and `fits`; whole planes before several, whole
    /// lines before parts.
    pub fn band(&self, images: usize, fits: impl Fn(Band) -> bool) -> Band {
        let mut band = Band { images, cells: self.cells };
        for axis in 0..3 {
            while band.cells[axis] > 1 && (images * self.layout(band).image > CHUNK || !fits(band))
            {
                band.cells[axis] = band.cells[axis].div_ceil(2);
            }
        }
        band
    }

    pub fn layout(&self, band: Band) -> Layout {
        let extent: [usize; 3] =
            std::array::from_fn(|axis| (band.cells[axis] - 1) * self.step[axis] + self.reach[axis]);
        let channels = self.source.channels;
        let alias = band.cells[2] > 1 && (self.step[2] * channels).is_multiple_of(ALIAS);
        let pixel = if alias { channels + 16 } else { channels };
        let image = extent.iter().product::<usize>() * pixel;
        let image = if image.is_multiple_of(ALIAS) { image + 16 } else { image };
        Layout { extent, pixel, image }
    }

    pub fn regions(&self, band: Band) -> usize {
        (0..3).map(|axis| self.cells[axis].div_ceil(band.cells[axis])).product()
    }

    pub fn region(&self, band: Band, index: usize) -> Region {
        let mut rest = index;
        let mut region = [0..0, 0..0, 0..0];
        for axis in (0..3).rev() {
            let (cells, count) = (self.cells[axis], band.cells[axis]);
            let from = rest % cells.div_ceil(count) * count;
            rest /= cells.div_ceil(count);
            region[axis] = from..cells.min(from + count);
        }
        region
    }

    /// Copies what a region's cells see of some images, with zeros where that is outside.
    pub fn copy(
        &self,
        source: &[f32],
        images: Range<usize>,
        region: &Region,
        layout: Layout,
        to: &mut [f32],
    ) {
        let Grid { size, channels } = self.source;
        let len = size.iter().product::<usize>() * channels;
        let start: [isize; 3] = std::array::from_fn(|axis| {
            self.from[axis] + (region[axis].start * self.step[axis]) as isize
        });
        let extent = layout.extent;
        // The part of a line that lies inside.
        let last = (start[2] + extent[2] as isize).clamp(0, size[2] as isize) as usize;
        let first = (start[2].max(0) as usize).min(last);
        let before = (first as isize - start[2]).clamp(0, extent[2] as isize) as usize;
        let [before, there] = [before, last - first].map(|pixels| pixels * layout.pixel);
        Arch::new().dispatch(
            #[inline(always)]
            || {
                for (image, to) in images.zip(to.chunks_mut(layout.image)) {
                    let source = &source[image * len..][..len];
                    for (i, to) in to.chunks_exact_mut(extent[2] * layout.pixel).enumerate() {
                        let z = (start[0] + (i / extent[1]) as isize) as usize;
                        let y = (start[1] + (i % extent[1]) as isize) as usize;
                        if i >= extent[0] * extent[1] {
                            break;
                        }
                        if z >= size[0] || y >= size[1] || there == 0 {
                            to.fill(0.0);
                            continue;
                        }
                        let from = &source[((z * size[1] + y) * size[2] + first) * channels..];
                        to[..before].fill(0.0);
                        to[before + there..].fill(0.0);
                        let to = &mut to[before..before + there];
                        if layout.pixel == channels {
                            to.copy_from_slice(&from[..there]);
                        } else {
                            for (to, from) in to.chunks_mut(layout.pixel).zip(from.chunks(channels))
                            {
                                to[..channels].copy_from_slice(from);
                            }
                        }
                    }
                }
            },
        );
    }

    /// Where in a copy a cell of the region begins.
    pub fn at(&self, layout: Layout, region: &Region, cell: [usize; 3]) -> usize {
        let [z, y, x]: [usize; 3] =
            std::array::from_fn(|axis| (cell[axis] - region[axis].start) * self.step[axis]);
        ((z * layout.extent[1] + y) * layout.extent[2] + x) * layout.pixel
    }

    /// From one cell of a line to the next.
    pub fn cell_step(&self, layout: Layout) -> usize {
        self.step[2] * layout.pixel
    }

    /// The taps of a convolution's kernel as runs of neighbouring numbers from where a cell begins.
    pub fn taps(&self, layout: Layout) -> (usize, Vec<usize>) {
        self.taps_of(&self.phases[0], layout)
    }

    pub fn taps_of(&self, phase: &Phase, layout: Layout) -> (usize, Vec<usize>) {
        let [channels, _] = self.channels();
        let at = |[z, y, x]: [usize; 3]| {
            ((z * layout.extent[1] + y) * layout.extent[2] + x) * layout.pixel
        };
        let starts: Vec<usize> = phase.taps.iter().map(|&(_, cell)| at(cell)).collect();
        // Neighbours along a line are one run, where no other group and no gap lies between.
        let Some(&(_, [z, y, _])) = phase.taps.first() else { return (0, starts) };
        let line = phase.taps.iter().take_while(|(_, at)| at[..2] == [z, y]).count();
        let joined = channels == layout.pixel
            && starts[..line].windows(2).all(|pair| pair[1] == pair[0] + channels);
        if joined {
            (line * channels, starts.into_iter().step_by(line).collect())
        } else {
            (channels, starts)
        }
    }
}
