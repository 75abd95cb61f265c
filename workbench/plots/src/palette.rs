use crate::Marker;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

/// The colours of Okabe and Ito, "Color Universal Design" (2008), the lightest last.
const FEW: [Color; 8] = [
    Color(0x00, 0x72, 0xB2),
    Color(0xD5, 0x5E, 0x00),
    Color(0x00, 0x9E, 0x73),
    Color(0xCC, 0x79, 0xA7),
    Color(0xE6, 0x9F, 0x00),
    Color(0x56, 0xB4, 0xE9),
    Color(0x00, 0x00, 0x00),
    Color(0xF0, 0xE4, 0x42),
];

/// For more classes: seven of Okabe and Ito's, then colours far from them and from each other in
/// CIELAB, also as seen with deuteranopia and protanopia.
const MANY: [Color; 20] = [
    FEW[0],
    FEW[1],
    FEW[2],
    FEW[3],
    FEW[4],
    FEW[5],
    FEW[6],
    Color(0x6B, 0x3F, 0x12),
    Color(0x9B, 0x4D, 0xFF),
    Color(0xC2, 0xBE, 0x5A),
    Color(0x00, 0x11, 0x88),
    Color(0x7A, 0x00, 0x60),
    Color(0x33, 0x55, 0x44),
    Color(0x9A, 0x9A, 0x9A),
    Color(0xFF, 0x55, 0x77),
    Color(0x2F, 0xD0, 0xDC),
    Color(0xBB, 0x88, 0x44),
    Color(0x2A, 0x55, 0xD8),
    Color(0x8F, 0xE0, 0x8F),
    Color(0xCC, 0xCC, 0xBB),
];

/// Colour and marker of class `class` of `classes`: no two of up to 200 classes share both, none of
/// up to 20 shares a colour, and none of up to 10 a marker.
pub fn class_style(class: usize, classes: usize) -> (Color, Marker) {
    let color =
        if classes <= FEW.len() { FEW[class % FEW.len()] } else { MANY[class % MANY.len()] };
    // Each round through the colours starts at another marker.
    let marker = Marker::ALL[(class + class / MANY.len()) % Marker::ALL.len()];
    (color, marker)
}

/// The colour of a share, 0 to 1: dark blue by grey to yellow, evenly brighter, for any kind of colour vision (after
/// Nuñez, Anderton and Renslow 2018, "cividis").
pub fn ramp(share: f64) -> Color {
    const STOPS: [Color; 5] = [
        Color(0x00, 0x20, 0x4D),
        Color(0x31, 0x46, 0x6B),
        Color(0x7C, 0x7B, 0x78),
        Color(0xC0, 0xAF, 0x64),
        Color(0xFF, 0xE9, 0x45),
    ];
    let at = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 } * (STOPS.len() - 1) as f64;
    let below = (at as usize).min(STOPS.len() - 2);
    STOPS[below].mix(STOPS[below + 1], at - below as f64)
}

impl Color {
    /// Text and axes.
    pub(crate) const INK: Self = Self(0x22, 0x22, 0x22);
    /// Paper.
    pub(crate) const WHITE: Self = Self(0xFF, 0xFF, 0xFF);
    /// Grid lines.
    pub(crate) const GRID: Self = Self(0xE4, 0xE4, 0xE4);
    /// Marks and thresholds.
    pub(crate) const GREY: Self = Self(0x77, 0x77, 0x77);

    /// This colour with `share` of `other` mixed in (0: this, 1: other).
    pub(crate) fn mix(self, other: Self, share: f64) -> Self {
        let channel =
            |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Self(channel(self.0, other.0), channel(self.1, other.1), channel(self.2, other.2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    type Matrix = [[f64; 3]; 3];
    const NORMAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    /// Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
    const DEUTERANOPIA: Matrix = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ];
    const PROTANOPIA: Matrix = [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ];

    fn lab(color: Color, seen: &Matrix) -> [f64; 3] {
        let linear = [color.0, color.1, color.2].map(|v| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        let times = |m: &Matrix, v: [f64; 3]| {
            m.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>())
        };
        const XYZ: Matrix =
            [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
        let [x, y, z] = times(&XYZ, times(seen, linear).map(|v| v.clamp(0.0, 1.0)));
        let f = |t: f64| {
            if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
        };
        let (x, y, z) = (f(x / 0.9505), f(y), f(z / 1.089));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn closest(colors: &[Color], seen: &Matrix) -> f64 {
        let labs: Vec<_> = colors.iter().map(|&c| lab(c, seen)).collect();
        let mut least = f64::INFINITY;
        for (i, a) in labs.iter().enumerate() {
            for b in &labs[..i] {
                least =
                    least.min(a.iter().zip(b).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt());
            }
        }
        least
    }

    #[test]
    fn colours_stay_apart_also_for_colour_blind_readers() {
        assert!(closest(&FEW, &NORMAL) > 25.0);
        assert!(closest(&MANY[..10], &NORMAL) > 25.0);
        assert!(closest(&MANY, &NORMAL) > 18.0);
        for seen in [&DEUTERANOPIA, &PROTANOPIA] {
            assert!(closest(&MANY, seen) > 6.0, "{}", closest(&MANY, seen));
            assert!(closest(&FEW, seen) > 10.0, "{}", closest(&FEW, seen));
            assert!(closest(&MANY[..10], seen) > 10.0, "{}", closest(&MANY[..10], seen));
        }
    }

    #[test]
    fn classes_differ_in_colour_then_in_marker() {
        let distinct = |n: usize| {
            (0..n).map(|i| format!("{:?}", class_style(i, n))).collect::<HashSet<_>>().len()
        };
        assert_eq!(distinct(200), 200);
        let colors: HashSet<_> = (0..20).map(|i| format!("{:?}", class_style(i, 20).0)).collect();
        assert_eq!(colors.len(), 20);
        let markers: HashSet<_> = (0..10).map(|i| format!("{:?}", class_style(i, 10).1)).collect();
        assert_eq!(markers.len(), 10);
    }
}
