//! How the values of an array lie as pictures, and what they become.

use workbench_sdk::npy::{Array, DType, Kind};
use workbench_sdk::prelude::*;

/// How to make `[C, H, W]` of an item, or `[C, T, H, W]` of a clip, from the values of the first array; other arrays must fit
/// it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pictures {
    /// `[C, H, W]`, or `[C, T, H, W]`.
    pub shape: Vec<usize>,
    /// Of one item in the array.
    dims: Vec<usize>,
    channels: Channels,
    dtype: DType,
    pub depth: Depth,
}

/// Where the channels are in an item of the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channels {
    First,
    /// After the frames of a clip: `[T, C, H, W]`.
    Second,
    Last,
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
    /// `layout`: `auto`, `hw`, `chw`, `hwc`, or of clips `thw`, `thwc`, `tchw`, `cthw`; `shape`: `[C, H, W]` or `[C, T, H, W]` that
    /// an item is cut into, or empty; `black` and `white`:
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
        let (shape, channels) = lie(&dims, layout, shape).map_err(|error| {
            error.context(format_args!("{shown} has the shape {:?}", array.dims))
        })?;
        let depth = depth(array, black, white)?;
        Ok(Pictures { shape, dims, channels, dtype: array.dtype, depth })
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
        match (&self.shape[..], self.depth) {
            (&[c, t, h, w], Depth::Bytes { .. }) => Field::clip(c, t, h, w),
            (&[c, t, h, w], Depth::Floats { .. }) => Field::clip_f32(c, t, h, w),
            (shape, depth) => {
                let [c, h, w] = std::array::from_fn(|axis| shape.get(axis).copied().unwrap_or(1));
                match depth {
                    Depth::Bytes { .. } => Field::image(c, h, w),
                    Depth::Floats { .. } => Field::image_f32(c, h, w),
                }
            }
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
        self.lay(values, image, |&byte| byte);
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
        self.lay(&values, image, |&x| x);
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

impl Pictures {
    /// Brings the channels to the front.
    fn lay<T>(&self, values: &[T], image: &mut [T], pixel: impl Fn(&T) -> T) {
        let channels = self.shape[0];
        match self.channels {
            Channels::First => {
                image.iter_mut().zip(values).for_each(|(to, from)| *to = pixel(from))
            }
            Channels::Last => planes(values, channels, image, pixel),
            Channels::Second => {
                let frames = self.shape[1];
                let area = values.len() / (channels * frames);
                for (at, plane) in values.chunks_exact(area).enumerate() {
                    let (frame, channel) = (at / channels, at % channels);
                    let image = &mut image[(channel * frames + frame) * area..][..area];
                    image.iter_mut().zip(plane).for_each(|(to, from)| *to = pixel(from));
                }
            }
        }
    }
}

/// From `[…, C]` to `[C, …]`.
fn planes<T, U>(values: &[T], channels: usize, image: &mut [U], pixel: impl Fn(&T) -> U) {
    let area = image.len() / channels;
    for (at, values) in values.chunks_exact(channels).enumerate() {
        for (channel, value) in values.iter().enumerate() {
            image[channel * area + at] = pixel(value);
        }
    }
}

/// `[C, H, W]` or `[C, T, H, W]`, and where the channels are in the array.
fn lie(dims: &[usize], layout: &str, shape: &[usize]) -> Result<(Vec<usize>, Channels)> {
    use Channels::{First, Last, Second};
    if !shape.is_empty() {
        ensure!(
            matches!(shape.len(), 3 | 4),
            "`shape` must be [channels, height, width], or of clips [channels, frames, height, width]"
        );
        let wanted = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
        ensure!(
            wanted == Some(dims.iter().product()),
            "an item of it does not have the values that `shape` asks for, {}",
            sides.join("x")
        );
        let channels = match layout {
            "hwc" | "thwc" => Last,
            "tchw" if shape.len() == 4 => Second,
            _ => First,
        };
        return Ok((shape.to_vec(), channels));
    }
    let few = |n: usize| CHANNELS.contains(&n);
    match (layout, dims) {
        ("auto" | "hw", &[h, w]) => Ok((vec![1, h, w], First)),
        ("chw", &[c, h, w]) => Ok((vec![c, h, w], First)),
        ("hwc", &[h, w, c]) => Ok((vec![c, h, w], Last)),
        ("thw", &[t, h, w]) => Ok((vec![1, t, h, w], First)),
        ("thwc", &[t, h, w, c]) => Ok((vec![c, t, h, w], Last)),
        ("tchw", &[t, c, h, w]) => Ok((vec![c, t, h, w], Second)),
        ("cthw", &[c, t, h, w]) => Ok((vec![c, t, h, w], First)),
        ("auto", &[c, h, w]) if few(c) && !few(w) => Ok((vec![c, h, w], First)),
        ("auto", &[h, w, c]) if few(c) && !few(h) => Ok((vec![c, h, w], Last)),
        // Of clips the frames may be few too, and width never is.
        ("auto", &[t, h, w, c]) if few(c) && !few(h) && !few(w) => Ok((vec![c, t, h, w], Last)),
        ("auto", &[t, c, h, w]) if few(c) && !few(t) && !few(w) => Ok((vec![c, t, h, w], Second)),
        ("auto", &[c, t, h, w]) if few(c) && !few(t) && !few(w) => Ok((vec![c, t, h, w], First)),
        ("auto", &[_, _, _, _]) => bail!(
            "the order of a clip's dimensions is ambiguous; set `layout` to \"thwc\", \"tchw\" or \"cthw\"; volumes in a .npy \
             file are read by the plugin `voxels`"
        ),
        ("auto", &[_, _, _]) => {
            bail!(
                "which dimension holds the channels is ambiguous; set `layout` to \"chw\" or \"hwc\", or of grey clips to \"thw\""
            )
        }
        ("auto", []) | ("auto", &[_]) => {
            bail!(
                "pictures are [N, H, W], [N, C, H, W] or [N, H, W, C], clips [N, T, H, W, C]; set `shape` to cut its items into [C, H, W]"
            )
        }
        ("auto", _) => bail!(
            "an item is a picture of three dimensions at most, or a clip of four; volumes in a .npy file are read by the plugin `voxels`"
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
        assert_eq!(auto(&[28, 30]), Some((vec![1, 28, 30], Channels::First)));
        assert_eq!(auto(&[3, 32, 40]), Some((vec![3, 32, 40], Channels::First)));
        assert_eq!(auto(&[32, 40, 3]), Some((vec![3, 32, 40], Channels::Last)));
        assert_eq!(auto(&[8, 64, 48, 3]), Some((vec![3, 8, 64, 48], Channels::Last)));
        assert_eq!(auto(&[2, 64, 48, 3]), Some((vec![3, 2, 64, 48], Channels::Last)));
        assert_eq!(auto(&[8, 3, 64, 48]), Some((vec![3, 8, 64, 48], Channels::Second)));
        assert_eq!(auto(&[3, 8, 64, 48]), Some((vec![3, 8, 64, 48], Channels::First)));
        for unclear in
            [&[3, 8, 3][..], &[8, 8, 8], &[64], &[8, 16, 16, 16], &[3, 4, 64, 64], &[2; 5], &[]]
        {
            assert_eq!(auto(unclear), None, "{unclear:?}");
        }
        let as_told = |dims: &[usize], layout: &str, shape: &[usize]| lie(dims, layout, shape).ok();
        assert_eq!(as_told(&[3, 8, 3], "hwc", &[]), Some((vec![3, 3, 8], Channels::Last)));
        assert_eq!(as_told(&[8, 9, 9], "thw", &[]), Some((vec![1, 8, 9, 9], Channels::First)));
        assert_eq!(as_told(&[64], "auto", &[1, 8, 8]), Some((vec![1, 8, 8], Channels::First)));
        assert_eq!(
            as_told(&[64], "auto", &[1, 4, 4, 4]),
            Some((vec![1, 4, 4, 4], Channels::First))
        );
        assert!(lie(&[64], "auto", &[1, 8, 9]).is_err());
        assert!(lie(&[64], "auto", &[usize::MAX, 2, 2]).is_err());
    }

    #[test]
    fn channels_that_come_last_are_brought_to_the_front() {
        let mut image = [0u8; 6];
        planes(&[1, 2, 3, 4, 5, 6], 3, &mut image, |&x| x);
        assert_eq!(image, [1, 4, 2, 5, 3, 6]);
        // Two frames of two channels of two pixels.
        let dtype = DType::parse("|u1").ok().unwrap();
        let (shape, depth) = (vec![2, 2, 1, 2], Depth::Bytes { times: 1 });
        let dims = vec![2, 2, 1, 2];
        let clip = Pictures { shape, dims, channels: Channels::Second, dtype, depth };
        let mut image = [0u8; 8];
        clip.lay(&[1, 2, 3, 4, 5, 6, 7, 8], &mut image, |&x| x);
        assert_eq!(image, [1, 2, 5, 6, 3, 4, 7, 8]);
    }
}
