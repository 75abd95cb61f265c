//! PNG files in a log, as the dashboard decodes them.

use std::cell::RefCell;
use std::rc::Rc;

use workbench_runs::Image;

use crate::parser::Parser;
use crate::picture::Picture;

/// What the dashboard shows at most.
const MOST: u64 = 16 << 20;
/// The decoder's window and buffers, which it has before it knows more than the header.
const BUFFERS: usize = 128 << 10;

pub fn parsers() -> Vec<Parser> {
    vec![pictures("picture", false), pictures("picture, checksums", true)]
}

/// `mended`: with the right checksums, so that the damage reaches what is inside.
fn pictures(name: &'static str, mended: bool) -> Parser {
    let file = Rc::new(RefCell::new(Vec::new()));
    let put = {
        let file = file.clone();
        move |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            if mended {
                mend(&mut bytes);
            }
            let pixels = claimed(&bytes).filter(|pixels| *pixels <= MOST);
            let held = pixels.map_or(0, |pixels| pixels as usize * 8).max(bytes.len()) + BUFFERS;
            *file.borrow_mut() = bytes;
            held
        }
    };
    let parse = move || {
        let image = Image { width: 1, height: 1, channels: 1, png: file.borrow().clone() };
        let picture = Picture::decode(&image)?;
        assert!(picture.width as u64 * picture.height as u64 <= MOST);
        picture.scaled(7, 5);
        Ok(())
    };
    // The pixels twice: as they are stored, up to eight bytes each, and as they are shown.
    Parser { name, seeds: seeds(), put: Box::new(put), parse: Box::new(parse), times: 2 }
}

fn seeds() -> Vec<Vec<u8>> {
    use png::{BitDepth, ColorType};
    let kinds = [
        (ColorType::Grayscale, BitDepth::Eight, 16 * 16),
        (ColorType::Rgb, BitDepth::Eight, 3 * 16 * 16),
        (ColorType::Rgba, BitDepth::Sixteen, 8 * 16 * 16),
        (ColorType::Indexed, BitDepth::Four, 8 * 16),
    ];
    let encoded = kinds.into_iter().map(|(colour, depth, size)| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 16, 16);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette(vec![9; 3 * 16]);
        }
        let mut writer = encoder.write_header().unwrap();
        let data: Vec<u8> = (0..size).map(|i: usize| (i * 7 % 251) as u8).collect();
        writer.write_image_data(&data).unwrap();
        writer.finish().unwrap();
        bytes
    });
    encoded.collect()
}

/// So many pixels the header claims.
fn claimed(png: &[u8]) -> Option<u64> {
    let side =
        |at: usize| Some(u64::from(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?)));
    side(16)?.checked_mul(side(20)?)
}

/// Writes the checksum of each chunk that is whole.
fn mend(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let Some(end) = at.checked_add(8 + length).filter(|end| end + 4 <= png.len()) else {
            return;
        };
        let mut sum = flate2::Crc::new();
        sum.update(&png[at + 4..end]);
        png[end..end + 4].copy_from_slice(&sum.sum().to_be_bytes());
        at = end + 4;
    }
}
