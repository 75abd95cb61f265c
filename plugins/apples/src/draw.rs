//! One apple on a table, lit from the upper left.

use workbench_sdk::drawing::{
    Area, Canvas, Colour, ellipse, mix, rgb, rounded_box, segment, smoothstep, turned,
};

use crate::apple::Apple;

/// Where the table is touched.
const TABLE: f32 = 0.86;
/// Half the width of the smallest and of the largest.
const SMALLEST: f32 = 0.17;
const LARGEST: f32 = 0.34;
/// To the light, of length 1: left, up and towards who looks.
const LIGHT: [f32; 3] = [-0.485, -0.566, 0.667];

pub fn draw(apple: &Apple, side: usize, bytes: &mut [u8]) {
    let radius = SMALLEST + (LARGEST - SMALLEST) * apple.size;
    let mut canvas = Canvas::new(side, |y| {
        let colour = room(y);
        move |_| colour
    });
    shadow(&mut canvas, radius, apple.squareness);
    body(&mut canvas, radius, apple);
    stem(&mut canvas, radius);
    leaf(&mut canvas, radius);
    canvas.write(bytes);
}

/// A wall and a table, with a soft line between.
fn room(y: f32) -> Colour {
    let wall = mix(rgb(0xdfe9ee), rgb(0xf4f4ee), y);
    let table = mix(rgb(0xd9c6a8), rgb(0xecdfc8), smoothstep(0.7, 1.0, y));
    mix(wall, table, smoothstep(0.69, 0.73, y))
}

fn shadow(canvas: &mut Canvas<3>, radius: f32, squareness: f32) {
    let (x, y) = (0.5 + 0.22 * radius, TABLE - 0.02 * radius);
    let (width, height) = (radius * (1.15 + 0.1 * squareness), 0.26 * radius);
    canvas.paint(Area::about(x, y, width, height), |py| {
        let v = (py - y) / height;
        move |px| {
            let u = (px - x) / width;
            (rgb(0x5a4632), 0.55 * smoothstep(1.0, 0.2, (u * u + v * v).sqrt()))
        }
    });
}

/// A box whose corners are as round as the apple is, narrower below and with a dimple where the stem is.
fn body(canvas: &mut Canvas<3>, radius: f32, apple: &Apple) {
    let y = TABLE - 0.96 * radius;
    let corner = 1.0 - 0.72 * apple.squareness;
    let skin = skin(apple.redness);
    let (pixel, flat) = (canvas.pixel(), 0.75 * apple.squareness);
    // How the surface leans: as a ball's, and flat in the middle of what is square.
    let lean = move |a: f32| a + (a * a * a - a) * flat;
    canvas.paint(Area::about(0.5, y, 1.15 * radius, 1.05 * radius), |py| {
        let v = (py - y) / radius;
        // Wider above than below, and what is above the middle is let down where the dimple is.
        let (widened, dimple) = ((1.0 + 0.10 * v) / radius, 0.20 * smoothstep(0.2, -0.9, v));
        move |px| {
            let u = (px - 0.5) * widened;
            let v = v - dimple / (1.0 + 14.0 * u * u);
            let distance = rounded_box(u, v, 1.0, 0.96, corner * 0.96) * radius;
            let covered = (0.5 - distance / pixel).min(1.0);
            if covered <= 0.0 {
                return (skin.colour, 0.0);
            }
            let (nx, ny) = (lean(u), lean(v));
            let nz = (1.0 - nx * nx - ny * ny).max(0.02).sqrt();
            let length = (nx * nx + ny * ny + nz * nz).sqrt();
            let normal = [nx / length, ny / length, nz / length];
            let colour = mix(skin.above, skin.colour, smoothstep(-0.95, -0.1, v));
            (lit(colour, normal), covered)
        }
    });
    highlight(canvas, radius, y);
}

#[derive(Clone, Copy)]
struct Skin {
    colour: Colour,
    /// About the stem.
    above: Colour,
}

fn skin(redness: f32) -> Skin {
    let (green, yellow, red) = (rgb(0x7fb93a), rgb(0xf3c63f), rgb(0xd3202f));
    let colour = match redness {
        redness if redness < 0.45 => mix(green, yellow, redness / 0.45),
        redness => mix(yellow, red, smoothstep(0.45, 0.95, redness)),
    };
    Skin { colour, above: mix(colour, rgb(0xdfcf5a), 0.35) }
}

