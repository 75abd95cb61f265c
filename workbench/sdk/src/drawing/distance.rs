//! Signed distances: negative inside, positive outside.

/// To an ellipse about the origin, of half axes `rx` and `ry`: to first order, which is exact for a circle and within a
/// pixel of the edge.
pub fn ellipse(x: f32, y: f32, rx: f32, ry: f32) -> f32 {
    let (u, v) = (x / rx, y / ry);
    let norm = (u * u + v * v).sqrt();
    let (du, dv) = (u / rx, v / ry);
    let gradient = (du * du + dv * dv).sqrt();
    // At the centre both are 0, and it is as far from the edge as the shorter axis is long.
    if gradient > 0.0 { norm * (norm - 1.0) / gradient } else { -rx.min(ry) }
}

/// To a box about the origin, `w` and `h` from its centre to its sides, with corners of the radius `r`.
pub fn rounded_box(x: f32, y: f32, w: f32, h: f32, r: f32) -> f32 {
    let (qx, qy) = (x.abs() - w + r, y.abs() - h + r);
    let (ox, oy) = (qx.max(0.0), qy.max(0.0));
    (ox * ox + oy * oy).sqrt() + qx.max(qy).min(0.0) - r
}

/// To the line between two points.
pub fn segment(x: f32, y: f32, from: [f32; 2], to: [f32; 2]) -> f32 {
    let (px, py) = (x - from[0], y - from[1]);
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let along = ((px * dx + py * dy) / (dx * dx + dy * dy).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    let (px, py) = (px - along * dx, py - along * dy);
    (px * px + py * py).sqrt()
}

/// A point as something that is turned clockwise by an angle sees it; `turn` is that angle's (sine, cosine).
pub fn turned(x: f32, y: f32, (sin, cos): (f32, f32)) -> (f32, f32) {
    (cos * x + sin * y, cos * y - sin * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f32, b: f32) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn distances_are_those_of_geometry() {
        near(ellipse(3.0, 4.0, 2.0, 2.0), 3.0);
        near(ellipse(0.0, 0.0, 3.0, 2.0), -2.0);
        near(ellipse(3.0, 0.0, 3.0, 2.0), 0.0);
        near(ellipse(0.0, 2.0, 3.0, 2.0), 0.0);
        near(rounded_box(5.0, 0.0, 2.0, 1.0, 0.5), 3.0);
        near(rounded_box(0.0, 0.0, 2.0, 1.0, 0.0), -1.0);
        near(rounded_box(5.0, 5.0, 2.0, 1.0, 0.0), 5.0);
        near(rounded_box(3.0, 4.0, 1.0, 1.0, 1.0), 4.0);
        near(segment(1.0, 1.0, [0.0, 0.0], [2.0, 0.0]), 1.0);
        near(segment(-3.0, 4.0, [0.0, 0.0], [2.0, 0.0]), 5.0);
        near(segment(3.0, 4.0, [0.0, 0.0], [0.0, 0.0]), 5.0);
    }

    #[test]
    fn a_quarter_turn_clockwise_takes_right_to_down() {
        // y goes down: what points right of the thing that is turned is below it in the picture.
        let (x, y) = turned(0.0, 1.0, (1.0, 0.0));
        near(x, 1.0);
        near(y, 0.0);
    }
}
