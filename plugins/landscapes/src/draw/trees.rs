//! Trees in front, which tell the season; in winter they are firs.

use workbench_sdk::Random;
use workbench_sdk::drawing::{Area, Canvas, Colour, ellipse, mix, rgb, rounded_box, smoothstep};

use super::Light;
use crate::scene::{AUTUMN, SPRING, Scene, WINTER};

pub struct Tree {
    pub x: f32,
    /// Of its foot.
    pub y: f32,
    size: f32,
    /// 0 to 1: which of the season's colours it has.
    hue: f32,
}

/// From the back to the front.
pub fn any(random: &mut Random) -> Vec<Tree> {
    let tree = |i: usize| Tree {
        x: (i as f32 * 0.618 + random.between(0.0, 0.18)).fract(),
        y: 0.80 + 0.022 * i as f32 + random.between(0.0, 0.02),
        size: 0.050 + 0.006 * i as f32 + random.between(0.0, 0.012),
        hue: random.unit(),
    };
    (0..7).map(tree).collect()
}

impl Tree {
    pub fn draw(&self, canvas: &mut Canvas<3>, scene: &Scene, light: &Light) {
        let &Tree { x, y, size, .. } = self;
        let shadow = Area::about(x, y, 1.3 * size, 0.4 * size);
        let dark = light.on(rgb(0x2b3b35));
        canvas.paint(shadow, |py| {
            let v = (py - y) / (0.35 * size);
            move |px| {
                let u = (px - x) / (1.2 * size);
                (dark, 0.35 * smoothstep(1.0, 0.2, u * u + v * v))
            }
        });
        let trunk = |px: f32, py: f32| {
            rounded_box(px - x, py - (y - 0.5 * size), 0.14 * size, 0.5 * size, 0.0)
        };
        let bark = light.on(rgb(0x5d432f));
        canvas.fill(Area::about(x, y - 0.5 * size, 0.2 * size, 0.6 * size), trunk, |_, _| bark);
        match scene.season {
            WINTER => self.fir(canvas, light),
            season => self.crown(canvas, light, self.leaves(season)),
        }
    }

    fn leaves(&self, season: usize) -> Colour {
        let (one, other) = match season {
            SPRING => (rgb(0xf3c3d3), rgb(0xfbe9ee)),
            AUTUMN => (rgb(0xd9642b), rgb(0xe7a52f)),
            _ => (rgb(0x2f7a3a), rgb(0x4c8f35)),
        };
        mix(one, other, self.hue)
    }

    fn crown(&self, canvas: &mut Canvas<3>, light: &Light, leaves: Colour) {
        let &Tree { x, size, .. } = self;
        let y = self.y - 1.5 * size;
        let [lit, dark] = [1.10, 0.70].map(|share| light.on(leaves.map(|c| c * share)));
        let distance = |px: f32, py: f32| {
            let (u, v) = ((px - x) / size, (py - y) / size);
            let middle = ellipse(u, v, 0.85, 0.90);
            middle.min(ellipse(u.abs() - 0.5, v - 0.35, 0.55, 0.5)) * size
        };
        canvas.fill(Area::about(x, y, 1.1 * size, 1.0 * size), distance, |px, py| {
            let (u, v) = ((px - x) / size, (py - y) / size);
            mix(lit, dark, smoothstep(-0.9, 0.9, 0.4 * u + v))
        });
    }

    fn fir(&self, canvas: &mut Canvas<3>, light: &Light) {
        let &Tree { x, y, size, .. } = self;
        let needles = light.on(mix(rgb(0x2c5b4a), rgb(0x3a6a55), self.hue));
        let snow = light.on(rgb(0xf5f8fb));
        for (foot, height, width) in [(0.35, 1.2, 0.85), (1.0, 1.1, 0.68), (1.6, 1.0, 0.48)] {
            let foot = y - foot * size;
            let (height, width) = (height * size, width * size);
            let steep = (height * height + width * width).sqrt();
            let cone = |px: f32, py: f32| {
                let slopes = ((px - x).abs() * height - (py - foot + height) * width) / steep;
                slopes.max(py - foot)
            };
            let area = Area { x: [x - width, x + width], y: [foot - height, foot] };
            canvas.fill(area, cone, |_, py| {
                mix(snow, needles, smoothstep(0.30, 0.55, (py - foot + height) / height))
            });
        }
    }
}
