//! Pictures of images that are more than pictures.

use rayon::prelude::*;
use workbench_engine::Array;

use crate::film::Sheet;
use crate::volume::{Angles, Projection};

/// What the images of a data set are, and how they are shown where a picture is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// `[C, H, W]`, shown as it is.
    #[default]
    Picture,
    /// `[C, D, H, W]`, D planes from the front to the back: shown as a solid, from above at a slant.
    Volume,
    /// `[C, T, H, W]`, T frames in the order of time: shown frame beside frame.
    Clip,
}

impl Medium {
    /// Images `[N, …]` in 0..1 as pictures `[N, C, H, W]` of them.
    pub fn drawn(self, images: Array) -> Array {
        let &[_, c, d, h, w] = &images.shape[..] else { return images };
        match self {
            Medium::Picture => images,
            Medium::Volume => project(&images, Projection::SLANT),
            Medium::Clip => {
                let sheet = Sheet::of([c, d, h, w]);
                each(&images, sheet.shape(), |clip| sheet.draw(clip))
            }
        }
    }

    /// How many moments an image `[C, …]` has: frames of a clip, sides of a volume; none of a picture.
    pub fn moments(self, image: &[usize]) -> usize {
        match (self, image) {
            (Medium::Volume, [_, _, _, _]) => AROUND,
            (Medium::Clip, &[_, frames, _, _]) => frames,
            _ => 0,
        }
    }

    /// Images `[N, …]` as pictures `[N, C, H, W]` of one of their moments, from 0, in a ring.
    pub fn moment(self, images: &Array, moment: usize) -> Array {
        let moments = self.moments(&images.shape[1..]);
        let &[n, c, d, h, w] = &images.shape[..] else { return images.clone() };
        match self {
            Medium::Volume => {
                let part = (moment % AROUND) as f32 / AROUND as f32;
                let slant = Projection::SLANT;
                let turn = slant.turn + part * std::f32::consts::TAU;
                project(images, Angles { turn, ..slant })
            }
            _ => {
                let (plane, at) = (h * w, moment % moments.max(1));
                let frame = |channel: &[f32]| channel[at * plane..(at + 1) * plane].to_vec();
                let data = images.data.chunks(d * plane).flat_map(frame).collect();
                Array { shape: vec![n, c, h, w], data }
            }
        }
    }

    /// Every moment after the other: a film of images `[N, …]`, as pictures `[N, C, H, W]` each. Empty of pictures,
    /// which do not move.
    pub fn moving(self, images: &Array) -> Vec<Array> {
        (0..self.moments(&images.shape[1..])).map(|moment| self.moment(images, moment)).collect()
    }
}

/// Pictures of a volume on its way around.
const AROUND: usize = 24;

fn each(
    images: &Array,
    shape: [usize; 3],
    draw: impl Fn(&[f32]) -> Vec<f32> + Send + Sync,
) -> Array {
    let size = images.shape[1..].iter().product::<usize>();
    let data = images.data.par_chunks(size.max(1)).flat_map_iter(draw).collect();
    Array { shape: [&[images.shape[0]], &shape[..]].concat(), data }
}

/// `[N, C, D, H, W]`.
fn project(volumes: &Array, angles: Angles) -> Array {
    let &[_, c, d, h, w] = &volumes.shape[..] else { return volumes.clone() };
    let projection = Projection::of([c, d, h, w], angles);
    each(volumes, projection.shape(), |volume| projection.draw(volume))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stay_as_they_are() {
        let array = Array { shape: vec![1, 1, 1, 2], data: vec![0.25, 0.5] };
        assert_eq!(Medium::Picture.drawn(array.clone()), array);
        // What a model makes of volumes may be pictures: there is nothing to draw otherwise.
        assert_eq!(Medium::Volume.drawn(array.clone()), array);
    }

    #[test]
    fn each_volume_and_clip_is_a_picture() {
        let images = Array { shape: vec![3, 1, 4, 6, 5], data: vec![0.5; 3 * 4 * 6 * 5] };
        for medium in [Medium::Volume, Medium::Clip] {
            let drawn = medium.drawn(images.clone());
            assert_eq!((drawn.shape.len(), drawn.shape[0], drawn.shape[1]), (4, 3, 1));
            assert_eq!(drawn.data.len(), drawn.shape.iter().product::<usize>());
            assert!(drawn.data.iter().all(|x| (0.0..=1.0).contains(x)));
        }
        let none = Array { shape: vec![0, 1, 4, 6, 5], data: Vec::new() };
        assert_eq!(Medium::Clip.drawn(none).shape[0], 0);
    }

    #[test]
    fn clips_move_frame_by_frame_and_volumes_turn() {
        // Two clips of two channels, three frames of one pixel.
        let clips = Array { shape: vec![2, 2, 3, 1, 1], data: (0..12).map(|x| x as f32).collect() };
        let film = Medium::Clip.moving(&clips);
        assert_eq!(film.len(), 3);
        assert_eq!(
            (&film[1].shape[..], &film[1].data[..]),
            (&[2, 2, 1, 1][..], &[1.0, 4.0, 7.0, 10.0][..])
        );
        let mut volume = vec![0.0; 8 * 8 * 8];
        volume[..64].fill(1.0);
        let volumes = Array { shape: vec![1, 1, 8, 8, 8], data: volume };
        let film = Medium::Volume.moving(&volumes);
        assert_eq!(film.len(), AROUND);
        assert_eq!(film[0], Medium::Volume.drawn(volumes));
        assert_ne!(film[0], film[6]);
        assert!(Medium::Picture.moving(&clips).is_empty());
    }
}
