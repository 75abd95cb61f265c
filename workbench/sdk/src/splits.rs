//! Which items are for training, and which for testing.

use crate::{Result, bail, ensure};

/// The splits of a data set whose items have places 0, 1, 2 …: parts that follow each other, or a share held out by seed.
#[derive(Clone, Debug)]
pub struct Splits {
    parts: Vec<(&'static str, Places)>,
}

#[derive(Clone, Debug)]
enum Places {
    /// So many from this place on.
    Run { first: u64, len: u64 },
    /// These, in order.
    Listed(Vec<u32>),
}

impl Splits {
    /// Parts one after the other: `[("train", 60_000), ("test", 10_000)]`. Parts of no items are left out.
    pub fn in_turn(parts: &[(&'static str, u64)]) -> Splits {
        let mut next = 0;
        let mut runs = Vec::new();
        for &(name, len) in parts {
            if len > 0 {
                runs.push((name, Places::Run { first: next, len }));
            }
            next += len;
        }
        Splits { parts: runs }
    }

    /// Items whose split is told one by one, by its place in `names`.
    ///
    /// # Errors
    /// There are more items than 32 bits count.
    pub fn listed(names: &[&'static str], of: &[usize]) -> Result<Splits> {
        u32::try_from(of.len())?;
        let part = |number: usize| {
            let places = of.iter().enumerate().filter(move |(_, split)| **split == number);
            Places::Listed(places.map(|(place, _)| place as u32).collect())
        };
        let parts = names.iter().enumerate().map(|(number, name)| (*name, part(number)));
        Ok(Splits { parts: parts.filter(|(_, places)| places.len() > 0).collect() })
    }

    /// A random share is the test split, the rest is for training; both keep the order of the items. Equal seeds hold out
    /// equal items.
    ///
    /// # Errors
    /// The share leaves nothing for one of the two.
    pub fn held_out(items: u64, share: f64, seed: u64) -> Result<Splits> {
        let n = u32::try_from(items)?;
        let cut = (f64::from(n) * share).round() as usize;
        ensure!(
            cut > 0 && cut < n as usize,
            "a share of {share} of {n} items leaves nothing to {} on; give the test split, or another share",
            if cut == 0 { "test" } else { "train" }
        );
        let mut order: Vec<u32> = (0..n).collect();
        let mut state = seed;
        // Fisher and Yates's shuffle, as far as it decides what is held out.
        for place in 0..cut {
            let other = place as u64 + draw(&mut state) % (u64::from(n) - place as u64);
            order.swap(place, other as usize);
        }
        let mut train = order.split_off(cut);
        train.sort_unstable();
        order.sort_unstable();
        Ok(Splits {
            parts: vec![("train", Places::Listed(train)), ("test", Places::Listed(order))],
        })
    }

    /// What [`Dataset::len`](crate::Dataset::len) answers.
    pub fn len(&self, split: &str) -> Option<u64> {
        self.part(split).map(Places::len)
    }

    /// The place of an item of a split.
    ///
    /// # Errors
    /// There is none such.
    pub fn place(&self, split: &str, index: u64) -> Result<usize> {
        let place = self.part(split).and_then(|places| match places {
            Places::Run { first, len } => (index < *len).then(|| (first + index) as usize),
            Places::Listed(places) => places.get(index as usize).map(|&place| place as usize),
        });
        match place {
            Some(place) => Ok(place),
            None => bail!("there is no item {index} in the split `{split}`"),
        }
    }

    fn part(&self, split: &str) -> Option<&Places> {
        self.parts.iter().find(|(name, _)| *name == split).map(|(_, places)| places)
    }
}

impl Places {
    fn len(&self) -> u64 {
        match self {
            Places::Run { len, .. } => *len,
            Places::Listed(places) => places.len() as u64,
        }
    }
}

/// SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(splits: &Splits, split: &str) -> Vec<usize> {
        let n = splits.len(split).unwrap();
        (0..n).map(|index| splits.place(split, index).ok().unwrap()).collect()
    }

    #[test]
    fn a_held_out_share_is_a_part_that_the_seed_picks() {
        let splits = Splits::held_out(1000, 0.2, 7).ok().unwrap();
        let (train, test) = (all(&splits, "train"), all(&splits, "test"));
        assert_eq!((train.len(), test.len()), (800, 200));
        assert!(train.is_sorted() && test.is_sorted());
        let mut both = [&train[..], &test[..]].concat();
        both.sort_unstable();
        assert!(both.into_iter().eq(0..1000));
        assert_eq!(test, all(&Splits::held_out(1000, 0.2, 7).ok().unwrap(), "test"));
        assert_ne!(test, all(&Splits::held_out(1000, 0.2, 8).ok().unwrap(), "test"));
        // From all over the data: of each quarter about fifty.
        for quarter in test.chunk_by(|a, b| a / 250 == b / 250) {
            assert!((30..70).contains(&quarter.len()), "{}", quarter.len());
        }
        assert!(splits.len("valid").is_none() && splits.place("test", 200).is_err());
    }

    #[test]
    fn a_share_that_leaves_nothing_is_refused() {
        for (items, share) in [(10, 0.0), (10, 1.0), (1, 0.5), (0, 0.5), (3, 0.1)] {
            assert!(Splits::held_out(items, share, 0).is_err(), "{share} of {items}");
        }
    }

    #[test]
    fn parts_follow_each_other_or_are_told_one_by_one() {
        let splits = Splits::in_turn(&[("train", 3), ("valid", 0), ("test", 2)]);
        assert_eq!((all(&splits, "train"), all(&splits, "test")), (vec![0, 1, 2], vec![3, 4]));
        assert!(splits.len("valid").is_none());
        let splits = Splits::listed(&["train", "test"], &[1, 0, 1]).ok().unwrap();
        assert_eq!((all(&splits, "train"), all(&splits, "test")), (vec![1], vec![0, 2]));
    }
}
