use std::path::Path;

use crate::write::write;
use crate::{Error, Picture};

/// Small pictures are enlarged to about this many pixels a side, so that a viewer shows more than a stamp.
const SIDE: usize = 280;

impl Picture {
    /// Writes the picture alone as PNG, aside in the same folder and then renamed. Each of its pixels is a square
    /// of as many pixels as [`Picture::enlargement`] says. The folder must exist.
    ///
    /// # Errors
    /// Where pixels and size do not fit together, and [`Error::Write`].
    pub fn save_png(&self, path: &Path) -> Result<(), Error> {
        write(path, &self.to_png()?)
    }

    /// How many times larger than the picture its PNG is; 1 for those that are large enough.
    pub fn enlargement(&self) -> usize {
        (SIDE / self.width.max(self.height).max(1)).max(1)
    }

    fn to_png(&self) -> Result<Vec<u8>, Error> {
        if self.is_hole() {
            return Err(Error::PictureEmpty { index: 0, width: 0, height: 0 });
        }
        self.check(0)?;
        let factor = self.enlargement();
        let mut pixels = Vec::with_capacity(self.pixels.len() * factor * factor);
        for row in self.pixels.chunks_exact(self.width * self.channels) {
            let pixel = |p| std::iter::repeat_n(p, factor).flatten();
            let line: Vec<u8> = row.chunks_exact(self.channels).flat_map(pixel).copied().collect();
            (0..factor).for_each(|_| pixels.extend_from_slice(&line));
        }
        let (width, height) = (self.width * factor, self.height * factor);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        let grey = self.channels == 1;
        encoder.set_color(if grey { png::ColorType::Grayscale } else { png::ColorType::Rgb });
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(picture: &Picture) -> (u32, u32, Vec<u8>) {
        let png = picture.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        (frame.width, frame.height, pixels)
    }

    #[test]
    fn every_pixel_is_a_square() {
        let picture = Picture { width: 2, height: 1, channels: 1, pixels: vec![7, 200] };
        let (width, height, pixels) = decoded(&picture);
        assert_eq!((picture.enlargement(), width, height), (140, 280, 140));
        assert!(pixels.chunks(280).all(|row| row[..140] == [7; 140] && row[140..] == [200; 140]));
        let pixels: Vec<u8> = (0..300 * 3).map(|i| i as u8).collect();
        let wide = Picture { width: 300, height: 1, channels: 3, pixels };
        assert_eq!(decoded(&wide), (300, 1, wide.pixels.clone()));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(Picture::default().to_png().is_err());
        let odd = Picture { width: 2, height: 2, channels: 1, pixels: vec![0; 3] };
        assert!(odd.to_png().unwrap_err().to_string().contains('3'));
    }
}
