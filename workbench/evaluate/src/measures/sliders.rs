//! Moving one attribute of an item by its code, or by what the model is conditioned on.

use serde::Serialize;
use workbench_engine::Batch;
use workbench_trainer::of_items;

use crate::factors::Factors;
use crate::items::Items;
use crate::target::Place;
use crate::{Agreement, Error, Eye, Seen, Subject, Target};

/// A target that test items were moved along.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slider {
    pub name: String,
    pub by: By,
    /// Between what was asked for and what is seen then.
    pub agreement: Agreement,
    /// How far the others moved.
    pub others: Vec<Other>,
}

/// What moves an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Its code, along the direction of the target.
    Latent,
    /// What the model is conditioned on; the code is held.
    Condition,
    /// Both, where codes go with what the model is conditioned on.
    Both,
}

impl By {
    pub fn name(self) -> &'static str {
        match self {
            By::Latent => "latent",
            By::Condition => "condition",
            By::Both => "both",
        }
    }
}

/// A target that was to be held.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Other {
    pub name: String,
    /// Against the items' reconstructions: the share that changed, or the mean change as a share of the range.
    pub moved: f64,
}

/// Moves items along one target or several.
pub struct Mover<'a> {
    pub subject: &'a Subject<'a>,
    pub factors: &'a Factors,
    pub items: &'a Items,
}

/// A target, where it is, by what it is moved, and a value of it for each item that is moved.
pub struct Move<'a> {
    pub target: &'a Target,
    pub place: Place,
    pub by: By,
    pub to: Vec<f32>,
}

impl Mover<'_> {
    /// Where a target is, and by what it can be moved, the best last; none where it can't.
    pub fn by(&self, target: &Target) -> Option<(Place, Vec<By>)> {
        let place = target.place?;
        let has_direction = self.factors.has(place) && !self.items.codes.is_empty();
        let by = match (self.subject.is_conditioned_on(target), has_direction) {
            (true, true) => vec![By::Condition, By::Both],
            (true, false) => vec![By::Condition],
            (false, true) => vec![By::Latent],
            (false, false) => return None,
        };
        Some((place, by))
    }

    /// What is seen of items that were moved from the values that they have.
    ///
    /// # Errors
    /// The engine's own.
    pub fn moved(&self, eye: &Eye, items: &[usize], moves: &[Move]) -> Result<Seen, Error> {
        let mut codes = self.items.codes_of(items);
        let dims = codes.len() / items.len().max(1);
        let mut given: Batch = of_items(&self.items.given, items);
        for (number, Move { target, place, by, to }) in moves.iter().enumerate() {
            if *by != By::Latent {
                given = self.subject.conditioned(given, target, to);
            }
            if *by == By::Condition {
                continue;
            }
            for (row, &item) in items.iter().enumerate() {
                // What was moved before is where it was moved to.
                let before = &moves[..number];
                let value = |at: Place| match before.iter().find(|one| one.place == at) {
                    Some(one) => one.to[row],
                    None => self.items.values(at)[item],
                };
                let code = &mut codes[row * dims..(row + 1) * dims];
                self.factors.shift(code, value, *place, to[row]);
            }
        }
        self.subject.decoded(eye, &codes, &given)
    }
}

/// Moves up to `n` of the items, in `order`, along each target; `reconstructed` is what is seen of the reconstructions of
/// all.
///
/// # Errors
/// The engine's own.
pub fn sliders(
    mover: &Mover,
    eye: &Eye,
    order: &[usize],
    n: usize,
    reconstructed: &Seen,
) -> Result<Vec<Slider>, Error> {
    let mut found = Vec::new();
    for (number, target) in eye.targets().iter().enumerate() {
        let Some((place, ways)) = mover.by(target) else { continue };
        let known = |item: &&usize| mover.items.values(place)[**item].is_finite();
        let items: Vec<usize> = order.iter().filter(known).copied().take(n).collect();
        for by in ways {
            let to = target.scale().spread(items.len());
            let moves = [Move { target, place, by, to }];
            let seen = mover.moved(eye, &items, &moves)?;
            let values = &seen.opinion.values[number];
            let agreement = Agreement::of(target.scale(), &moves[0].to, values);
            let Some(agreement) = agreement else { continue };
            let others = others(mover, eye, number, &items, [reconstructed, &seen]);
            found.push(Slider { name: target.name.clone(), by, agreement, others });
        }
    }
    Ok(found)
}

/// How far the targets moved that were to be held, from what is seen of the reconstructions of all items to what is seen of
/// those that were moved.
fn others(
    mover: &Mover,
    eye: &Eye,
    moved: usize,
    items: &[usize],
    [before, after]: [&Seen; 2],
) -> Vec<Other> {
    let held = eye.targets().iter().enumerate().filter(|(number, _)| *number != moved);
    let other = |(number, held): (usize, &Target)| {
        // Of an item that has no legs, those that the judge sees mean nothing.
        let place = held.place?;
        let before = |&item: &usize| match mover.items.values(place)[item].is_finite() {
            true => before.opinion.values[number][item],
            false => f32::NAN,
        };
        let before: Vec<f32> = items.iter().map(before).collect();
        let moved = Agreement::moved(held.scale(), &before, &after.opinion.values[number])?;
        Some(Other { name: held.name.clone(), moved })
    };
    held.filter_map(other).collect()
}
