//! Grids of numbers, as NumPy writes them, to voxels of bytes.

use workbench_sdk::npy::{Array, DType, Kind, read_header};
use workbench_sdk::prelude::*;

use crate::grid::{Grid, MOST, volume};

/// What the numbers mean, and how they lie.
#[derive(Clone, Debug)]
pub struct Values {
    pub layout: Layout,
    /// The number that is 0, and the one that is 255; equal where the second is to be guessed.
    pub empty: f64,
    pub full: f64,
    /// Whole numbers go up to 1, as far as was seen.
    pub ones: bool,
}

/// What the axes of one item are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As its shape tells.
    Auto,
    Dhw,
    Cdhw,
    Dhwc,
}

/// An axis of so many values may be the channels.
const CHANNELS: std::ops::RangeInclusive<usize> = 1..=4;
/// What rounding may add to a range.
const SLACK: f64 = 1e-4;

impl Values {
    /// Reads the grid that is in a .npy file, all of which is given.
    ///
    /// # Errors
    /// It is damaged, is no grid, or a number is outside of what `empty` and `full` span.
    pub fn read(&self, file: &[u8]) -> Result<Grid> {
        let array = array(file)?;
        // The array's first axis is the grid's: all of it is wanted.
        let all: Vec<u8> = (0..array.len())
            .map(|plane| array.item(plane, |bytes| Ok(bytes.to_vec())))
            .collect::<Result<Vec<_>>>()?
            .concat();
        self.grid(&all, array.dtype, &array.dims)
    }

    /// One item's numbers to bytes `[C, D, H, W]`.
    ///
    /// # Errors
    /// As for [`read`](Values::read).
    pub fn grid(&self, numbers: &[u8], dtype: DType, dims: &[usize]) -> Result<Grid> {
        let (dims, channels_last) = self.lie(dims)?;
        let bytes = self.bytes(numbers, dtype)?;
        let values = match channels_last {
            true => {
                let channels = dims[0];
                (0..channels)
                    .flat_map(|c| bytes.iter().skip(c).step_by(channels).copied())
                    .collect()
            }
            false => bytes,
        };
        Ok(Grid { dims, values })
    }

    /// `[C, D, H, W]` of an item of that shape, and whether its channels come last.
    ///
    /// # Errors
    /// It has none, or what is what can't be told.
    pub fn lie(&self, dims: &[usize]) -> Result<([usize; 4], bool)> {
        ensure!(
            volume(dims).is_some(),
            "has the shape {dims:?}; 1 to {MOST} numbers an item are read"
        );
        let few = |n: usize| CHANNELS.contains(&n);
        match (self.layout, dims) {
            (Layout::Auto | Layout::Dhw, &[d, h, w]) => Ok(([1, d, h, w], false)),
            (Layout::Cdhw, &[c, d, h, w]) => Ok(([c, d, h, w], false)),
            (Layout::Dhwc, &[d, h, w, c]) => Ok(([c, d, h, w], true)),
            (Layout::Auto, &[c, d, h, w]) if few(c) && !few(w) => Ok(([c, d, h, w], false)),
            (Layout::Auto, &[d, h, w, c]) if few(c) && !few(d) => Ok(([c, d, h, w], true)),
            (Layout::Auto, &[_, _, _, _]) => bail!(
                "has the shape {dims:?}, and which of its axes are the channels can't be told; set `layout` to \"cdhw\" or \
                 \"dhwc\""
            ),
            (layout, _) => bail!(
                "has the shape {dims:?}, which is no volume{}",
                match layout {
                    Layout::Auto => ": [D, H, W], [C, D, H, W] or [D, H, W, C]",
                    _ => " of that `layout`",
                }
            ),
        }
    }

    /// Looks whether whole numbers go up to 1 only, where `full` does not say what they mean.
    pub fn look(&mut self, numbers: &[u8], dtype: DType) {
        let mut values = numbers.chunks_exact(dtype.size);
        self.ones = !dtype.is_text() && values.all(|value| dtype.number(value) <= 1.0);
    }

