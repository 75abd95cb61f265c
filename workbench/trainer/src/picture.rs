//! Pictures for the event log.

use workbench_engine::Array;

use crate::Error;

/// Pixels in 0..1, `[N, C, H, W]`, as bytes of interleaved channels, one vector a picture. Two channels, or more
/// than three, are shown by their first.
pub fn to_bytes(pictures: &Array) -> Vec<(usize, usize, usize, Vec<u8>)> {
    let [n, c, h, w] = pictures.shape[..] else { return Vec::new() };
    let shown = if c == 3 { 3 } else { 1 };
    let byte = |x: f32| (x.clamp(0.0, 1.0) * 255.0).round() as u8;
    (0..n)
        .map(|i| {
            let picture = &pictures.data[i * c * h * w..(i + 1) * c * h * w];
            let pixels = (0..h * w)
                .flat_map(|at| (0..shown).map(move |channel| byte(picture[channel * h * w + at])));
            (w, h, shown, pixels.collect())
        })
        .collect()
}

/// A grid as one PNG: (width, height, channels, file). Places without a picture are left grey.
///
/// # Errors
/// The encoder's own.
pub fn grid_png(pictures: &Array, columns: usize) -> Result<(u32, u32, u8, Vec<u8>), Error> {
    const GAP: usize = 2;
    let pictures = to_bytes(pictures);
    let (w, h, channels) =
        pictures.first().map_or((1, 1, 1), |&(w, h, channels, _)| (w, h, channels));
    let columns = columns.clamp(1, pictures.len().max(1));
    let rows = pictures.len().div_ceil(columns).max(1);
    let (width, height) = (columns * (w + GAP) - GAP, rows * (h + GAP) - GAP);
    let mut canvas = vec![96u8; width * height * channels];
    for (i, (.., pixels)) in pictures.iter().enumerate() {
        let (left, top) = (i % columns * (w + GAP), i / columns * (h + GAP));
        for (y, row) in pixels.chunks_exact(w * channels).enumerate() {
            let at = ((top + y) * width + left) * channels;
            canvas[at..at + row.len()].copy_from_slice(row);
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(if channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&canvas)?;
    Ok((width as u32, height as u32, channels as u8, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_holds_every_picture_at_its_place() {
        let data = (0..3 * 4).map(|i| if i / 4 == 2 { 1.0 } else { 0.0 }).collect();
        let pictures = Array { shape: vec![3, 1, 2, 2], data };
        let (width, height, channels, file) = grid_png(&pictures, 2).unwrap();
        assert_eq!((width, height, channels), (6, 6, 1));
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; 36];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels[4 * 6], 255);
        assert_eq!(pixels[4 * 6 + 4], 96);
        assert_eq!(pixels[4], 0);
    }

    #[test]
    fn channels_are_interleaved() {
        let pictures = Array { shape: vec![1, 3, 1, 2], data: vec![0.0, 1.0, 0.2, 0.4, 2.0, -1.0] };
        assert_eq!(to_bytes(&pictures)[0].3, [0, 51, 255, 255, 102, 0]);
    }
}
