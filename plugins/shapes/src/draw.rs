//! One picture from its factors.

use workbench_sdk::drawing::{Area, Canvas, Colour, ellipse, rounded_box, turned};

use crate::factors::{Factors, Space, place, size};

/// The colours and their names; each is about as far from its neighbours as any.
pub const PALETTE: [(&str, Colour); 6] = [
    ("red", [0.90, 0.24, 0.25]),
    ("yellow", [0.96, 0.78, 0.22]),
    ("green", [0.27, 0.70, 0.36]),
    ("cyan", [0.30, 0.80, 0.86]),
    ("blue", [0.26, 0.41, 0.91]),
    ("magenta", [0.84, 0.32, 0.68]),
];
/// What coloured shapes lie on.
const GROUND: Colour = [0.11, 0.12, 0.16];
/// Of the circle about a shape of full size.
const RADIUS: f32 = 0.22;
/// Where centres may be, so that no shape touches the border.
const FROM: f32 = 0.25;
const TO: f32 = 0.75;

pub fn draw(factors: &Factors, space: &Space, side: usize, smooth: bool, bytes: &mut [u8]) {
    match space.is_coloured() {
        true => {
            let (_, colour) = PALETTE[factors.colour];
            shape(Canvas::new(side, |_| |_| GROUND), colour, factors, space, smooth).write(bytes);
        }
        false => {
            shape(Canvas::new(side, |_| |_| [0.0]), [1.0], factors, space, smooth).write(bytes);
        }
    }
}

fn shape<const C: usize>(
    mut canvas: Canvas<C>,
    colour: [f32; C],
    factors: &Factors,
    space: &Space,
    smooth: bool,
) -> Canvas<C> {
    let [scales, rotations, positions] = space.levels();
    let scale = size(factors.scale, scales);
    let [x, y] = [factors.x, factors.y].map(|at| FROM + (TO - FROM) * place(at, positions));
    let turn = (factors.rotation as f32 / rotations as f32 * std::f32::consts::TAU).sin_cos();
    let area = Area::about(x, y, RADIUS * scale, RADIUS * scale);
    let distance = |outline: fn(f32, f32) -> f32| {
        move |px: f32, py: f32| {
            let (u, v) = turned((px - x) / scale, (py - y) / scale, turn);
            let distance = outline(u, v) * scale;
            // A whole unit from the edge is far from being blended.
            if smooth { distance } else { distance.signum() }
        }
    };
    match factors.shape {
        0 => canvas.fill(area, distance(square), |_, _| colour),
        1 => canvas.fill(area, distance(oval), |_, _| colour),
        _ => canvas.fill(area, distance(heart), |_, _| colour),
    }
    canvas
}

fn square(x: f32, y: f32) -> f32 {
    rounded_box(x, y, 0.15, 0.15, 0.0)
}

fn oval(x: f32, y: f32) -> f32 {
    ellipse(x, y, 0.21, 0.125)
}

/// A square on its tip with a half disc on each of its upper sides, after Inigo Quilez' `sdHeart`. There it stands on the
/// origin, and is 1.1 high.
fn heart(x: f32, y: f32) -> f32 {
    const SIZE: f32 = 0.32;
    let (x, y) = (x.abs() / SIZE, 0.55 - y / SIZE);
    let distance = if x + y > 1.0 {
        (x - 0.25).hypot(y - 0.75) - std::f32::consts::SQRT_2 / 4.0
    } else {
        let along = 0.5 * (x + y).max(0.0);
        let nearest = (x * x + (y - 1.0).powi(2)).min((x - along).powi(2) + (y - along).powi(2));
        nearest.sqrt() * (x - y).signum()
    };
    distance * SIZE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factors::Test;

    fn picture(shape: usize, rotation: u64, scale: u64, x: u64, y: u64, smooth: bool) -> Vec<u8> {
        let space = Space::new(false, false, Test::All, [6, 40, 32]);
        let factors = Factors { shape, colour: 0, scale, rotation, x, y };
        let mut bytes = vec![0; 64 * 64];
        draw(&factors, &space, 64, smooth, &mut bytes);
        bytes
    }

    #[test]
    fn no_shape_touches_the_border() {
        for shape in 0..3 {
            for rotation in 0..40 {
                for (x, y) in [(0, 0), (0, 31), (31, 0), (31, 31)] {
                    let bytes = picture(shape, rotation, 5, x, y, true);
                    let border = (0..64).flat_map(|i| [i, 63 * 64 + i, 64 * i, 64 * i + 63]);
                    let touched = border.filter(|&at| bytes[at] > 0).count();
                    assert_eq!(touched, 0, "shape {shape}, rotation {rotation}");
                }
            }
        }
    }

    #[test]
    fn hard_edges_are_black_or_white_and_soft_ones_are_not() {
        for shape in 0..3 {
            assert!(
                picture(shape, 3, 4, 9, 20, false).iter().all(|&byte| byte == 0 || byte == 255)
            );
            let soft = picture(shape, 3, 4, 9, 20, true);
            assert!(soft.iter().filter(|&&byte| byte != 0 && byte != 255).count() > 20);
        }
    }

    #[test]
    fn area_goes_with_the_square_of_the_size() {
        for shape in 0..3 {
            let area = |scale| {
                picture(shape, 0, scale, 16, 16, true)
                    .iter()
                    .map(|&byte| f64::from(byte))
                    .sum::<f64>()
            };
            let ratio = area(5) / area(0);
            assert!((ratio - 4.0).abs() < 0.1, "shape {shape}: {ratio}");
        }
    }

    #[test]
    fn what_is_outside_of_the_area_would_be_empty_anyway() {
        for outline in [square, oval, heart] {
            for step in 0..360 {
                let (sin, cos) = (step as f32).to_radians().sin_cos();
                assert!(outline(RADIUS * cos, RADIUS * sin) >= 0.0, "at {step}°");
            }
        }
    }
}
