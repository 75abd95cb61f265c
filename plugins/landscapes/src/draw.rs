//! One landscape from its factors: from the sky at the back to the trees in front.

mod land;
mod mountains;
mod ridge;
mod sky;
mod town;
mod trees;
mod water;

use workbench_sdk::Random;
use workbench_sdk::drawing::{Canvas, Colour, mix, smoothstep};

use crate::scene::Scene;

/// Where the plain ends, and the sea.
const HORIZON: f32 = 0.56;

pub fn draw(scene: &Scene, mut chance: Random, side: usize, bytes: &mut [u8]) {
    let light = Light::of(scene);
    let sky = sky::Sky::of(scene, &light);
    // All that is left to chance is drawn whether it is seen or not, so that it stays when a factor changes.
    let clouds = sky::Clouds::any(&mut chance);
    let mountains = mountains::Mountains::any(&mut chance);
    let ground = land::Ground::any(&mut chance);
    let river = water::River::any(&mut chance);
    let town = town::Town::any(&mut chance);
    let trees = trees::any(&mut chance);

    let mut canvas = Canvas::new(side, |y| sky.row(y));
    let land = ground.seen(&canvas, scene);
    clouds.draw(&mut canvas, scene, &light);
    mountains.draw(&mut canvas, scene, &light, &sky);
    if scene.sea {
        water::sea(&mut canvas, &land, &sky);
    }
    land.draw(&mut canvas, scene, &light);
    if scene.river {
        river.draw(&mut canvas, &land, &sky);
    }
    if scene.town {
        town.draw(&mut canvas, scene, &light);
    }
    let taken = |x: f32, y: f32| {
        (scene.river && river.is_near(&land, x, y)) || (scene.town && town.is_near(x, y))
    };
    trees.iter().filter(|tree| !taken(tree.x, tree.y)).for_each(|tree| {
        tree.draw(&mut canvas, scene, &light);
    });
    canvas.write(bytes);
}

/// What the height of the sun does to colours.
pub struct Light {
    /// 0 at sunset, 1 by day.
    day: f32,
    tint: Colour,
}

impl Light {
    fn of(scene: &Scene) -> Light {
        let day = smoothstep(0.0, 0.5, scene.sun_height);
        Light { day, tint: mix([0.70, 0.53, 0.55], [1.0, 1.0, 1.0], day) }
    }

    /// A thing's colour under it.
    fn on(&self, colour: Colour) -> Colour {
        std::array::from_fn(|c| colour[c] * self.tint[c])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{SPRING, WINTER};

    const SIDE: usize = 64;

    fn plain() -> Scene {
        Scene {
            season: 1,
            sun_height: 0.7,
            sun_place: 0.3,
            clouds: 0,
            mountains: 0.3,
            sea: false,
            river: false,
            town: false,
        }
    }

    fn picture(scene: &Scene, item: u64) -> Vec<u8> {
        let mut bytes = vec![0; 3 * SIDE * SIDE];
        draw(scene, Random::new(5, 0, item), SIDE, &mut bytes);
        bytes
    }

    fn mean(bytes: &[u8], channel: usize, rows: std::ops::Range<usize>) -> f64 {
        let rows = &bytes[channel * SIDE * SIDE..][rows.start * SIDE..rows.end * SIDE];
        rows.iter().map(|&byte| f64::from(byte)).sum::<f64>() / rows.len() as f64
    }

    #[test]
    fn each_factor_changes_the_picture_and_nothing_else_does() {
        let others = [
            Scene { season: SPRING, ..plain() },
            Scene { sun_height: 0.1, ..plain() },
            Scene { sun_place: 0.8, ..plain() },
            Scene { clouds: 2, ..plain() },
            Scene { mountains: 0.9, ..plain() },
            Scene { sea: true, ..plain() },
            Scene { river: true, ..plain() },
            Scene { town: true, ..plain() },
        ];
        for item in 0..5 {
            let one = picture(&plain(), item);
            assert_eq!(one, picture(&plain(), item));
            for other in &others {
                let two = picture(other, item);
                let differing = one.iter().zip(&two).filter(|(a, b)| a.abs_diff(**b) > 12).count();
                assert!(differing > 60, "{other:?} differs by {differing} bytes");
            }
        }
    }

    #[test]
    fn winter_is_white_below_and_a_low_sun_makes_a_warm_sky() {
        let bottom = SIDE * 3 / 4..SIDE;
        let white = picture(&Scene { season: WINTER, ..plain() }, 0);
        assert!((0..3).all(|channel| mean(&white, channel, bottom.clone()) > 160.0));
        let green = picture(&plain(), 0);
        assert!(mean(&green, 1, bottom.clone()) > 1.5 * mean(&green, 2, bottom));
        let low = picture(&Scene { sun_height: 0.0, ..plain() }, 0);
        let above_the_horizon = SIDE / 3..SIDE / 2;
        let warmth = |bytes: &[u8]| {
            mean(bytes, 0, above_the_horizon.clone()) - mean(bytes, 2, above_the_horizon.clone())
        };
        assert!(warmth(&low) > warmth(&green) + 40.0);
    }

    #[test]
    fn other_chance_gives_another_picture() {
        assert_ne!(picture(&plain(), 1), picture(&plain(), 2));
    }
}
