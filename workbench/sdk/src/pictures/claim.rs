//! Whether a file can hold a picture as large as its header says.

use image::ImageFormat;

use super::inner;
use crate::{Result, ensure};

/// Sides above this are damaged or hostile.
pub const MOST_SIDE: u32 = 1 << 15;
/// So are more pixels than this in one picture.
const MOST_PIXELS: u64 = 1 << 27;
/// So many pixels are believed of any file, since a short one may hold little on a large canvas.
const BELIEVED: u64 = 1 << 21;
/// What deflate makes of a byte at most.
const DEFLATED: u64 = 1032;

/// Refuses a header that claims more pixels than the file's bytes can stand for, before anything is allocated for them.
///
/// # Errors
/// It does.
pub fn check(file: &[u8], format: ImageFormat, width: u32, height: u32) -> Result<()> {
    ensure!(width > 0 && height > 0, "has no pixels");
    let pixels = u64::from(width) * u64::from(height);
    ensure!(
        width <= MOST_SIDE && height <= MOST_SIDE && pixels <= MOST_PIXELS,
        "says that it is {height}x{width}, which is too large"
    );
    let most = BELIEVED.max(most_pixels(format, file));
    let fits = |width: u32, height: u32| {
        ensure!(
            u64::from(width) * u64::from(height) <= most,
            "says that it is {height}x{width}, which is too large for a file of {} bytes",
            file.len()
        );
        Ok(())
    };
    fits(width, height)?;
    match format {
        ImageFormat::WebP => inner::of_webp(file, &|inner_width, inner_height| {
            ensure!(
                inner_width <= width && inner_height <= height,
                "is damaged: a frame of {inner_height}x{inner_width} in a picture of {height}x{width}"
            );
            Ok(())
        }),
        ImageFormat::Tiff => inner::of_tiff(file, &fits),
        _ => Ok(()),
    }
}

/// How many pixels the bytes of a file can stand for.
fn most_pixels(format: ImageFormat, file: &[u8]) -> u64 {
    let bytes = file.len() as u64;
    match format {
        ImageFormat::Png => bytes * DEFLATED * 8 / png_bits(file),
        // A block of 8x8 pixels takes a bit at least.
        ImageFormat::Jpeg => bytes * 8 * 64,
        // No code stands for more pixels than its table has places, and full tables have codes of 12 bits.
        ImageFormat::Gif => bytes * 4096 * 8 / 12,
        // Uncompressed, a bit is a pixel at least; two bytes are a run of 255.
        ImageFormat::Bmp => bytes * 128,
        ImageFormat::Pnm => bytes * 8,
        // Bits, deflated. Its codes for facsimiles, and WebP's for one colour, have no bound; this is what use gives them.
        _ => bytes * DEFLATED * 8,
    }
}

/// Bits of a pixel, as the header says that every PNG begins with.
fn png_bits(file: &[u8]) -> u64 {
    let [depth, colour] = file.get(24..26).map_or([1, 0], |two| [two[0], two[1]]);
    let samples = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    u64::from(depth).max(1) * samples
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageEncoder, ImageFormat};

    use super::*;
    use crate::pictures::Pictures;

    /// A picture of one colour, as small as the encoder makes it.
    fn blank(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
        let mut file = std::io::Cursor::new(Vec::new());
        match format {
            ImageFormat::Png => {
                let (best, flat) = (
                    image::codecs::png::CompressionType::Best,
                    image::codecs::png::FilterType::NoFilter,
                );
                let encoder =
                    image::codecs::png::PngEncoder::new_with_quality(&mut file, best, flat);
                let pixels = vec![0; (width * height) as usize];
                encoder.write_image(&pixels, width, height, image::ExtendedColorType::L8).unwrap();
            }
            _ => DynamicImage::new_rgb8(width, height).write_to(&mut file, format).unwrap(),
        }
        file.into_inner()
    }

    #[test]
    fn a_picture_of_one_colour_is_believed() {
        let mut into = vec![0; 3 * 16 * 16];
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp] {
            let file = blank(format, 3000, 2000);
            assert!(Pictures::squares(16).fill(&file, &mut into).is_ok(), "{format:?}");
        }
    }

    #[test]
    fn a_short_file_that_claims_much_is_not() {
        for (format, bytes) in [
            (ImageFormat::Png, 10_000),
            (ImageFormat::Jpeg, 190_000),
            (ImageFormat::Gif, 30_000),
            (ImageFormat::Bmp, 700_000),
            (ImageFormat::Pnm, 12_000_000),
            (ImageFormat::WebP, 10_000),
            (ImageFormat::Tiff, 10_000),
        ] {
            // The length is looked at; a pixel of a PNG is a bit where nothing says more.
            let file = vec![0; bytes];
            let said = check(&file, format, 10_000, 10_000).unwrap_err().to_string();
            assert!(said.contains(&format!("file of {bytes} bytes")), "{format:?}: {said}");
            assert!(check(&file, format, 1000, 1000).is_ok(), "{format:?}");
            assert!(check(&vec![0; 2 * bytes], format, 10_000, 10_000).is_ok(), "{format:?}");
        }
        assert!(check(&[], ImageFormat::Png, 0, 5).is_err());
        assert!(check(&vec![0; 1 << 24], ImageFormat::Jpeg, 1 << 14, 1 << 14).is_err());
    }

    #[test]
    #[ignore = "takes a few seconds and 600 MB"]
    fn a_hundred_megapixels_are_read() {
        let mut into = vec![0; 3 * 16 * 16];
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let file = blank(format, 10_000, 10_000);
            assert!(Pictures::squares(16).fill(&file, &mut into).is_ok(), "{format:?}");
        }
    }
}
