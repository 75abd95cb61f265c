//! Directions of the latent space that change one attribute and hold the others.

use workbench_analysis::{Row, ridge};
use workbench_runs::{Attribute, AttributeKind};

use crate::items::Items;
use crate::target::Place;
use crate::{Scale, Target};

/// What varies over the training items, and how codes go with it: the joint least squares of codes on all attributes at
/// once, values as zeros and a one, numbers from -1 to 1. A step along one factor leaves the others as they are, as far
/// as codes are linear in them.
pub struct Factors {
    factors: Vec<Factor>,
    dims: usize,
    /// `[features + 1, D]`.
    weights: Vec<f64>,
}

struct Factor {
    place: Place,
    scale: Scale,
    /// The first of its features; behind those of its values is one for not known.
    first: usize,
}

/// As many items' worth draw each weight to 0.
const RIDGE: f64 = 1e-3;

impl Factors {
    /// Fits them to the codes of items. The class is a factor of its own where a target names it and no attribute has its
    /// values.
    pub fn fit(items: &Items, attributes: &[Attribute], targets: &[Target]) -> Factors {
        let mut places: Vec<(Place, Scale)> = (attributes.iter().enumerate())
            .map(|(number, attribute)| (Place::Attribute(number), Scale::of(attribute)))
            .collect();
        let class = targets.iter().find(|target| target.place == Some(Place::Class));
        if let Some(class) = class {
            let alike = |attribute: &Attribute| {
                attribute.kind != AttributeKind::Real && attribute.values == class.attribute.values
            };
            // Of two that say the same, one would take half of the other's weight.
            places.retain(|(place, _)| match place {
                Place::Attribute(number) => !alike(&attributes[*number]),
                Place::Class => true,
            });
            places.push((Place::Class, class.scale()));
        }
        let (mut factors, mut features) = (Vec::new(), 0);
        for (place, scale) in places {
            if varies(items.values(place)) {
                factors.push(Factor { place, scale, first: features });
                features += size(scale) + 1;
            }
        }
        let dims = items.codes.len() / items.n.max(1);
        let mut fitted = Factors { factors, dims, weights: Vec::new() };
        let rows: Vec<Row> = (0..items.n).map(|item| fitted.row(items, item)).collect();
        let codes: Vec<f64> = items.codes.iter().map(|&x| f64::from(x)).collect();
        fitted.weights = ridge(&rows, features, &codes, fitted.dims, RIDGE);
        fitted
    }

    /// Whether a code can be moved along a factor.
    pub fn has(&self, place: Place) -> bool {
        self.factors.iter().any(|factor| factor.place == place)
    }

    /// Moves a code `[D]` from one value of a factor to another.
    pub fn shift(&self, code: &mut [f32], place: Place, from: f32, to: f32) {
        let Some(factor) = self.factors.iter().find(|factor| factor.place == place) else { return };
        for (value, sign) in [(from, -1.0), (to, 1.0)] {
            for (feature, x) in factor.features(value) {
                let weights = &self.weights[feature * self.dims..(feature + 1) * self.dims];
                code.iter_mut().zip(weights).for_each(|(z, w)| *z += (sign * x * w) as f32);
            }
        }
    }

    fn row(&self, items: &Items, item: usize) -> Row {
        let of = |factor: &Factor| factor.features(items.values(factor.place)[item]);
        self.factors.iter().flat_map(of).collect()
    }
}

impl Factor {
    /// The features of a value that are not 0.
    fn features(&self, value: f32) -> Vec<(usize, f64)> {
        let unknown = vec![(self.first + size(self.scale), 1.0)];
        match self.scale {
            _ if !value.is_finite() => unknown,
            Scale::Values(values) if value as usize >= values => unknown,
            Scale::Values(_) => vec![(self.first + value as usize, 1.0)],
            Scale::Number { least, greatest } => {
                let half = if greatest > least { (greatest - least) / 2.0 } else { 1.0 };
                vec![(self.first, (f64::from(value) - (least + greatest) / 2.0) / half)]
            }
        }
    }
}

/// Features of what is known of a factor.
fn size(scale: Scale) -> usize {
    match scale {
        Scale::Values(values) => values,
        Scale::Number { .. } => 1,
    }
}

/// Whether two items differ in it.
fn varies(values: &[f32]) -> bool {
    let mut known = values.iter().filter(|value| value.is_finite());
    known.next().is_some_and(|first| known.any(|value| value != first))
}

/// Some rows of `[N, D]` numbers.
pub fn take(numbers: &[f32], dims: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter().flat_map(|&row| numbers[row * dims..(row + 1) * dims].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use workbench_engine::noise::{Key, normal, uniform};

    use super::*;

    fn attribute(name: &str, kind: AttributeKind, values: usize) -> Attribute {
        let values = (0..values).map(|value| format!("{name}{value}")).collect();
        Attribute { name: name.into(), kind, values, range: Some([0.0, 10.0]) }
    }

    #[test]
    fn a_factor_is_moved_and_another_that_goes_with_it_is_held() {
        const N: usize = 600;
        let size: Vec<f32> =
            uniform(Key::new(1, "size", 0, 0), N).iter().map(|u| 10.0 * u).collect();
        // Large ones are mostly of the second kind.
        let chance = normal(Key::new(2, "kind", 0, 0), N);
        let kind: Vec<f32> =
            size.iter().zip(&chance).map(|(s, c)| f32::from(u8::from(s + 2.0 * c > 5.0))).collect();
        let codes: Vec<f32> =
            size.iter().zip(&kind).flat_map(|(s, k)| [0.2 * s, 3.0 * k, 1.0]).collect();
        let attributes = [
            attribute("size", AttributeKind::Real, 0),
            attribute("kind", AttributeKind::Categorical, 2),
        ];
        let items = Items::of(N, codes, vec![size, kind]);
        let factors = Factors::fit(&items, &attributes, &[]);
        let mut code = [0.4, 0.0, 1.0];
        factors.shift(&mut code, Place::Attribute(0), 2.0, 7.0);
        assert!((code[0] - 1.4).abs() < 0.01 && code[1].abs() < 0.02, "{code:?}");
        factors.shift(&mut code, Place::Attribute(1), 0.0, 1.0);
        assert!((code[0] - 1.4).abs() < 0.02 && (code[1] - 3.0).abs() < 0.03, "{code:?}");
        assert!((code[2] - 1.0).abs() < 1e-3, "{code:?}");
        assert!(factors.has(Place::Attribute(1)) && !factors.has(Place::Class));
    }

    #[test]
    fn what_does_not_vary_is_no_factor() {
        let items = Items::of(3, vec![1.0, 2.0, 3.0], vec![vec![f32::NAN, 4.0, 4.0]]);
        let factors = Factors::fit(&items, &[attribute("same", AttributeKind::Real, 0)], &[]);
        assert!(!factors.has(Place::Attribute(0)));
        let mut code = [5.0];
        factors.shift(&mut code, Place::Attribute(0), 4.0, 9.0);
        assert_eq!(code, [5.0]);
    }
}
