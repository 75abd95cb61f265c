//! Where a clip is bright.

/// What is less bright counts as dark, so that a faint haze does not pull at the centre.
const DARK: f32 = 0.1;

/// The centre of brightness of each frame of a clip `[C, T, H, W]` as (y, x) in pixels; NaN of a dark frame.
pub fn centroids(clip: &[f32], [channels, frames, h, w]: [usize; 4]) -> Vec<[f32; 2]> {
    let plane = h * w;
    let centre = |frame: usize| {
        let (mut sum, mut y_sum, mut x_sum) = (0.0f64, 0.0, 0.0);
        for channel in 0..channels {
            let from = (channel * frames + frame) * plane;
            let pixels = clip[from..from + plane].iter().enumerate();
            for (at, &pixel) in pixels.filter(|(_, pixel)| **pixel >= DARK) {
                let pixel = f64::from(pixel);
                sum += pixel;
                y_sum += pixel * (at / w) as f64;
                x_sum += pixel * (at % w) as f64;
            }
        }
        [(y_sum / sum) as f32, (x_sum / sum) as f32]
    };
    (0..frames).map(centre).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_is_weighted_and_knows_no_haze() {
        let mut clip = vec![0.05; 2 * 4 * 4];
        clip[5] = 0.5;
        clip[6] = 1.0;
        let centres = centroids(&clip, [1, 2, 4, 4]);
        assert!((centres[0][0] - 1.0).abs() < 1e-6 && (centres[0][1] - 5.0 / 3.0).abs() < 1e-6);
        assert!(centres[1][0].is_nan());
        // Of two channels the brightness adds up.
        let both = centroids(&[clip.clone(), clip].concat(), [2, 2, 4, 4]);
        assert_eq!(both[0], centres[0]);
    }
}
