//! Attribute vectors: the way in the latent space from images without something to images with it.
//!
//! White 2016, "Sampling Generative Networks" (arXiv:1609.04468), section 4: the difference of the mean codes with an
//! attribute and without it. It is the slope of the code's regression on the attribute, and so taken for attributes with
//! an order and for numbers, too.

use workbench_runs::{AttributeKind, Snapshot};

/// The way along an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vector {
    /// The attribute's name, of a categorical one with the value that it leads to: "hair=black".
    pub name: String,
    /// Where the attribute is in the middle of its range `[D]`.
    pub centre: Vec<f32>,
    /// From there to its end `[D]`: to images with it, the last value, or the greatest number.
    pub axis: Vec<f32>,
    /// The standard deviation of the images along it, where 1 is its length.
    pub spread: f32,
    /// How much of the attribute's variance the place along it tells (r², 0 to 1).
    pub told: f32,
}

/// An attribute of categories leads to each of them; more are left to figures.
const MOST_VALUES: usize = 64;
/// Nothing leads anywhere that moves the code by less.
const SHORTEST: f64 = 1e-6;

/// The vectors of a snapshot's classes and attributes, in the data set's order; without those that all known images share.
pub(crate) fn vectors(snapshot: &Snapshot, classes: &[String]) -> Vec<Vector> {
    let mut found = Vec::new();
    if let Some(labels) = snapshot.labels.as_ref().filter(|_| !classes.is_empty()) {
        let of: Vec<f32> = labels.iter().map(|&label| label as f32).collect();
        each_value(snapshot, "class", classes, &of, &mut found);
    }
    for column in &snapshot.attributes {
        let (attribute, of) = (&column.attribute, &column.of);
        if attribute.kind == AttributeKind::Categorical {
            each_value(snapshot, &attribute.name, &attribute.values, of, &mut found);
            continue;
        }
        let known = || of.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value));
        let [least, greatest] = attribute.span().unwrap_or_else(|| {
            [known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max)]
        });
        let (middle, half) = ((least + greatest) / 2.0, (greatest - least) / 2.0);
        if half > 0.0 && half.is_finite() {
            let scaled = |&value: &f32| (f64::from(value) - middle) / half;
            let scaled: Vec<f64> = of.iter().map(scaled).collect();
            found.extend(along(snapshot, attribute.name.clone(), &scaled));
        }
    }
    found
}

fn each_value(
    snapshot: &Snapshot,
    name: &str,
    values: &[String],
    of: &[f32],
    found: &mut Vec<Vector>,
) {
    for (at, value) in values.iter().enumerate().take(MOST_VALUES) {
        let is_it = |&other: &f32| match other.is_finite() && other >= 0.0 {
            true => f64::from(u8::from(other as usize == at)) * 2.0 - 1.0,
            false => f64::NAN,
        };
        let scaled: Vec<f64> = of.iter().map(is_it).collect();
        found.extend(along(snapshot, format!("{name}={value}"), &scaled));
    }
}

