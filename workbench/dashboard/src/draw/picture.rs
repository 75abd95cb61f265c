//! A logged PNG as pixels, and pixels at another size.

use std::io::Cursor;

use workbench_runs::Image;

/// No picture for a terminal is larger; a header may claim anything.
const MAX_PIXELS: u64 = 16 << 20;

/// Pixels `[height, width]` of red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// Decodes a PNG of any colour type, on black where it is transparent.
    ///
    /// # Errors
    /// Why it cannot be shown, in words.
    pub fn decode(image: &Image) -> Result<Picture, String> {
        let wrong = |e: png::DecodingError| format!("the picture cannot be decoded: {e}");
        let mut decoder = png::Decoder::new(Cursor::new(&image.png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(wrong)?;
        let info = reader.info();
        if u64::from(info.width) * u64::from(info.height) > MAX_PIXELS {
            return Err(format!(
                "the picture is {}×{} pixels, too many to show",
                info.width, info.height
            ));
        }
        let size = reader.output_buffer_size().ok_or("the picture is too large to show")?;
        let mut bytes = vec![0; size];
        let frame = reader.next_frame(&mut bytes).map_err(wrong)?;
        let samples = frame.color_type.samples();
        let over = |value: u8, alpha: u8| (u16::from(value) * u16::from(alpha) / 255) as u8;
        let pixels = bytes[..frame.buffer_size()].chunks_exact(samples).map(|p| match *p {
            [grey] => [grey; 3],
            [grey, alpha] => [over(grey, alpha); 3],
            [r, g, b] => [r, g, b],
            [r, g, b, a] => [over(r, a), over(g, a), over(b, a)],
            _ => [0; 3],
        });
        Ok(Picture {
            width: frame.width as usize,
            height: frame.height as usize,
            pixels: pixels.collect(),
        })
    }

    /// The size for a box of `width` by `height` pixels: enlarged by a whole factor where the picture
    /// fits, so that pixels stay square and even; reduced where it does not.
    pub fn fit(&self, width: usize, height: usize) -> (usize, usize) {
        let (w, h) = (self.width.max(1), self.height.max(1));
        let factor = (width / w).min(height / h);
        if factor >= 1 {
            return (w * factor, h * factor);
        }
        let scale = (width as f64 / w as f64).min(height as f64 / h as f64);
        let part = |x: usize| ((x as f64 * scale).round() as usize).max(1);
        (part(w).min(width.max(1)), part(h).min(height.max(1)))
    }

    /// As much of a grid of pictures, from its upper left, as can be shown in a box of `width` by `height`
    /// pixels without being reduced below `scale`; cut between the grid's tiles, after an even number of
    /// rows where rows come in pairs.
    pub fn part(&self, width: usize, height: usize, scale: f64, pairs: bool) -> Picture {
        let most = |length: usize| (length as f64 / scale) as usize;
        if self.width <= most(width) && self.height <= most(height) {
            return self.clone();
        }
        let is_gap = |mut pixels: Box<dyn Iterator<Item = [u8; 3]> + '_>| {
            let first = self.pixels.first().copied();
            pixels.all(|pixel| Some(pixel) == first)
        };
        let row = |y: usize| self.pixels[y * self.width..(y + 1) * self.width].iter().copied();
        let column = |x: usize| self.pixels.iter().skip(x).step_by(self.width.max(1)).copied();
        let across = ends(self.width, |x| is_gap(Box::new(column(x))));
        let down = ends(self.height, |y| is_gap(Box::new(row(y))));
        let cut = |ends: &[usize], length: usize, most: usize, step: usize| {
            let fitting = ends.iter().filter(|&&end| end <= most).count();
            let tiles = if fitting >= step { fitting / step * step } else { fitting };
            tiles.checked_sub(1).map_or(most.clamp(1, length), |last| ends[last])
        };
        let width = cut(&across, self.width, most(width), 1);
        let height = cut(&down, self.height, most(height), if pairs { 2 } else { 1 });
        let pixels = (0..height).flat_map(|y| row(y).take(width)).collect();
        Picture { width, height, pixels }
    }

    /// The picture at another size; each new pixel is the mean of the area it covers.
    pub fn scaled(&self, width: usize, height: usize) -> Picture {
        if (width, height) == (self.width, self.height) || self.pixels.is_empty() {
            return self.clone();
        }
        let columns = spans(self.width, width);
        let rows = spans(self.height, height);
        let mut pixels = Vec::with_capacity(width * height);
        for row in &rows {
            for column in &columns {
                let (mut sum, mut mass) = ([0.0; 3], 0.0);
                for &(y, in_y) in row {
                    for &(x, in_x) in column {
                        let share = in_y * in_x;
                        let pixel = self.pixels[y * self.width + x];
                        for (sum, value) in sum.iter_mut().zip(pixel) {
                            *sum += share * f64::from(value);
                        }
                        mass += share;
                    }
                }
                pixels.push(sum.map(|sum| (sum / mass).round() as u8));
            }
        }
        Picture { width, height, pixels }
    }
}

