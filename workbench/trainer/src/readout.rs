//! How much of an attribute the latent means tell, read off them by a straight line (a linear probe: Alain & Bengio 2016,
//! "Understanding intermediate layers using linear classifier probes").

use workbench_engine::noise::{Key, permutation};
use workbench_runs::{AttributeColumn, Snapshot};

/// How well one attribute is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Readout {
    pub name: String,
    /// As it is in the data: "binary", "categorical", "ordinal", "real".
    pub kind: &'static str,
    /// R² of a real one, which may be negative, else the share that is read right; `None` where the items do not differ
    /// in it or too few are known.
    pub score: Option<f64>,
    /// The share that the most frequent value would be right for; `None` for a real one, where it is 0 by definition.
    pub majority: Option<f64>,
    /// Items that it was fitted to, and others that it was measured on.
    pub fitted: usize,
    pub measured: usize,
}

/// Means are read in so many dimensions at most: those that vary most.
const MOST_DIMENSIONS: usize = 512;
/// Added to the diagonal of a covariance, as a share of its mean: dimensions that say nothing leave it without an inverse.
const RIDGE: f64 = 1e-3;

/// Reads each attribute of a snapshot, and the class where it has one, off its means. What is fitted is fitted to another
/// snapshot of the same data set, or where there is none to half of the items, by seed, and measured on the others.
///
/// An attribute with a few values is read by linear discriminant analysis: of the values k, that with the greatest
/// xᵀΣ⁻¹μₖ − ½ μₖᵀΣ⁻¹μₖ + ln πₖ, where μₖ are the means of the codes by value, Σ their common covariance and πₖ the shares
/// (Hastie, Tibshirani & Friedman 2009, equation 4.10). A real one is regressed on the code by least squares;
/// R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)² over the items measured. Both add a thousandth of the mean variance to Σ's diagonal.
pub fn readouts(snapshot: &Snapshot, fitted: Option<&Snapshot>, seed: u64) -> Vec<Readout> {
    match fitted {
        Some(fitted) => {
            let both = joined(fitted, snapshot);
            let order: Vec<u32> = (0..both.len() as u32).collect();
            let (fit, measure) = order.split_at(fitted.len());
            read(&both, fit, measure)
        }
        None => {
            let n = snapshot.len();
            let order = permutation(Key::new(seed, "readout", 0, 0), n as u32);
            let (fit, measure) = order.split_at(n / 2);
            read(snapshot, fit, measure)
        }
    }
}

/// The items of two snapshots of one data set, one after the other.
fn joined(first: &Snapshot, second: &Snapshot) -> Snapshot {
    let mut both = first.clone();
    both.mean.extend(&second.mean);
    both.logvar.extend(&second.logvar);
    both.labels = first.labels.clone().zip(second.labels.as_ref()).map(|(mut labels, more)| {
        labels.extend(more);
        labels
    });
    for (column, more) in both.attributes.iter_mut().zip(&second.attributes) {
        column.of.extend(&more.of);
    }
    both
}

