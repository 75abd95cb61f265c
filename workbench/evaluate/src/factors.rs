//! Directions of the latent space that change one attribute and hold the others.

use workbench_analysis::{Row, ridge};
use workbench_runs::{Attribute, AttributeKind};

use crate::items::Items;
use crate::target::Place;
use crate::{Scale, Target};

/// What varies over the training items, and how codes go with it: the joint least squares of codes on all attributes at
/// once, values as zeros and a one, numbers from -1 to 1 with their powers and products (third degree of up to
/// [`CUBIC`] numbers, else second), and numbers by value. A step along one factor leaves the others as they are, as far
/// as that describes codes.
pub struct Factors {
    factors: Vec<Factor>,
    /// Products of features, by the places of what they multiply.
    products: Vec<Vec<usize>>,
    linear: usize,
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
/// Codes bend along a factor; of more numbers the products of three would be too many.
const CUBIC: usize = 4;
/// Values of more than these go into no product.
const FEW_VALUES: usize = 8;
/// Products beyond these are left out: there would be too few items for each.
const MOST_PRODUCTS: usize = 400;

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
        let products = products(&factors);
        let mut fitted = Factors { factors, products, linear: features, dims, weights: Vec::new() };
        let features = features + fitted.products.len();
        let row = |item: usize| {
            let values = fitted.factors.iter().map(|factor| items.values(factor.place)[item]);
            fitted.row(&values.collect::<Vec<f32>>())
        };
        let rows: Vec<Row> = (0..items.n).map(row).collect();
        let codes: Vec<f64> = items.codes.iter().map(|&x| f64::from(x)).collect();
        fitted.weights = ridge(&rows, features, &codes, fitted.dims, RIDGE);
        fitted
    }

    /// Whether a code can be moved along a factor.
    pub fn has(&self, place: Place) -> bool {
        self.factors.iter().any(|factor| factor.place == place)
    }

    /// Moves a code `[D]` of an item to another value of a factor; the item's values are as `values` says.
    pub fn shift(&self, code: &mut [f32], values: impl Fn(Place) -> f32, place: Place, to: f32) {
        let Some(moved) = self.factors.iter().position(|factor| factor.place == place) else {
            return;
        };
        let mut values: Vec<f32> = self.factors.iter().map(|factor| values(factor.place)).collect();
        let before = self.row(&values);
        values[moved] = to;
        for (row, sign) in [(before, -1.0), (self.row(&values), 1.0)] {
            for (feature, x) in row {
                let weights = &self.weights[feature * self.dims..(feature + 1) * self.dims];
                code.iter_mut().zip(weights).for_each(|(z, w)| *z += (sign * x * w) as f32);
            }
        }
    }

    /// The features of a value of each factor that are not 0.
    fn row(&self, values: &[f32]) -> Row {
        let pairs = self.factors.iter().zip(values);
        let mut row: Row = pairs.flat_map(|(factor, &value)| factor.features(value)).collect();
        let mut linear = vec![0.0; self.linear];
        row.iter().for_each(|&(feature, x)| linear[feature] = x);
        for (number, product) in self.products.iter().enumerate() {
            let x: f64 = product.iter().map(|&feature| linear[feature]).product();
            if x != 0.0 {
                row.push((self.linear + number, x));
            }
        }
        row
    }
}

/// Powers and products of numbers, and numbers by value, as places of what is multiplied.
fn products(factors: &[Factor]) -> Vec<Vec<usize>> {
    let numbers: Vec<usize> = (factors.iter())
        .filter(|factor| matches!(factor.scale, Scale::Number { .. }))
        .map(|factor| factor.first)
        .collect();
    let values = factors.iter().filter_map(|factor| match factor.scale {
        Scale::Values(values) if values <= FEW_VALUES => Some(factor.first..factor.first + values),
        _ => None,
    });
    let mut found = Vec::new();
    for (i, &a) in numbers.iter().enumerate() {
        for (j, &b) in numbers.iter().enumerate().skip(i) {
            found.push(vec![a, b]);
            if numbers.len() <= CUBIC {
                found.extend(numbers[j..].iter().map(|&c| vec![a, b, c]));
            }
        }
    }
    for value in values.flatten() {
        found.extend(numbers.iter().map(|&number| vec![value, number]));
    }
    found.truncate(MOST_PRODUCTS);
    found
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
        let of = |size: f32| move |place| if place == Place::Attribute(0) { size } else { 0.0 };
        factors.shift(&mut code, of(2.0), Place::Attribute(0), 7.0);
        assert!((code[0] - 1.4).abs() < 0.01 && code[1].abs() < 0.02, "{code:?}");
        factors.shift(&mut code, of(7.0), Place::Attribute(1), 1.0);
        assert!((code[0] - 1.4).abs() < 0.02 && (code[1] - 3.0).abs() < 0.03, "{code:?}");
        assert!((code[2] - 1.0).abs() < 1e-3, "{code:?}");
        assert!(factors.has(Place::Attribute(1)) && !factors.has(Place::Class));
    }

    #[test]
    fn a_code_that_bends_along_a_number_is_followed() {
        const N: usize = 500;
        let [size, age] = ["size", "age"].map(|name| -> Vec<f32> {
            uniform(Key::new(3, name, 0, 0), N).iter().map(|u| 10.0 * u).collect()
        });
        let code = |s: f32, a: f32| [0.02 * s * s + 0.1 * a, 0.01 * s * a];
        let codes = size.iter().zip(&age).flat_map(|(&s, &a)| code(s, a)).collect();
        let attributes = ["size", "age"].map(|name| attribute(name, AttributeKind::Real, 0));
        let items = Items::of(N, codes, vec![size, age]);
        let factors = Factors::fit(&items, &attributes, &[]);
        let mut moved = code(3.0, 8.0);
        let of = |place| if place == Place::Attribute(0) { 3.0 } else { 8.0 };
        factors.shift(&mut moved, of, Place::Attribute(0), 9.0);
        for (moved, wanted) in moved.into_iter().zip(code(9.0, 8.0)) {
            assert!((moved - wanted).abs() < 0.02, "{moved}, not {wanted}");
        }
    }

    #[test]
    fn what_does_not_vary_is_no_factor() {
        let items = Items::of(3, vec![1.0, 2.0, 3.0], vec![vec![f32::NAN, 4.0, 4.0]]);
        let factors = Factors::fit(&items, &[attribute("same", AttributeKind::Real, 0)], &[]);
        assert!(!factors.has(Place::Attribute(0)));
        let mut code = [5.0];
        factors.shift(&mut code, |_| 4.0, Place::Attribute(0), 9.0);
        assert_eq!(code, [5.0]);
    }
}
