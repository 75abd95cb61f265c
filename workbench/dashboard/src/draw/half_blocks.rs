//! Pictures as half blocks, two pixels a cell; where there is no colour, as glyphs that cover as much as they are bright.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::picture::{Picture, brightness};
use crate::theme::Styles;

/// The columns and rows that a picture takes of an area.
pub(super) fn cells(picture: &Picture, area: Rect) -> (u16, u16) {
    let (width, height) = picture.fit(usize::from(area.width), usize::from(area.height) * 2);
    (width as u16, height.div_ceil(2) as u16)
}

/// Draws a picture as large as fits.
pub(super) fn paint(styles: &Styles, picture: &Picture, area: Rect, buf: &mut Buffer) {
    let (width, height) = picture.fit(usize::from(area.width), usize::from(area.height) * 2);
    let scaled = picture.scaled(width, height);
    let pixel = |x: usize, y: usize| scaled.pixels.get(y * width + x).copied();
    for row in 0..height.div_ceil(2) {
        for column in 0..width {
            let at = (area.x + column as u16, area.y + row as u16);
            let Some(cell) = buf.cell_mut(at) else { continue };
            let upper = pixel(column, row * 2).unwrap_or([0; 3]);
            let lower = if row * 2 + 1 < height { pixel(column, row * 2 + 1) } else { None };
            if let Some(color) = styles.rgb(upper) {
                if !styles.unicode() {
                    // A cell without a half block has one colour.
                    let mean = |i: usize| {
                        let lower = lower.unwrap_or(upper);
                        ((u16::from(upper[i]) + u16::from(lower[i])) / 2) as u8
                    };
                    cell.set_bg(styles.rgb([mean(0), mean(1), mean(2)]).unwrap_or(color));
                    continue;
                }
                match lower.and_then(|lower| styles.rgb(lower)) {
                    // One colour in both halves is a space: the cheapest cell there is.
                    Some(below) if below == color => {
                        cell.set_char(' ').set_bg(color);
                    }
                    Some(below) => {
                        cell.set_char('▀').set_fg(color).set_bg(below);
                    }
                    None => {
                        cell.set_char('▀').set_fg(color);
                    }
                }
            } else {
                let both = (brightness(upper) + brightness(lower.unwrap_or(upper))) / 2.0;
                cell.set_char(shade(both, styles.unicode()));
            }
        }
    }
}

/// A glyph that covers as much of its cell as the picture is bright.
pub(crate) fn shade(brightness: f64, unicode: bool) -> char {
    let ramp: &[char] = if unicode {
        &[' ', '░', '▒', '▓', '█']
    } else {
        &[' ', '.', ':', '-', '=', '+', '*', '#', '%', '@']
    };
    let last = ramp.len() - 1;
    ramp[((brightness * last as f64).round() as usize).min(last)]
}
