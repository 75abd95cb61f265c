//! Two chains of mountains, one behind the other.

use workbench_sdk::Random;
use workbench_sdk::drawing::{Area, Canvas, Colour, mix, rgb, smoothstep};

use super::ridge::Ridge;
use super::sky::Sky;
use super::{HORIZON, Light};
use crate::scene::{AUTUMN, SPRING, Scene, WINTER};

pub struct Mountains {
    far: Ridge,
    near: Ridge,
}

impl Mountains {
    pub fn any(random: &mut Random) -> Mountains {
        Mountains { far: Ridge::sharp(random, 2.0), near: Ridge::sharp(random, 2.7) }
    }

    pub fn draw(&self, canvas: &mut Canvas<3>, scene: &Scene, light: &Light, sky: &Sky) {
        let haze = sky.horizon();
        let rock = mix(rgb(0x5f6f8e), rgb(0x6a7a94), light.day);
        let snow = if scene.season == WINTER { 0.03 } else { 0.19 };
        let far = Chain { height: 0.46 * scene.mountains, rock: mix(rock, haze, 0.28), snow };
        far.draw(canvas, &self.far, light, sky);
        let woods = match scene.season {
            SPRING => rgb(0x5c8f5a),
            AUTUMN => rgb(0x9a6b3f),
            WINTER => rgb(0x8796a8),
            _ => rgb(0x3f7350),
        };
        let snow = if scene.season == WINTER { 0.06 } else { 1.0 };
        let near = Chain { height: 0.20 * scene.mountains, rock: mix(woods, haze, 0.12), snow };
        near.draw(canvas, &self.near, light, sky);
    }
}

struct Chain {
    height: f32,
    rock: Colour,
    /// How high above the plain it begins.
    snow: f32,
}

impl Chain {
    fn draw(&self, canvas: &mut Canvas<3>, ridge: &Ridge, light: &Light, sky: &Sky) {
        let pixel = canvas.pixel();
        let tops = canvas.columns(|x| HORIZON - self.height * ridge.height(x));
        let lines = canvas.columns(|x| self.snow + 0.07 * (ridge.height(3.0 * x) - 0.5));
        let [snow, haze] = [rgb(0xf3f6fb), sky.horizon()];
        canvas.paint(Area::rows(HORIZON - self.height, HORIZON), |y| {
            let up = HORIZON - y;
            let hazy = 0.35 * smoothstep(0.12, 0.0, up);
            let (tops, lines) = (&tops, &lines);
            move |x| {
                let depth = y - tops.at(x);
                let covered = (0.5 + depth / pixel).clamp(0.0, 1.0);
                if covered == 0.0 {
                    return (self.rock, 0.0);
                }
                // The edges between what is lit and what is not run down from the peaks, aslant.
                let slope = ridge.slope(x + 0.45 * depth) * if x < sky.at[0] { 1.0 } else { -1.0 };
                let lit = 0.94 - 0.16 * slope;
                let line = lines.at(x);
                let white = smoothstep(line - 0.014, line + 0.014, up);
                let colour = mix(mix(self.rock, snow, 0.92 * white), haze, hazy);
                (light.on(colour.map(|c| c * lit)), covered)
            }
        });
    }
}
