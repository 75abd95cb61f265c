//! Digits that go straight on and bounce off the sides.

use workbench_sdk::Random;

/// How one digit moves. Places are shares of the room that it has: 0 is at the left or above, 1 at the right or below.
#[derive(Clone, Debug, PartialEq)]
pub struct Motion {
    pub x: f32,
    pub y: f32,
    /// A frame, as a share of the picture's side.
    pub speed: f32,
    /// In degrees, 0 up to 360: to the right, then up.
    pub direction: f32,
}

impl Motion {
    /// Any place and direction, and any speed from half of the greatest to it, all equally likely.
    pub fn pick(fastest: f32, random: &mut Random) -> Motion {
        Motion {
            x: random.unit(),
            y: random.unit(),
            speed: random.between(fastest / 2.0, fastest),
            direction: random.unit() * 360.0,
        }
    }

    /// Where it is in a frame: pixels from the left and from above, in a picture of `side` pixels, of a digit that has
    /// `room` pixels to go.
    pub fn at(&self, frame: usize, side: usize, room: usize) -> [f32; 2] {
        let (sin, cos) = self.direction.to_radians().sin_cos();
        let way = self.speed * side as f32 * frame as f32;
        let room = room as f32;
        [folded(self.x * room + cos * way, room), folded(self.y * room - sin * way, room)]
    }
}

/// What is reflected at 0 and at `room`, as often as it takes.
fn folded(at: f32, room: f32) -> f32 {
    if room <= 0.0 {
        return 0.0;
    }
    let there = at.rem_euclid(2.0 * room);
    if there > room { (2.0 * room - there).max(0.0) } else { there }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_bounces_and_stays_inside() {
        let right = Motion { x: 0.5, y: 0.0, speed: 0.1, direction: 0.0 };
        // 3.2 pixels a frame in 18 pixels of room, from the middle.
        let xs: Vec<f32> = (0..8).map(|frame| right.at(frame, 32, 18)[0]).collect();
        for (x, wanted) in xs.iter().zip([9.0, 12.2, 15.4, 17.4, 14.2, 11.0, 7.8, 4.6]) {
            assert!((x - wanted).abs() < 1e-4, "{xs:?}");
        }
        assert!((0..8).all(|frame| right.at(frame, 32, 18)[1] < 1e-3));
        let up = Motion { x: 0.0, y: 1.0, speed: 0.1, direction: 90.0 };
        assert!(up.at(1, 32, 18)[1] < up.at(0, 32, 18)[1]);
        let mut random = Random::new(1, 0, 0);
        for _ in 0..200 {
            let motion = Motion::pick(0.5, &mut random);
            assert!((0.25..=0.5).contains(&motion.speed));
            for frame in 0..100 {
                let [x, y] = motion.at(frame, 64, 36);
                assert!((0.0..=36.0).contains(&x) && (0.0..=36.0).contains(&y), "{x} {y}");
            }
        }
        assert_eq!(right.at(5, 32, 0), [0.0, 0.0]);
    }
}
