//! What needs no judge: whether a volume is one piece, and where a clip's brightness is.

use serde::Serialize;

/// The share of volumes that are one piece.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pieces {
    pub samples: f64,
    pub reconstructions: f64,
    /// Of the test items themselves.
    pub test: f64,
}

/// How far off reconstructions of clips are in place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Position {
    /// The mean distance of the centres of brightness of a frame and its reconstruction, in pixels.
    pub pixels: f64,
    /// Frames that have something bright in them.
    pub frames: usize,
}

/// A voxel above it is occupied.
const OCCUPIED: f32 = 0.5;
/// Of the occupied voxels, so many are in one piece.
const WHOLE: f32 = 0.99;
/// What is less bright counts as dark, so that a faint haze does not pull at the centre.
const DARK: f32 = 0.1;

/// The share of the occupied voxels (over 0.5 in any channel) of a volume `[C, D, H, W]` that are in the largest piece:
/// neighbours share a face. 0 of an empty volume.
pub fn largest_piece(volume: &[f32], [channels, d, h, w]: [usize; 4]) -> f32 {
    let size = d * h * w;
    let mut left: Vec<bool> = (0..size)
        .map(|at| (0..channels).any(|channel| volume[channel * size + at] > OCCUPIED))
        .collect();
    let occupied = left.iter().filter(|is_left| **is_left).count();
    let (mut largest, mut open) = (0, Vec::new());
    for start in 0..size {
        let mut piece = 0;
        visit(start, &mut left, &mut open);
        while let Some(at) = open.pop() {
            piece += 1;
            let (x, y, z) = (at % w, at / w % h, at / (w * h));
            let neighbours = [
                (x > 0, at.wrapping_sub(1)),
                (x + 1 < w, at + 1),
                (y > 0, at.wrapping_sub(w)),
                (y + 1 < h, at + w),
                (z > 0, at.wrapping_sub(w * h)),
                (z + 1 < d, at + w * h),
            ];
            for (_, next) in neighbours.into_iter().filter(|(is_inside, _)| *is_inside) {
                visit(next, &mut left, &mut open);
            }
        }
        largest = largest.max(piece);
    }
    largest as f32 / occupied.max(1) as f32
}

/// The share that are one piece, of the shares of the largest pieces.
pub fn whole(pieces: &[f32]) -> f64 {
    let whole = pieces.iter().filter(|share| **share >= WHOLE).count();
    whole as f64 / pieces.len().max(1) as f64
}

/// The centre of brightness of each frame of a clip `[C, T, H, W]` as (y, x) in pixels; NaN of a dark frame.
pub fn centroids(clip: &[f32], [channels, frames, h, w]: [usize; 4]) -> Vec<[f32; 2]> {
    let plane = h * w;
    let centre = |frame: usize| {
        let (mut sum, mut y_sum, mut x_sum) = (0.0f64, 0.0, 0.0);
        for channel in 0..channels {
            let from = (channel * frames + frame) * plane;
            let pixels = clip[from..from + plane].iter().enumerate();
            for (at, &pixel) in pixels.filter(|(_, pixel)| **pixel >= DARK) {
                let pixel = f64::from(pixel);
                sum += pixel;
                y_sum += pixel * (at / w) as f64;
                x_sum += pixel * (at % w) as f64;
            }
        }
        [(y_sum / sum) as f32, (x_sum / sum) as f32]
    };
    (0..frames).map(centre).collect()
}

/// The mean distance of centres and those of reconstructions; `None` where no frame is bright. A reconstruction that is
/// dark is as far off as it can be: `diagonal` pixels.
pub fn position(test: &[[f32; 2]], made: &[[f32; 2]], diagonal: f64) -> Option<Position> {
    let pairs: Vec<_> = test.iter().zip(made).filter(|(test, _)| test[0].is_finite()).collect();
    let distance = |(a, b): &(&[f32; 2], &[f32; 2])| match b[0].is_finite() {
        true => f64::from(a[0] - b[0]).hypot(f64::from(a[1] - b[1])),
        false => diagonal,
    };
    let frames = pairs.len();
    let sum: f64 = pairs.iter().map(distance).sum();
    (frames > 0).then(|| Position { pixels: sum / frames as f64, frames })
}

fn visit(at: usize, left: &mut [bool], open: &mut Vec<usize>) {
    if std::mem::take(&mut left[at]) {
        open.push(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_together_by_faces_alone() {
        let mut volume = vec![0.0; 27];
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 0.0);
        // Two in a row, and one that touches them by an edge alone.
        [0, 1, 14].iter().for_each(|&at| volume[at] = 0.9);
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 2.0 / 3.0);
        volume[2] = 0.9;
        volume[11] = 0.9;
        // 2 is beside 1, 11 before it, 14 above that: all are one.
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 1.0);
        // At the end of a row and the beginning of the next one, voxels are no neighbours.
        let mut volume = vec![0.0; 27];
        [2, 3].iter().for_each(|&at| volume[at] = 0.9);
        assert_eq!(largest_piece(&volume, [1, 3, 3, 3]), 0.5);
        assert_eq!(whole(&[1.0, 0.995, 0.98, 0.0]), 0.5);
    }

    #[test]
    fn channels_of_a_volume_are_occupied_together() {
        let mut volume = vec![0.0; 2 * 8];
        volume[0] = 1.0;
        volume[8 + 1] = 1.0;
        assert_eq!(largest_piece(&volume, [2, 2, 2, 2]), 1.0);
    }

    #[test]
    fn a_centre_is_weighted_and_knows_no_haze() {
        let mut clip = vec![0.05; 2 * 4 * 4];
        clip[5] = 0.5;
        clip[6] = 1.0;
        let centres = centroids(&clip, [1, 2, 4, 4]);
        assert!((centres[0][0] - 1.0).abs() < 1e-6 && (centres[0][1] - 5.0 / 3.0).abs() < 1e-6);
        assert!(centres[1][0].is_nan());
        let made = [[1.0, 4.0 + 5.0 / 3.0], [0.0, 0.0]];
        let found = position(&centres, &made, 9.0).unwrap();
        assert!((found.pixels - 4.0).abs() < 1e-5 && found.frames == 1);
        assert_eq!(position(&centres, &[[f32::NAN; 2]; 2], 9.0).unwrap().pixels, 9.0);
        assert_eq!(position(&centres[1..], &made, 9.0), None);
    }
}
