//! Where kernels and windows lie over images: what convolutions and pools have in common, however they are computed.

use std::ops::Range;

use workbench_graph::ConvGeometry;

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

impl Geometry {
    /// Of the convolution from `from` to `to` (both `[B, C, …]`) by `weight`.
    pub fn new(
        from: &[usize],
        to: &[usize],
        weight: &[usize],
        geometry: &ConvGeometry,
    ) -> Geometry {
        // Shape inference admits one to three spatial axes only.
        let axes = |dims: &[usize], fill: usize| {
            let mut axes = [fill; 3];
            axes.iter_mut().rev().zip(dims.iter().rev()).for_each(|(axis, size)| *axis = *size);
            axes
        };
        Geometry {
            batch: from[0],
            channels: from[1],
            filters: to[1],
            groups: geometry.groups,
            size: axes(&from[2..], 1),
            out: axes(&to[2..], 1),
            kernel: axes(&weight[2..], 1),
            stride: axes(&geometry.stride, 1),
            pad: axes(&geometry.pad, 0),
            dilation: axes(&geometry.dilation, 1),
        }
    }

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
}

/// The part of a window that lies inside the input, one range an axis; never empty, as the padding is less than the
/// kernel.
pub(crate) struct Inside([Range<usize>; 3]);

impl Inside {
    /// Where the largest element lies. NaN is the largest, so that a fault shows; the first of ties stays.
    pub fn largest(&self, g: &Geometry, x: &[f32]) -> usize {
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
    pub fn each_row(&self, g: &Geometry, mut each: impl FnMut(Range<usize>)) {
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
pub(crate) fn each_window(g: &Geometry, mut each: impl FnMut(usize, Inside)) {
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
