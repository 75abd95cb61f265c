//! Pictures, by the way that the terminal takes them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::half_blocks;
use super::picture::Picture;
use crate::theme::Styles;

/// Draws a picture as large as fits; returns the rows used.
pub(crate) fn paint_picture(
    styles: &Styles,
    picture: &Picture,
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    let (_, rows) = cells(styles, picture, area);
    match styles.pixels {
        Some(pixels) => pixels.paint(picture, area, buf),
        None => half_blocks::paint(styles, picture, area, buf),
    }
    rows
}

/// The columns and rows that a picture takes of an area.
pub(crate) fn cells(styles: &Styles, picture: &Picture, area: Rect) -> (u16, u16) {
    match styles.pixels {
        Some(pixels) => {
            let size = pixels.cells(picture, area);
            (size.width, size.height)
        }
        None => half_blocks::cells(picture, area),
    }
}
