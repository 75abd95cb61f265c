//! The binvox format, version 1, of Patrick Min's program (<https://www.patrickmin.com/binvox/binvox.html>): a header of
//! lines, then runs of a byte that is 0 or 1 and a byte that says how often. y goes fastest, then z, then x.

use workbench_sdk::prelude::*;

use crate::grid::{Grid, MOST, volume};
use crate::turn::{self, Up};

/// A header has four or five lines.
const LONGEST_LINE: usize = 256;
const MOST_LINES: usize = 32;

/// Reads a whole file. A model stands upright in it: rows from the top down, planes from the front to the back.
///
/// # Errors
/// It is no binvox file, says that it is too large to be true, or its runs are not as many voxels as it says.
pub fn read(file: &[u8], up: Up) -> Result<Grid> {
    let (dims, runs) = header(file)?;
    let Some(all) = volume(&dims) else {
        bail!("says that it is {dims:?} voxels large; 1 to {MOST} in all are read")
    };
    // Counted before there is room for them: two bytes may be 255 voxels, and a header may say anything.
    ensure!(runs.len().is_multiple_of(2), "is truncated within a run of voxels");
    let mut there = 0;
    for (number, run) in runs.chunks_exact(2).enumerate() {
        ensure!(run[0] <= 1, "is damaged: run {number} is of voxels {}, which are 0 or 1", run[0]);
        there += usize::from(run[1]);
    }
    ensure!(
        there == all,
        "is {}: {dims:?} makes {all} voxels, and its runs are {there}",
        if there < all { "truncated" } else { "damaged" }
    );
    let mut stored = Vec::new();
    stored.try_reserve_exact(all)?;
    for run in runs.chunks_exact(2) {
        stored.resize(stored.len() + usize::from(run[1]), 255 * run[0]);
    }
    Ok(upright(&stored, dims, up))
}

/// Sizes along x, z and y, and what follows the line `data`.
fn header(file: &[u8]) -> Result<([usize; 3], &[u8])> {
    let mut rest = file;
    let first = line(&mut rest)?;
    ensure!(first.starts_with("#binvox"), "is not a binvox file: it begins with {first:?}");
    ensure!(
        first.trim_start_matches("#binvox").trim() == "1",
        "is {first:?}; version 1 of binvox files is read"
    );
    let mut dims = None;
    for _ in 0..MOST_LINES {
        let line = line(&mut rest)?;
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("data", _) => match dims {
                Some(dims) => return Ok((dims, rest)),
                None => bail!("has no line `dim` in its header"),
            },
            ("dim", sizes) => {
                let sizes: Option<Vec<usize>> =
                    sizes.split_ascii_whitespace().map(|size| size.parse().ok()).collect();
                match sizes.as_deref() {
                    Some(&[x, z, y]) => dims = Some([x, z, y]),
                    _ => bail!("is damaged: its header says {line:?}"),
                }
            }
            // Where the model was, which is not told to anyone.
            ("translate" | "scale" | "type" | "", _) => {}
            // What wrote it, as trimesh has it.
            (remark, _) if remark.starts_with('#') => {}
            _ => bail!("is damaged: {line:?} is no line of a header"),
        }
    }
    bail!("has no line `data` in its header")
}

fn line(rest: &mut &[u8]) -> Result<String> {
    let end = rest.iter().take(LONGEST_LINE).position(|&byte| byte == b'\n');
    let Some(end) = end else { bail!("is truncated or damaged in its header") };
    let line = String::from_utf8_lossy(&rest[..end]).trim().to_owned();
    *rest = &rest[end + 1..];
    Ok(line)
}

