//! Colours, and what goes smoothly from one to another.

/// Red, green and blue, 0 to 1, as a screen takes them (sRGB).
pub type Colour = [f32; 3];

/// A colour as it is written in hexadecimal: `rgb(0xff8800)`.
pub fn rgb(hex: u32) -> Colour {
    [16, 8, 0].map(|shift| ((hex >> shift) & 255) as f32 / 255.0)
}

/// `a` where `t` is 0, `b` where it is 1, and on the line through both elsewhere.
pub fn mix<const C: usize>(a: [f32; C], b: [f32; C], t: f32) -> [f32; C] {
    std::array::from_fn(|c| a[c] + (b[c] - a[c]) * t)
}

/// 0 up to `from`, 1 beyond `to`, and without a bend between; the other way round where `from` is the larger.
pub fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    // Where both ends are constants, so is what is multiplied by.
    let t = ((x - from) * (1.0 / (to - from))).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_mixed() {
        assert_eq!(rgb(0xff0033), [1.0, 0.0, 0.2]);
        assert_eq!(mix([0.0, 1.0], [1.0, 0.0], 0.25), [0.25, 0.75]);
        assert_eq!(
            [-1.0, 0.0, 0.5, 1.0, 9.0].map(|x| smoothstep(0.0, 1.0, x)),
            [0.0, 0.0, 0.5, 1.0, 1.0]
        );
        assert_eq!([0.0, 1.0].map(|x| smoothstep(1.0, 0.0, x)), [1.0, 0.0]);
    }
}
