//! Pictures in files: PNG, JPEG, WebP, GIF (the first frame, or all in turn), BMP, PGM, PPM and TIFF, made to fit. With
//! the feature `pictures`.

mod animation;
mod claim;
mod inner;

use std::io::Cursor;

pub use animation::Animation;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use self::claim::MOST_SIDE;
use crate::param::{self, choice};
use crate::{Config, Error, Param, Result, bail};

/// Declares `size`.
pub const SIZE: Param = param::ints(
    "size",
    "[height, width] that pictures are made, or one number for both; []: as they are, and all alike.",
    &[],
)
.range(1, MOST_SIDE as i64);
/// Declares `fit`.
pub const FIT: Param = param::text(
    "fit",
    "How a picture of other proportions is made to fit: its middle is cut out, or it is stretched.",
    "crop",
)
.choices(&[choice("crop"), choice("stretch")]);
/// Declares `crop`.
pub const CROP: Param = param::ints(
    "crop",
    "[height, width] cut out of the middle first, or one number for both; []: nothing.",
    &[],
)
.range(1, MOST_SIDE as i64);
/// Declares `grey`.
pub const GREY: Param =
    param::bool("grey", "One channel of grey instead of three of colour.", false);
/// Declares `background`.
pub const BACKGROUND: Param =
    param::text("background", "What shows where a picture is transparent.", "white")
        .choices(&[choice("white"), choice("black")]);

/// How the names of files of pictures end.
pub const ENDINGS: [&str; 13] =
    ["png", "jpg", "jpeg", "jfif", "webp", "gif", "bmp", "pbm", "pgm", "ppm", "pnm", "tif", "tiff"];

/// What decoders may take beside the picture and twice the file.
const SPARE: u64 = 1 << 24;

/// How pictures of files become `[C, H, W]`.
#[derive(Clone, Debug)]
pub struct Pictures {
    grey: bool,
    size: Option<[usize; 2]>,
    crop: Option<[usize; 2]>,
    stretch: bool,
    background: u8,
}

impl Pictures {
    /// As [`SIZE`], [`FIT`], [`CROP`], [`GREY`] and [`BACKGROUND`] say, all of which the plugin declares.
    ///
    /// # Errors
    /// `size` or `crop` is not one number, or two.
    pub fn of(config: &Config) -> Result<Pictures> {
        let pair = |name: &str| -> Result<Option<[usize; 2]>> {
            match config.get::<Vec<usize>>(name)?[..] {
                [] => Ok(None),
                [side] => Ok(Some([side, side])),
                [height, width] => Ok(Some([height, width])),
                _ => bail!("`{name}` must be [height, width], or one number for both"),
            }
        };
        Ok(Pictures {
            grey: config.get("grey")?,
            size: pair("size")?,
            crop: pair("crop")?,
            stretch: config.get::<String>("fit")? == "stretch",
            background: if config.get::<String>("background")? == "white" { 255 } else { 0 },
        })
    }

    /// Squares in colour, of any picture.
    pub fn squares(side: usize) -> Pictures {
        let size = Some([side, side]);
        Pictures { grey: false, size, crop: None, stretch: false, background: 255 }
    }

    /// Takes the size of a picture for all of them, where `size` does not say.
    ///
    /// # Errors
    /// It is no picture.
    pub fn settle(&mut self, file: &[u8]) -> Result<()> {
        if self.size.is_none() {
            let (_, size) = upright(file)?;
            self.size = Some(self.crop.unwrap_or(size));
        }
        Ok(())
    }

    /// `[C, H, W]`, after [`settle`](Pictures::settle).
    pub fn shape(&self) -> [usize; 3] {
        let [height, width] = self.size.unwrap_or_default();
        [if self.grey { 1 } else { 3 }, height, width]
    }

