//! Dots finer than cells: braille, half blocks or ASCII. A cell belongs to the highest layer that has a dot
//! in it, so that a line over a band stays a clean line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::theme::Glyphs;

/// How a layer looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer {
    pub style: Style,
    /// Its mark where only ASCII is drawn.
    pub ascii: char,
}

pub(crate) struct Canvas {
    area: Rect,
    glyphs: Glyphs,
    /// Layers count from 1; 0 is no dot.
    cells: Vec<(u8, usize)>,
}

impl Canvas {
    pub fn new(area: Rect, glyphs: Glyphs) -> Canvas {
        let cells = vec![(0, 0); usize::from(area.width) * usize::from(area.height)];
        Canvas { area, glyphs, cells }
    }

    /// Dots across and down a cell.
    fn per_cell(&self) -> (i32, i32) {
        match self.glyphs {
            Glyphs::Braille => (2, 4),
            Glyphs::Blocks => (1, 2),
            Glyphs::Ascii => (1, 1),
        }
    }

    /// Dots across.
    pub fn columns(&self) -> usize {
        usize::from(self.area.width) * self.per_cell().0 as usize
    }

    /// Dots down.
    pub fn rows(&self) -> usize {
        usize::from(self.area.height) * self.per_cell().1 as usize
    }

    /// Sets a dot; outside of the canvas nothing happens.
    pub fn dot(&mut self, x: i32, y: i32, layer: usize) {
        if x < 0 || y < 0 || x >= self.columns() as i32 || y >= self.rows() as i32 {
            return;
        }
        let (across, down) = self.per_cell();
        let index = (y / down) as usize * usize::from(self.area.width) + (x / across) as usize;
        let bit = 1 << ((y % down) * across + x % across);
        let cell = &mut self.cells[index];
        match layer.cmp(&cell.1) {
            std::cmp::Ordering::Greater => *cell = (bit, layer),
            std::cmp::Ordering::Equal => cell.0 |= bit,
            std::cmp::Ordering::Less => {}
        }
    }

    /// Sets the dots of a straight line.
    pub fn line(&mut self, (x0, y0): (i32, i32), (x1, y1): (i32, i32), layer: usize) {
        let steps = (x1 - x0).abs().max((y1 - y0).abs()).max(1);
        for i in 0..=steps {
            let along =
                |a: i32, b: i32| a + (f64::from((b - a) * i) / f64::from(steps)).round() as i32;
            self.dot(along(x0, x1), along(y0, y1), layer);
        }
    }

    /// Writes the cells that have a dot.
    pub fn render(&self, buf: &mut Buffer, layers: &[Layer]) {
        let width = usize::from(self.area.width);
        for (index, &(mask, layer)) in self.cells.iter().enumerate() {
            let Some(look) = layer.checked_sub(1).and_then(|at| layers.get(at)) else { continue };
            let glyph = match self.glyphs {
                Glyphs::Braille => braille(mask),
                Glyphs::Blocks => [' ', '▀', '▄', '█'][usize::from(mask & 3)],
                Glyphs::Ascii => look.ascii,
            };
            let at = (self.area.x + (index % width) as u16, self.area.y + (index / width) as u16);
            if let Some(cell) = buf.cell_mut(at) {
                cell.set_char(glyph).set_style(look.style);
            }
        }
    }
}

/// Bit `2·row + column` of the mask is that dot.
fn braille(mask: u8) -> char {
    const DOTS: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
    let dots = (0..8).filter(|bit| mask >> bit & 1 == 1).map(|bit| DOTS[bit]).sum::<u32>();
    char::from_u32(0x2800 + dots).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(glyphs: Glyphs, act: impl Fn(&mut Canvas)) -> String {
        let area = Rect::new(0, 0, 3, 1);
        let mut canvas = Canvas::new(area, glyphs);
        act(&mut canvas);
        let mut buf = Buffer::empty(area);
        let layer = |ascii| Layer { style: Style::new(), ascii };
        canvas.render(&mut buf, &[layer('.'), layer('*')]);
        buf.content().iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn dots_become_the_glyphs_there_are() {
        let diagonal = |canvas: &mut Canvas| {
            let end = (canvas.columns() as i32 - 1, canvas.rows() as i32 - 1);
            canvas.line((0, 0), end, 1);
        };
        assert_eq!(drawn(Glyphs::Braille, diagonal), "⠑⠢⢄");
        assert_eq!(drawn(Glyphs::Blocks, diagonal), "▀▄▄");
        assert_eq!(drawn(Glyphs::Ascii, diagonal), "...");
    }

    #[test]
    fn a_cell_belongs_to_its_highest_layer() {
        let both = |canvas: &mut Canvas| {
            canvas.dot(0, 0, 2);
            canvas.dot(1, 0, 1);
            canvas.dot(2, 0, 1);
        };
        assert_eq!(drawn(Glyphs::Braille, both), "⠁⠁ ");
        assert_eq!(drawn(Glyphs::Ascii, both), "*..");
    }

    #[test]
    fn what_is_outside_is_left_out() {
        assert_eq!(drawn(Glyphs::Braille, |c| c.line((-50, -50), (-1, 900), 1)), "   ");
    }
}
