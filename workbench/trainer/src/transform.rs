//! What an image becomes before it is seen.

use workbench_engine::noise::{self, Key};
use workbench_experiment::{Binarize, Experiment, Input};

use crate::{Error, Source};

/// From an item as the data set gives it to `x`. First numbers in 0..1 (byte / 255, or dequantized), then binarization,
/// and then which part of it is seen: crop and shift choose a window, what of it lies outside repeats the edge, and the
/// window is mirrored. All planes alike. What is random depends on the seed, the item and its visit alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    input: Input,
    seed: u64,
    /// Which visit of the item in training it is, from 1; 0 is for measuring.
    visit: u64,
}

/// `[C, H, W]` or `[C, D, H, W]` of the images that an architecture sees.
///
/// # Errors
/// Settings of `[input]` that the images do not fit.
pub fn input_shape(experiment: &Experiment, source: &dyn Source) -> Result<Vec<usize>, Error> {
    let input = &experiment.input;
    let image = source.image().to_vec();
    let sides = sides(&image);
    if input.dequantize && source.pixel_bytes() != 1 {
        return Err(Error::Dequantize);
    }
    if let Some(crop) = input.crop
        && (crop[0] > sides[0] || crop[1] > sides[1])
    {
        return Err(Error::Crop { crop, image: sides });
    }
    if input.shift > 0 && input.shift >= sides[0].min(sides[1]) {
        return Err(Error::Shift { shift: input.shift, image: sides });
    }
    Ok(Transform::fixed(experiment).shape(&image))
}

impl Transform {
    /// For measuring: what is drawn is the same at every visit, also where training draws anew; an image is neither
    /// mirrored nor moved, and of one that is cropped the middle is seen.
    pub fn fixed(experiment: &Experiment) -> Transform {
        Transform { input: experiment.input, seed: experiment.seed, visit: 0 }
    }

    /// For training in an epoch, counted from 0.
    pub fn training(experiment: &Experiment, epoch: u64) -> Transform {
        Transform { visit: epoch + 1, ..Transform::fixed(experiment) }
    }

    /// The experiment's.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Of what is seen of an image of this shape, whose last two dimensions are height and width.
    pub(crate) fn shape(&self, image: &[usize]) -> Vec<usize> {
        let [planes @ .., height, width] = image else { return image.to_vec() };
        let [h, w] = self.input.crop.unwrap_or([*height, *width]);
        [planes, &[h.min(*height), w.min(*width)]].concat()
    }

    /// Ready for items of one split with images of this shape.
    pub(crate) fn of(self, split: &str, image: &[usize]) -> Applied {
        let seen = self.shape(image);
        Applied {
            transform: self,
            sides: sides(image),
            seen: sides(&seen),
            size: seen.iter().product(),
            binarize: format!("binarize {split}"),
            dequantize: format!("dequantize {split}"),
            augment: format!("augment {split}"),
            whole: Vec::new(),
        }
    }
}

/// A transform with what it needs to be quick.
pub(crate) struct Applied {
    transform: Transform,
    sides: [usize; 2],
    /// Height and width of what is seen.
    seen: [usize; 2],
    size: usize,
    /// What the random numbers are for.
    binarize: String,
    dequantize: String,
    augment: String,
    /// The last image, before a part of it was taken.
    whole: Vec<f32>,
}

/// An item's pixels as they are held.
#[derive(Clone, Copy)]
pub(crate) enum Raw<'a> {
    U8(&'a [u8]),
    F32(&'a [f32]),
}

/// Which part of an image is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Window {
    /// Row and column of its first pixel, which may lie outside.
    at: [isize; 2],
    /// Top with bottom, and left with right.
    mirrored: [bool; 2],
}

impl Applied {
    /// How many numbers an image has then.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Writes an item, by the data set's number of it, into `image`.
    pub fn apply(&mut self, raw: Raw, item: u64, image: &mut [f32]) {
        let window = self.window(item);
        if self.seen == self.sides && window == Window::default() {
            return self.values(raw, item, image);
        }
        let mut whole = std::mem::take(&mut self.whole);
        let size = match raw {
            Raw::U8(bytes) => bytes.len(),
            Raw::F32(numbers) => numbers.len(),
        };
        whole.resize(size, 0.0);
        self.values(raw, item, &mut whole);
        let [height, width] = self.sides;
        let planes = whole.chunks_exact(height * width);
        let seen = image.chunks_exact_mut(self.seen[0] * self.seen[1]);
        planes.zip(seen).for_each(|(plane, seen)| window.copy(plane, width, seen, self.seen));
        self.whole = whole;
    }

