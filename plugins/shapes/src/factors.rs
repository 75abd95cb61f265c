//! What a picture is made from, and which combinations of it there are.

use workbench_sdk::Random;

use crate::SHAPES;
use crate::draw::PALETTE;

/// One combination. Each is a number of one of its factor's values, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factors {
    pub shape: usize,
    pub colour: usize,
    pub scale: u64,
    pub rotation: u64,
    pub x: u64,
    pub y: u64,
}

/// What the test split is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    All,
    Seen,
    HeldOut,
}

/// All combinations, and which of them are in which split.
pub struct Space {
    coloured: bool,
    /// Shapes and colours that the training split has, in order, and those of the test split.
    train: Vec<(usize, usize)>,
    test: Vec<(usize, usize)>,
    held_out: bool,
    /// Of scale, rotation, and place across as well as down.
    levels: [u64; 3],
}

/// Shape and colour of what training never sees: each shape and each colour is seen with others.
const HELD_OUT: [(usize, usize); 3] = [(0, 0), (1, 2), (2, 4)];

impl Space {
    pub fn new(coloured: bool, held_out: bool, test: Test, levels: [u64; 3]) -> Space {
        let colours = if coloured { PALETTE.len() } else { 1 };
        let held_out = held_out && coloured;
        let all =
            (0..SHAPES.len()).flat_map(|shape| (0..colours).map(move |colour| (shape, colour)));
        let (unseen, seen): (Vec<_>, Vec<_>) =
            all.clone().partition(|pair| held_out && HELD_OUT.contains(pair));
        let test = match test {
            Test::All => all.collect(),
            Test::Seen => seen.clone(),
            Test::HeldOut => unseen,
        };
        Space { coloured, train: seen, test, held_out, levels }
    }

    pub fn is_coloured(&self) -> bool {
        self.coloured
    }

    pub fn levels(&self) -> [u64; 3] {
        self.levels
    }

    pub fn is_held_out(&self, factors: &Factors) -> bool {
        self.held_out && HELD_OUT.contains(&(factors.shape, factors.colour))
    }

    /// How many the training split can have.
    pub fn combinations(&self) -> u64 {
        let [scales, rotations, positions] = self.levels;
        self.train.len() as u64 * scales * rotations * positions * positions
    }

    /// The training split's combination of that number: y goes fastest, then x, rotation, scale, colour and shape, which
    /// is the order of dSprites' file.
    pub fn at(&self, index: u64) -> Factors {
        let [scales, rotations, positions] = self.levels;
        let mut rest = index;
        let mut next = |levels: u64| {
            let value = rest % levels;
            rest /= levels;
            value
        };
        let [y, x] = [next(positions), next(positions)];
        let [rotation, scale] = [next(rotations), next(scales)];
        let (shape, colour) = self.train[(rest % self.train.len() as u64) as usize];
        Factors { shape, colour, scale, rotation, x, y }
    }

    /// Any combination of the split, all equally likely.
    pub fn draw(&self, test: bool, random: &mut Random) -> Factors {
        let pairs = if test { &self.test } else { &self.train };
        let [scales, rotations, positions] = self.levels;
        let (shape, colour) = pairs[random.below(pairs.len() as u64) as usize];
        Factors {
            shape,
            colour,
            scale: random.below(scales),
            rotation: random.below(rotations),
            x: random.below(positions),
            y: random.below(positions),
        }
    }
}

/// The size of a scale, 0.5 to 1.
pub fn size(scale: u64, scales: u64) -> f32 {
    0.5 + 0.5 * part(scale, scales).unwrap_or(1.0)
}

/// Where it is, 0 to 1; in the middle if there is one place only.
pub fn place(position: u64, positions: u64) -> f32 {
    part(position, positions).unwrap_or(0.5)
}

/// How far a value is from the first to the last.
fn part(value: u64, values: u64) -> Option<f32> {
    (values > 1).then(|| value as f32 / (values - 1) as f32)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_grid_is_that_of_dsprites() {
        let space = Space::new(false, true, Test::All, [6, 40, 32]);
        assert_eq!(space.combinations(), 737_280);
        assert_eq!(space.at(0), Factors { shape: 0, colour: 0, scale: 0, rotation: 0, x: 0, y: 0 });
        // Its own index of (shape 1, scale 2, rotation 3, x 4, y 5).
        let index = (((6 + 2) * 40 + 3) * 32 + 4) * 32 + 5;
        let factors = Factors { shape: 1, colour: 0, scale: 2, rotation: 3, x: 4, y: 5 };
        assert_eq!(space.at(index), factors);
        let last = Factors { shape: 2, colour: 0, scale: 5, rotation: 39, x: 31, y: 31 };
        assert_eq!(space.at(737_279), last);
    }

    #[test]
    fn every_combination_has_one_number() {
        let space = Space::new(true, true, Test::All, [2, 3, 4]);
        let all: HashSet<String> =
            (0..space.combinations()).map(|index| format!("{:?}", space.at(index))).collect();
        assert_eq!(all.len(), (18 - 3) * 2 * 3 * 16);
    }

    #[test]
    fn training_lacks_what_is_held_out_and_sees_its_parts() {
        for (test, unseen_in_test) in
            [(Test::All, Some(3)), (Test::Seen, Some(0)), (Test::HeldOut, None)]
        {
            let space = Space::new(true, true, test, [6, 40, 32]);
            let draw = |test| {
                let mut items = Vec::new();
                (0..2000).for_each(|i| items.push(space.draw(test, &mut Random::new(1, 0, i))));
                items
            };
            let (train, test) = (draw(false), draw(true));
            assert!(train.iter().all(|factors| !space.is_held_out(factors)));
            for (shape, colour) in HELD_OUT {
                assert!(train.iter().any(|factors| factors.shape == shape));
                assert!(train.iter().any(|factors| factors.colour == colour));
            }
            let unseen = test.iter().filter(|factors| space.is_held_out(factors)).count();
            match unseen_in_test {
                // A sixth of all is expected: three of eighteen.
                Some(of) => assert!(unseen.abs_diff(2000 * of / 18) < 80, "{unseen}"),
                None => assert_eq!(unseen, 2000),
            }
        }
    }

    #[test]
    fn sizes_and_places_reach_from_end_to_end() {
        assert_eq!([size(0, 6), size(5, 6), size(0, 1)], [0.5, 1.0, 1.0]);
        assert_eq!([place(0, 32), place(31, 32), place(0, 1)], [0.0, 1.0, 0.5]);
    }
}