/// The slope of the codes over values from -1 to 1, NaN where one is not known, and where 0 lies.
fn along(snapshot: &Snapshot, name: String, values: &[f64]) -> Option<Vector> {
    let d = snapshot.dims;
    let rows = snapshot.mean.chunks_exact(d.max(1));
    let known: Vec<(&[f32], f64)> = rows
        .zip(values.iter().copied())
        .filter(|(row, value)| value.is_finite() && row.iter().all(|x| x.is_finite()))
        .collect();
    let n = known.len() as f64;
    let mean = known.iter().map(|(_, value)| value).sum::<f64>() / n;
    let variance = known.iter().map(|(_, value)| (value - mean).powi(2)).sum::<f64>() / n;
    if known.len() < 2 || variance <= 0.0 {
        return None;
    }
    let (mut middle, mut slope) = (vec![0.0; d], vec![0.0; d]);
    for (row, value) in &known {
        for (dim, &x) in row.iter().enumerate() {
            middle[dim] += f64::from(x) / n;
            slope[dim] += f64::from(x) * (value - mean) / (n * variance);
        }
    }
    let square: f64 = slope.iter().map(|x| x * x).sum();
    if square.sqrt() < SHORTEST {
        return None;
    }
    let centre: Vec<f64> = middle.iter().zip(&slope).map(|(x, s)| x - mean * s).collect();
    let place = |row: &[f32]| {
        let pairs = row.iter().zip(&centre).zip(&slope);
        pairs.map(|((&x, c), s)| (f64::from(x) - c) * s).sum::<f64>() / square
    };
    // The mean along it is that of the attribute, since it is a regression.
    let (mut spread, mut together) = (0.0, 0.0);
    for (row, value) in &known {
        let away = place(row) - mean;
        spread += away * away / n;
        together += away * (value - mean) / n;
    }
    let told = if spread > 0.0 { together * together / (spread * variance) } else { 0.0 };
    let floats = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect();
    let (spread, told) = (spread.sqrt() as f32, told as f32);
    Some(Vector { name, centre: floats(centre), axis: floats(slope), spread, told })
}

#[cfg(test)]
mod tests {
    use workbench_runs::{Attribute, AttributeColumn};

    use super::*;

    fn snapshot(mean: Vec<f32>, columns: Vec<(AttributeKind, Vec<f32>)>) -> Snapshot {
        let column = |(i, (kind, of)): (usize, (AttributeKind, Vec<f32>))| {
            let values = match kind {
                AttributeKind::Real => Vec::new(),
                AttributeKind::Binary => ["no", "yes"].map(str::to_owned).to_vec(),
                _ => ["a", "b", "c"].map(str::to_owned).to_vec(),
            };
            let attribute = Attribute { name: format!("n{i}"), kind, values, range: None };
            AttributeColumn { attribute, of }
        };
        let (logvar, attributes) = (vec![0.0; mean.len()], columns.into_iter().enumerate());
        let attributes = attributes.map(column).collect();
        Snapshot { step: 1, dims: 2, mean, logvar, labels: None, attributes, items: Vec::new() }
    }

    #[test]
    fn it_leads_from_the_mean_without_to_the_mean_with() {
        // Without: (0, 1) and (0, 3). With: (4, 2) and (4, 4). Of the last it is not known.
        let mean = vec![0.0, 1.0, 0.0, 3.0, 4.0, 2.0, 4.0, 4.0, 90.0, 90.0];
        let with = vec![0.0, 0.0, 1.0, 1.0, f32::NAN];
        let found = vectors(&snapshot(mean, vec![(AttributeKind::Binary, with)]), &[]);
        assert_eq!(found.len(), 1);
        // Half of the way, from the middle of both means: (2, 2.5) ± (2, 0.5).
        assert_eq!((&found[0].centre[..], &found[0].axis[..]), (&[2.0, 2.5][..], &[2.0, 0.5][..]));
        assert!(found[0].told > 0.9 && found[0].told < 1.0, "{found:?}");
    }

    #[test]
    fn a_number_goes_from_its_least_to_its_greatest_and_categories_one_by_one() {
        let mean = vec![0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0];
        let number = vec![10.0, 20.0, 30.0, 40.0];
        let columns = vec![
            (AttributeKind::Real, number),
            (AttributeKind::Categorical, vec![0.0, 1.0, 1.0, 1.0]),
            (AttributeKind::Ordinal, vec![2.0; 4]),
        ];
        let found = vectors(&snapshot(mean, columns), &[]);
        let names: Vec<&str> = found.iter().map(|vector| vector.name.as_str()).collect();
        // What all share, or none has, leads nowhere.
        assert_eq!(names, ["n0", "n1=a", "n1=b"]);
        assert!((found[0].centre[0] - 1.5).abs() < 1e-6 && (found[0].axis[0] - 1.5).abs() < 1e-6);
        assert!((found[0].told - 1.0).abs() < 1e-6, "{found:?}");
        assert!(found[1].axis[0] < 0.0 && found[2].axis[0] > 0.0);
    }
}
