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

/// Of the occupied voxels, so many are in one piece.
const WHOLE: f32 = 0.99;

/// The share that are one piece, of the shares of the largest pieces.
pub fn whole(pieces: &[f32]) -> f64 {
    let whole = pieces.iter().filter(|share| **share >= WHOLE).count();
    whole as f64 / pieces.len().max(1) as f64
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_all_of_a_volume_in_one_piece_is_enough() {
        assert_eq!(whole(&[1.0, 0.995, 0.98, 0.0]), 0.5);
    }

    #[test]
    fn a_reconstruction_is_off_by_its_centres() {
        let (test, made) = ([[1.0, 5.0], [f32::NAN; 2]], [[1.0, 9.0], [0.0, 0.0]]);
        assert_eq!(position(&test, &made, 9.0), Some(Position { pixels: 4.0, frames: 1 }));
        let dark = position(&test, &[[f32::NAN; 2]; 2], 9.0).unwrap();
        assert_eq!(dark.pixels, 9.0, "a dark frame is as far off as can be");
        assert_eq!(position(&test[1..], &made, 9.0), None);
    }
}
