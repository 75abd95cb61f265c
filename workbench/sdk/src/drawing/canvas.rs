//! What is drawn on.

/// A square picture of `C` channels, each 0 to 1.
pub struct Canvas<const C: usize> {
    side: usize,
    /// Row by row `[side, side, C]`.
    pixels: Vec<[f32; C]>,
}

/// The part of a canvas that something may touch; the rest of it is left alone without a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// From and to.
    pub x: [f32; 2],
    pub y: [f32; 2],
}

impl Area {
    /// All of it.
    pub const ALL: Area = Area { x: [0.0, 1.0], y: [0.0, 1.0] };

    /// So far to either side of a point.
    pub fn about(x: f32, y: f32, width: f32, height: f32) -> Area {
        Area { x: [x - width, x + width], y: [y - height, y + height] }
    }

    /// All rows from `from` to `to`.
    pub fn rows(from: f32, to: f32) -> Area {
        Area { y: [from, to], ..Area::ALL }
    }
}

impl<const C: usize> Canvas<C> {
    /// `side` pixels wide and high, of the colour that its background has at each point: given the y of a row, what colour
    /// each x of it has. So what is the same along a row is computed once.
    pub fn new<Row>(side: usize, background: impl Fn(f32) -> Row) -> Canvas<C>
    where
        Row: Fn(f32) -> [f32; C],
    {
        let mut canvas = Canvas { side, pixels: vec![[0.0; C]; side * side] };
        canvas.each(Area::ALL, |y| {
            let row = background(y);
            move |pixel, x| *pixel = row(x)
        });
        canvas
    }

    /// How wide a pixel is.
    pub fn pixel(&self) -> f32 {
        1.0 / self.side as f32
    }

    /// Numbers for each column, to be looked up while painting where each would be computed anew for every row.
    pub fn columns(&self, of: impl Fn(f32) -> f32) -> Columns {
        let scale = self.side as f32;
        Columns { values: (0..self.side).map(|column| of((column as f32 + 0.5) / scale)).collect() }
    }

    /// Lays a colour over each point of a row, as opaque as the number beside it says.
    pub fn paint<Row>(&mut self, area: Area, ink: impl Fn(f32) -> Row)
    where
        Row: Fn(f32) -> ([f32; C], f32),
    {
        self.each(area, |y| {
            let row = ink(y);
            move |pixel, x| {
                let (colour, opacity) = row(x);
                if opacity > 0.0 {
                    blend(pixel, colour, opacity);
                }
            }
        });
    }

    /// Fills what has a negative `distance`; its edge is as wide as a pixel.
    pub fn fill(
        &mut self,
        area: Area,
        distance: impl Fn(f32, f32) -> f32,
        colour: impl Fn(f32, f32) -> [f32; C],
    ) {
        let side = self.side as f32;
        let (distance, colour) = (&distance, &colour);
        self.each(area, |y| {
            move |pixel, x| {
                let covered = 0.5 - distance(x, y) * side;
                if covered > 0.0 {
                    blend(pixel, colour(x, y), covered.min(1.0));
                }
            }
        });
    }

    /// Writes it as a data set's picture `[C, side, side]`; what is outside of 0 to 1 is cut off.
    ///
    /// # Panics
    /// `bytes` is of another size.
    #[track_caller]
    pub fn write(&self, bytes: &mut [u8]) {
        let plane = self.pixels.len();
        assert!(bytes.len() == C * plane, "{} bytes for {C} x {plane} pixels", bytes.len());
        for (channel, bytes) in bytes.chunks_exact_mut(plane.max(1)).enumerate() {
            for (byte, pixel) in bytes.iter_mut().zip(&self.pixels) {
                // A cast from f32 saturates.
                *byte = (pixel[channel] * 255.0 + 0.5) as u8;
            }
        }
    }

    /// Visits the pixels of an area, and half a pixel around it for its soft edge.
    fn each<Row>(&mut self, area: Area, mut row: impl FnMut(f32) -> Row)
    where
        Row: FnMut(&mut [f32; C], f32),
    {
        let (side, scale) = (self.side, self.side as f32);
        // A negative number and NaN become 0.
        let low = |from: f32| ((from * scale - 1.0) as usize).min(side);
        let high = |to: f32| ((to * scale + 2.0) as usize).min(side);
        let [(left, right), (top, bottom)] = [area.x, area.y].map(|[a, b]| (low(a), high(b)));
        let rows = self.pixels.chunks_exact_mut(side.max(1)).enumerate();
        for (at, pixels) in rows.take(bottom).skip(top) {
            let mut visit = row((at as f32 + 0.5) / scale);
            for (pixel, column) in pixels[left..right.max(left)].iter_mut().zip(left..) {
                visit(pixel, (column as f32 + 0.5) / scale);
            }
        }
    }
}

