//! What is seen of images: by a judge, and without one.

use workbench_analysis::{centroids, largest_piece};
use workbench_engine::Array;
use workbench_trainer::Medium;

use crate::judge::{Judge, Opinion};
use crate::{Error, Target};

/// Looks at images.
pub struct Eye<'a> {
    pub judge: Option<Judge<'a>>,
    pub medium: Medium,
}

/// What is seen of N images.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub n: usize,
    pub opinion: Opinion,
    /// The pixels of each, halved along each axis by means of neighbours until there are at most [`MOST_PIXELS`].
    pub pixels: Vec<f32>,
    /// Of volumes: the share of the occupied voxels that are in the largest piece.
    pub pieces: Vec<f32>,
    /// Of clips: the centre of brightness of each frame as (y, x) in pixels, frame by frame; NaN of a dark one.
    pub centroids: Vec<[f32; 2]>,
}

/// Distances in pixels are taken between as many numbers an image.
pub const MOST_PIXELS: usize = 1024;

impl Eye<'_> {
    pub fn targets(&self) -> &[Target] {
        self.judge.as_ref().map(|judge| &judge.targets[..]).unwrap_or_default()
    }

    /// Images `[N, C, …]` in 0..1.
    ///
    /// # Errors
    /// The engine's own.
    pub fn look(&self, images: &Array) -> Result<Seen, Error> {
        let opinion = match &self.judge {
            Some(judge) => judge.look(images)?,
            None => Opinion::default(),
        };
        let image = &images.shape[1..];
        let each = || images.data.chunks_exact(image.iter().product::<usize>().max(1));
        let mut seen = Seen { n: images.shape[0], opinion, ..Seen::default() };
        seen.pixels = each().flat_map(|pixels| halved(pixels, image)).collect();
        match (self.medium, image) {
            (Medium::Volume, &[c, d, h, w]) => {
                seen.pieces = each().map(|volume| largest_piece(volume, [c, d, h, w])).collect();
            }
            (Medium::Clip, &[c, t, h, w]) => {
                seen.centroids = each().flat_map(|clip| centroids(clip, [c, t, h, w])).collect();
            }
            _ => {}
        }
        Ok(seen)
    }
}

impl Seen {
    /// Adds what is seen of more images.
    pub fn append(&mut self, more: Seen) {
        self.n += more.n;
        append_each(&mut self.opinion.values, more.opinion.values);
        append_each(&mut self.opinion.confidence, more.opinion.confidence);
        self.opinion.features.extend(more.opinion.features);
        self.pixels.extend(more.pixels);
        self.pieces.extend(more.pieces);
        self.centroids.extend(more.centroids);
    }

    /// How many numbers `features` has of an image.
    pub fn feature_dims(&self) -> usize {
        self.opinion.features.len() / self.n.max(1)
    }

    pub fn pixel_dims(&self) -> usize {
        self.pixels.len() / self.n.max(1)
    }
}

fn append_each(all: &mut Vec<Vec<f32>>, more: Vec<Vec<f32>>) {
    all.resize_with(more.len().max(all.len()), Vec::new);
    all.iter_mut().zip(more).for_each(|(all, more)| all.extend(more));
}

/// An image `[C, …]`, its axes behind the channels halved until it has few numbers.
fn halved(pixels: &[f32], image: &[usize]) -> Vec<f32> {
    let (mut pixels, mut shape) = (pixels.to_vec(), image.to_vec());
    while pixels.len() > MOST_PIXELS && shape[1..].iter().any(|&size| size > 1) {
        for axis in 1..shape.len() {
            if shape[axis] > 1 {
                pixels = halve(&pixels, &shape, axis);
                shape[axis] /= 2;
            }
        }
    }
    pixels
}

/// The means of neighbours along an axis; the last of an odd number is left out.
fn halve(pixels: &[f32], shape: &[usize], axis: usize) -> Vec<f32> {
    let inner: usize = shape[axis + 1..].iter().product();
    let size = shape[axis];
    let mut halved = Vec::with_capacity(pixels.len() / 2);
    for block in pixels.chunks_exact(size * inner) {
        for at in 0..size / 2 {
            let pair = &block[2 * at * inner..(2 * at + 2) * inner];
            let (first, second) = pair.split_at(inner);
            halved.extend(first.iter().zip(second).map(|(a, b)| (a + b) / 2.0));
        }
    }
    halved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_halved_by_means_until_they_are_small() {
        let pixels: Vec<f32> = (0..3 * 4).map(|x| x as f32).collect();
        assert_eq!(halve(&pixels, &[1, 3, 4], 1), [2.0, 3.0, 4.0, 5.0]);
        assert_eq!(halve(&pixels, &[1, 3, 4], 2), [0.5, 2.5, 4.5, 6.5, 8.5, 10.5]);
        let same = vec![0.25; 3 * 64 * 64];
        let small = halved(&same, &[3, 64, 64]);
        assert_eq!(small, vec![0.25; 3 * 16 * 16]);
        assert_eq!(halved(&pixels, &[1, 3, 4]), pixels);
    }
}