    /// Decodes the picture in a file, all of which is given, into bytes `[C, H, W]`.
    ///
    /// # Errors
    /// It is damaged, too large to be true, or does not fit.
    pub fn fill(&self, file: &[u8], into: &mut [u8]) -> Result<()> {
        let (mut decoder, size) = upright(file)?;
        let turned = decoder.orientation()?;
        let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| damaged(&error))?;
        picture.apply_orientation(turned);
        self.lay(picture, size, into)
    }

    /// Makes a decoded picture fit.
    fn lay(&self, picture: DynamicImage, size: [usize; 2], into: &mut [u8]) -> Result<()> {
        let clear = picture.color().has_alpha();
        let pixels = match (self.grey, clear) {
            (true, false) => picture.into_luma8().into_raw(),
            (true, true) => self.on_background::<1>(picture.into_luma_alpha8().into_raw()),
            (false, false) => picture.into_rgb8().into_raw(),
            (false, true) => self.on_background::<3>(picture.into_rgba8().into_raw()),
        };
        let channels = if self.grey { 1 } else { 3 };
        match self.part(size)? {
            None => planes(&pixels, channels, into),
            Some(part) => planes(&self.resized(&pixels, size, part)?, channels, into),
        }
        Ok(())
    }

    /// What of a picture is used: left, top, width, height; `None` where it is the whole, in the size that is wanted.
    fn part(&self, size: [usize; 2]) -> Result<Option<[f64; 4]>> {
        let wanted = self.size.unwrap_or(size);
        let [height, width] = match self.crop {
            Some([h, w]) if h > size[0] || w > size[1] => {
                bail!("is {}x{} (height x width), less than `crop`, {h}x{w}", size[0], size[1])
            }
            Some(crop) => crop,
            None => size,
        };
        if [height, width] == wanted && size == wanted {
            return Ok(None);
        }
        let [left, top] = [(size[1] - width) as f64 / 2.0, (size[0] - height) as f64 / 2.0];
        // A cut by whole pixels stays sharp.
        let (mut left, mut top, mut height, mut width) =
            (left.floor(), top.floor(), height as f64, width as f64);
        if !self.stretch {
            let scale = (height / wanted[0] as f64).min(width / wanted[1] as f64);
            let (h, w) = (wanted[0] as f64 * scale, wanted[1] as f64 * scale);
            (left, top) = (left + (width - w) / 2.0, top + (height - h) / 2.0);
            (height, width) = (h, w);
        }
        Ok(Some([left, top, width, height]))
    }

    /// A part of a picture, in the size that is wanted.
    fn resized(&self, pixels: &[u8], size: [usize; 2], part: [f64; 4]) -> Result<Vec<u8>> {
        let wanted = self.size.unwrap_or(size);
        match self.grey {
            true => resized::<U8>(pixels, size, part, wanted),
            false => resized::<U8x3>(pixels, size, part, wanted),
        }
    }

    /// Lays transparent pixels, `N` channels and how opaque they are, on the background: in place, for pictures are large.
    fn on_background<const N: usize>(&self, mut pixels: Vec<u8>) -> Vec<u8> {
        let n = pixels.len() / (N + 1);
        for at in 0..n {
            let opaque = u32::from(pixels[at * (N + 1) + N]);
            let behind = u32::from(self.background) * (255 - opaque);
            for channel in 0..N {
                let x = u32::from(pixels[at * (N + 1) + channel]);
                pixels[at * N + channel] = ((x * opaque + behind + 127) / 255) as u8;
            }
        }
        pixels.truncate(n * N);
        pixels
    }
}

