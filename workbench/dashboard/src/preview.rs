//! Pictures as lines of text, for a command that prints them.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::Options;
use crate::draw::paint;
use crate::draw::picture::Picture;
use crate::draw::pictures::paint_picture;
use crate::format;
use crate::terminal::Pen;
use crate::theme::{Hue, Styles, Theme};

/// A picture and what to write under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    pub width: usize,
    pub height: usize,
    /// Red, green and blue `[height, width]`, row by row.
    pub pixels: Vec<[u8; 3]>,
    pub caption: String,
}

/// A tile is not made smaller than this: a digit of 28 pixels is legible down to it.
const LEAST: usize = 10;
/// Nor is it made larger than this.
const MOST: usize = 40;

/// A grid of pictures, in half blocks where cells can be coloured and in shades where not, as [`Options`] decide.
/// The tiles are as large as can be, so that all fit into `columns` by `rows`; more rows are used where they would
/// be too small. Each line ends with a newline and leaves no colour on.
pub fn preview(tiles: &[Tile], (columns, rows): (u16, u16), options: &Options) -> String {
    let styles = Styles::decide(options);
    let Some(first) = tiles.first().filter(|tile| tile.width > 0 && tile.height > 0) else {
        return String::new();
    };
    let columns = columns.max(LEAST as u16);
    let shape = Shape::fitting(first, tiles.len(), columns, rows);
    let area = Rect::new(0, 0, columns, shape.row_height());
    let mut out = String::new();
    for row in tiles.chunks(shape.across) {
        let mut buf = Buffer::empty(area);
        for (i, tile) in row.iter().enumerate() {
            draw(&styles, tile, &shape, i as u16 * (shape.width + 1), &mut buf);
        }
        write(&buf, &mut out);
    }
    out
}

/// The size of the tiles in cells, and how many stand side by side.
struct Shape {
    width: u16,
    height: u16,
    across: usize,
}

impl Shape {
    fn fitting(tile: &Tile, count: usize, columns: u16, rows: u16) -> Shape {
        let of = |width: usize| {
            let height = (tile.height * width).div_ceil(tile.width).div_ceil(2).clamp(1, 200);
            let across = ((usize::from(columns) + 1) / (width + 1)).max(1);
            Shape { width: width as u16, height: height as u16, across }
        };
        let most = tile.width.clamp(LEAST, MOST).min(usize::from(columns)).max(LEAST);
        let fits = |shape: &Shape| {
            count.div_ceil(shape.across) * usize::from(shape.row_height()) <= usize::from(rows)
        };
        // An odd number of pixels would leave half of the last row's cells empty.
        let is_even = |width: &usize| (tile.height * width / tile.width).is_multiple_of(2);
        let widths = (LEAST..=most).rev().filter(is_even);
        widths.map(of).find(fits).unwrap_or_else(|| of(LEAST))
    }

    /// A tile, its caption, and a blank row.
    fn row_height(&self) -> u16 {
        self.height + 2
    }
}

fn draw(styles: &Styles, tile: &Tile, shape: &Shape, x: u16, buf: &mut Buffer) {
    let mut pixels = tile.pixels.clone();
    pixels.resize(tile.width * tile.height, [0; 3]);
    let picture = Picture { width: tile.width, height: tile.height, pixels };
    let area = Rect { x, y: 0, width: shape.width, height: shape.height };
    paint_picture(styles, &picture, area, buf);
    let caption = paint::cut(&format::plain(&tile.caption), shape.width, styles.unicode());
    let caption: String =
        if styles.unicode() { caption } else { caption.replace(|c: char| !c.is_ascii(), "?") };
    // Without colours a caption is plain text, as whatever reads it may be no terminal.
    let style = match styles.theme {
        Theme::None => Style::new(),
        _ => styles.of(Hue::Faint),
    };
    paint::put(buf, x, shape.height, shape.width, &caption, style);
}

/// The rows of a buffer as lines, without the blanks at their ends.
fn write(buf: &Buffer, out: &mut String) {
    let area = *buf.area();
    for y in area.top()..area.bottom() {
        let is_blank = |x: u16| buf[(x, y)].symbol() == " " && buf[(x, y)].style() == blank();
        let end = (area.left()..area.right()).rev().find(|&x| !is_blank(x)).map_or(0, |x| x + 1);
        let mut pen = Pen::default();
        let mut line = Vec::new();
        for x in area.left()..end {
            pen.dip(&buf[(x, y)], &mut line);
            line.extend(buf[(x, y)].symbol().bytes());
        }
        pen.lift(&mut line);
        // A string takes all that is written to it.
        let _ = writeln!(out, "{}", String::from_utf8_lossy(&line));
    }
}

/// The style of a cell that nothing was drawn in.
fn blank() -> Style {
    ratatui::buffer::Cell::EMPTY.style()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Env;

    fn tiles(count: usize) -> Vec<Tile> {
        let tile = |i: usize| {
            let pixels = (0..28 * 28).map(|at| if at % 28 < 14 { [255; 3] } else { [0; 3] });
            Tile { width: 28, height: 28, pixels: pixels.collect(), caption: format!("class {i}") }
        };
        (0..count).map(tile).collect()
    }

    fn options(theme: Theme, ascii: bool) -> Options {
        let env = Env { lang: Some("C.UTF-8".into()), ..Env::default() };
        Options { theme: Some(theme), ascii, env, ..Options::default() }
    }

    #[test]
    fn a_grid_in_ascii() {
        let text = preview(&tiles(5), (40, 20), &options(Theme::None, true));
        assert!(text.is_ascii() && !text.contains('\x1b'), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn all_fit_where_they_can_and_no_line_is_too_long() {
        let lines = |count, size| {
            let text = preview(&tiles(count), size, &options(Theme::None, false));
            assert!(
                text.lines().all(|line| line.chars().count() <= usize::from(size.0).max(LEAST)),
                "{text}"
            );
            text.lines().count()
        };
        assert_eq!(lines(1, (80, 24)), 16, "one tile is as large as its picture");
        assert!(lines(10, (80, 24)) <= 24);
        assert!(lines(64, (200, 60)) <= 60);
        // Too many for the room: legible all the same.
        assert!(lines(100, (40, 10)) > 10);
        assert!(lines(3, (1, 1)) > 0);
        assert_eq!(preview(&[], (80, 24), &options(Theme::None, false)), "");
    }

    #[test]
    fn colours_are_the_terminals_and_end_with_the_line() {
        for (theme, code) in [(Theme::Truecolor, "48;2;"), (Theme::Colors256, "48;5;")] {
            let text = preview(&tiles(2), (80, 24), &options(theme, false));
            assert!(text.contains(code), "{text:?}");
            for line in text.lines().filter(|line| line.contains('\x1b')) {
                assert!(line.ends_with("\x1b[m"), "{line:?}");
            }
        }
        let ascii = preview(&tiles(2), (80, 24), &options(Theme::Colors256, true));
        assert!(ascii.is_ascii() && ascii.contains("48;5;"), "{ascii:?}");
        let shades = preview(&tiles(2), (80, 24), &options(Theme::Colors16, false));
        assert!(shades.contains('█') && !shades.contains("48;"), "{shades:?}");
    }

    #[test]
    fn no_picture_is_too_odd() {
        for (width, height, pixels) in
            [(1, 1, 1), (300, 2, 600), (2, 300, 600), (5, 5, 3), (0, 3, 0)]
        {
            let pixels = vec![[9; 3]; pixels];
            let tile = Tile { width, height, pixels, caption: "é\x1b[31m".into() };
            preview(&[tile], (80, 24), &options(Theme::Truecolor, false));
        }
    }
}
