use crate::axes::{LABEL_EM, MARGIN, TICK_EM, TITLE_EM, WIDTH};
use crate::font::Font;
use crate::scene::{Anchor, Placed, Scene};
use crate::{Color, Error};

/// Pictures in rows and columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImageGrid {
    /// Above the pictures; shortened if it takes more than two lines.
    pub title: String,
    /// Cells from top to bottom.
    pub rows: usize,
    /// Cells from left to right.
    pub columns: usize,
    /// Beside the rows; may be fewer than rows, and more are not drawn.
    pub row_labels: Vec<String>,
    /// Above the columns; may be fewer than columns, and more are not drawn.
    pub column_labels: Vec<String>,
    /// Row by row; may be fewer than cells.
    pub images: Vec<Picture>,
    /// Rows that belong together stand closer than others: 2 for pairs, 0 for all.
    pub rows_per_group: usize,
}

/// A picture, grey or RGB. `Picture::default()` leaves its cell of a grid empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    /// [height, width, channels], row by row, from 0 (black) to 255.
    pub pixels: Vec<u8>,
}

/// The most pixels a side, and in all, of a figure.
const SIDE: usize = 16_384;
const AREA: usize = 40_000_000;
/// Between pictures, and between groups of rows.
const GAP: usize = 4;
const GROUP_GAP: usize = 22;
/// As wide as a grid becomes if its pictures are small; wider ones make the figure wider.
const GRID_WIDTH: usize = 880;

impl Picture {
    /// Checks that the picture, the `index`th of its grid, can be drawn.
    pub(crate) fn check(&self, index: usize) -> Result<(), Error> {
        let &Self { width, height, channels, .. } = self;
        if self.is_hole() {
            return Ok(());
        }
        if channels != 1 && channels != 3 {
            return Err(Error::PictureChannels { index, channels });
        }
        if width == 0 || height == 0 {
            return Err(Error::PictureEmpty { index, width, height });
        }
        let expected = width.saturating_mul(height).saturating_mul(channels);
        let found = self.pixels.len();
        if found != expected {
            return Err(Error::PictureSize { index, width, height, channels, expected, found });
        }
        Ok(())
    }

    /// Whether its cell stays empty.
    pub(crate) fn is_hole(&self) -> bool {
        *self == Self::default()
    }

    /// RGB, every pixel a square of `factor` × `factor`, in a frame one pixel wide that shows where
    /// a white picture ends.
    fn framed(&self, factor: usize) -> Vec<u8> {
        let frame = [Color::GRID.0, Color::GRID.1, Color::GRID.2];
        let width = self.width * factor + 2;
        let mut rgb = Vec::with_capacity(width * (self.height * factor + 2) * 3);
        rgb.extend(std::iter::repeat_n(frame, width).flatten());
        for row in self.pixels.chunks_exact(self.width * self.channels) {
            let line: Vec<u8> = std::iter::once(frame)
                .chain(row.chunks_exact(self.channels).flat_map(|pixel| {
                    let last = self.channels - 1;
                    std::iter::repeat_n([pixel[0], pixel[last / 2], pixel[last]], factor)
                }))
                .chain([frame])
                .flatten()
                .collect();
            for _ in 0..factor {
                rgb.extend_from_slice(&line);
            }
        }
        rgb.extend(std::iter::repeat_n(frame, width).flatten());
        rgb
    }
}

