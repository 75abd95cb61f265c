//! One digit in one frame.

/// Lays a digit, bytes `[digit + 2, digit + 2]` with a border of zeros, into a frame `[side, side]`, so many pixels from
/// the left and from above; parts of pixels are blended. Where there is one already, the lighter of both shows.
pub fn lay(square: &[u8], digit: usize, [x, y]: [f32; 2], frame: &mut [u8], side: usize) {
    let stride = digit + 2;
    let ([left, top], [fx, fy]) = ([x, y].map(|at| at as usize), [x, y].map(f32::fract));
    // In 256ths: how much of each of four neighbours a pixel is.
    let [fx, fy] = [fx, fy].map(|part| (part * 256.0 + 0.5) as u32);
    let weights = [(256 - fy) * (256 - fx), (256 - fy) * fx, fy * (256 - fx), fy * fx];
    for row in 0..(digit + 1).min(side.saturating_sub(top)) {
        // What is in this row of the square, and in the one above it.
        let here = &square[(row + 1) * stride..(row + 2) * stride];
        let above = &square[row * stride..(row + 1) * stride];
        let start = (top + row) * side + left;
        let line = &mut frame[start..start + (digit + 1).min(side.saturating_sub(left))];
        for (column, pixel) in line.iter_mut().enumerate() {
            let sum = weights[0] * u32::from(here[column + 1])
                + weights[1] * u32::from(here[column])
                + weights[2] * u32::from(above[column + 1])
                + weights[3] * u32::from(above[column]);
            *pixel = (*pixel).max(((sum + (1 << 15)) >> 16) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two by two pixels with their border.
    const SQUARE: [u8; 16] = [0, 0, 0, 0, 0, 200, 100, 0, 0, 50, 250, 0, 0, 0, 0, 0];

    fn frame(at: [f32; 2], before: u8) -> Vec<u8> {
        let mut frame = vec![before; 16];
        lay(&SQUARE, 2, at, &mut frame, 4);
        frame
    }

    #[test]
    fn whole_pixels_are_copied_and_parts_blended() {
        let whole = [0, 0, 0, 0, 0, 200, 100, 0, 0, 50, 250, 0, 0, 0, 0, 0];
        assert_eq!(frame([1.0, 1.0], 0), whole);
        let half = [0, 0, 0, 0, 100, 150, 50, 0, 25, 150, 125, 0, 0, 0, 0, 0];
        assert_eq!(frame([0.5, 1.0], 0), half);
        let sum = |frame: Vec<u8>| frame.iter().map(|&byte| u32::from(byte)).sum::<u32>();
        assert!(sum(frame([0.3, 1.7], 0)).abs_diff(600) < 5);
    }

    #[test]
    fn it_may_lie_at_the_sides_and_the_lighter_one_shows() {
        let corner = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 100, 0, 0, 50, 250];
        assert_eq!(frame([2.0, 2.0], 0), corner);
        let [a, b] = [frame([2.0, 2.0], 120), frame([2.0, 2.0], 0)];
        assert!(a.iter().zip(b).all(|(&a, b)| a == b.max(120)));
    }
}
