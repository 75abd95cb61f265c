//! The sea and the river, which show the sky again.

use workbench_sdk::Random;
use workbench_sdk::drawing::{Area, Canvas, Colour, mix, rgb, smoothstep};

use super::HORIZON;
use super::land::Land;
use super::sky::Sky;

pub fn sea(canvas: &mut Canvas<3>, land: &Land, sky: &Sky) {
    let pixel = canvas.pixel();
    canvas.paint(Area::rows(HORIZON, 0.76), |y| {
        let near = ((y - HORIZON) / (0.74 - HORIZON)).clamp(0.0, 1.0);
        let water = mix(sky.horizon(), deep(sky), 0.55 + 0.45 * near);
        let covered = (0.5 + (y - HORIZON) / pixel).clamp(0.0, 1.0);
        // Waves are wider apart the nearer they are.
        let (place, path) = (near.sqrt() * 7.0, 1.0 / (0.05 + 0.10 * near));
        move |x| {
            let wave = place + 0.6 * x;
            let wave = (wave - (wave as i32) as f32 - 0.5).abs();
            let water = mix(water, sky.horizon(), 0.22 * smoothstep(0.32, 0.5, wave));
            let across = (x - sky.at[0]).abs() * path;
            let glitter =
                smoothstep(1.0, 0.1, across) * (0.35 + 0.65 * smoothstep(0.15, 0.35, wave));
            let foam = smoothstep(0.022, 0.004, land.top(x) - y);
            let water = mix(water, sky.glitter(), 0.75 * glitter);
            (mix(water, rgb(0xf4f8fa), 0.6 * foam), covered)
        }
    });
}

/// Water seen from above.
fn deep(sky: &Sky) -> Colour {
    mix(rgb(0x1f5f93), sky.top(), 0.45)
}

pub struct River {
    middle: f32,
    bend: f32,
    phase: f32,
}

impl River {
    pub fn any(random: &mut Random) -> River {
        River {
            middle: random.between(0.35, 0.65),
            bend: random.between(0.10, 0.16) * if random.below(2) == 1 { 1.0 } else { -1.0 },
            phase: random.between(-0.5, 0.5),
        }
    }

    pub fn draw(&self, canvas: &mut Canvas<3>, land: &Land, sky: &Sky) {
        let pixel = canvas.pixel();
        let top = land.top(self.middle);
        canvas.paint(Area::rows(top - 0.02, 1.0), |y| {
            let (middle, half) = self.at(top, y);
            let edge = mix(sky.horizon(), deep(sky), 0.62 + 0.2 * smoothstep(top, 1.0, y));
            move |x| {
                let from = (x - middle).abs() - half;
                let covered = (0.5 - from / pixel).clamp(0.0, 1.0);
                if covered == 0.0 {
                    return (edge, 0.0);
                }
                let begun = (0.5 + (y - land.top(x)) / pixel).clamp(0.0, 1.0);
                // Lighter in the middle, where the sky is seen again.
                (mix(edge, sky.horizon(), 0.4 * smoothstep(0.0, -half, from)), covered * begun)
            }
        });
    }

    /// Whether a point is in it or on its banks.
    pub fn is_near(&self, land: &Land, x: f32, y: f32) -> bool {
        let (middle, half) = self.at(land.top(self.middle), y);
        (x - middle).abs() < half + 0.06
    }

    /// Its middle and half its width at a height.
    fn at(&self, top: f32, y: f32) -> (f32, f32) {
        let t = ((y - top) / (1.0 - top)).clamp(0.0, 1.0);
        let swing = (5.5 * t.sqrt() + self.phase).sin();
        (self.middle + self.bend * swing * (0.35 + 0.65 * t), 0.014 + 0.085 * t * t)
    }
}
