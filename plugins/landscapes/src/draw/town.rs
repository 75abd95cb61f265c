//! Some houses and a church.

use workbench_sdk::Random;
use workbench_sdk::drawing::{Area, Canvas, Colour, mix, rgb, rounded_box, smoothstep};

use super::Light;
use crate::scene::{Scene, WINTER};

pub struct Town {
    x: f32,
    y: f32,
    /// From the back to the front.
    houses: Vec<House>,
}

struct House {
    x: f32,
    y: f32,
    /// Half the width, and the whole height, of its walls.
    width: f32,
    height: f32,
    roof: f32,
    walls: Colour,
    tiles: Colour,
}

impl Town {
    pub fn any(random: &mut Random) -> Town {
        let x = if random.below(2) == 1 { 0.22 } else { 0.78 } + random.between(-0.03, 0.03);
        let y = 0.795;
        let walls = [rgb(0xf5ead2), rgb(0xead7b7), rgb(0xf2f0ea)];
        let tiles = [rgb(0xb8472f), rgb(0xa63d2c), rgb(0xc2603a)];
        let mut house = |dx: f32, dy: f32| House {
            x: x + dx + random.between(-0.012, 0.012),
            y: y + dy,
            width: random.between(0.042, 0.052),
            height: random.between(0.055, 0.07),
            roof: random.between(0.045, 0.058),
            walls: walls[random.below(3) as usize],
            tiles: tiles[random.below(3) as usize],
        };
        let church = House {
            x: x + 0.01,
            y: y - 0.02,
            width: 0.026,
            height: 0.14,
            roof: 0.10,
            walls: rgb(0xf4efe2),
            tiles: rgb(0x56627a),
        };
        let mut houses = vec![house(-0.09, -0.03), house(0.10, -0.03), church];
        houses.extend([
            house(-0.13, 0.01),
            house(0.145, 0.01),
            house(-0.035, 0.015),
            house(0.055, 0.02),
        ]);
        Town { x, y, houses }
    }

    /// Whether a point is where it stands.
    pub fn is_near(&self, x: f32, y: f32) -> bool {
        (x - self.x).abs() < 0.24 && y < self.y + 0.07
    }

    pub fn draw(&self, canvas: &mut Canvas<3>, scene: &Scene, light: &Light) {
        self.houses.iter().for_each(|house| house.draw(canvas, scene, light));
    }
}

impl House {
    fn draw(&self, canvas: &mut Canvas<3>, scene: &Scene, light: &Light) {
        let &House { x, y, width, height, roof, .. } = self;
        let eaves = y - height;
        // The side away from the sun is darker.
        let sun_is_left = 0.12 + 0.76 * scene.sun_place < x;
        let walls = light.on(self.walls);
        let area = Area { x: [x - width, x + width], y: [eaves, y] };
        let wall = |px: f32, py: f32| {
            rounded_box(px - x, py - (y - height / 2.0), width, height / 2.0, 0.0)
        };
        canvas.fill(area, wall, |px, _| {
            let shade = if (px < x) == sun_is_left { 1.0 } else { 0.80 };
            walls.map(|c| c * shade)
        });
        let window = mix(rgb(0xffd35c), rgb(0x4e5a6b), light.day);
        let half = (0.2 * width).max(0.009);
        for side in [-0.45, 0.45] {
            let at = [x + side * width, y - 0.5 * height.min(0.07)];
            let pane = |px: f32, py: f32| rounded_box(px - at[0], py - at[1], half, 0.011, 0.0);
            canvas.fill(Area::about(at[0], at[1], half, 0.011), pane, |_, _| window);
        }
        // Snow leaves the lowest tiles free.
        let snow = if scene.season == WINTER { 0.62 } else { -1.0 };
        let [tiles, white] = [self.tiles, rgb(0xeef3f8)].map(|colour| light.on(colour));
        let reach = 1.15 * width;
        let area = Area { x: [x - reach, x + reach], y: [eaves - roof, eaves] };
        let steep = (reach * reach + roof * roof).sqrt();
        let gable = |px: f32, py: f32| {
            let below_the_slopes = ((px - x).abs() * roof - (py - eaves + roof) * reach) / steep;
            below_the_slopes.max(py - eaves)
        };
        canvas.fill(area, gable, |px, py| {
            let shade = if (px < x) == sun_is_left { 1.0 } else { 0.84 };
            let down = (py - eaves + roof) / roof;
            mix(tiles, white, smoothstep(snow + 0.1, snow - 0.1, down)).map(|c| c * shade)
        });
    }
}
