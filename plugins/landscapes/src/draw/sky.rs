//! The sky, the sun and the clouds.

use workbench_sdk::Random;
use workbench_sdk::drawing::{Area, Canvas, Colour, mix, rgb, smoothstep};

use super::{HORIZON, Light};
use crate::scene::{AUTUMN, Scene, WINTER};

pub struct Sky {
    top: Colour,
    bottom: Colour,
    glow: Colour,
    sun: Colour,
    /// Where the sun is.
    pub at: [f32; 2],
}

const SUN: f32 = 0.062;

impl Sky {
    pub fn of(scene: &Scene, light: &Light) -> Sky {
        let (top, bottom) = match scene.season {
            WINTER => (rgb(0x7fa6cc), rgb(0xe6eef4)),
            AUTUMN => (rgb(0x5b93cf), rgb(0xdfe6e4)),
            _ => (rgb(0x3d86d8), rgb(0xc9e5f6)),
        };
        Sky {
            top: mix(rgb(0x34406f), top, light.day),
            bottom: mix(rgb(0xf4a261), bottom, light.day),
            glow: mix(rgb(0xff9a5c), rgb(0xfff6da), light.day),
            sun: mix(rgb(0xffd08a), rgb(0xfff7d6), light.day),
            at: [0.12 + 0.76 * scene.sun_place, 0.53 - 0.41 * scene.sun_height],
        }
    }

    /// The colours of one row of it.
    pub fn row(&self, y: f32) -> impl Fn(f32) -> Colour {
        let (glow, sun, at) = (self.glow, self.sun, self.at);
        let air = mix(self.top, self.bottom, smoothstep(0.0, HORIZON, y));
        let dy = y - at[1];
        move |x| {
            let from = (x - at[0]) * (x - at[0]) + dy * dy;
            let air = mix(air, glow, 0.75 / (1.0 + from * 55.0));
            if from > 2.0 * SUN * SUN {
                return air;
            }
            mix(air, sun, smoothstep(SUN + 0.008, SUN - 0.008, from.sqrt()))
        }
    }

    pub fn horizon(&self) -> Colour {
        self.bottom
    }

    pub fn top(&self) -> Colour {
        self.top
    }

    pub fn glitter(&self) -> Colour {
        self.sun
    }
}

/// All that there may be; how many of them are seen is a factor.
pub struct Clouds(Vec<Cloud>);

struct Cloud {
    x: f32,
    y: f32,
    width: f32,
    /// Of the puffs to its left and right: how far up and how large.
    puffs: [[f32; 2]; 2],
}

impl Clouds {
    pub fn any(random: &mut Random) -> Clouds {
        let cloud = |i: usize| Cloud {
            // One in each part of the sky, in an order that leaves none empty for long.
            x: (i as f32 * 0.618 + random.between(0.0, 0.2)).fract(),
            y: random.between(0.07, 0.34),
            width: random.between(0.12, 0.20),
            puffs: [(); 2].map(|()| [random.between(0.0, 0.15), random.between(0.5, 0.7)]),
        };
        Clouds((0..8).map(cloud).collect())
    }

    pub fn draw(&self, canvas: &mut Canvas<3>, scene: &Scene, light: &Light) {
        let (lit, shade) = match scene.clouds {
            2 => (rgb(0xeef1f4), rgb(0xaab4c2)),
            _ => (rgb(0xffffff), rgb(0xcdd8e4)),
        };
        let lit = mix(rgb(0xffc9a3), lit, light.day);
        let shade = mix(rgb(0x8a6480), shade, light.day);
        let seen = [0, 3, 8][scene.clouds];
        for cloud in self.0.iter().take(seen) {
            let area = Area::about(cloud.x, cloud.y, 1.1 * cloud.width, 0.5 * cloud.width);
            let [[up, left], [higher, right]] = cloud.puffs;
            let puffs = [[0.0, 0.0, 0.8], [-0.48, 0.12 - up, left], [0.48, 0.12 - higher, right]]
                .map(|[x, y, size]| [x, y, 1.0 / (0.75 * size), 1.0 / (0.5 * size)]);
            canvas.paint(area, |y| {
                let v = (y - cloud.y) / cloud.width;
                let colour = mix(lit, shade, smoothstep(-0.15, 0.4, v));
                let rows = puffs.map(|[x, y, across, down]| {
                    let v = (v - y) * down;
                    [x, v * v, across]
                });
                move |x| {
                    let u = (x - cloud.x) / cloud.width;
                    // How deep inside the nearest puff, by squares: 1 in its middle, 0 on its edge.
                    let inside = rows.iter().fold(-1.0f32, |deepest, [x, v, across]| {
                        let u = (u - x) * across;
                        deepest.max(1.0 - v - u * u)
                    });
                    (colour, 0.92 * smoothstep(-0.15, 0.5, inside))
                }
            });
        }
    }
}
