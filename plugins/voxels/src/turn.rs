//! Grids with axes x, y and z, stood upright: turned, never mirrored.

use crate::grid::Grid;

/// Which of the axes points up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up {
    X,
    Y,
    Z,
}

/// Of a grid `[C, X, Y, Z]`.
pub fn upright(grid: &Grid, up: Up) -> Grid {
    let [channels, nx, ny, nz] = grid.dims;
    let volume = nx * ny * nz;
    let mut values = Vec::with_capacity(grid.values.len());
    let mut turned = [0; 3];
    for channel in 0..channels {
        let of = &grid.values[channel * volume..(channel + 1) * volume];
        let (dims, places) = places([nx, ny, nz], up);
        values.extend(places.map(|[x, y, z]| of[(x * ny + y) * nz + z]));
        turned = dims;
    }
    Grid { dims: [channels, turned[0], turned[1], turned[2]], values }
}

/// `[D, H, W]` of a grid of that size along x, y and z, and which of its voxels come there: planes from the front to the
/// back, rows from the top down.
pub fn places([nx, ny, nz]: [usize; 3], up: Up) -> ([usize; 3], impl Iterator<Item = [usize; 3]>) {
    let dims = match up {
        Up::Y => [nz, ny, nx],
        Up::Z => [ny, nz, nx],
        Up::X => [nz, nx, ny],
    };
    let [depth, height, width] = dims;
    let place = move |at: usize| {
        let (d, h, w) = (at / width / height, at / width % height, at % width);
        let (back, high) = (depth - 1 - d, height - 1 - h);
        match up {
            // Seen from where z is greatest, with x to the right.
            Up::Y => [w, high, back],
            // From where y is least.
            Up::Z => [w, d, high],
            // From where z is greatest, with y to the left.
            Up::X => [high, width - 1 - w, back],
        }
    };
    (dims, (0..depth * height * width).map(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_that_is_said_points_up() {
        // A pillar along z at x 0, y 1, in a grid of 2, 3 and 4; two channels, the second empty.
        let mut values = vec![0; 48];
        (0..4).for_each(|z| values[4 + z] = 255);
        let grid = Grid { dims: [2, 2, 3, 4], values };
        let filled = |grid: &Grid| -> Vec<usize> {
            (0..grid.values.len()).filter(|&at| grid.values[at] == 255).collect()
        };
        let up = upright(&grid, Up::Z);
        assert_eq!(up.dims, [2, 3, 4, 2]);
        // One column: plane y 1, all rows, x 0.
        assert_eq!(filled(&up), [8, 10, 12, 14]);
        // Lying: from the front to the back, in one row.
        let lying = upright(&grid, Up::Y);
        assert_eq!((lying.dims, filled(&lying)), ([2, 4, 3, 2], vec![2, 8, 14, 20]));
        assert_eq!(upright(&grid, Up::X).dims, [2, 4, 2, 3]);
    }
}