/// A number for each column of a canvas.
pub struct Columns {
    values: Vec<f32>,
}

impl Columns {
    /// That of the column which `x` is in; the outermost one's beyond.
    pub fn at(&self, x: f32) -> f32 {
        let column = (x * self.values.len() as f32) as usize;
        let last = self.values.last().copied().unwrap_or_default();
        self.values.get(column).copied().unwrap_or(last)
    }
}

fn blend<const C: usize>(pixel: &mut [f32; C], colour: [f32; C], opacity: f32) {
    for (old, new) in pixel.iter_mut().zip(colour) {
        *old += (new - *old) * opacity;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::{ellipse, rounded_box};

    fn grey(canvas: &Canvas<1>) -> Vec<u8> {
        let mut bytes = vec![9; canvas.side * canvas.side];
        canvas.write(&mut bytes);
        bytes
    }

    #[test]
    fn an_edge_through_pixels_covers_them_by_half() {
        let mut canvas = Canvas::<1>::new(4, |_| |_| [0.0]);
        // A box from 0.125 to 0.875: its sides go through the middle of the outer pixels.
        let distance = |x: f32, y: f32| rounded_box(x - 0.5, y - 0.5, 0.375, 0.375, 0.0);
        canvas.fill(Area::ALL, distance, |_, _| [1.0]);
        let bytes = grey(&canvas);
        assert_eq!(bytes[4..8], [128, 255, 255, 128]);
        assert_eq!(bytes[1], 128);
    }

    #[test]
    fn a_disc_has_its_area_at_any_size() {
        for side in [16, 64, 200] {
            let mut canvas = Canvas::<1>::new(side, |_| |_| [0.0]);
            let area = Area::about(0.4, 0.5, 0.3, 0.3);
            canvas.fill(area, |x, y| ellipse(x - 0.4, y - 0.5, 0.3, 0.3), |_, _| [1.0]);
            let sum: f32 = canvas.pixels.iter().map(|pixel| pixel[0]).sum();
            let share = sum / (side * side) as f32;
            assert!((share - std::f32::consts::PI * 0.09).abs() < 2e-3, "{side}: {share}");
        }
    }

    #[test]
    fn only_the_area_is_touched_and_planes_come_one_after_another() {
        let mut canvas = Canvas::<3>::new(8, |_| |_| [0.2, 0.4, 0.6]);
        canvas.paint(Area { x: [0.5, 9.0], y: [-3.0, 0.25] }, |_| |_| ([2.0, -1.0, 0.6], 1.0));
        let mut bytes = [0; 3 * 64];
        canvas.write(&mut bytes);
        assert_eq!([bytes[7], bytes[64 + 7], bytes[128 + 7]], [255, 0, 153]);
        assert_eq!([bytes[63], bytes[64 + 63], bytes[128 + 63]], [51, 102, 153]);
        assert_eq!([bytes[0], bytes[64], bytes[128]], [51, 102, 153]);
    }

    #[test]
    fn an_area_outside_is_nothing() {
        let mut canvas = Canvas::<1>::new(4, |_| |_| [0.5]);
        for area in [
            Area::about(3.0, 3.0, 0.1, 0.1),
            Area::about(-3.0, 0.5, 0.1, 0.1),
            Area { x: [f32::NAN; 2], y: [1.0, -1.0] },
        ] {
            canvas.paint(area, |_| |_| ([1.0], 1.0));
        }
        assert!(grey(&canvas).iter().all(|&byte| byte == 128));
    }

    #[test]
    fn columns_are_found_by_the_middles_of_their_pixels() {
        let canvas = Canvas::<1>::new(8, |_| |_| [0.0]);
        let columns = canvas.columns(|x| x);
        for column in 0..8 {
            let x = (column as f32 + 0.5) / 8.0;
            assert_eq!(columns.at(x), x);
        }
        assert_eq!([columns.at(-1.0), columns.at(1.0), columns.at(7.0)], [0.0625, 0.9375, 0.9375]);
    }
}
