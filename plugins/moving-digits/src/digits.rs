//! Pictures of digits, small enough to move.

use workbench_sdk::idx::Array;
use workbench_sdk::prelude::*;

/// Squares of bytes, each with a border of zeros to the right and below, and one before.
pub struct Digits {
    pixels: Vec<u8>,
    /// Pixels a side, without the border.
    pub side: usize,
    /// Of each, where they are known.
    pub classes: Option<Vec<u8>>,
    pub len: usize,
}

/// There is a class for each value of a byte.
const MOST_CLASSES: i64 = 256;

impl Digits {
    /// Scales pictures `[N, H, W]` to squares of `side` pixels.
    ///
    /// # Errors
    /// They are no such pictures, or the labels are not theirs.
    pub fn of(images: &Array, labels: Option<&Array>, side: usize) -> Result<Digits> {
        let shown = images.path.display();
        let (&[n, height, width], 1) = (&images.dims[..], images.width) else {
            bail!("{shown}: digits must be bytes [N, H, W], and these are {:?}", images.dims)
        };
        let [rows, columns] = [height, width].map(|from| shares(from, side));
        let stride = side + 2;
        let mut pixels = vec![0; n * stride * stride];
        for (place, square) in pixels.chunks_exact_mut(stride * stride).enumerate() {
            let image = images.item(place);
            for (row, line) in rows.iter().zip(square.chunks_exact_mut(stride).skip(1)) {
                for (column, pixel) in columns.iter().zip(&mut line[1..]) {
                    let along = |y: usize| -> f32 {
                        column
                            .iter()
                            .map(|&(x, share)| share * f32::from(image[y * width + x]))
                            .sum()
                    };
                    let value: f32 = row.iter().map(|&(y, share)| share * along(y)).sum();
                    *pixel = (value + 0.5) as u8;
                }
            }
        }
        let classes = labels.map(|labels| classes(labels, n)).transpose()?;
        Ok(Digits { pixels, side, classes, len: n })
    }

    /// One of them with its border, `[side + 2, side + 2]`.
    pub fn square(&self, place: usize) -> &[u8] {
        let area = (self.side + 2).pow(2);
        &self.pixels[place * area..(place + 1) * area]
    }

    /// How many classes there are; 0 where they are not known.
    pub fn classes(&self) -> usize {
        let highest = self.classes.iter().flatten().max();
        highest.map_or(0, |&highest| usize::from(highest) + 1)
    }
}

fn classes(labels: &Array, n: usize) -> Result<Vec<u8>> {
    let shown = labels.path.display();
    ensure!(
        labels.dims == [n],
        "{shown}: labels must be [{n}], one a digit, and these are {:?}",
        labels.dims
    );
    let class = |place: usize| match u8::try_from(labels.number(place)) {
        Ok(class) => Ok(class),
        Err(_) => bail!(
            "{shown}: label {} of digit {place} is not a class number from 0 to {}",
            labels.number(place),
            MOST_CLASSES - 1
        ),
    };
    (0..n).map(class).collect()
}

/// What each of `to` pixels covers of `from` pixels, and how much of it each is.
fn shares(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let scale = from as f32 / to as f32;
    let of = |made: usize| {
        let (low, high) = (made as f32 * scale, (made + 1) as f32 * scale);
        let covered = (low as usize)..(high.ceil() as usize).min(from);
        let share = |pixel: usize| (high.min(pixel as f32 + 1.0) - low.max(pixel as f32)) / scale;
        covered.map(|pixel| (pixel, share(pixel))).filter(|(_, share)| *share > 1e-5).collect()
    };
    (0..to).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_each_pixel_are_one() {
        for (from, to) in [(28, 14), (28, 28), (28, 12), (8, 20), (1, 3)] {
            let shares = shares(from, to);
            assert_eq!(shares.len(), to);
            for pixel in &shares {
                let sum: f32 = pixel.iter().map(|(_, share)| share).sum();
                assert!((sum - 1.0).abs() < 1e-4, "{from} to {to}: {pixel:?}");
            }
            let whole: f32 = shares.iter().flatten().map(|(_, share)| share).sum();
            assert!((whole - to as f32).abs() < 1e-3);
        }
    }
}
