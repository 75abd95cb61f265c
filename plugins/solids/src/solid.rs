//! What solids there are.

use workbench_sdk::Random;

/// What a solid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Box,
    Ellipsoid,
    Cylinder,
    Cone,
    Torus,
    Table,
    Chair,
}

/// All kinds and their names, which are the classes.
pub const KINDS: [(&str, Kind); 7] = [
    ("box", Kind::Box),
    ("ellipsoid", Kind::Ellipsoid),
    ("cylinder", Kind::Cylinder),
    ("cone", Kind::Cone),
    ("torus", Kind::Torus),
    ("table", Kind::Table),
    ("chair", Kind::Chair),
];

/// One solid. Each number but the rotation is 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Solid {
    pub kind: Kind,
    pub width: f32,
    pub height: f32,
    pub depth: f32,
    /// About the vertical axis, in degrees, 0 up to 360.
    pub rotation: f32,
    /// How much of a table's or a chair's height its legs are.
    pub legs: f32,
    /// How high a chair's back is.
    pub back: f32,
    /// Of the legs, the top or seat, and the back; of a torus' ring.
    pub thickness: f32,
}

/// Chairs with longer legs and a higher back than this are held out.
const FROM: f32 = 0.6;

/// What the test split is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    All,
    Seen,
    HeldOut,
}

/// Which solids are in which split.
pub struct Shelf {
    /// At least one.
    pub kinds: Vec<Kind>,
    pub turned: bool,
    pub held_out: bool,
    pub test: Test,
}

impl Kind {
    pub fn has_legs(self) -> bool {
        matches!(self, Kind::Table | Kind::Chair)
    }

    pub fn has_back(self) -> bool {
        self == Kind::Chair
    }

    pub fn has_thickness(self) -> bool {
        self.has_legs() || self == Kind::Torus
    }
}

impl Shelf {
    pub fn is_held_out(&self, solid: &Solid) -> bool {
        self.held_out && solid.kind == Kind::Chair && solid.legs > FROM && solid.back > FROM
    }

    /// Any solid of the split, all equally likely.
    pub fn pick(&self, test: bool, random: &mut Random) -> Solid {
        let which = if test { self.test } else { Test::Seen };
        let mut any = || {
            let kind = match which {
                Test::HeldOut => Kind::Chair,
                _ => self.kinds[random.below(self.kinds.len() as u64) as usize],
            };
            let turn = random.unit() * 360.0;
            Solid {
                kind,
                width: random.unit(),
                height: random.unit(),
                depth: random.unit(),
                rotation: if self.turned { turn } else { 0.0 },
                legs: random.unit(),
                back: random.unit(),
                thickness: random.unit(),
            }
        };
        // One chair in six is held out: what is wanted comes soon, and the same for the same random numbers.
        loop {
            let solid = any();
            match (which, self.is_held_out(&solid)) {
                (Test::All, _) | (Test::Seen, false) | (Test::HeldOut, true) => return solid,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(shelf: &Shelf, test: bool) -> Vec<Solid> {
        let mut random = Random::new(3, u64::from(test), 0);
        (0..5000).map(|_| shelf.pick(test, &mut random)).collect()
    }

    fn shelf(test: Test) -> Shelf {
        Shelf { kinds: KINDS.map(|(_, kind)| kind).to_vec(), turned: true, held_out: true, test }
    }

    #[test]
    fn training_has_long_legs_and_high_backs_and_no_chair_with_both() {
        let train = picked(&shelf(Test::All), false);
        let of = |kind| train.iter().filter(move |solid| solid.kind == kind);
        for (name, kind) in KINDS {
            let n = of(kind).count();
            assert!((550..850).contains(&n), "{n} of {name}");
        }
        assert!(of(Kind::Chair).any(|chair| chair.legs > 0.95));
        assert!(of(Kind::Chair).any(|chair| chair.back > 0.95));
        assert!(!of(Kind::Chair).any(|chair| chair.legs > FROM && chair.back > FROM));
        assert!(train.iter().all(|solid| (0.0..360.0).contains(&solid.rotation)));
        let still = Shelf { turned: false, ..shelf(Test::All) };
        assert!(picked(&still, false).iter().all(|solid| solid.rotation == 0.0));
    }

    #[test]
    fn the_test_split_has_what_was_asked_for() {
        for (test, share) in [(Test::All, 0.16 / 7.0), (Test::Seen, 0.0), (Test::HeldOut, 1.0)] {
            let shelf = shelf(test);
            let items = picked(&shelf, true);
            let held_out = items.iter().filter(|solid| shelf.is_held_out(solid)).count();
            assert!((held_out as f64 / 5000.0 - share).abs() < 0.01, "{test:?}: {held_out}");
        }
    }
}
