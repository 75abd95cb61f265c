//! One clip from its frames.

use workbench_sdk::folder::Files;
use workbench_sdk::pictures::Pictures;
use workbench_sdk::prelude::*;

/// How clips become `[C, T, H, W]`.
pub struct Clips {
    pub pictures: Pictures,
    /// T.
    pub frames: usize,
    pub stride: usize,
    pub short: Short,
}

/// What becomes of a clip of fewer frames than are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// Its last frame stays.
    Hold,
    /// It begins anew.
    Loop,
    Refuse,
}

/// Takes the size of the first clip for all of them, where `size` does not say.
///
/// # Errors
/// It is none.
pub fn settle(pictures: &mut Pictures, files: &Files) -> Result<()> {
    let name = &files.names[0];
    let file = match files.is_folder(0) {
        true => match files.parts(0)?.first() {
            Some(part) => files.read_part(0, part)?,
            None => bail!("{name}: holds no pictures"),
        },
        false => files.read(0)?,
    };
    pictures.settle(&file).map_err(|error| error.context(name))
}

impl Clips {
    /// `[C, T, H, W]`.
    pub fn shape(&self) -> [usize; 4] {
        let [channels, height, width] = self.pictures.shape();
        [channels, self.frames, height, width]
    }

    /// Decodes the clip at a place into bytes `[C, T, H, W]`.
    ///
    /// # Errors
    /// A frame is damaged or does not fit; there are none, or too few. The message names the clip.
    pub fn fill(&self, files: &Files, place: usize, into: &mut [u8]) -> Result<()> {
        let mut clip = Clip { into, shape: self.shape() };
        let mut fill = || match files.is_folder(place) {
            true => self.of_parts(files, place, &mut clip),
            false => self.of_file(&files.read(place)?, &mut clip),
        };
        let (taken, all) = fill().map_err(|error| error.context(&files.names[place]))?;
        ensure!(taken > 0, "{}: holds no frames", files.names[place]);
        if taken < self.frames {
            ensure!(
                self.short != Short::Refuse,
                "{}: has {all} frames, and {} are wanted; set `short`, or ask for fewer",
                files.names[place],
                (self.frames - 1) * self.stride + 1
            );
            for frame in taken..self.frames {
                clip.repeat(
                    if self.short == Short::Loop { frame % taken } else { taken - 1 },
                    frame,
                );
            }
        }
        Ok(())
    }

    /// How many frames were taken, and how many there were until then.
    fn of_file(&self, file: &[u8], clip: &mut Clip) -> Result<(usize, usize)> {
        let mut animation = self.pictures.animation(file)?;
        let mut pixels = vec![0; self.pictures.shape().iter().product()];
        let mut all = 0;
        for frame in 0..self.frames {
            while all < frame * self.stride {
                if !animation.advance(None)? {
                    return Ok((frame, all));
                }
                all += 1;
            }
            if !animation.advance(Some(&mut pixels))? {
                return Ok((frame, all));
            }
            all += 1;
            clip.put(frame, &pixels);
        }
        Ok((self.frames, all))
    }

    fn of_parts(&self, files: &Files, place: usize, clip: &mut Clip) -> Result<(usize, usize)> {
        let parts = files.parts(place)?;
        let mut pixels = vec![0; self.pictures.shape().iter().product()];
        let taken = parts.iter().step_by(self.stride).take(self.frames);
        for (frame, part) in taken.clone().enumerate() {
            let file = files.read_part(place, part)?;
            self.pictures.fill(&file, &mut pixels).map_err(|error| error.context(part))?;
            clip.put(frame, &pixels);
        }
        Ok((taken.count(), parts.len()))
    }
}

/// The bytes of a clip `[C, T, H, W]`, whose frames do not lie together.
struct Clip<'a> {
    into: &'a mut [u8],
    shape: [usize; 4],
}

impl Clip<'_> {
    /// Puts a frame `[C, H, W]` in its place.
    fn put(&mut self, frame: usize, pixels: &[u8]) {
        let [_, frames, height, width] = self.shape;
        let area = height * width;
        for (channel, plane) in pixels.chunks_exact(area).enumerate() {
            let at = (channel * frames + frame) * area;
            self.into[at..at + area].copy_from_slice(plane);
        }
    }

    /// Puts what one frame is in the place of another, too.
    fn repeat(&mut self, from: usize, to: usize) {
        let [channels, frames, height, width] = self.shape;
        let area = height * width;
        for channel in 0..channels {
            let [from, to] = [from, to].map(|frame| (channel * frames + frame) * area);
            self.into.copy_within(from..from + area, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_lie_channel_by_channel() {
        let mut bytes = [0; 12];
        let mut clip = Clip { into: &mut bytes, shape: [2, 3, 1, 2] };
        clip.put(0, &[1, 2, 3, 4]);
        clip.put(1, &[5, 6, 7, 8]);
        clip.repeat(0, 2);
        assert_eq!(bytes, [1, 2, 5, 6, 1, 2, 3, 4, 7, 8, 3, 4]);
    }
}
