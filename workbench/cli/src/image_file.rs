//! Images as a file: a grid of them as PNG, their film as GIF, their numbers as NPY.

use std::path::Path;

use workbench_engine::Array;
use workbench_plots::{Animation, Figure, figures};
use workbench_runs::durable;
use workbench_trainer::Medium;

use crate::failure::{Failure, Result};
use crate::figures::pictures;

/// A second of video, or once around a volume, takes so many hundredths.
const SECOND: u16 = 100;
const FRAMES_A_SECOND: u16 = 8;

/// A grid of more pictures is no picture any more.
const MOST_PICTURES: usize = 10_000;

/// # Errors
/// More pictures than a grid can show.
pub fn check_count(n: usize, path: &Path) -> Result<()> {
    match n > MOST_PICTURES && extension(path) != "npy" {
        true => Err(Failure::usage(format_args!(
            "{n} pictures are too many for one grid ({MOST_PICTURES} at most); `-o FILE.npy` takes any number"
        ))),
        false => Ok(()),
    }
}

/// Writes images `[N, …]` in 0..1 in the format that the name ends with, `.gif` or `.npy`, else as PNG: in a square, or in
/// rows with labels, each with so many images.
///
/// # Errors
/// A GIF of pictures, which do not move; whatever a figure or the disk refuses.
pub fn save(
    images: Array,
    medium: Medium,
    title: &str,
    rows: &[(String, usize)],
    path: &Path,
) -> Result<()> {
    match &*extension(path) {
        "gif" => {
            let film = medium.moving(&images);
            if film.is_empty() {
                let why = "volumes turn and clips play in a GIF; these are pictures";
                return Err(Failure::usage(format_args!(
                    "{}: {why}: let the name end with .png",
                    path.display()
                )));
            }
            let frames = film.iter().map(|images| grid(images, title, rows)).collect();
            let animation = Animation { frames, delay: SECOND / FRAMES_A_SECOND };
            animation.save_gif(path).map_err(Failure::usage)
        }
        "npy" => durable::write(path, &npy(&images)).map_err(Failure::usage),
        _ => grid(&medium.drawn(images), title, rows).save_png(path).map_err(Failure::usage),
    }
}

/// Pictures `[N, C, H, W]` in a grid; without a title they are samples.
pub fn grid(images: &Array, title: &str, rows: &[(String, usize)]) -> Figure {
    figures::samples(title, &pictures(images), rows)
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// NumPy's format, version 1.0: little-endian f32, C order
/// (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
fn npy(array: &Array) -> Vec<u8> {
    const PREFIX: usize = 10;
    let dims: String = array.shape.iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({dims}), }}");
    // Prefix and header together are a multiple of 64 bytes and end a line.
    let padding = (PREFIX + header.len() + 1).next_multiple_of(64) - PREFIX - header.len() - 1;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.into_bytes());
    file.extend(array.data.iter().flat_map(|x| x.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_npy_file_is_as_numpy_writes_it() {
        let array = Array { shape: vec![1, 2], data: vec![0.5, 1.0] };
        let file = npy(&array);
        assert_eq!((file.len() - 8) % 64, 0);
        assert!(file.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', "));
        assert!(file.ends_with(&[0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f]));
        assert_eq!(file[127], b'\n');
    }
}
