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

/// Writes images `[N, …]` in 0..1 in the format that the name ends with, `.gif` or `.npy`, else as PNG. The figure is
/// that of the PNG: in a square, or in rows with labels, each with so many images.
///
/// # Errors
/// A GIF of pictures, which do not move; whatever a figure or the disk refuses.
pub fn save(
    images: Array,
    medium: Medium,
    title: &str,
    rows: &[(String, usize)],
    path: &Path,
) -> Result<Figure> {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    let grid = |images: &Array| {
        let mut figure = figures::samples(&pictures(images), rows);
        if let Figure::Images(grid) = &mut figure
            && !title.is_empty()
        {
            grid.title = title.to_owned();
        }
        figure
    };
    match extension.as_ref().and_then(|extension| extension.to_str()) {
        Some("gif") => {
            let film = medium.moving(&images);
            if film.is_empty() {
                let why = "volumes turn and clips play in a GIF; these are pictures";
                return Err(Failure::usage(format_args!(
                    "{}: {why}: let the name end with .png",
                    path.display()
                )));
            }
            let frames = film.iter().map(grid).collect();
            let animation = Animation { frames, delay: SECOND / FRAMES_A_SECOND };
            animation.save_gif(path).map_err(Failure::usage)?;
            Ok(grid(&medium.drawn(images)))
        }
        Some("npy") => {
            durable::write(path, &npy(&images)).map_err(Failure::usage)?;
            Ok(grid(&medium.drawn(images)))
        }
        _ => {
            let figure = grid(&medium.drawn(images));
            figure.save_png(path).map_err(Failure::usage)?;
            Ok(figure)
        }
    }
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
