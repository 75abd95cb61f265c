//! Convolutions with the channels last: products whose rows are what lies around a pixel.
//!
//! `[B, D, H, W, C] ⋆ [G, taps · C / G, F / G] → [B, D', H', W', F]`; 2-D ones have depth 1. A transposed convolution
//! is the gradient of a convolution with respect to its input, so that three products serve both directions.

mod band;
mod scatter;
mod stencil;
mod sweep;
#[cfg(test)]
mod tests;
mod weight;

use super::product::{Finish, Matrix, packed_len};
use super::{Source, Target};
use crate::geometry::Geometry;
use stencil::Stencil;
pub(crate) use weight::weight;

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
        let gathered = self.taps() * packed_len(n, self.group_channels());
        self.groups * packed_len(k, n).max(packed_len(n, k)).max(gathered).max(self.parts() * k * n)
    }

    fn parts(&self) -> usize {
        PARTS.min(self.batch)
    }

    /// Whether the transposed direction is better gathered: its channels fill the lanes of a vector.
    fn gathers(&self) -> bool {
        let channels = self.group_channels();
        3 * channels >= 2 * channels.next_multiple_of(16)
    }

    fn group<'a>(&self, weight: &'a [f32], group: usize) -> &'a [f32] {
        let len = self.reach() * self.group_filters();
        &weight[group * len..][..len]
    }

    /// A group's weights of one tap, `[C / G, F / G]`.
    fn tap<'a>(&self, weight: &'a [f32], group: usize, tap: usize) -> Matrix<'a> {
        let len = self.group_channels() * self.group_filters();
        Matrix::rows(&self.group(weight, group)[tap * len..][..len], self.group_filters())
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
    let weight = |group, tap| g.tap(weight.slice(), group, tap);
    Stencil::convolution(g).run(y, x.slice(), weight, packed, finish);
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
    if g.gathers() {
        gather(g, x, y, weight, finish, packed);
    } else {
        scatter::scatter(g, x, y, weight, finish, packed);
    }
}

fn gather(g: &Geometry, x: Target, y: Source, weight: Source, finish: Finish, packed: Target) {
    let weight = |group, tap| g.tap(weight.slice(), group, tap).transposed();
    Stencil::transposed(g).run(x, y.slice(), weight, packed, finish);
}