/// From x, z, y as they are stored to `[1, D, H, W]`, turned and never mirrored.
fn upright(stored: &[u8], [nx, nz, ny]: [usize; 3], up: Up) -> Grid {
    let at = |[x, y, z]: [usize; 3]| stored[(x * nz + z) * ny + y];
    let (dims, values) = turn::places([nx, ny, nz], up);
    Grid { dims: [1, dims[0], dims[1], dims[2]], values: values.map(at).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3 along x, 2 along z, 4 along y; filled at x 0, z 0, y 0 to 2 and at x 2, z 1, y 3.
    fn file() -> Vec<u8> {
        let mut file =
            b"#binvox 1\n# by hand\ndim 3 2 4\ntranslate -0.5 0 0.25\nscale 2\ndata\n".to_vec();
        file.extend([1, 3, 0, 20, 1, 1]);
        file
    }

    fn said(file: &[u8]) -> String {
        read(file, Up::Y).unwrap_err().to_string()
    }

    fn filled(up: Up) -> ([usize; 4], Vec<[usize; 3]>) {
        let grid = read(&file(), up).unwrap_or_else(|error| panic!("{error}"));
        let [_, _, height, width] = grid.dims;
        let places = (0..grid.values.len()).filter(|&at| grid.values[at] == 255);
        let place = |at: usize| [at / width / height, at / width % height, at % width];
        (grid.dims, places.map(place).collect())
    }

    #[test]
    fn y_goes_fastest_and_then_z_and_any_axis_may_point_up() {
        // Planes from the front, rows from the top, columns.
        let (dims, places) = filled(Up::Y);
        assert_eq!(
            (dims, places),
            ([1, 2, 4, 3], vec![[0, 0, 2], [1, 1, 0], [1, 2, 0], [1, 3, 0]])
        );
        let (dims, places) = filled(Up::Z);
        assert_eq!(
            (dims, places),
            ([1, 4, 2, 3], vec![[0, 1, 0], [1, 1, 0], [2, 1, 0], [3, 0, 2]])
        );
        let (dims, places) = filled(Up::X);
        assert_eq!(
            (dims, places),
            ([1, 2, 3, 4], vec![[0, 0, 0], [1, 2, 1], [1, 2, 2], [1, 2, 3]])
        );
    }

    #[test]
    fn runs_that_are_not_what_the_header_says_are_refused() {
        let whole = file();
        for end in 0..whole.len() {
            let said = said(&whole[..end]);
            assert!(said.contains("truncated") || said.contains("not a binvox"), "{end}: {said}");
        }
        let longer = [&whole[..], &[0, 1]].concat();
        assert!(said(&longer).contains("makes 24 voxels, and its runs are 25"));
        let other = [&whole[..whole.len() - 2], &[7, 1]].concat();
        assert!(said(&other).contains("run 2 is of voxels 7"));
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let of = |header: &str| said(&[header.as_bytes(), &[1, 255]].concat());
        assert!(of("#binvox 2\ndim 1 1 1\ndata\n").contains("version 1"));
        assert!(of("solid cube\n").contains("not a binvox file"));
        assert!(of("#binvox 1\ndata\n").contains("no line `dim`"));
        assert!(of("#binvox 1\ndim 3 2\ndata\n").contains("\"dim 3 2\""));
        assert!(of("#binvox 1\ndim 3 2 -1\ndata\n").contains("dim 3 2 -1"));
        assert!(of("#binvox 1\ndim 65535 65535 65535\ndata\n").contains("in all are read"));
        assert!(of("#binvox 1\ndim 18446744073709551615 2 2\ndata\n").contains("in all are read"));
        assert!(of("#binvox 1\ndim 0 2 2\ndata\n").contains("in all are read"));
        // As much as may be said, and not there.
        assert!(of("#binvox 1\ndim 512 512 512\ndata\n").contains("its runs are 255"));
        assert!(of("#binvox 1\ncolour red\ndata\n").contains("no line of a header"));
        assert!(of(&format!("#binvox 1\n{}", "\n".repeat(40))).contains("no line `data`"));
        assert!(of(&"#binvox 1 ".repeat(100)).contains("truncated or damaged"));
    }
}
