//! Combinations of values that training never shows.

use serde::Serialize;
use workbench_trainer::of_items;

use super::sliders::{By, Move, Mover};
use crate::items::Items;
use crate::target::Place;
use crate::{Error, Eye, Seen, Target};

/// Two values that no training item has both of, though some test items do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldOut {
    /// The names of the targets, and of their values.
    pub targets: [String; 2],
    pub values: [String; 2],
    /// The condition alone, and codes drawn for it, where the model is conditioned on both; else test items are moved.
    pub by: By,
    /// The share of what is asked for both that is recognised as both.
    pub share: f64,
    pub n: usize,
    /// The share of the test items with both that the judge recognises as both.
    pub judge: f64,
    pub test: usize,
}

/// A pair of bins of two targets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    pub targets: [usize; 2],
    pub bins: [usize; 2],
    /// How many training items would have both if the two had nothing to do with each other.
    pub expected: f64,
}

/// Fewer would be no sign that a combination was held out.
const EXPECTED: f64 = 20.0;
/// The most frequent of them by chance are looked at.
const MOST: usize = 12;

/// The pairs of bins, of targets in columns of bins by item, that training lacks and test has.
pub fn pairs(
    bins: &[usize],
    train: &[Vec<Option<usize>>],
    test: &[Vec<Option<usize>>],
) -> Vec<Pair> {
    let mut found = Vec::new();
    for a in 0..bins.len() {
        for b in a + 1..bins.len() {
            let [seen, there] =
                [train, test].map(|items| counts([a, b], [bins[a], bins[b]], items));
            let total: usize = seen.iter().flatten().sum();
            for i in 0..bins[a] {
                for j in 0..bins[b] {
                    let of_a: usize = seen[i].iter().sum();
                    let of_b: usize = seen.iter().map(|row| row[j]).sum();
                    let expected = of_a as f64 * of_b as f64 / total.max(1) as f64;
                    if seen[i][j] == 0 && there[i][j] > 0 && expected >= EXPECTED {
                        found.push(Pair { targets: [a, b], bins: [i, j], expected });
                    }
                }
            }
        }
    }
    found.sort_by(|a, b| b.expected.total_cmp(&a.expected));
    found.truncate(MOST);
    found
}

/// Asks for each combination that training lacks: by drawing where the model is conditioned on both, else by moving test
/// items that have not both.
///
/// # Errors
/// The engine's own, and those of drawing codes.
pub fn held_out(
    mover: &Mover,
    eye: &Eye,
    train: &Items,
    order: &[usize],
    n: usize,
) -> Result<Vec<HeldOut>, Error> {
    let targets = eye.targets();
    let bins: Vec<usize> = targets.iter().map(|target| target.scale().bins()).collect();
    let test = columns(targets, mover.items);
    let mut found = Vec::new();
    for (number, pair) in pairs(&bins, &columns(targets, train), &test).into_iter().enumerate() {
        let two = pair.targets.map(|target| &targets[target]);
        let by = two.map(|target| mover.by(target));
        let [Some(first), Some(second)] = by else { continue };
        let is_it = |item: usize| (0..2).all(|k| test[pair.targets[k]][item] == Some(pair.bins[k]));
        let know = |item: usize| (0..2).all(|k| test[pair.targets[k]][item].is_some());
        let (with, without): (Vec<usize>, Vec<usize>) =
            order.iter().filter(|&&item| know(item)).partition(|&&item| is_it(item));
        let is_conditioned = |by: &[By]| by.contains(&By::Condition);
        let by_condition = is_conditioned(&first.1) && is_conditioned(&second.1);
        let items: Vec<usize> = match by_condition {
            true => without.iter().copied().cycle().take(n).collect(),
            false => without.into_iter().take(n).collect(),
        };
        if items.is_empty() {
            continue;
        }
        let to = |k: usize, (place, ways): &(Place, Vec<By>)| {
            let mut to = two[k].scale().spread_in(pair.bins[k], items.len());
            // Of two numbers, high and high would else rise together.
            if k == 1 {
                let half = to.len() / 2;
                to.rotate_left(half);
            }
            let by = ways.last().copied().unwrap_or(By::Latent);
            Move { target: two[k], place: *place, by, to }
        };
        let moves = [to(0, &first), to(1, &second)];
        let seen = match by_condition {
            true => {
                let mut given = of_items(&mover.items.given, &items);
                for one in &moves {
                    given = mover.subject.conditioned(given, one.target, &one.to);
                }
                mover.subject.drawn(eye, items.len(), 1000 + number as u64, &given)?
            }
            false => mover.moved(eye, &items, &moves)?,
        };
        let every: Vec<usize> = (0..items.len()).collect();
        found.push(HeldOut {
            targets: two.map(|target| target.name.clone()),
            values: [0, 1].map(|k| two[k].bin_name(pair.bins[k])),
            by: match (by_condition, is_conditioned(&first.1) || is_conditioned(&second.1)) {
                (true, _) => By::Condition,
                (false, true) => By::Both,
                (false, false) => By::Latent,
            },
            share: recognised(targets, &pair, &seen, &every),
            n: items.len(),
            judge: recognised(targets, &pair, &mover.items.seen, &with),
            test: with.len(),
        });
    }
    Ok(found)
}

/// The share of some images that are seen as a pair.
fn recognised(targets: &[Target], pair: &Pair, seen: &Seen, images: &[usize]) -> f64 {
    let is_it = |image: &&usize| {
        (0..2).all(|k| {
            let target = pair.targets[k];
            let value = seen.opinion.values[target][**image];
            targets[target].scale().bin(value) == Some(pair.bins[k])
        })
    };
    images.iter().filter(is_it).count() as f64 / images.len().max(1) as f64
}

/// The bin of each target, by item.
fn columns(targets: &[Target], items: &Items) -> Vec<Vec<Option<usize>>> {
    let of = |target: &Target| match target.place {
        Some(place) => items.values(place).iter().map(|&value| target.scale().bin(value)).collect(),
        None => vec![None; items.n],
    };
    targets.iter().map(of).collect()
}

fn counts([a, b]: [usize; 2], [n, m]: [usize; 2], items: &[Vec<Option<usize>>]) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; m]; n];
    for pair in items[a].iter().zip(&items[b]) {
        if let (Some(i), Some(j)) = pair {
            counts[*i][*j] += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combination_that_training_lacks_and_test_has_is_found() {
        // 400 items with every pair of 2 x 2 values but (1, 1), a third target that equals the first, a fourth that is
        // nearly always 0.
        let kinds = [[0, 0], [0, 1], [1, 0]];
        let train_of = |k: usize| (0..400).map(|i| Some(kinds[i % 3][k])).collect::<Vec<_>>();
        let rare = (0..400).map(|i| Some(usize::from(i == 0))).collect();
        let train = vec![train_of(0), train_of(1), train_of(0), rare];
        let test = vec![vec![Some(1)], vec![Some(1)], vec![Some(1)], vec![Some(1)]];
        let found = pairs(&[2; 4], &train, &test);
        let bins: Vec<_> = found.iter().map(|pair| (pair.targets, pair.bins)).collect();
        assert_eq!(bins, [([0, 1], [1, 1]), ([1, 2], [1, 1])]);
        assert!((found[0].expected - 400.0 / 9.0).abs() < 1.0);
        // What test has not either may be impossible, and is not asked for.
        let test = vec![vec![Some(0)]; 4];
        assert!(pairs(&[2; 4], &train, &test).is_empty());
    }
}