fn read(snapshot: &Snapshot, fit: &[u32], measure: &[u32]) -> Vec<Readout> {
    let means = Means::of(snapshot);
    let class = snapshot.labels.as_ref().map(|labels| {
        let known = |&label: &i64| if label < 0 { f32::NAN } else { label as f32 };
        (("class", "categorical", false), labels.iter().map(known).collect::<Vec<_>>())
    });
    let attributes = snapshot.attributes.iter().map(|AttributeColumn { attribute, of }| {
        let is_real = attribute.is_real();
        ((attribute.name.as_str(), attribute.kind.name(), is_real), of.clone())
    });
    let read = |((name, kind, is_real), values): ((&str, &'static str, bool), Vec<f32>)| {
        let known = |items: &[u32]| -> Vec<usize> {
            let items = items.iter().map(|&item| item as usize);
            items.filter(|&item| values[item].is_finite()).collect()
        };
        let (fit, measure) = (known(fit), known(measure));
        let (score, majority) = match is_real {
            true => (means.regress(&values, &fit, &measure), None),
            false => means.discriminate(&values, &fit, &measure).unzip(),
        };
        let (name, fitted, measured) = (name.to_owned(), fit.len(), measure.len());
        Readout { name, kind, score, majority, fitted, measured }
    };
    class.into_iter().chain(attributes).map(read).collect()
}

/// The codes, in the dimensions that are read.
struct Means {
    dims: usize,
    of: Vec<f64>,
}

impl Means {
    fn of(snapshot: &Snapshot) -> Means {
        let d = snapshot.dims;
        let rows = || snapshot.mean.chunks_exact(d.max(1));
        let n = snapshot.len().max(1) as f64;
        let variance = |dim: usize| {
            let mean = rows().map(|row| f64::from(row[dim])).sum::<f64>() / n;
            rows().map(|row| (f64::from(row[dim]) - mean).powi(2)).sum::<f64>() / n
        };
        let variances: Vec<f64> = (0..d).map(variance).collect();
        let mut chosen: Vec<usize> = (0..d).collect();
        chosen.sort_by(|&a, &b| variances[b].total_cmp(&variances[a]));
        chosen.truncate(MOST_DIMENSIONS);
        let of = rows().flat_map(|row| chosen.iter().map(|&dim| f64::from(row[dim]))).collect();
        Means { dims: chosen.len(), of }
    }

    fn row(&self, item: usize) -> &[f64] {
        &self.of[item * self.dims..(item + 1) * self.dims]
    }

    /// The mean code of some items.
    fn centre(&self, items: impl Iterator<Item = usize>) -> Vec<f64> {
        let (mut sum, mut n) = (vec![0.0; self.dims], 0.0f64);
        for item in items {
            sum.iter_mut().zip(self.row(item)).for_each(|(sum, x)| *sum += x);
            n += 1.0;
        }
        sum.into_iter().map(|sum| sum / n.max(1.0)).collect()
    }

    /// The covariance of some items, each about a centre of its own, with its ridge.
    fn covariance<'a>(&self, items: &[usize], centre: impl Fn(usize) -> &'a [f64]) -> Vec<f64> {
        let d = self.dims;
        let mut sum = vec![0.0; d * d];
        let mut away = vec![0.0; d];
        for &item in items {
            let pairs = self.row(item).iter().zip(centre(item));
            away.iter_mut().zip(pairs).for_each(|(away, (x, centre))| *away = x - centre);
            for i in 0..d {
                let row = &mut sum[i * d..i * d + i + 1];
                row.iter_mut().zip(&away).for_each(|(sum, other)| *sum += away[i] * other);
            }
        }
        let n = items.len().max(1) as f64;
        sum.iter_mut().for_each(|x| *x /= n);
        let trace: f64 = (0..d).map(|i| sum[i * d + i]).sum();
        (0..d).for_each(|i| sum[i * d + i] += RIDGE * trace / d as f64 + f64::MIN_POSITIVE);
        sum
    }

    /// The share read right, and the share that the most frequent value is right for.
    fn discriminate(&self, values: &[f32], fit: &[usize], measure: &[usize]) -> Option<(f64, f64)> {
        let kind = |item: usize| values[item] as usize;
        let mut kinds: Vec<usize> = fit.iter().map(|&item| kind(item)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() < 2 || measure.is_empty() {
            return None;
        }
        let of = |which: usize| fit.iter().copied().filter(move |&item| kind(item) == which);
        let centres: Vec<Vec<f64>> = kinds.iter().map(|&k| self.centre(of(k))).collect();
        let place = |item: usize| kinds.binary_search(&kind(item)).unwrap_or(0);
        let factor = cholesky(self.covariance(fit, |item| &centres[place(item)]), self.dims)?;
        let shares: Vec<f64> =
            kinds.iter().map(|&k| of(k).count() as f64 / fit.len() as f64).collect();
        let lines: Vec<(Vec<f64>, f64)> = centres
            .iter()
            .zip(&shares)
            .map(|(centre, share)| {
                let slope = solve(&factor, centre);
                let at = share.ln() - dot(&slope, centre) / 2.0;
                (slope, at)
            })
            .collect();
        let read = |item: usize| {
            let of = |(slope, at): &(Vec<f64>, f64)| dot(slope, self.row(item)) + at;
            let best = lines.iter().enumerate().max_by(|a, b| of(a.1).total_cmp(&of(b.1)));
            best.map(|(place, _)| kinds[place])
        };
        let most = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        let most = most.map(|(place, _)| kinds[place]);
        let share = |right: &dyn Fn(usize) -> bool| {
            measure.iter().filter(|&&item| right(item)).count() as f64 / measure.len() as f64
        };
        Some((
            share(&|item| read(item) == Some(kind(item))),
            share(&|item| most == Some(kind(item))),
        ))
    }

    /// R² over the items measured.
    fn regress(&self, values: &[f32], fit: &[usize], measure: &[usize]) -> Option<f64> {
        let value = |item: usize| f64::from(values[item]);
        let mean = |items: &[usize]| {
            items.iter().map(|&item| value(item)).sum::<f64>() / items.len().max(1) as f64
        };
        let total = mean(measure);
        let total: f64 = measure.iter().map(|&item| (value(item) - total).powi(2)).sum();
        if fit.len() < 2 || total <= 0.0 {
            return None;
        }
        let (centre, middle) = (self.centre(fit.iter().copied()), mean(fit));
        let factor = cholesky(self.covariance(fit, |_| &centre), self.dims)?;
        let mut product = vec![0.0; self.dims];
        for &item in fit {
            let by = (value(item) - middle) / fit.len() as f64;
            let away = self.row(item).iter().zip(&centre).map(|(x, centre)| x - centre);
            product.iter_mut().zip(away).for_each(|(sum, x)| *sum += by * x);
        }
        let slope = solve(&factor, &product);
        let at = middle - dot(&slope, &centre);
        let missed = |&item: &usize| (value(item) - dot(&slope, self.row(item)) - at).powi(2);
        Some(1.0 - measure.iter().map(missed).sum::<f64>() / total)
    }
}

/// The lower triangle L of a matrix LLᵀ, row by row; `None` where there is none. Only the lower triangle is read.
fn cholesky(mut matrix: Vec<f64>, d: usize) -> Option<Vec<f64>> {
    for i in 0..d {
        for j in 0..=i {
            let sum = dot(&matrix[i * d..i * d + j], &matrix[j * d..j * d + j]);
            let rest = matrix[i * d + j] - sum;
            matrix[i * d + j] = match i == j {
                true if rest > 0.0 && rest.is_finite() => rest.sqrt(),
                true => return None,
                false => rest / matrix[j * d + j],
            };
        }
    }
    Some(matrix)
}

/// x of LLᵀx = b.
fn solve(factor: &[f64], b: &[f64]) -> Vec<f64> {
    let d = b.len();
    let mut x = b.to_vec();
    for i in 0..d {
        let sum = dot(&factor[i * d..i * d + i], &x[..i]);
        x[i] = (x[i] - sum) / factor[i * d + i];
    }
    for i in (0..d).rev() {
        let sum: f64 = (i + 1..d).map(|j| factor[j * d + i] * x[j]).sum();
        x[i] = (x[i] - sum) / factor[i * d + i];
    }
    x
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use workbench_engine::noise::{normal, uniform};
    use workbench_runs::{Attribute, AttributeKind};

    use super::*;

    const N: usize = 400;

    /// Three dimensions: the first tells the attribute, the second is noise, the third is always the same.
    fn snapshot(columns: Vec<(AttributeKind, Vec<f32>)>, first: &[f32]) -> Snapshot {
        let noise = normal(Key::new(1, "test", 0, 0), N);
        let mean = first.iter().zip(&noise).flat_map(|(&x, &noise)| [x, noise, 0.5]).collect();
        let columns = columns.into_iter().enumerate().map(|(i, (kind, of))| {
            let values = ["a", "b", "c"].map(str::to_owned).to_vec();
            let attribute = Attribute { name: i.to_string(), kind, values, range: None };
            AttributeColumn { attribute, of }
        });
        let (logvar, attributes) = (vec![0.0; 3 * N], columns.collect());
        Snapshot { step: 1, dims: 3, mean, logvar, labels: None, attributes, items: Vec::new() }
    }

    #[test]
    fn what_lies_apart_is_read_and_what_does_not_is_not() {
        let kinds: Vec<f32> = (0..N).map(|i| (i % 3) as f32).collect();
        let noise = normal(Key::new(2, "test", 0, 0), N);
        // The middle one lies between the others: a line for each against the rest would never find it.
        let first: Vec<f32> = kinds.iter().zip(&noise).map(|(k, x)| 4.0 * k + 0.5 * x).collect();
        let coin: Vec<f32> =
            uniform(Key::new(3, "test", 0, 0), N).iter().map(|&u| f32::from(u < 0.7)).collect();
        let mut partly = kinds.clone();
        partly.iter_mut().step_by(5).for_each(|value| *value = f32::NAN);
        let columns = vec![
            (AttributeKind::Categorical, kinds),
            (AttributeKind::Binary, coin),
            (AttributeKind::Ordinal, partly),
            (AttributeKind::Binary, vec![1.0; N]),
        ];
        let read = readouts(&snapshot(columns, &first), None, 0);
        assert_eq!((read[0].fitted, read[0].measured, read[0].kind), (200, 200, "categorical"));
        assert!(read[0].score.unwrap() > 0.97, "{read:?}");
        assert!(read[0].majority.unwrap() < 0.4, "{read:?}");
        let gain = read[1].score.unwrap() - read[1].majority.unwrap();
        assert!(gain.abs() < 0.05 && read[1].majority.unwrap() > 0.6, "{read:?}");
        assert!(read[2].score.unwrap() > 0.97 && read[2].fitted + read[2].measured == 320);
        assert_eq!((read[3].score, read[3].majority), (None, None));
        let other = snapshot(vec![(AttributeKind::Binary, vec![f32::NAN; N])], &first);
        assert_eq!(readouts(&other, None, 0)[0].score, None);
    }

    #[test]
    fn a_number_on_a_line_is_regressed() {
        let first = normal(Key::new(4, "test", 0, 0), N);
        let line: Vec<f32> = first.iter().map(|x| 3.0 - 2.0 * x).collect();
        let other = normal(Key::new(5, "test", 0, 0), N);
        let columns = vec![(AttributeKind::Real, line), (AttributeKind::Real, other)];
        let read = readouts(&snapshot(columns, &first), None, 0);
        assert!(read[0].score.unwrap() > 0.999, "{read:?}");
        assert!(read[1].score.unwrap().abs() < 0.1, "{read:?}");
        assert_eq!(read[1].majority, None);
    }

    #[test]
    fn classes_are_read_too_and_nothing_of_nothing() {
        let labels: Vec<i64> = (0..N as i64).map(|i| i % 2).collect();
        let first: Vec<f32> = labels.iter().map(|&label| label as f32 * 2.0).collect();
        let labelled = Snapshot { labels: Some(labels), ..snapshot(Vec::new(), &first) };
        let read = readouts(&labelled, None, 7);
        assert_eq!((&*read[0].name, read[0].score), ("class", Some(1.0)));
        assert_eq!(read, readouts(&labelled, None, 7));
        // Fitted to others, it is measured on all.
        let read = readouts(&labelled, Some(&labelled), 7);
        assert_eq!((read[0].fitted, read[0].measured, read[0].score), (N, N, Some(1.0)));
        let mirrored: Vec<f32> = first.iter().map(|x| 2.0 - x).collect();
        let other = Snapshot { labels: labelled.labels.clone(), ..snapshot(Vec::new(), &mirrored) };
        assert_eq!(readouts(&other, Some(&labelled), 7)[0].score, Some(0.0));
        let (mean, logvar, attributes) = (Vec::new(), Vec::new(), Vec::new());
        let empty = Snapshot {
            step: 0,
            dims: 0,
            mean,
            logvar,
            labels: None,
            attributes,
            items: Vec::new(),
        };
        assert!(readouts(&empty, None, 0).is_empty());
    }
}
