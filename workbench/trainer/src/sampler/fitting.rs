//! Fitting a sampler to codes.

use workbench_analysis::{Limits, Mixture, Row, covariance, fit_mixture, mean, ridge};
use workbench_engine::noise::{Key, normal};
use workbench_runs::{Attribute, Snapshot};

use super::Sampler;
use super::features::Features;
use crate::Asked;

/// How much is spent on a sampler.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Items whose codes it is fitted to, at most.
    pub items: usize,
    /// Draws of their posteriors, at most, where there are fewer items.
    points: usize,
    limits: Limits,
}

impl Effort {
    /// For a run that is trained: seconds at most.
    pub const FULL: Effort =
        Effort { items: 10_000, points: 20_000, limits: Limits { components: 64, rounds: 25 } };
    /// For pictures while training: a small part of an epoch's time.
    pub const QUICK: Effort =
        Effort { items: 2_000, points: 2_000, limits: Limits { components: 8, rounds: 15 } };
}

/// A sampler for a model that asks for what `asked` says, fitted to posteriors of its training items.
///
/// # Errors
/// Why there is none, in words.
pub fn fit(
    codes: &Snapshot,
    asked: &Asked,
    classes: usize,
    seed: u64,
    effort: Effort,
) -> Result<Sampler, String> {
    let dims = codes.dims;
    if codes.is_empty() {
        return Err("there are no codes to fit it to".to_owned());
    }
    if dims > MOST_DIMENSIONS {
        return Err(format!(
            "codes of {dims} numbers are too long for full covariances ({MOST_DIMENSIONS} at most)"
        ));
    }
    if codes.mean.iter().chain(&codes.logvar).any(|x| !x.is_finite()) {
        return Err("some of the codes are not finite".to_owned());
    }
    // A covariance takes points · D² multiplications.
    let most = ((MOST_WORK / (dims * dims) as f64) as usize).max(MOST_DIMENSIONS);
    let items = codes.len().min(effort.items).min(most);
    let draws = (effort.points.min(most) / items).clamp(1, MOST_DRAWS);
    let labels = codes.labels.as_deref().filter(|_| asked.class && classes > 0);
    let classes = labels.map_or(0, |_| classes);
    let columns: Vec<_> = codes
        .attributes
        .iter()
        .filter(|column| asked.attributes.contains(&column.attribute.name))
        .collect();
    let attributes: Vec<Attribute> = columns.iter().map(|c| c.attribute.clone()).collect();
    let label = |item: usize| labels.and_then(|labels| usize::try_from(labels[item]).ok());
    let features = Features::of(&attributes, classes);
    let mut points = points(codes, items, draws, seed);
    let mut regression = Vec::new();
    if !attributes.is_empty() {
        if features.count > MOST_FEATURES {
            return Err(format!(
                "the model is conditioned on attributes of {} values in all ({MOST_FEATURES} at most)",
                features.count
            ));
        }
        let rows: Vec<Row> = (0..items * draws)
            .map(|at| at / draws)
            .map(|item| features.row(|column| columns[column].of[item], label(item)))
            .collect();
        regression = ridge(&rows, features.count, &points, dims, draws as f64)
            .into_iter()
            .map(|x| f64::from(x as f32))
            .collect();
        for (z, row) in points.chunks_exact_mut(dims).zip(&rows) {
            features.subtract(&regression, row, z);
        }
    }
    let mixtures = match classes {
        0 => vec![fit_mixture(&points, dims, draws, None, effort.limits, seed)],
        _ => by_class(&points, (dims, draws), classes, &label, effort.limits, seed),
    };
    let mixtures = mixtures.iter().map(Mixture::rounded).collect();
    let step = codes.step;
    Ok(Sampler { step, items, dims, classes, attributes, regression, mixtures })
}

/// Beyond it a covariance alone has millions of numbers.
const MOST_DIMENSIONS: usize = 1024;
const MOST_FEATURES: usize = 2048;
const MOST_DRAWS: usize = 8;
const MOST_WORK: f64 = 4e9;

/// Draws of the posteriors of items spread over the codes, item by item: `[items · draws, D]`.
fn points(codes: &Snapshot, items: usize, draws: usize, seed: u64) -> Vec<f64> {
    let dims = codes.dims;
    let mut points = Vec::with_capacity(items * draws * dims);
    for item in 0..items {
        let range = item * dims..(item + 1) * dims;
        let (mean, logvar) = (&codes.mean[range.clone()], &codes.logvar[range]);
        let noise = normal(Key::new(seed, "sampler posterior", 0, item as u64), draws * dims);
        for noise in noise.chunks_exact(dims) {
            let parts = mean.iter().zip(logvar).zip(noise);
            points.extend(parts.map(|((&mean, &logvar), &noise)| {
                f64::from(mean)
                    + (0.5 * f64::from(logvar)).min(MOST_LOG_SIGMA).exp() * f64::from(noise)
            }));
        }
    }
    points
}

/// A standard deviation beyond e¹⁰ is one of an untrained model, and is not to overflow.
const MOST_LOG_SIGMA: f64 = 10.0;

/// A mixture for each class. What their covariances are drawn towards is the covariance within the classes: it is all that a
/// class of few items has.
fn by_class(
    points: &[f64],
    (dims, draws): (usize, usize),
    classes: usize,
    label: &dyn Fn(usize) -> Option<usize>,
    limits: Limits,
    seed: u64,
) -> Vec<Mixture> {
    let mut of: Vec<Vec<f64>> = vec![Vec::new(); classes];
    for (item, draws) in points.chunks_exact(draws * dims).enumerate() {
        if let Some(class) = label(item).filter(|class| *class < classes) {
            of[class].extend_from_slice(draws);
        }
    }
    let mut within = points.to_vec();
    let centres: Vec<Vec<f64>> = of.iter().map(|points| mean(points, dims)).collect();
    let all = mean(points, dims);
    for (item, draws) in within.chunks_exact_mut(draws * dims).enumerate() {
        let class = label(item).filter(|class| *class < classes);
        let centre = class.map_or(&all, |class| &centres[class]);
        for z in draws.chunks_exact_mut(dims) {
            z.iter_mut().zip(centre).for_each(|(z, centre)| *z -= centre);
        }
    }
    let shared = covariance(&within, dims, &vec![0.0; dims]);
    of.iter()
        .map(|points| match points.is_empty() {
            // Where a class has no items, what lies in the middle of all is as good as it gets.
            true => fit_mixture(&all, dims, 1, Some(&shared), limits, seed),
            false => fit_mixture(points, dims, draws, Some(&shared), limits, seed),
        })
        .collect()
}