    fn bytes(&self, numbers: &[u8], dtype: DType) -> Result<Vec<u8>> {
        ensure!(!dtype.is_text(), "holds texts and no numbers");
        let full = match (self.full != self.empty, dtype.kind, dtype.size) {
            (true, ..) => self.full,
            (false, Kind::Bool | Kind::Float, _) => 1.0,
            (false, ..) if self.ones => 1.0,
            (false, Kind::Unsigned, 2) => 65_535.0,
            _ => 255.0,
        };
        if (dtype.kind, dtype.size, self.empty, full) == (Kind::Unsigned, 1, 0.0, 255.0) {
            return Ok(numbers.to_vec());
        }
        let span = full - self.empty;
        ensure!(span != 0.0, "`full` must be another number than `empty`, {}", self.empty);
        let byte = |value: &[u8]| {
            let number = dtype.number(value);
            let share = (number - self.empty) / span;
            match (-SLACK..=1.0 + SLACK).contains(&share) {
                true => Ok((share * 255.0 + 0.5) as u8),
                false => bail!(
                    "a number is {number}, outside of {} (empty) to {full} (full); set `empty` and `full`",
                    self.empty
                ),
            }
        };
        numbers.chunks_exact(dtype.size).map(byte).collect()
    }
}

/// The array of a .npy file, all of which is given.
///
/// # Errors
/// It is damaged.
pub fn array(mut file: &[u8]) -> Result<Array> {
    let header = read_header(&mut file)?;
    Array::read(String::new(), &header, file, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Values = Values { layout: Layout::Auto, empty: 0.0, full: 0.0, ones: false };

    fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.bytes());
        file.extend(data);
        file
    }

    #[test]
    fn numbers_become_bytes_by_what_is_empty_and_what_is_full() {
        let read = |values: &Values, descr: &str, data: &[u8]| {
            let n = data.len() / descr[2..].parse::<usize>().unwrap();
            values.read(&npy(descr, &format!("({n}, 1, 1)"), data)).map(|grid| grid.values)
        };
        assert_eq!(read(&PLAIN, "|b1", &[0, 1]).ok().unwrap(), [0, 255]);
        assert_eq!(read(&PLAIN, "|u1", &[0, 1, 200]).ok().unwrap(), [0, 1, 200]);
        let ones = Values { ones: true, ..PLAIN };
        assert_eq!(read(&ones, "|u1", &[0, 1]).ok().unwrap(), [0, 255]);
        let said = read(&ones, "|u1", &[0, 2]).unwrap_err().to_string();
        assert!(said.contains("a number is 2, outside of 0 (empty) to 1 (full)"), "{said}");
        assert_eq!(read(&PLAIN, "<u2", &[0, 0, 255, 255]).ok().unwrap(), [0, 255]);
        let half: Vec<u8> = [0.5f32, -1.0, 1.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert!(read(&PLAIN, "<f4", &half).is_err());
        let signed = Values { empty: -1.0, full: 1.0, ..PLAIN };
        assert_eq!(read(&signed, "<f4", &half).ok().unwrap(), [191, 0, 255]);
        assert!(read(&signed, "<f4", &f32::NAN.to_le_bytes()).is_err());
        // What is full may be less than what is empty: a signed distance.
        let inside = Values { empty: 1.0, full: -1.0, ..PLAIN };
        assert_eq!(read(&inside, "<f4", &half).ok().unwrap(), [64, 255, 0]);
    }

    #[test]
    fn channels_are_found_where_they_can_be_told() {
        let lie = |dims: &[usize]| PLAIN.lie(dims).ok();
        assert_eq!(lie(&[8, 9, 10]), Some(([1, 8, 9, 10], false)));
        assert_eq!(lie(&[2, 8, 9, 10]), Some(([2, 8, 9, 10], false)));
        assert_eq!(lie(&[8, 9, 10, 1]), Some(([1, 8, 9, 10], true)));
        for unclear in [&[8, 8][..], &[2, 8, 8, 2], &[8; 4], &[0, 8, 8], &[1 << 20; 3], &[]] {
            assert_eq!(lie(unclear), None, "{unclear:?}");
        }
        let last = Values { layout: Layout::Dhwc, ..PLAIN };
        let file = npy("|u1", "(1, 1, 2, 2)", &[1, 2, 3, 4]);
        let grid = last.read(&file).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((grid.dims, grid.values), ([2, 1, 1, 2], vec![1, 3, 2, 4]));
    }

    #[test]
    fn a_file_that_is_cut_short_or_lies_is_named() {
        let whole = npy("|u1", "(1, 2, 2)", &[1, 2, 3, 4]);
        for end in 0..whole.len() {
            assert!(PLAIN.read(&whole[..end]).is_err(), "{end}");
        }
        assert!(PLAIN.read(&[&whole[..], &[0]].concat()).is_err());
        let said = PLAIN.read(&npy("<f8", "(4096, 4096, 4096)", &[0; 8])).unwrap_err().to_string();
        assert!(said.contains("truncated") || said.contains("too many"), "{said}");
    }
}
