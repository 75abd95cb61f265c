//! What is summed for which pixel: a convolution, and its transpose in the form that gathers, over cells of a grid.
//!
//! A convolution has one result pixel a cell. Its transpose of stride s has s of them along each axis, its *phases*: each
//! meets the taps that lie a multiple of s away, so that it is a convolution of its own, of stride 1 and with those taps
//! alone (W. Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016).

use crate::geometry::Geometry;

/// What is summed for which pixel of the result. Axes are depth, height and width.
pub(super) struct Stencil {
    pub batch: usize,
    pub groups: usize,
    pub source: Grid,
    pub result: Grid,
    pub cells: [usize; 3],
    /// Pixels of the source from one cell to the next.
    pub step: [usize; 3],
    /// Pixels of the result from one cell to the next.
    pub spacing: [usize; 3],
    /// Where the first cell begins in the source; before it where below 0.
    pub from: [isize; 3],
    /// Pixels of the source that a cell sees.
    pub reach: [usize; 3],
    pub phases: Vec<Phase>,
}

/// Images `[size…, channels]`.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub size: [usize; 3],
    pub channels: usize,
}

/// One of a cell's result pixels.
pub(super) struct Phase {
    /// Its cell in which it first lies inside the result, and where it is there.
    pub cell: [usize; 3],
    pub first: [usize; 3],
    pub count: [usize; 3],
    /// Taps of the kernel, by what they meet in a cell, in its order.
    pub taps: Vec<(usize, [usize; 3])>,
}

/// Along one axis.
struct Line {
    cell: usize,
    first: usize,
    count: usize,
    taps: Vec<(usize, usize)>,
}

impl Stencil {
    pub fn convolution(g: &Geometry) -> Stencil {
        let reach = std::array::from_fn(|axis| (g.kernel[axis] - 1) * g.dilation[axis] + 1);
        let lines = std::array::from_fn(|axis| {
            let taps = (0..g.kernel[axis]).map(|tap| (tap, tap * g.dilation[axis])).collect();
            vec![Line { cell: 0, first: 0, count: g.out[axis], taps }]
        });
        Stencil {
            batch: g.batch,
            groups: g.groups,
            source: Grid { size: g.size, channels: g.channels },
            result: Grid { size: g.out, channels: g.filters },
            cells: g.out,
            step: g.stride,
            spacing: [1; 3],
            from: g.pad.map(|pad| -(pad as isize)),
            reach,
            phases: phases(&lines, &g.kernel),
        }
    }

    /// Of the convolution: from its result to its operand.
    pub fn transposed(g: &Geometry) -> Stencil {
        // A pixel p meets tap t of place o where p + pad = o · stride + t · dilation. Cell q has the pixels with
        // q = ⌊(p + pad) / stride⌋, and sees the places from q − farthest to q.
        let farthest = |axis: usize| (g.kernel[axis] - 1) * g.dilation[axis] / g.stride[axis];
        let cell = |axis: usize, pixel: usize| (pixel + g.pad[axis]) / g.stride[axis];
        let lines = std::array::from_fn(|axis| {
            let (stride, pad, size) = (g.stride[axis], g.pad[axis], g.size[axis]);
            let line = |phase: usize| {
                let first = (phase + stride - pad % stride) % stride;
                let taps = (0..g.kernel[axis]).rev().map(|tap| (tap, tap * g.dilation[axis]));
                let taps = taps.filter(|(_, at)| at % stride == phase);
                Line {
                    cell: cell(axis, first) - cell(axis, 0),
                    first,
                    count: size.saturating_sub(first).div_ceil(stride),
                    taps: taps.map(|(tap, at)| (tap, farthest(axis) - at / stride)).collect(),
                }
            };
            (0..stride).map(line).filter(|line| line.count > 0).collect()
        });
        Stencil {
            batch: g.batch,
            groups: g.groups,
            source: Grid { size: g.out, channels: g.filters },
            result: Grid { size: g.size, channels: g.channels },
            cells: std::array::from_fn(|axis| cell(axis, g.size[axis] - 1) - cell(axis, 0) + 1),
            step: [1; 3],
            spacing: g.stride,
            from: std::array::from_fn(|axis| cell(axis, 0) as isize - farthest(axis) as isize),
            reach: std::array::from_fn(|axis| farthest(axis) + 1),
            phases: phases(&lines, &g.kernel),
        }
    }

    /// Of one group, on either side.
    pub fn channels(&self) -> [usize; 2] {
        [self.source.channels / self.groups, self.result.channels / self.groups]
    }
}

impl Phase {
    /// The pixel of the result in a cell, along an axis.
    #[inline(always)]
    pub fn pixel(&self, axis: usize, cell: usize, spacing: [usize; 3]) -> Option<usize> {
        let index = cell.checked_sub(self.cell[axis])?;
        (index < self.count[axis]).then(|| self.first[axis] + index * spacing[axis])
    }
}

/// The phases of a cell: each line of one axis with each of the others.
fn phases([planes, lines, columns]: &[Vec<Line>; 3], kernel: &[usize; 3]) -> Vec<Phase> {
    let mut phases = Vec::new();
    for z in planes {
        for y in lines {
            for x in columns {
                let mut taps = Vec::new();
                for &(tap_z, at_z) in &z.taps {
                    for &(tap_y, at_y) in &y.taps {
                        for &(tap_x, at_x) in &x.taps {
                            let tap = (tap_z * kernel[1] + tap_y) * kernel[2] + tap_x;
                            taps.push((tap, [at_z, at_y, at_x]));
                        }
                    }
                }
                phases.push(Phase {
                    cell: [z.cell, y.cell, x.cell],
                    first: [z.first, y.first, x.first],
                    count: [z.count, y.count, x.count],
                    taps,
                });
            }
        }
    }
    phases
}