/// Where tiles end, each with the gap behind it; the gap before the first is no tile.
fn ends(length: usize, is_gap: impl Fn(usize) -> bool) -> Vec<usize> {
    let gaps: Vec<bool> = (0..length).map(is_gap).collect();
    let inside = gaps.iter().position(|gap| !gap).unwrap_or(length);
    (inside + 1..=length).filter(|&x| gaps[x - 1] && gaps.get(x).is_none_or(|gap| !gap)).collect()
}

/// For each of `to` new pixels, the old ones it covers and how much of each.
fn spans(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let ratio = from as f64 / to as f64;
    let span = |i: usize| {
        let (start, end) = (i as f64 * ratio, (i + 1) as f64 * ratio);
        let last = (end.ceil() as usize).min(from);
        let covered = (start.floor() as usize..last)
            .map(|x| (x, (end.min(x as f64 + 1.0) - start.max(x as f64)).max(0.0)))
            .filter(|(_, share)| *share > 1e-9);
        let covered: Vec<_> = covered.collect();
        if covered.is_empty() { vec![(start as usize, 1.0)] } else { covered }
    };
    (0..to).map(span).collect()
}

/// How bright a colour looks, 0 to 1 (Rec. 709, on gamma-coded values, as terminals mix them).
pub(crate) fn brightness([r, g, b]: [u8; 3]) -> f64 {
    (0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, height: usize, values: &[u8]) -> Picture {
        Picture { width, height, pixels: values.iter().map(|&v| [v; 3]).collect() }
    }

    #[test]
    fn enlarging_takes_whole_factors_and_reducing_keeps_the_shape() {
        let picture = grey(10, 4, &[0; 40]);
        assert_eq!(picture.fit(35, 100), (30, 12));
        assert_eq!(picture.fit(10, 4), (10, 4));
        assert_eq!(picture.fit(5, 4), (5, 2));
        assert_eq!(picture.fit(0, 0), (1, 1));
    }

    #[test]
    fn a_grid_too_large_to_read_is_cut_between_its_tiles() {
        // Tiles of 4 by 4 with 1 pixel around each: 5 across, 4 down.
        let (width, height) = (26, 21);
        let pixel = |at: usize| {
            let (x, y) = (at % width, at / width);
            if x % 5 == 0 || y % 5 == 0 { 0 } else { 1 + (x / 5 + y / 5) as u8 }
        };
        let values: Vec<u8> = (0..width * height).map(pixel).collect();
        let picture = grey(width, height, &values);
        assert_eq!(picture.part(26, 21, 1.0, false), picture);
        let size = |part: Picture| (part.width, part.height);
        assert_eq!(size(picture.part(18, 18, 1.0, false)), (16, 16));
        assert_eq!(size(picture.part(18, 18, 1.0, true)), (16, 11));
        assert_eq!(size(picture.part(6, 6, 0.5, true)), (11, 11));
        // Where not even a tile fits, what fits is shown.
        assert_eq!(size(picture.part(3, 3, 1.0, false)), (3, 3));
        assert_eq!(picture.part(18, 18, 1.0, false).pixels[16 * 6 + 6], [3; 3]);
    }

    #[test]
    fn areas_are_averaged() {
        let picture = grey(4, 1, &[0, 100, 200, 100]);
        assert_eq!(picture.scaled(2, 1), grey(2, 1, &[50, 150]));
        assert_eq!(grey(3, 1, &[0, 90, 180]).scaled(2, 1), grey(2, 1, &[30, 150]));
        assert_eq!(grey(2, 1, &[7, 9]).scaled(4, 2), grey(4, 2, &[7, 7, 9, 9, 7, 7, 9, 9]));
    }

    #[test]
    fn damaged_and_huge_pictures_are_words() {
        let image = |png: Vec<u8>| Image { width: 1, height: 1, channels: 1, png };
        assert!(Picture::decode(&image(b"not a png".to_vec())).unwrap_err().contains("decoded"));
        let mut huge = Vec::new();
        let encoder = png::Encoder::new(&mut huge, 16_000, 16_000);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(png::chunk::IDAT, &[0]).unwrap();
        drop(writer);
        assert!(Picture::decode(&image(huge)).unwrap_err().contains("too many"));
    }

    #[test]
    fn colour_types_become_red_green_blue() {
        for (color, bytes, expected) in [
            (png::ColorType::Grayscale, vec![9], [9, 9, 9]),
            (png::ColorType::Rgb, vec![1, 2, 3], [1, 2, 3]),
            (png::ColorType::Rgba, vec![200, 100, 50, 0], [0, 0, 0]),
        ] {
            let mut png = Vec::new();
            let mut encoder = png::Encoder::new(&mut png, 1, 1);
            encoder.set_color(color);
            encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
            let picture =
                Picture::decode(&Image { width: 1, height: 1, channels: 1, png }).unwrap();
            assert_eq!(picture.pixels, [expected]);
        }
    }
}
