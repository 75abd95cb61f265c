//! How the values of an array lie as pictures, and what they become.

use workbench_sdk::npy::{Array, DType, Kind};
use workbench_sdk::prelude::*;

/// How to make `[C, H, W]` of an item, from the values of the first array; other arrays must fit it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pictures {
    /// `[C, H, W]`.
    pub shape: [usize; 3],
    /// Of one item in the array.
    dims: Vec<usize>,
    channels_last: bool,
    dtype: DType,
    pub depth: Depth,
}

/// What the values become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Depth {
    /// Bytes, 0 to 255, times 1 or 255.
    Bytes { times: u8 },
    /// Numbers, 0 to 1.
    Floats { black: f64, white: f64 },
}

/// So many items are looked at to guess what white is.
const LOOKED_AT: usize = 1024;
/// An array with so many values along an axis has its channels there.
const CHANNELS: std::ops::RangeInclusive<usize> = 1..=4;
/// What rounding may add to a range.
const SLACK: f64 = 1e-4;

impl Pictures {
    /// `layout`: `auto`, `hw`, `chw`, `hwc`; `shape`: `[C, H, W]` that an item is cut into, or empty; `black` and `white`:
    /// values, equal where white is to be guessed.
    ///
    /// # Errors
    /// The array holds no pictures, or it can't be told how they lie.
    pub fn of(
        array: &Array,
        layout: &str,
        shape: &[usize],
        black: f64,
        white: f64,
    ) -> Result<Pictures> {
        let shown = &array.shown;
        ensure!(!array.dtype.is_text(), "{shown} holds texts, not pictures");
        ensure!(!array.dims.contains(&0), "{shown} holds nothing: its shape is {:?}", array.dims);
        let dims = array.dims.get(1..).unwrap_or_default().to_vec();
        let (shape, channels_last) = lie(&dims, layout, shape).map_err(|error| {
            error.context(format_args!("{shown} has the shape {:?}", array.dims))
        })?;
        let depth = depth(array, black, white)?;
        Ok(Pictures { shape, dims, channels_last, dtype: array.dtype, depth })
    }

    /// Whether another array's items are made as these are.
    ///
    /// # Errors
    /// They are not.
    pub fn fit(&self, array: &Array) -> Result<()> {
        let dims = array.dims.get(1..).unwrap_or_default();
        ensure!(
            dims == self.dims && array.dtype == self.dtype,
            "{} holds items {dims:?} of another shape or type than those of the training split, {:?}",
            array.shown,
            self.dims
        );
        Ok(())
    }

    pub fn field(&self) -> Field {
        let [c, h, w] = self.shape;
        match self.depth {
            Depth::Bytes { .. } => Field::image(c, h, w),
            Depth::Floats { .. } => Field::image_f32(c, h, w),
        }
    }

    /// Makes the picture of an item's values.
    ///
    /// # Errors
    /// A value is outside of what black and white span.
    pub fn fill(&self, values: &[u8], item: &mut Item) -> Result<()> {
        match self.depth {
            Depth::Bytes { times } => self.bytes(values, times, item.image()),
            Depth::Floats { black, white } => self.floats(values, black, white, item.image_f32()),
        }
    }

    fn bytes(&self, values: &[u8], times: u8, image: &mut [u8]) -> Result<()> {
        match self.channels_last {
            true => planes(values, self.shape[0], image, |&byte| byte),
            false => image.copy_from_slice(values),
        }
        if times > 1 {
            let most = 255 / times;
            if let Some(value) = image.iter().find(|byte| **byte > most) {
                bail!("a value is {value}, and {most} was taken for white; set `white`")
            }
            image.iter_mut().for_each(|byte| *byte *= times);
        }
        Ok(())
    }

    fn floats(&self, values: &[u8], black: f64, white: f64, image: &mut [f32]) -> Result<()> {
        let pixel = |value: &[u8]| ((self.dtype.number(value) - black) / (white - black)) as f32;
        let values: Vec<f32> = values.chunks_exact(self.dtype.size).map(pixel).collect();
        match self.channels_last {
            true => planes(&values, self.shape[0], image, |&x| x),
            false => image.copy_from_slice(&values),
        }
        for pixel in image {
            let x = f64::from(*pixel);
            if !(-SLACK..=1.0 + SLACK).contains(&x) {
                bail!(
                    "a value is {}, outside of {black} to {white}; set `black` and `white`",
                    black + x * (white - black)
                )
            }
            *pixel = pixel.clamp(0.0, 1.0);
        }
        Ok(())
    }
}

/// From `[H, W, C]` to `[C, H, W]`.
fn planes<T, U>(values: &[T], channels: usize, image: &mut [U], pixel: impl Fn(&T) -> U) {
    let area = image.len() / channels;
    for (at, values) in values.chunks_exact(channels).enumerate() {
        for (channel, value) in values.iter().enumerate() {
            image[channel * area + at] = pixel(value);
        }
    }
}

