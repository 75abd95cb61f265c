//! Clips as sheets of their frames.

/// Where the frames of a clip lie on a picture: in rows from the left to the right, from the top down.
pub(crate) struct Sheet {
    clip: [usize; 4],
    /// Numbers of the frames that are shown.
    frames: Vec<usize>,
    columns: usize,
}

/// Of a longer clip, so many are shown, evenly apart.
const MOST: usize = 16;
const GAP: usize = 1;
/// Of the gaps, and of places without a frame.
const GREY: f32 = 0.375;

impl Sheet {
    /// Of clips `[C, T, H, W]` with at least one frame.
    pub fn of(clip: [usize; 4]) -> Sheet {
        let n = clip[1];
        let shown = n.min(MOST);
        let at =
            |i: usize| if shown < 2 { 0 } else { (i * (n - 1) + (shown - 1) / 2) / (shown - 1) };
        Sheet { clip, frames: (0..shown).map(at).collect(), columns: columns(shown) }
    }

    /// `[C, H', W']`.
    pub fn shape(&self) -> [usize; 3] {
        let [c, _, h, w] = self.clip;
        let rows = self.frames.len().div_ceil(self.columns);
        [c, rows * (h + GAP) - GAP, self.columns * (w + GAP) - GAP]
    }

    /// `clip`: in 0..1.
    pub fn draw(&self, clip: &[f32]) -> Vec<f32> {
        let [c, t, h, w] = self.clip;
        let [_, height, width] = self.shape();
        let mut sheet = vec![GREY; c * height * width];
        for channel in 0..c {
            for (place, frame) in self.frames.iter().enumerate() {
                let from = &clip[(channel * t + frame) * h * w..][..h * w];
                let (row, column) = (place / self.columns, place % self.columns);
                let at = (channel * height + row * (h + GAP)) * width + column * (w + GAP);
                for (y, line) in from.chunks(w).enumerate() {
                    sheet[at + y * width..][..w].copy_from_slice(line);
                }
            }
        }
        sheet
    }
}

/// As nearly a square as leaves the fewest places empty.
fn columns(frames: usize) -> usize {
    let square = (1..=frames).find(|n| n * n >= frames).unwrap_or(1);
    let empty = |columns: &usize| frames.div_ceil(*columns) * columns - frames;
    (square..2 * square).min_by_key(empty).unwrap_or(square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_have_few_empty_places() {
        assert_eq!([1, 2, 3, 4, 5, 8, 10, 12, 16].map(columns), [1, 2, 3, 2, 5, 4, 5, 4, 4]);
    }

    #[test]
    fn frames_lie_in_the_order_of_time() {
        let sheet = Sheet::of([1, 4, 1, 2]);
        assert_eq!(sheet.shape(), [1, 3, 5]);
        let clip = [0.0, 0.1, 1.0, 0.9, 0.2, 0.3, 0.4, 0.5];
        let g = GREY;
        let wanted = [0.0, 0.1, g, 1.0, 0.9, g, g, g, g, g, 0.2, 0.3, g, 0.4, 0.5];
        assert_eq!(sheet.draw(&clip), wanted);
    }

    #[test]
    fn of_a_long_clip_the_first_the_last_and_some_between_are_shown() {
        let sheet = Sheet::of([3, 100, 2, 2]);
        assert_eq!((sheet.frames.len(), sheet.frames[0], sheet.frames[15]), (16, 0, 99));
        assert!(sheet.frames.windows(2).all(|pair| (6..=7).contains(&(pair[1] - pair[0]))));
        assert_eq!(sheet.shape(), [3, 11, 11]);
    }
}
