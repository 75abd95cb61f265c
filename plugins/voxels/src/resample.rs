//! Volumes of one size from volumes of any.

use crate::grid::Grid;

/// How grids become `[C, D, H, W]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resample {
    /// `[D, H, W]`.
    pub size: [usize; 3],
    /// A voxel is as full as its fullest part; else as all that it covers is on the average.
    pub max: bool,
    /// Each axis is scaled for itself; else all alike, about the middle, with nothing around.
    pub stretch: bool,
}

/// For each voxel along an axis that is made: the first that it covers, and how much of each it covers, of all of it.
type Axis = Vec<(usize, Vec<f32>)>;

/// Less than this of a voxel is a matter of rounding.
const NOTHING: f64 = 1e-6;

impl Resample {
    /// Fills `into`, `[C, D, H, W]`.
    pub fn fill(&self, grid: &Grid, into: &mut [u8]) {
        let [channels, from @ ..] = grid.dims;
        if from == self.size {
            into.copy_from_slice(&grid.values);
            return;
        }
        let scales: [f64; 3] =
            std::array::from_fn(|axis| self.size[axis] as f64 / from[axis] as f64);
        let least = scales.iter().copied().fold(f64::MAX, f64::min);
        let axes: [Axis; 3] = std::array::from_fn(|axis| {
            covered(from[axis], self.size[axis], if self.stretch { scales[axis] } else { least })
        });
        let [depth, height, width] = from;
        let [planes, rows, columns] = &axes;
        for channel in 0..channels {
            let voxels = depth * height * width;
            let values = &grid.values[channel * voxels..(channel + 1) * voxels];
            let values: Vec<f32> = values.iter().map(|&value| value.into()).collect();
            // Columns first, so that what follows has less to do where the volume shrinks.
            let values = self.along(&values, depth * height, 1, columns, width);
            let values = self.along(&values, depth, self.size[2], rows, height);
            let values = self.along(&values, 1, self.size[1] * self.size[2], planes, depth);
            let into = &mut into[channel * values.len()..(channel + 1) * values.len()];
            for (byte, value) in into.iter_mut().zip(values) {
                *byte = (value + 0.5) as u8;
            }
        }
    }

    /// `[outer, n, inner]` → `[outer, axis.len(), inner]`.
    fn along(&self, values: &[f32], outer: usize, inner: usize, axis: &Axis, n: usize) -> Vec<f32> {
        let mut made = vec![0.0; outer * axis.len() * inner];
        let blocks = made.chunks_exact_mut(axis.len() * inner).zip(values.chunks_exact(n * inner));
        for (made, values) in blocks {
            for (made, (first, shares)) in made.chunks_exact_mut(inner).zip(axis) {
                let covered = values[first * inner..].chunks_exact(inner);
                for (values, share) in covered.zip(shares) {
                    for (made, value) in made.iter_mut().zip(values) {
                        *made =
                            if self.max { f32::max(*made, *value) } else { *made + share * value };
                    }
                }
            }
        }
        made
    }
}

/// What each of `to` voxels covers of `from`, scaled and laid about the middle.
fn covered(from: usize, to: usize, scale: f64) -> Axis {
    let before = (to as f64 - from as f64 * scale) / 2.0;
    let of = |made: usize| {
        let [low, high] = [made, made + 1].map(|edge| (edge as f64 - before) / scale);
        let first = (low.max(0.0) as usize).min(from);
        let last = (high.ceil().max(0.0) as usize).min(from).max(first);
        let share = |voxel: usize| {
            let (a, b) = (low.max(voxel as f64), high.min(voxel as f64 + 1.0));
            (b - a).max(0.0) * scale
        };
        let (mut first, mut shares) = (first, (first..last).map(share).collect::<Vec<f64>>());
        while shares.last().is_some_and(|&share| share < NOTHING) {
            shares.pop();
        }
        while shares.first().is_some_and(|&share| share < NOTHING) {
            shares.remove(0);
            first += 1;
        }
        (first, shares.into_iter().map(|share| share as f32).collect())
    };
    (0..to).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(grid: &Grid, resample: Resample) -> Vec<u8> {
        let mut into = vec![9; grid.dims[0] * resample.size.iter().product::<usize>()];
        resample.fill(grid, &mut into);
        into
    }

    const AREA: Resample = Resample { size: [1, 2, 2], max: false, stretch: false };

    #[test]
    fn a_voxel_is_the_mean_or_the_greatest_of_what_it_covers() {
        let grid = Grid {
            dims: [1, 2, 4, 4],
            values: (0..32).map(|i| if i < 16 { 8 * i } else { 0 }).collect(),
        };
        // Of the first plane the means of 2x2 are 20, 36, 84, 100; the second is empty.
        assert_eq!(made(&grid, AREA), [10, 18, 42, 50]);
        assert_eq!(made(&grid, Resample { max: true, ..AREA }), [40, 56, 104, 120]);
    }

    #[test]
    fn volume_is_kept_and_proportions_unless_they_are_to_be_stretched() {
        let full = |dims: [usize; 4]| Grid { dims, values: vec![255; dims.iter().product()] };
        // Half as wide as high: a quarter of nothing on either side.
        let slim = made(&full([1, 6, 6, 3]), Resample { size: [4, 4, 4], ..AREA });
        assert!(slim.chunks(4).all(|row| row == [0, 255, 255, 0]), "{slim:?}");
        let stretched = Resample { size: [4, 4, 4], stretch: true, ..AREA };
        assert_eq!(made(&full([1, 6, 6, 3]), stretched), [255; 64]);
        // Three of five voxels: what is left and right is a fifth full each.
        let odd = made(&full([1, 5, 5, 3]), Resample { size: [5, 5, 5], ..AREA });
        assert!(odd.chunks(5).all(|row| row == [0, 255, 255, 255, 0]));
        let uneven = made(&full([1, 3, 3, 3]), Resample { size: [7, 7, 7], ..AREA });
        assert_eq!(uneven, [255; 343]);
        let sum: f64 = made(&full([1, 7, 7, 2]), Resample { size: [5, 5, 5], ..AREA })
            .iter()
            .map(|&byte| f64::from(byte) / 255.0)
            .sum();
        assert!((sum - 98.0 * (5.0f64 / 7.0).powi(3)).abs() < 0.5, "{sum}");
    }

    #[test]
    fn what_grows_repeats_and_channels_stay_apart() {
        let two = Grid { dims: [2, 1, 1, 2], values: vec![10, 20, 30, 40] };
        let grown = made(&two, Resample { size: [2, 2, 4], stretch: true, ..AREA });
        assert_eq!(grown, [[10, 10, 20, 20].repeat(4), [30, 30, 40, 40].repeat(4)].concat());
        assert_eq!(made(&two, Resample { size: [1, 1, 2], ..AREA }), [10, 20, 30, 40]);
    }
}