fn lit(colour: Colour, normal: [f32; 3]) -> Colour {
    let towards: f32 = normal.iter().zip(LIGHT).map(|(a, b)| a * b).sum();
    let light = 0.42 + 0.68 * towards.max(0.0);
    // The table throws some of its own colour back from below.
    let bounce = 0.16 * (normal[1] - 0.25).max(0.0);
    let table = rgb(0xd9b98c);
    // What is dark is a little more purple than what is light.
    let shade = [light, light * (0.90 + 0.10 * light), light * (0.93 + 0.07 * light)];
    std::array::from_fn(|c| colour[c] * shade[c] + bounce * table[c])
}

fn highlight(canvas: &mut Canvas<3>, radius: f32, y: f32) {
    let (x, y) = (0.5 - 0.42 * radius, y - 0.40 * radius);
    let turn = (-0.70f32).sin_cos();
    let reach = 0.34 * radius;
    canvas.paint(Area::about(x, y, reach, reach), |py| {
        move |px| {
            let (u, v) = turned((px - x) / reach, (py - y) / reach, turn);
            let from = (u * u + (2.0 * v) * (2.0 * v)).sqrt();
            (rgb(0xfffdf5), 0.85 * smoothstep(1.0, 0.15, from))
        }
    });
}

fn stem(canvas: &mut Canvas<3>, radius: f32) {
    let top = TABLE - 1.92 * radius;
    let foot = [0.5, top + 0.30 * radius];
    let bend = [0.5 + 0.02 * radius, top];
    let end = [0.5 + 0.12 * radius, top - 0.26 * radius];
    let distance = |x, y| {
        let (lower, upper) = (segment(x, y, foot, bend), segment(x, y, bend, end));
        lower.min(upper) - 0.055 * radius
    };
    let area = Area {
        x: [0.5 - 0.1 * radius, 0.5 + 0.2 * radius],
        y: [top - 0.35 * radius, top + 0.4 * radius],
    };
    canvas.fill(area, distance, |x, _| {
        mix(rgb(0x7a5230), rgb(0x4a2f1b), smoothstep(-0.05, 0.15, (x - 0.5) / radius))
    });
}

/// What two discs have in common, with a lighter rib.
fn leaf(canvas: &mut Canvas<3>, radius: f32) {
    let (x, y) = (0.5 + 0.40 * radius, TABLE - 2.09 * radius);
    let turn = (-0.42f32).sin_cos();
    let reach = 0.40 * radius;
    let inside = |px: f32, py: f32| {
        let (u, v) = turned((px - x) / reach, (py - y) / reach, turn);
        (u, v)
    };
    let distance = |px, py| {
        let (u, v) = inside(px, py);
        ellipse(u, v - 0.85, 1.31, 1.31).max(ellipse(u, v + 0.85, 1.31, 1.31)) * reach
    };
    canvas.fill(Area::about(x, y, reach, reach), distance, |px, py| {
        let (u, v) = inside(px, py);
        let blade = mix(rgb(0x6fb04a), rgb(0x2f7d3a), smoothstep(-0.45, 0.4, v - 0.1 * u));
        mix(rgb(0xa9d27c), blade, smoothstep(0.02, 0.12, v.abs()))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 64;

    fn picture(redness: f32, size: f32, squareness: f32) -> Vec<u8> {
        let mut bytes = vec![0; 3 * SIDE * SIDE];
        draw(&Apple { redness, size, squareness }, SIDE, &mut bytes);
        bytes
    }

    fn at(bytes: &[u8], x: usize, y: usize) -> [u8; 3] {
        [0, 1, 2].map(|plane| bytes[(plane * SIDE + y) * SIDE + x])
    }

    fn differing(a: &[u8], b: &[u8]) -> usize {
        a.iter().zip(b).filter(|(a, b)| a.abs_diff(**b) > 20).count()
    }

    #[test]
    fn a_red_one_is_red_and_a_green_one_green() {
        let [red, green, _] = at(&picture(1.0, 0.5, 0.5), 34, 44);
        assert!(red > 2 * green, "{red} {green}");
        let [red, green, blue] = at(&picture(0.0, 0.5, 0.5), 34, 44);
        assert!(green > red && green > blue, "{red} {green} {blue}");
    }

    #[test]
    fn each_factor_changes_the_picture() {
        let one = picture(0.2, 0.5, 0.2);
        for other in [picture(0.9, 0.5, 0.2), picture(0.2, 0.9, 0.2), picture(0.2, 0.5, 0.9)] {
            assert!(differing(&one, &other) > 100);
        }
    }

    #[test]
    fn a_larger_one_covers_more_and_fits() {
        let table = picture(0.5, 0.0, 0.0);
        let covered = |size| differing(&table, &picture(0.5, size, 1.0));
        assert!(covered(0.5) < covered(1.0));
        // The uppermost row, where the wall is, is free of the largest.
        let largest = picture(0.5, 1.0, 1.0);
        assert_eq!(largest[..SIDE], table[..SIDE]);
    }
}
