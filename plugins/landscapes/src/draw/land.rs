//! The plain, the hill in front, and the shore where there is a sea.

use workbench_sdk::Random;
use workbench_sdk::drawing::{Area, Canvas, Columns, mix, rgb, smoothstep};

use super::ridge::Ridge;
use super::{HORIZON, Light};
use crate::scene::{AUTUMN, SPRING, Scene, WINTER};

/// How it runs, as chance has it.
pub struct Ground {
    shore: Ridge,
    hill: Ridge,
}

/// Where it begins in each column, from above.
pub struct Land {
    sea: bool,
    top: Columns,
    brow: Columns,
}

impl Ground {
    pub fn any(random: &mut Random) -> Ground {
        Ground { shore: Ridge::round(random, 0.9), hill: Ridge::round(random, 0.8) }
    }

    pub fn seen(&self, canvas: &Canvas<3>, scene: &Scene) -> Land {
        let (from, up) = if scene.sea { (0.735, 0.05) } else { (HORIZON + 0.01, 0.02) };
        Land {
            sea: scene.sea,
            top: canvas.columns(|x| from - up * self.shore.height(x)),
            brow: canvas.columns(|x| 0.93 - 0.13 * self.hill.height(x)),
        }
    }
}

impl Land {
    pub fn top(&self, x: f32) -> f32 {
        self.top.at(x)
    }

    pub fn draw(&self, canvas: &mut Canvas<3>, scene: &Scene, light: &Light) {
        let (far, near) = match scene.season {
            SPRING => (rgb(0xa9d184), rgb(0x74b545)),
            AUTUMN => (rgb(0xd9b876), rgb(0xb98433)),
            WINTER => (rgb(0xdbe5ee), rgb(0xf4f7fa)),
            _ => (rgb(0x94bf69), rgb(0x4f9136)),
        };
        let [far, near] = [far, near].map(|colour| light.on(colour));
        let front = near.map(|c| c * if scene.season == WINTER { 0.95 } else { 0.84 });
        let sand = light.on(if scene.season == WINTER { rgb(0xcdd3d6) } else { rgb(0xe8d6a4) });
        let pixel = canvas.pixel();
        let beach = if self.sea { 0.022 } else { 0.0 };
        canvas.paint(Area::rows(HORIZON - 0.02, 1.0), |y| {
            let plain = mix(far, near, smoothstep(HORIZON, 0.85, y));
            move |x| {
                let depth = y - self.top(x);
                let covered = (0.5 + depth / pixel).clamp(0.0, 1.0);
                let hill = (0.5 + (y - self.brow.at(x)) / pixel).clamp(0.0, 1.0);
                let shore = smoothstep(beach - 0.01, beach + 0.01, depth + 1e-3);
                (mix(sand, mix(plain, front, hill), shore), covered)
            }
        });
    }
}
