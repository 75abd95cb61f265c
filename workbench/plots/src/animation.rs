use std::path::Path;

use gif::{Encoder, Frame, Repeat};

use crate::paint::paint;
use crate::write::write;
use crate::{Error, Figure};

/// Figures of one size that follow each other, over and over.
#[derive(Debug, Clone, PartialEq)]
pub struct Animation {
    /// At least one.
    pub frames: Vec<Figure>,
    /// How long each is shown, in hundredths of a second.
    pub delay: u16,
}

/// Of the search for 256 colours, where there are more: 1 is the slowest and best, 30 the fastest.
const SPEED: i32 = 10;

impl Animation {
    /// Draws the figures and writes them as GIF, aside in the same folder and then renamed. The
    /// folder must exist.
    ///
    /// # Errors
    /// Those of [`Animation::to_gif`], and [`Error::Write`].
    pub fn save_gif(&self, path: &Path) -> Result<(), Error> {
        write(path, &self.to_gif()?)
    }

    /// Draws the figures: a GIF, at 2× resolution. The same figures give the same bytes.
    ///
    /// # Errors
    /// Those of [`Figure::to_png`]; figures of several sizes, or larger than a GIF can be.
    pub fn to_gif(&self) -> Result<Vec<u8>, Error> {
        let sizes = self.frames.iter().map(Figure::size).collect::<Result<Vec<_>, _>>()?;
        let Some(&(width, height)) = sizes.first() else { return Err(Error::Empty) };
        let fits = |n: usize| u16::try_from(n).ok();
        let (Some(columns), Some(rows), true) =
            (fits(width), fits(height), sizes.iter().all(|size| *size == (width, height)))
        else {
            return Err(Error::Animated { sizes });
        };
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, columns, rows, &[])?;
        encoder.set_repeat(Repeat::Infinite)?;
        for figure in &self.frames {
            let pixels = paint(&figure.lay_out()?)?;
            let mut frame = Frame::from_rgb_speed(columns, rows, &pixels, SPEED);
            frame.delay = self.delay;
            encoder.write_frame(&frame)?;
        }
        drop(encoder);
        Ok(bytes)
    }
}