    /// Numbers in 0..1, or 0 and 1.
    fn values(&self, raw: Raw, item: u64, image: &mut [f32]) {
        let Transform { input, seed, visit } = self.transform;
        let draws =
            |purpose: &str, visit, n| noise::uniform(Key::new(seed, purpose, visit, item), n);
        match raw {
            Raw::U8(bytes) if input.dequantize => {
                let draws = draws(&self.dequantize, visit, bytes.len());
                let numbers =
                    bytes.iter().zip(&draws).map(|(&byte, u)| (f32::from(byte) + u) / 256.0);
                image.iter_mut().zip(numbers).for_each(|(x, number)| *x = number);
            }
            Raw::U8(bytes) => {
                image.iter_mut().zip(bytes).for_each(|(x, &byte)| *x = f32::from(byte) / 255.0);
            }
            Raw::F32(numbers) => image.copy_from_slice(numbers),
        }
        let visit = match input.binarize {
            Binarize::None => return,
            Binarize::Static => 0,
            Binarize::Dynamic => visit,
        };
        // Each pixel becomes 1 with its grey value as the probability.
        let draws = draws(&self.binarize, visit, image.len());
        image.iter_mut().zip(draws).for_each(|(x, u)| *x = f32::from(u8::from(u < *x)));
    }

    fn window(&self, item: u64) -> Window {
        let Transform { input, seed, visit } = self.transform;
        let spare = [0, 1].map(|side| self.sides[side] - self.seen[side]);
        let is_moved = input.shift > 0 || spare != [0, 0];
        let is_mirrored = input.flip.is_vertical() || input.flip.is_horizontal();
        if visit == 0 || !(is_moved || is_mirrored) {
            return Window { at: spare.map(|spare| (spare / 2) as isize), ..Window::default() };
        }
        let draws = noise::uniform(Key::new(seed, &self.augment, visit, item), 6);
        // In f64 a number below 1 times n stays below n.
        let below = |draw: usize, n: usize| (f64::from(draws[draw]) * n as f64) as isize;
        let at = |side: usize| {
            let shift = below(2 + side, 2 * input.shift + 1) - input.shift as isize;
            below(4 + side, spare[side] + 1) + shift
        };
        Window {
            at: [at(0), at(1)],
            mirrored: [
                input.flip.is_vertical() && draws[0] < 0.5,
                input.flip.is_horizontal() && draws[1] < 0.5,
            ],
        }
    }
}

impl Window {
    /// Copies it out of a plane `[H, W]`.
    fn copy(self, plane: &[f32], width: usize, seen: &mut [f32], [rows, columns]: [usize; 2]) {
        let last = (plane.len() / width) as isize - 1;
        for (row, line) in seen.chunks_exact_mut(columns).enumerate() {
            let row = if self.mirrored[0] { rows - 1 - row } else { row };
            let row = (self.at[0] + row as isize).clamp(0, last) as usize;
            copy_line(&plane[row * width..][..width], self.at[1], line);
            if self.mirrored[1] {
                line.reverse();
            }
        }
    }
}

/// Copies a part of a row that begins at a column; outside, the edge's pixel is repeated.
fn copy_line(from: &[f32], column: isize, line: &mut [f32]) {
    let (width, length) = (from.len() as isize, line.len() as isize);
    let begin = (-column).clamp(0, length);
    let end = (width - column).clamp(begin, length);
    let (begin, end) = (begin as usize, end as usize);
    line[..begin].fill(from[0]);
    if begin < end {
        let first = (column + begin as isize) as usize;
        line[begin..end].copy_from_slice(&from[first..][..end - begin]);
    }
    line[end..].fill(from[from.len() - 1]);
}

