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
    /// "condition" where the model is conditioned on it, else "latent".
    pub by: &'static str,
    /// Between what was asked for and what is seen then.
    pub agreement: Agreement,
    /// How far the others moved.
    pub others: Vec<Other>,
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

/// A target, where it is, and a value of it for each item that is moved.
pub struct Move<'a> {
    pub target: &'a Target,
    pub place: Place,
    pub to: Vec<f32>,
}

impl Mover<'_> {
    /// Whether a target can be moved: `None`, or by what.
    pub fn by(&self, target: &Target) -> Option<(Place, &'static str)> {
        let place = target.place?;
        let by = match (self.subject.is_conditioned_on(target), self.factors.has(place)) {
            (true, _) => "condition",
            (false, true) if !self.items.codes.is_empty() => "latent",
            _ => return None,
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
        for (number, Move { target, place, to }) in moves.iter().enumerate() {
            if self.subject.is_conditioned_on(target) {
                // The code goes along: what it keeps of the target would speak against the condition.
                given = self.subject.conditioned(given, target, to);
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
        let Some((place, by)) = mover.by(target) else { continue };
        let known = |item: &&usize| mover.items.values(place)[**item].is_finite();
        let items: Vec<usize> = order.iter().filter(known).copied().take(n).collect();
        let to = target.scale().spread(items.len());
        let seen = mover.moved(eye, &items, &[Move { target, place, to: to.clone() }])?;
        let Some(agreement) = Agreement::of(target.scale(), &to, &seen.opinion.values[number])
        else {
            continue;
        };
        let others = eye.targets().iter().enumerate().filter(|(other, _)| *other != number);
        let others = others.filter_map(|(other, held)| {
            // Of an item that has no legs, those that the judge sees mean nothing.
            let known =
                |item: usize| held.place.is_some_and(|at| mover.items.values(at)[item].is_finite());
            let before: Vec<f32> =
                (items.iter())
                    .map(|&item| {
                        if known(item) {
                            reconstructed.opinion.values[other][item]
                        } else {
                            f32::NAN
                        }
                    })
                    .collect();
            let moved = Agreement::moved(held.scale(), &before, &seen.opinion.values[other])?;
            Some(Other { name: held.name.clone(), moved })
        });
        let name = target.name.clone();
        found.push(Slider { name, by, agreement, others: others.collect() });
    }
    Ok(found)
}