/// A decoder, and `[height, width]` of its picture as it is to be seen: cameras note how they were held.
fn upright(file: &[u8]) -> Result<(impl ImageDecoder, [usize; 2])> {
    use image::metadata::Orientation;
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    let Some(format) = reader.format() else {
        bail!("is no picture that is read: PNG, JPEG, WebP, GIF, BMP, PGM, PPM and TIFF are")
    };
    inner::check_tags(file)?;
    reader.limits(limits(file, 0));
    let mut decoder = reader.into_decoder().map_err(|error| damaged(&error))?;
    let (width, height) = decoder.dimensions();
    claim::check(file, format, width, height)?;
    decoder.set_limits(limits(file, 2 * decoder.total_bytes())).map_err(|error| damaged(&error))?;
    let turned = decoder.orientation().map_err(|error| damaged(&error))?;
    let lying = matches!(
        turned,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let size = if lying { [width, height] } else { [height, width] };
    Ok((decoder, size.map(|side| side as usize)))
}

/// What decoding a file may take, where its picture takes so many bytes.
fn limits(file: &[u8], picture: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(picture + 2 * file.len() as u64 + SPARE);
    limits
}

#[track_caller]
fn damaged(error: &image::ImageError) -> Error {
    Error::new(format_args!("is damaged, or too large: {error}"))
}

/// A part of a picture, by area where it shrinks and linearly where it grows, as Pillow's bilinear filter does.
///
/// By its type of pixels: the function that finds it at run time would be compiled for all there are.
fn resized<P: PixelTrait>(
    pixels: &[u8],
    size: [usize; 2],
    [left, top, part_width, part_height]: [f64; 4],
    wanted: [usize; 2],
) -> Result<Vec<u8>> {
    let [height, width] = wanted.map(|side| side as u32);
    let mut bytes = vec![0; wanted[0] * wanted[1] * P::size()];
    let from = TypedImageRef::<P>::from_buffer(size[1] as u32, size[0] as u32, pixels)?;
    let mut to = TypedImage::<P>::from_buffer(width, height, &mut bytes)?;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .crop(left, top, part_width, part_height);
    Resizer::new().resize_typed(&from, &mut to, &options)?;
    drop(to);
    Ok(bytes)
}

/// From `[H, W, C]` to `[C, H, W]`.
fn planes(pixels: &[u8], channels: usize, into: &mut [u8]) {
    if channels == 1 {
        into.copy_from_slice(pixels);
        return;
    }
    let area = into.len() / channels;
    let (red, rest) = into.split_at_mut(area);
    let (green, blue) = rest.split_at_mut(area);
    for (at, pixel) in pixels.chunks_exact(3).enumerate() {
        (red[at], green[at], blue[at]) = (pixel[0], pixel[1], pixel[2]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_IS: Pictures =
        Pictures { grey: false, size: None, crop: None, stretch: false, background: 255 };

    /// A PPM whose pixels tell their place.
    fn ppm(height: usize, width: usize) -> Vec<u8> {
        let mut file = format!("P6 {width} {height} 255\n").into_bytes();
        for y in 0..height {
            file.extend((0..width).flat_map(|x| [10 * y as u8, 10 * x as u8, 7]));
        }
        file
    }

    fn decoded(mut pictures: Pictures, file: &[u8]) -> Result<(Vec<u8>, [usize; 3])> {
        pictures.settle(file)?;
        let shape = pictures.shape();
        let mut into = vec![0; shape.iter().product()];
        pictures.fill(file, &mut into)?;
        Ok((into, shape))
    }

    #[test]
    fn a_picture_is_cut_and_scaled_about_its_middle() {
        let (whole, shape) = decoded(AS_IS, &ppm(2, 3)).ok().unwrap();
        assert_eq!(shape, [3, 2, 3]);
        assert_eq!(whole, [0, 0, 0, 10, 10, 10, 0, 10, 20, 0, 10, 20, 7, 7, 7, 7, 7, 7]);
        let cut = Pictures { crop: Some([2, 2]), ..AS_IS };
        let (cut, shape) = decoded(cut, &ppm(4, 6)).ok().unwrap();
        assert_eq!(shape, [3, 2, 2]);
        assert_eq!(cut[..8], [10, 10, 20, 20, 20, 30, 20, 30]);
        // Half the size: the middle 4x4 of 4x8.
        let half = Pictures { size: Some([2, 2]), ..AS_IS };
        let (half, _) = decoded(half, &ppm(4, 8)).ok().unwrap();
        assert!(half[4] > 20 && half[5] < 50 && half[4] < half[5], "{half:?}");
        let stretched = Pictures { size: Some([2, 2]), stretch: true, ..AS_IS };
        let (stretched, _) = decoded(stretched, &ppm(4, 8)).ok().unwrap();
        assert!(stretched[4] < half[4] && stretched[5] > half[5], "{stretched:?}");
        let grey = Pictures { grey: true, ..AS_IS };
        assert_eq!(decoded(grey, &ppm(4, 4)).ok().unwrap().1, [1, 4, 4]);
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_named() {
        let said = |file: &[u8]| decoded(AS_IS, file).unwrap_err().to_string();
        assert!(said(b"hello, world: no picture").contains("no picture that is read"));
        assert!(said(b"").contains("no picture"));
        let whole = ppm(8, 8);
        assert!(said(&whole[..whole.len() - 1]).contains("damaged"));
        assert!(said(b"P6 30000 30000 255\n").contains("too large"));
        assert!(said(b"P6 4000000000 4000000000 255\n").contains("too large"));
        let crop = Pictures { crop: Some([9, 9]), size: Some([4, 4]), ..AS_IS };
        assert!(
            decoded(crop, &whole)
                .unwrap_err()
                .to_string()
                .contains("8x8 (height x width), less than `crop`")
        );
    }

    #[test]
    fn a_transparent_picture_is_laid_on_its_background() {
        assert_eq!(
            AS_IS.on_background::<3>(vec![10, 20, 30, 255, 10, 20, 30, 0]),
            [10, 20, 30, 255, 255, 255]
        );
        let black = Pictures { background: 0, ..AS_IS };
        assert_eq!(black.on_background::<1>(vec![200, 128, 200, 0]), [100, 0]);
    }
}
