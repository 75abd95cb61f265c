//! Whether a conditional model draws what it is asked for.

use serde::Serialize;

use crate::items::Items;
use crate::{Agreement, Error, Eye, Scale, Subject, Target};
use workbench_trainer::of_items;

/// Of a target that the model is conditioned on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AskedOf {
    pub name: String,
    pub agreement: Agreement,
    /// Of each value; none of a number.
    pub values: Vec<ValueAsked>,
}

/// Samples of one value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueAsked {
    pub value: String,
    /// That are recognised as asked.
    pub share: f64,
    pub n: usize,
}

/// `n` samples a target, its values in turn or spread over its range; whatever else the model is conditioned on is as items
/// have it, drawn by `order`. A target that is known of some items alone is asked for with these.
///
/// # Errors
/// The engine's own, and those of drawing codes.
pub fn asked(
    subject: &Subject,
    eye: &Eye,
    items: &Items,
    order: &[usize],
    n: usize,
) -> Result<Vec<AskedOf>, Error> {
    let mut found = Vec::new();
    for (number, target) in eye.targets().iter().enumerate() {
        let Some(place) = target.place.filter(|_| subject.is_conditioned_on(target)) else {
            continue;
        };
        let known = |item: &&usize| items.values(place)[**item].is_finite();
        let rows: Vec<usize> = order.iter().filter(known).copied().cycle().take(n).collect();
        if rows.is_empty() {
            continue;
        }
        let asked = target.scale().spread(rows.len());
        let given = subject.conditioned(of_items(&items.given, &rows), target, &asked);
        let seen = subject.drawn(eye, rows.len(), 1 + number as u64, &given)?;
        let seen = &seen.opinion.values[number];
        if let Some(agreement) = Agreement::of(target.scale(), &asked, seen) {
            let values = by_value(target, &asked, seen);
            found.push(AskedOf { name: target.name.clone(), agreement, values });
        }
    }
    Ok(found)
}

fn by_value(target: &Target, asked: &[f32], seen: &[f32]) -> Vec<ValueAsked> {
    let Scale::Values(values) = target.scale() else { return Vec::new() };
    let of = |value: usize| {
        let pairs = || asked.iter().zip(seen).filter(|(asked, _)| **asked == value as f32);
        let (n, right) = (pairs().count(), pairs().filter(|(asked, seen)| asked == seen).count());
        let share = right as f64 / n.max(1) as f64;
        ValueAsked { value: target.attribute.show(value as f32), share, n }
    };
    (0..values).map(of).filter(|value| value.n > 0).collect()
}

#[cfg(test)]
mod tests {
    use workbench_runs::{Attribute, AttributeKind};

    use super::*;

    #[test]
    fn shares_are_told_by_value() {
        let values = ["red", "green", "blue"].map(str::to_owned).to_vec();
        let kind = AttributeKind::Categorical;
        let attribute = Attribute { name: "colour".into(), kind, values, range: None };
        let target = Target { name: "colour".into(), attribute, place: None };
        let found = by_value(&target, &[0.0, 1.0, 0.0, 1.0], &[0.0, 2.0, 1.0, 1.0]);
        let shares: Vec<_> = found.iter().map(|of| (&*of.value, of.share, of.n)).collect();
        assert_eq!(shares, [("red", 0.5, 2), ("green", 0.5, 2)]);
    }
}