/// `[C, H, W]`, and whether the channels come last.
fn lie(dims: &[usize], layout: &str, shape: &[usize]) -> Result<([usize; 3], bool)> {
    if !shape.is_empty() {
        let [c, h, w] = *shape else { bail!("`shape` must be [channels, height, width]") };
        let wanted = [c, h, w].iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        ensure!(
            wanted == Some(dims.iter().product()),
            "an item of it does not have the values that `shape` asks for, {c}x{h}x{w}"
        );
        return Ok(([c, h, w], layout == "hwc"));
    }
    let few = |n: usize| CHANNELS.contains(&n);
    match (layout, dims) {
        ("auto" | "hw", &[h, w]) => Ok(([1, h, w], false)),
        ("chw", &[c, h, w]) => Ok(([c, h, w], false)),
        ("hwc", &[h, w, c]) => Ok(([c, h, w], true)),
        ("auto", &[c, h, w]) if few(c) && !few(w) => Ok(([c, h, w], false)),
        ("auto", &[h, w, c]) if few(c) && !few(h) => Ok(([c, h, w], true)),
        ("auto", &[_, _, _]) => {
            bail!(
                "which of its dimensions are the channels can't be told; set `layout` to \"chw\" or \"hwc\""
            )
        }
        ("auto", []) | ("auto", &[_]) => {
            bail!(
                "pictures are [N, H, W], [N, C, H, W] or [N, H, W, C]; set `shape` to cut its items into [C, H, W]"
            )
        }
        ("auto", _) => bail!(
            "an item is a picture of three dimensions at most; volumes in a .npy file are read by the plugin `voxels`"
        ),
        _ => bail!("it does not fit the layout \"{layout}\""),
    }
}

fn depth(array: &Array, black: f64, white: f64) -> Result<Depth> {
    let dtype = array.dtype;
    let guessed = black == white;
    let is_byte = dtype.kind == Kind::Unsigned && dtype.size == 1;
    let white = match (guessed, dtype.kind) {
        (false, _) => white,
        (true, Kind::Bool | Kind::Float) => 1.0,
        (true, Kind::Unsigned) if dtype.size == 2 => 65_535.0,
        (true, _) if is_byte && greatest(array)? <= 1.0 => 1.0,
        _ => 255.0,
    };
    ensure!(
        black.is_finite() && white.is_finite() && black != white,
        "`black` and `white` must be finite, and different from each other"
    );
    if guessed && dtype.kind == Kind::Float {
        let greatest = greatest(array)?;
        ensure!(
            greatest <= 1.0 + SLACK,
            "{}: values go up to {greatest} or more, and pixels to 1; set `white` (and `black`, if that is not 0)",
            array.shown
        );
    }
    match (dtype.kind, black, white) {
        (Kind::Bool, 0.0, 1.0) => Ok(Depth::Bytes { times: 255 }),
        _ if is_byte && (black, white) == (0.0, 255.0) => Ok(Depth::Bytes { times: 1 }),
        _ if is_byte && (black, white) == (0.0, 1.0) => Ok(Depth::Bytes { times: 255 }),
        _ => Ok(Depth::Floats { black, white }),
    }
}

/// The greatest value among the first items.
fn greatest(array: &Array) -> Result<f64> {
    let mut greatest = f64::NEG_INFINITY;
    for place in 0..array.len().min(LOOKED_AT) {
        array.item(place, |bytes| {
            let values =
                bytes.chunks_exact(array.dtype.size).map(|value| array.dtype.number(value));
            greatest = values.fold(greatest, f64::max);
            Ok(())
        })?;
    }
    Ok(greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_found_where_they_can_be_told() {
        let auto = |dims: &[usize]| lie(dims, "auto", &[]).ok();
        assert_eq!(auto(&[28, 30]), Some(([1, 28, 30], false)));
        assert_eq!(auto(&[3, 32, 40]), Some(([3, 32, 40], false)));
        assert_eq!(auto(&[32, 40, 3]), Some(([3, 32, 40], true)));
        for unclear in [&[3, 8, 3][..], &[8, 8, 8], &[64], &[8, 64, 64, 3], &[]] {
            assert_eq!(auto(unclear), None, "{unclear:?}");
        }
        assert_eq!(lie(&[3, 8, 3], "hwc", &[]).ok(), Some(([3, 3, 8], true)));
        assert_eq!(lie(&[64], "auto", &[1, 8, 8]).ok(), Some(([1, 8, 8], false)));
        assert!(lie(&[64], "auto", &[1, 8, 9]).is_err());
        assert!(lie(&[64], "auto", &[usize::MAX, 2, 2]).is_err());
    }

    #[test]
    fn channels_that_come_last_are_brought_to_the_front() {
        let mut image = [0u8; 6];
        planes(&[1, 2, 3, 4, 5, 6], 3, &mut image, |&x| x);
        assert_eq!(image, [1, 4, 2, 5, 3, 6]);
    }
}
