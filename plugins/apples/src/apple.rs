//! What apples there are.

use workbench_sdk::Random;

/// Each of the three is 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Apple {
    /// Green, through yellow, to red.
    pub redness: f32,
    pub size: f32,
    /// From a ball to nearly a cube.
    pub squareness: f32,
}

/// The names of the thirds of redness, which are the classes.
pub const COLOURS: [&str; 3] = ["green", "yellow", "red"];
/// What is redder and squarer than this is held out.
const FROM: f32 = 0.6;

/// What the test split is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    All,
    Seen,
    HeldOut,
}

/// Which apples are in which split.
pub struct Orchard {
    pub held_out: bool,
    pub test: Test,
}

impl Apple {
    /// Its class.
    pub fn colour(&self) -> i64 {
        ((self.redness * 3.0) as i64).min(2)
    }
}

impl Orchard {
    pub fn is_held_out(&self, apple: &Apple) -> bool {
        self.held_out && apple.redness > FROM && apple.squareness > FROM
    }

    /// Any apple of the split, all equally likely.
    pub fn pick(&self, test: bool, random: &mut Random) -> Apple {
        let which = if test { self.test } else { Test::Seen };
        let mut any =
            || Apple { redness: random.unit(), size: random.unit(), squareness: random.unit() };
        // One in six is held out: what is wanted comes soon, and the same for the same random numbers.
        loop {
            let apple = any();
            match (which, self.is_held_out(&apple)) {
                (Test::All, _) | (Test::Seen, false) | (Test::HeldOut, true) => return apple,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(orchard: &Orchard, test: bool) -> Vec<Apple> {
        let mut random = Random::new(3, u64::from(test), 0);
        (0..3000).map(|_| orchard.pick(test, &mut random)).collect()
    }

    #[test]
    fn training_has_red_ones_and_square_ones_and_none_that_are_both() {
        let train = picked(&Orchard { held_out: true, test: Test::All }, false);
        assert!(train.iter().any(|apple| apple.redness > 0.95));
        assert!(train.iter().any(|apple| apple.squareness > 0.95));
        assert!(!train.iter().any(|apple| apple.redness > FROM && apple.squareness > FROM));
        let whole = picked(&Orchard { held_out: false, test: Test::All }, false);
        assert!(whole.iter().any(|apple| apple.redness > FROM && apple.squareness > FROM));
    }

    #[test]
    fn the_test_split_has_what_was_asked_for() {
        for (test, share) in [(Test::All, 0.16), (Test::Seen, 0.0), (Test::HeldOut, 1.0)] {
            let orchard = Orchard { held_out: true, test };
            let items = picked(&orchard, true);
            let held_out = items.iter().filter(|apple| orchard.is_held_out(apple)).count();
            assert!((held_out as f64 / 3000.0 - share).abs() < 0.03, "{test:?}: {held_out}");
        }
    }

    #[test]
    fn classes_are_thirds_of_redness() {
        let colour = |redness| Apple { redness, size: 0.5, squareness: 0.5 }.colour();
        assert_eq!([0.0, 0.3, 0.4, 0.7, 1.0].map(colour), [0, 0, 1, 2, 2]);
    }
}
