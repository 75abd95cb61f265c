//! Pictures that move: animated GIF, WebP and PNG, frame by frame.

use std::io::Cursor;

use image::codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageFormat};

use super::{Pictures, claim, damaged, limits};
use crate::{Result, ensure};

/// The frames of a file, each as it is to be seen: what the frames before it left is under it.
pub struct Animation<'a> {
    pictures: &'a Pictures,
    frames: Source<'a>,
}

enum Source<'a> {
    Moving(Frames<'a>),
    /// A picture that does not move, until it was seen.
    Still(Option<&'a [u8]>),
}

/// Of one frame: about those of 8K.
const MOST_PIXELS: u64 = 1 << 25;
/// So many whole frames may be held while one is made.
const HELD: u64 = 4;

impl Pictures {
    /// The frames of an animated GIF, WebP or PNG in a file, all of which is given; of another picture, the one.
    ///
    /// # Errors
    /// It is damaged, too large to be true, or no picture.
    pub fn animation<'a>(&'a self, file: &'a [u8]) -> Result<Animation<'a>> {
        Ok(Animation { pictures: self, frames: Source::of(file)? })
    }
}

impl<'a> Source<'a> {
    fn of(file: &'a [u8]) -> Result<Source<'a>> {
        let start = Cursor::new(file);
        let frames = match image::guess_format(file) {
            Ok(ImageFormat::Gif) => {
                let mut decoder = GifDecoder::new(start).map_err(|error| damaged(&error))?;
                bound(&mut decoder, file, ImageFormat::Gif)?;
                decoder.into_frames()
            }
            Ok(ImageFormat::WebP) => {
                let mut decoder = WebPDecoder::new(start).map_err(|error| damaged(&error))?;
                if !decoder.has_animation() {
                    return Ok(Source::Still(Some(file)));
                }
                bound(&mut decoder, file, ImageFormat::WebP)?;
                decoder.into_frames()
            }
            Ok(ImageFormat::Png) => {
                let decoder = PngDecoder::with_limits(start, limits(file, 0));
                let mut decoder = decoder.map_err(|error| damaged(&error))?;
                if !decoder.is_apng().map_err(|error| damaged(&error))? {
                    return Ok(Source::Still(Some(file)));
                }
                bound(&mut decoder, file, ImageFormat::Png)?;
                decoder.apng().map_err(|error| damaged(&error))?.into_frames()
            }
            _ => return Ok(Source::Still(Some(file))),
        };
        Ok(Source::Moving(frames))
    }
}

impl Animation<'_> {
    /// Goes on to the next frame and makes `into` of it, bytes `[C, H, W]`, where that is wanted. `false`: there is none.
    ///
    /// # Errors
    /// It is damaged, or does not fit.
    pub fn advance(&mut self, into: Option<&mut [u8]>) -> Result<bool> {
        match &mut self.frames {
            Source::Still(file) => match (file.take(), into) {
                (Some(file), Some(into)) => self.pictures.fill(file, into).map(|()| true),
                (file, _) => Ok(file.is_some()),
            },
            Source::Moving(frames) => match frames.next() {
                None => Ok(false),
                Some(Err(error)) => Err(damaged(&error)),
                Some(Ok(frame)) => {
                    let Some(into) = into else { return Ok(true) };
                    let frame = DynamicImage::ImageRgba8(frame.into_buffer());
                    let size = [frame.height() as usize, frame.width() as usize];
                    self.pictures.lay(frame, size, into).map(|()| true)
                }
            },
        }
    }
}

/// Refuses frames that can't be as large as it says, and limits what they may take.
fn bound(decoder: &mut impl ImageDecoder, file: &[u8], format: ImageFormat) -> Result<()> {
    let (width, height) = decoder.dimensions();
    claim::check(file, format, width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    ensure!(
        pixels <= MOST_PIXELS,
        "says that its frames are {height}x{width} (height x width), which is too large"
    );
    let frames = HELD * 4 * pixels;
    decoder.set_limits(limits(file, frames)).map_err(|error| damaged(&error))
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifEncoder;
    use image::{Delay, Frame, Rgba, RgbaImage};

    use super::*;

    /// A GIF whose frames are each of one grey.
    fn gif(greys: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = GifEncoder::new(&mut bytes);
        for &grey in greys {
            let image = RgbaImage::from_pixel(4, 2, Rgba([grey, grey, grey, 255]));
            let delay = Delay::from_numer_denom_ms(100, 1);
            encoder.encode_frame(Frame::from_parts(image, 0, 0, delay)).unwrap();
        }
        drop(encoder);
        bytes
    }

    fn greys(file: &[u8]) -> Result<Vec<u8>> {
        let mut pictures = Pictures { grey: true, ..Pictures::squares(1) };
        pictures.size = None;
        pictures.settle(file)?;
        let mut animation = pictures.animation(file)?;
        let (mut into, mut seen) = (vec![0; 8], Vec::new());
        while animation.advance(Some(&mut into))? {
            assert!(into.iter().all(|grey| *grey == into[0]));
            seen.push(into[0]);
        }
        Ok(seen)
    }

    #[test]
    fn frames_come_in_turn_and_may_be_passed_over() {
        let file = gif(&[10, 200, 90]);
        assert_eq!(greys(&file).ok().unwrap(), [10, 200, 90]);
        let pictures = Pictures::squares(2);
        let mut animation = pictures.animation(&file).ok().unwrap();
        let mut into = vec![0; 12];
        assert!(animation.advance(None).ok().unwrap() && animation.advance(None).ok().unwrap());
        assert!(animation.advance(Some(&mut into)).ok().unwrap());
        assert_eq!(into, [90; 12]);
        assert!(!animation.advance(None).ok().unwrap());
    }

    #[test]
    fn a_picture_that_does_not_move_has_one_frame() {
        assert_eq!(greys(b"P5 4 2 255\n77777777").ok().unwrap(), [b'7']);
    }

    #[test]
    fn a_file_that_is_cut_short_or_lies_is_named() {
        let whole = gif(&[10, 200, 90]);
        let said = |file: &[u8]| greys(file).err().map(|error| error.to_string());
        for end in 0..whole.len() - 1 {
            assert!(said(&whole[..end]).is_some(), "{end}");
        }
        let mut huge = whole;
        huge[6..10].fill(0xff);
        let said = Pictures::squares(2).animation(&huge).err().unwrap().to_string();
        assert!(said.contains("too large"), "{said}");
        huge[6..10].copy_from_slice(&[0, 0x7f, 0, 0x7f]);
        let said = Pictures::squares(2).animation(&huge).err().unwrap().to_string();
        assert!(said.contains("32512x32512, which is too large"), "{said}");
    }
}
