use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color as _, RGBColor};

use crate::font::Font;
use crate::scene::{Dot, Scene, Shape, Text};
use crate::{Color, Error};

/// Shapes are drawn this many times larger and averaged, which smooths their edges.
const OVERSAMPLING: usize = 2;

/// The pixels of a scene, RGB, row by row.
pub(crate) fn paint(scene: &Scene) -> Result<Vec<u8>, Error> {
    let (width, height) = (scene.width, scene.height);
    let mut canvas = if scene.shapes.is_empty() {
        vec![0xFF; width * height * 3]
    } else {
        let (wide, high) = (width * OVERSAMPLING, height * OVERSAMPLING);
        let mut large = vec![0xFF; wide * high * 3];
        let mut backend = BitMapBackend::with_buffer(&mut large, (wide as u32, high as u32));
        for shape in &scene.shapes {
            draw(&mut backend, shape)?;
        }
        backend.present().map_err(failed)?;
        drop(backend);
        average(&large, width, height)
    };
    for picture in &scene.pictures {
        for (row, pixels) in picture.rgb.chunks_exact(picture.width * 3).enumerate() {
            let start = ((picture.y + row) * width + picture.x) * 3;
            canvas[start..start + pixels.len()].copy_from_slice(pixels);
        }
    }
    for text in &scene.texts {
        write(&mut canvas, (width, height), text)?;
    }
    Ok(canvas)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Draw(error.to_string())
}

fn draw<B: DrawingBackend>(backend: &mut B, shape: &Shape) -> Result<(), Error> {
    match shape {
        Shape::Rectangle { from, to, color } => {
            let color = plotters_color(*color);
            backend.draw_rect(whole(*from), whole(*to), &color, true).map_err(failed)
        }
        Shape::Polygon { outline, color, alpha } => {
            let color = plotters_color(*color).mix(*alpha);
            let outline = outline.iter().map(|&dot| whole(dot));
            backend.fill_polygon(outline, &color).map_err(failed)
        }
        Shape::Stroke { path, width, dash, color } => {
            let pieces = match dash {
                Some(lengths) => cut(path, *lengths),
                None => vec![path.clone()],
            };
            pieces
                .iter()
                .try_for_each(|piece| stroke(backend, piece, *width, &plotters_color(*color)))
        }
    }
}

/// A line as one quadrilateral a segment and a disc a bend: plotters' own thick lines fill one
/// polygon for the whole path, which tears where a noisy curve crosses itself.
fn stroke<B: DrawingBackend>(
    backend: &mut B,
    path: &[Dot],
    width: f64,
    color: &RGBColor,
) -> Result<(), Error> {
    for pair in path.windows(2) {
        let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
        if ax == bx || ay == by {
            // Axis-aligned lines keep their exact width.
            let half = width / 2.0;
            let (sx, sy) = if ax == bx { (half, 0.0) } else { (0.0, half) };
            let from = (ax.min(bx) - sx, ay.min(by) - sy);
            let to = (ax.max(bx) + sx, ay.max(by) + sy);
            backend.draw_rect(whole(from), whole(to), color, true).map_err(failed)?;
            continue;
        }
        let length = (bx - ax).hypot(by - ay);
        let (nx, ny) = ((ay - by) / length * width / 2.0, (bx - ax) / length * width / 2.0);
        let quad = [(ax + nx, ay + ny), (bx + nx, by + ny), (bx - nx, by - ny), (ax - nx, ay - ny)];
        backend.fill_polygon(quad.map(whole), color).map_err(failed)?;
    }
    if path.len() > 2 {
        let radius = (width * OVERSAMPLING as f64 / 2.0).round() as u32;
        for &dot in &path[1..path.len() - 1] {
            backend.draw_circle(whole(dot), radius.max(1) - 1, color, true).map_err(failed)?;
        }
    }
    Ok(())
}

/// The pieces of a path that a dashed pen draws, for dashes and gaps of these lengths.
fn cut(path: &[Dot], (dash, gap): (f64, f64)) -> Vec<Vec<Dot>> {
    let mut pieces = Vec::new();
    let Some(&first) = path.first() else {
        return pieces;
    };
    let mut piece = vec![first];
    let (mut on, mut left) = (true, dash);
    for pair in path.windows(2) {
        let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
        let length = (bx - ax).hypot(by - ay);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = (ax + (bx - ax) * done / length, ay + (by - ay) * done / length);
            if on {
                piece.push(at);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![at];
            }
            on = !on;
            left = if on { dash } else { gap };
        }
        left -= length - done;
        if on {
            piece.push((bx, by));
        }
    }
    if on && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

fn whole((x, y): Dot) -> (i32, i32) {
    let scale = OVERSAMPLING as f64;
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

fn plotters_color(color: Color) -> RGBColor {
    RGBColor(color.0, color.1, color.2)
}

fn average(large: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut small = Vec::with_capacity(width * height * 3);
    let row = width * OVERSAMPLING * 3;
    for y in 0..height {
        let (upper, lower) = (&large[2 * y * row..][..row], &large[(2 * y + 1) * row..][..row]);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for c in 0..3 {
                let sum =
                    u16::from(a[c]) + u16::from(a[c + 3]) + u16::from(b[c]) + u16::from(b[c + 3]);
                small.push(((sum + 2) / 4) as u8);
            }
        }
    }
    small
}

fn write(canvas: &mut [u8], (width, height): (usize, usize), text: &Text) -> Result<(), Error> {
    let bounds = &text.bounds;
    let (left, top) = (bounds.x as i32, bounds.y as i32);
    let bottom = (bounds.y + bounds.height) as i32;
    let ink = [text.color.0, text.color.1, text.color.2];
    Font::of(text.em)?.rasterize(&bounds.text, |x, y, coverage| {
        let (x, y) = if text.upright { (left + y, bottom - x) } else { (left + x, top + y) };
        if x < 0 || y < 0 || x as usize >= width || y as usize >= height {
            return;
        }
        let at = (y as usize * width + x as usize) * 3;
        for (pixel, ink) in canvas[at..at + 3].iter_mut().zip(ink) {
            let share = coverage.clamp(0.0, 1.0);
            *pixel = (f32::from(*pixel) * (1.0 - share) + f32::from(ink) * share).round() as u8;
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_keep_their_length_around_corners() {
        let pieces = cut(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], (6.0, 2.0));
        let length = |p: &Vec<Dot>| -> f64 {
            p.windows(2).map(|w| (w[1].0 - w[0].0).hypot(w[1].1 - w[0].1)).sum()
        };
        let lengths: Vec<f64> = pieces.iter().map(length).collect();
        assert_eq!(lengths, [6.0, 6.0, 4.0]);
        assert_eq!(pieces[1], [(8.0, 0.0), (10.0, 0.0), (10.0, 4.0)]);
    }

    #[test]
    fn a_rectangle_fills_exactly_its_pixels() {
        let mut scene = Scene::new(6);
        scene.height = 5;
        scene.rectangle((1.0, 2.0), (4.0, 3.0), Color(0, 0, 0));
        let pixels = paint(&scene).unwrap();
        let dark: Vec<usize> = (0..30).filter(|&i| pixels[i * 3] == 0).collect();
        assert_eq!(dark, [13, 14, 15]);
    }
}
