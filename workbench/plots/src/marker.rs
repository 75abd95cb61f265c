use std::f64::consts::PI;

/// The shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A diagonal cross.
    Cross,
    /// An upright cross.
    Plus,
    /// A triangle that points down.
    TriangleDown,
    /// A star of five points.
    Star,
    /// A horizontal bar.
    Bar,
    /// A five-sided figure.
    Pentagon,
}

impl Marker {
    /// All shapes, in the order in which classes take them.
    pub const ALL: [Self; 10] = [
        Self::Circle,
        Self::Square,
        Self::Triangle,
        Self::Diamond,
        Self::Cross,
        Self::Plus,
        Self::TriangleDown,
        Self::Star,
        Self::Bar,
        Self::Pentagon,
    ];

    /// The outline around a centre. All shapes look about as large as a disc of `radius`.
    pub(crate) fn outline(self, (x, y): (f64, f64), radius: f64) -> Vec<(f64, f64)> {
        let unit = match self {
            Self::Circle => regular(24, 1.0, 0.0),
            Self::Square => regular(4, 1.25, PI / 4.0),
            Self::Triangle => regular(3, 1.4, 0.0),
            Self::Diamond => regular(4, 1.35, 0.0),
            Self::Cross => plus().iter().map(|&p| turned(p, PI / 4.0)).collect(),
            Self::Plus => plus(),
            Self::TriangleDown => regular(3, 1.4, PI),
            Self::Star => (0..10)
                .map(|i| {
                    turned((0.0, if i % 2 == 0 { -1.5 } else { -0.65 }), PI * f64::from(i) / 5.0)
                })
                .collect(),
            Self::Bar => vec![(-1.4, -0.45), (1.4, -0.45), (1.4, 0.45), (-1.4, 0.45)],
            Self::Pentagon => regular(5, 1.15, 0.0),
        };
        unit.iter().map(|&(dx, dy)| (x + dx * radius, y + dy * radius)).collect()
    }
}

fn regular(corners: u32, radius: f64, turn: f64) -> Vec<(f64, f64)> {
    (0..corners)
        .map(|i| turned((0.0, -radius), turn + 2.0 * PI * f64::from(i) / f64::from(corners)))
        .collect()
}

fn plus() -> Vec<(f64, f64)> {
    let (arm, half) = (1.35, 0.42);
    vec![
        (-half, -arm),
        (half, -arm),
        (half, -half),
        (arm, -half),
        (arm, half),
        (half, half),
        (half, arm),
        (-half, arm),
        (-half, half),
        (-arm, half),
        (-arm, -half),
        (-half, -half),
    ]
}

fn turned((x, y): (f64, f64), angle: f64) -> (f64, f64) {
    let (sin, cos) = angle.sin_cos();
    (x * cos - y * sin, x * sin + y * cos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_surround_their_centre_at_about_the_radius() {
        for marker in Marker::ALL {
            let outline = marker.outline((100.0, 50.0), 10.0);
            let far = outline.iter().map(|(x, y)| (x - 100.0).hypot(y - 50.0)).fold(0.0, f64::max);
            assert!((9.9..16.0).contains(&far), "{marker:?}: {far}");
            let mean = outline.iter().map(|p| p.0).sum::<f64>() / outline.len() as f64;
            assert!((mean - 100.0).abs() < 1e-9, "{marker:?} is off its centre");
        }
    }
}