fn sides(image: &[usize]) -> [usize; 2] {
    match image {
        [.., height, width] => [*height, *width],
        _ => [1, image.iter().product()],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn experiment(input: &str) -> Experiment {
        let text = format!(
            "seed = 5\n[dataset]\nplugin = 'a'\n[architecture]\nplugin = 'b'\n[input]\n{input}\n"
        );
        Experiment::parse("test.toml", &text, &[]).unwrap()
    }

    /// What becomes of two planes of 3×4 pixels, 0 to 11 and 100 to 111.
    fn seen(transform: Transform, item: u64) -> Vec<f32> {
        let image: Vec<f32> = (0..12).chain(100..112).map(|pixel| pixel as f32).collect();
        let mut applied = transform.of("train", &[2, 3, 4]);
        let mut seen = vec![0.0; applied.size()];
        applied.apply(Raw::F32(&image), item, &mut seen);
        seen
    }

    #[test]
    fn nothing_asked_changes_nothing() {
        let whole: Vec<f32> = (0..12).chain(100..112).map(|pixel| pixel as f32).collect();
        assert_eq!(seen(Transform::training(&experiment(""), 3), 7), whole);
        let moved = experiment("shift = 2\nflip = 'both'");
        assert_eq!(seen(Transform::fixed(&moved), 7), whole);
    }

    #[test]
    fn flips_mirror_all_planes_alike_and_each_way_half_of_the_time() {
        let experiment = experiment("flip = 'both'");
        let mut counts = [0; 4];
        for item in 0..400 {
            let seen = seen(Transform::training(&experiment, 0), item);
            let (first, second) = seen.split_at(12);
            assert!(first.iter().zip(second).all(|(a, b)| a + 100.0 == *b));
            let corner =
                [0.0, 3.0, 8.0, 11.0].iter().position(|&corner| corner == seen[0]).unwrap();
            counts[corner] += 1;
            let row = [seen[0], seen[1]];
            assert_eq!(row[1] - row[0], if corner % 2 == 0 { 1.0 } else { -1.0 });
        }
        assert!(counts.iter().all(|n| (70..130).contains(n)), "{counts:?}");
        let only = self::experiment("flip = 'horizontal'");
        let corners: BTreeSet<u32> = (0..50)
            .map(|item| super::tests::seen(Transform::training(&only, 0), item)[0] as u32)
            .collect();
        assert_eq!(corners, BTreeSet::from([0, 3]));
    }

    #[test]
    fn a_shift_repeats_the_edge() {
        let window = Window { at: [-1, 2], mirrored: [false; 2] };
        let plane: Vec<f32> = (0..12).map(|pixel| pixel as f32).collect();
        let mut seen = vec![0.0; 12];
        window.copy(&plane, 4, &mut seen, [3, 4]);
        assert_eq!(seen, [2., 3., 3., 3., 2., 3., 3., 3., 6., 7., 7., 7.]);
        // A window that lies outside altogether.
        Window { at: [9, -9], mirrored: [false; 2] }.copy(&plane, 4, &mut seen, [3, 4]);
        assert_eq!(seen, [8.0; 12]);
        Window { at: [-9, 9], mirrored: [true; 2] }.copy(&plane, 4, &mut seen, [3, 4]);
        assert_eq!(seen, [3.0; 12]);
        let experiment = experiment("shift = 1");
        let first: BTreeSet<u32> = (0..200)
            .map(|item| super::tests::seen(Transform::training(&experiment, 0), item)[5] as u32)
            .collect();
        assert_eq!(first, BTreeSet::from([0, 1, 2, 4, 5, 6, 8, 9, 10]));
    }

    #[test]
    fn a_crop_is_anywhere_in_training_and_else_in_the_middle() {
        let experiment = experiment("crop = [1, 2]");
        assert_eq!(seen(Transform::fixed(&experiment), 3), [5.0, 6.0, 105.0, 106.0]);
        let first: BTreeSet<u32> = (0..200)
            .map(|item| seen(Transform::training(&experiment, 0), item)[0] as u32)
            .collect();
        assert_eq!(first, BTreeSet::from([0, 1, 2, 4, 5, 6, 8, 9, 10]));
        assert_eq!(Transform::fixed(&experiment).shape(&[3, 7, 5, 4]), [3, 7, 1, 2]);
    }

    #[test]
    fn what_is_drawn_depends_on_the_visit_and_the_item() {
        let experiment = experiment("shift = 1\nflip = 'both'\ncrop = [2, 2]");
        let all = |epoch| -> Vec<Vec<f32>> {
            (0..20).map(|item| seen(Transform::training(&experiment, epoch), item)).collect()
        };
        assert_eq!(all(0), all(0));
        assert_ne!(all(0), all(1));
    }

    #[test]
    fn dequantized_bytes_lie_in_their_bins() {
        let experiment = experiment("dequantize = true");
        let bytes: Vec<u8> = (0..=255).collect();
        let seen = |transform: Transform| {
            let mut seen = vec![0.0; 256];
            transform.of("train", &[1, 16, 16]).apply(Raw::U8(&bytes), 9, &mut seen);
            seen
        };
        let fixed = seen(Transform::fixed(&experiment));
        let in_bin =
            |(byte, x): (usize, &f32)| (byte as f32..byte as f32 + 1.0).contains(&(x * 256.0));
        assert!(fixed.iter().enumerate().all(in_bin) && fixed[255] < 1.0, "{fixed:?}");
        assert_eq!(fixed, seen(Transform::fixed(&experiment)));
        let [first, second] = [0, 1].map(|epoch| seen(Transform::training(&experiment, epoch)));
        assert!(first != second && first != fixed);
        let mean = |x: &[f32]| x.iter().sum::<f32>() / 256.0;
        assert!((mean(&first) - 0.5).abs() < 0.002);
    }

    #[test]
    fn a_picture_that_was_binarized_once_is_the_same_wherever_it_is_moved() {
        let grey = vec![0.5; 24];
        let mut seen = vec![0.0; 24];
        let mut of = |input: &str, epoch: u64| {
            let transform = Transform::training(&experiment(input), epoch);
            transform.of("train", &[1, 4, 6]).apply(Raw::F32(&grey), 1, &mut seen);
            seen.clone()
        };
        let still = of("binarize = 'static'", 0);
        let mirrored: Vec<f32> =
            still.chunks(6).flat_map(|row| row.iter().rev()).copied().collect();
        assert_ne!(still, mirrored);
        for epoch in 0..8 {
            let moved = of("binarize = 'static'\nflip = 'horizontal'", epoch);
            assert!(moved == still || moved == mirrored);
        }
    }
}