impl ImageGrid {
    pub(crate) fn lay_out(&self) -> Result<Scene, Error> {
        let cells = self.rows.saturating_mul(self.columns);
        if self.images.len() > cells {
            return Err(Error::GridSize {
                pictures: self.images.len(),
                rows: self.rows,
                columns: self.columns,
            });
        }
        for (index, picture) in self.images.iter().enumerate() {
            picture.check(index)?;
        }
        let widest = self.images.iter().map(|p| p.width).max().unwrap_or(1).max(1);
        let highest = self.images.iter().map(|p| p.height).max().unwrap_or(1).max(1);
        let (rows, columns) = (self.rows.max(1), self.columns.max(1));

        // The whole factor at which the pictures best fill a column's width, but no huge tiles.

        let factor =
            ((GRID_WIDTH / columns).saturating_sub(GAP) / widest).min(240 / highest).max(1);
        let (tile_width, tile_height) = (widest * factor, highest * factor);
        let grid_width = columns.saturating_mul(tile_width + GAP);
        let row_height = tile_height + GAP;
        let group = if self.rows_per_group == 0 { rows } else { self.rows_per_group };
        let grid_height = rows
            .saturating_mul(row_height)
            .saturating_add(((rows - 1) / group).saturating_mul(GROUP_GAP));
        check_size(grid_width, grid_height)?;

        // A grid wider than a chart is shown smaller, so its text must be larger.
        let zoom = (grid_width as f64 / GRID_WIDTH as f64).max(1.0);
        let margin = (MARGIN * zoom).round();
        let fonts =
            [Font::of(TITLE_EM * zoom)?, Font::of(LABEL_EM * zoom)?, Font::of(TICK_EM * zoom)?];
        let [title_font, _, small_font] = fonts;
        let row_labels: Vec<String> = self
            .row_labels
            .iter()
            .take(self.rows)
            .map(|label| small_font.shorten(label, 300.0 * zoom))
            .collect();
        let label_width = row_labels.iter().map(|l| small_font.width(l)).fold(0.0, f64::max);
        let left =
            if label_width > 0.0 { (margin + label_width + 14.0 * zoom).round() } else { margin };
        // A narrow grid still gets room for its title.
        let width = (left + grid_width as f64 + margin).max(WIDTH * 0.56).round();
        let left = (left + (width - margin - left - grid_width as f64) / 2.0).round();

        let mut scene = Scene::new(width as usize);
        let mut top = margin;
        for line in title_font.wrap(&self.title, width - 2.0 * margin, 2) {
            let at = (width / 2.0, top);
            scene.text(&line, TITLE_EM * zoom, at, (Anchor::Middle, Anchor::Start), false)?;
            top += title_font.height().ceil();
        }
        top += 14.0 * zoom;
        if self.column_labels.iter().any(|l| !l.is_empty()) {
            for (column, label) in self.column_labels.iter().take(self.columns).enumerate() {
                let label = small_font.shorten(label, tile_width as f64 - 4.0);
                let x = left + (column * (tile_width + GAP)) as f64 + tile_width as f64 / 2.0;
                scene.text(
                    &label,
                    TICK_EM * zoom,
                    (x, top),
                    (Anchor::Middle, Anchor::Start),
                    false,
                )?;
            }
            top += small_font.height() + 8.0 * zoom;
        }
        let top = top.round();
        let row_top = |row: usize| top + (row * row_height + row / group * GROUP_GAP) as f64;
        let mut label_end = f64::NEG_INFINITY;
        for (row, label) in row_labels.iter().enumerate() {
            let middle = row_top(row) + tile_height as f64 / 2.0;
            // Rows lower than a line of text keep only the labels that have room.
            if middle - small_font.height() / 2.0 >= label_end.max(top - 8.0 * zoom) {
                let at = (left - 14.0 * zoom, middle);
                scene.text(label, TICK_EM * zoom, at, (Anchor::End, Anchor::Middle), false)?;
                label_end = middle + small_font.height() / 2.0 + 1.0;
            }
        }
        let pictures = self.images.iter().enumerate().filter(|(_, picture)| !picture.is_hole());
        for (index, picture) in pictures {
            let (row, column) = (index / columns, index % columns);
            // Pictures smaller than their cell stand in its middle.
            let (inner_x, inner_y) =
                ((widest - picture.width) * factor / 2, (highest - picture.height) * factor / 2);
            scene.pictures.push(Placed {
                x: left as usize + column * (tile_width + GAP) + inner_x - 1,
                y: row_top(row) as usize + inner_y - 1,
                width: picture.width * factor + 2,
                rgb: picture.framed(factor),
            });
        }
        let mut bottom = (row_top(rows - 1) + tile_height as f64).max(label_end);
        if self.images.is_empty() {
            let at = (width / 2.0, bottom + 8.0);
            scene.text(
                "no pictures",
                TICK_EM * zoom,
                at,
                (Anchor::Middle, Anchor::Start),
                false,
            )?;
            bottom += small_font.height() + 8.0;
        }
        scene.height = (bottom + margin).ceil() as usize;
        check_size(scene.width, scene.height)?;
        Ok(scene)
    }
}

fn check_size(width: usize, height: usize) -> Result<(), Error> {
    if width > SIDE || height > SIDE || width.saturating_mul(height) > AREA {
        return Err(Error::TooLarge { width, height, limit: SIDE });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_become_squares_in_a_frame() {
        let picture = Picture { width: 2, height: 1, channels: 3, pixels: vec![1, 2, 3, 4, 5, 6] };
        let rgb = picture.framed(2);
        assert_eq!(rgb.len(), 6 * 4 * 3);
        let row = &rgb[6 * 3..12 * 3];
        assert_eq!(row[3..15], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
        assert_eq!(row, &rgb[12 * 3..18 * 3]);
        assert_eq!(row[..3], row[15..]);
    }

    #[test]
    fn grey_is_equal_in_all_channels() {
        let picture = Picture { width: 1, height: 1, channels: 1, pixels: vec![9] };
        assert_eq!(picture.framed(1)[12..15], [9, 9, 9]);
    }
}
