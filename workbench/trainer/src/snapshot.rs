//! The latent space of some validation items, and pictures that the model makes.

use workbench_engine::{Array, Batch, Session};
use workbench_runs::Snapshot;

use crate::{Binarizer, Error, Media, Split};

/// As many points as a scatter plot can show apart.
const POINTS: usize = 2000;
/// Three rows of ten pairs, and a square of samples.
const RECONSTRUCTIONS: usize = 30;
pub(crate) const COLUMNS: usize = 10;
const SAMPLES: usize = 64;
/// Samples are drawn from the same z at every epoch, so that one sees them change.
const SAMPLE_SEED: u64 = 0;

/// Posterior means and log-variances of the first items of a split; `None` where the architecture marks none.
pub(crate) fn take(
    session: &Session,
    split: &Split,
    batch_size: usize,
    binarizer: Binarizer,
) -> Result<Option<Snapshot>, Error> {
    let n = split.len().min(POINTS);
    let places: Vec<u32> = (0..n as u32).collect();
    let (mut mean, mut logvar) = (Vec::new(), Vec::new());
    let mut dims = 0;
    for places in places.chunks(batch_size) {
        let posterior = match session.encode(&split.batch(places, binarizer)) {
            Err(workbench_engine::Error::NotMarked { .. }) => return Ok(None),
            posterior => posterior?,
        };
        dims = posterior.mean.shape.get(1).copied().unwrap_or(0);
        match posterior.log_variance {
            Some(array) => logvar.extend(array.data),
            None => logvar.extend(vec![0.0; posterior.mean.data.len()]),
        }
        mean.extend(posterior.mean.data);
    }
    Ok(Some(Snapshot { step: session.step(), dims, mean, logvar, labels: split.labels(n) }))
}

/// Reconstructions of the first items of a split, and samples from the prior; `None` where the architecture has no
/// decoder to call by itself.
///
/// # Errors
/// The engine's own.
pub fn media(
    session: &Session,
    split: &Split,
    classes: usize,
    binarizer: Binarizer,
) -> Result<Option<Media>, Error> {
    if session.latent_dims().is_none() {
        return Ok(None);
    }
    let n = split.len().min(RECONSTRUCTIONS);
    let whole_rows = n - n % COLUMNS.min(n);
    let places: Vec<u32> = (0..whole_rows as u32).collect();
    let batch = split.batch(&places, binarizer);
    let reconstructions = match session.reconstruct(&batch) {
        Err(workbench_engine::Error::NotMarked { .. }) => return Ok(None),
        pictures => pictures?,
    };
    let inputs = match batch.inputs.get("x") {
        Some(workbench_engine::Input::F32(array)) => array.clone(),
        _ => return Ok(None),
    };
    let z = session.prior(SAMPLES, SAMPLE_SEED, 0)?;
    let samples = session.decode(&z, &condition(SAMPLES, classes, None))?;
    Ok(Some(Media { inputs, reconstructions, samples }))
}

/// Rows of inputs, each above the row of its reconstructions.
pub(crate) fn pairs(media: &Media) -> Array {
    let size: usize = media.inputs.shape[1..].iter().product();
    let row = COLUMNS.min(media.inputs.shape[0]) * size;
    let rows = media.inputs.data.chunks(row).zip(media.reconstructions.data.chunks(row));
    let mut shape = media.inputs.shape.clone();
    shape[0] *= 2;
    Array {
        shape,
        data: rows.flat_map(|(above, below)| above.iter().chain(below)).copied().collect(),
    }
}

/// What `n` decoded pictures are conditioned on: one class for all, or each in turn. An architecture that does not
/// ask for it ignores it.
pub fn condition(n: usize, classes: usize, class: Option<usize>) -> Batch {
    match classes {
        0 => Batch::default(),
        classes => {
            let labels = (0..n).map(|i| class.unwrap_or(i % classes) as i64).collect();
            Batch::default().with_i64("label", &[n], labels)
        }
    }
}

/// KL(q(z_d | x) ‖ N(0, 1)) of each dimension in nats, the mean over the points of a snapshot.
pub fn kl_per_dimension(snapshot: &Snapshot) -> Vec<f32> {
    let pairs = snapshot.mean.iter().zip(&snapshot.logvar);
    let kl = pairs
        .map(|(&m, &l)| 0.5 * (f64::from(m).powi(2) + f64::from(l).exp() - 1.0 - f64::from(l)));
    means(kl, snapshot.dims)
}

/// How many dimensions carry information: those whose posterior mean varies over the data by more than 0.01
/// (Burda et al. 2016, section 4.1.2).
pub fn active_units(snapshot: &Snapshot) -> usize {
    let mean = means(snapshot.mean.iter().map(|&m| f64::from(m)), snapshot.dims);
    let centred = snapshot
        .mean
        .iter()
        .enumerate()
        .map(|(i, &m)| f64::from(m - mean[i % snapshot.dims]).powi(2));
    means(centred, snapshot.dims).into_iter().filter(|&variance| variance > 0.01).count()
}

/// Column means of `[N, D]` numbers.
fn means(numbers: impl Iterator<Item = f64>, dims: usize) -> Vec<f32> {
    let mut sums = vec![0.0; dims];
    let mut n = 0usize;
    for (i, number) in numbers.enumerate() {
        sums[i % dims] += number;
        n = i / dims + 1;
    }
    sums.into_iter().map(|sum| (sum / n.max(1) as f64) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dimension_at_the_prior_has_no_kl_and_is_not_active() {
        let snapshot = Snapshot {
            step: 0,
            dims: 2,
            mean: vec![1.0, 0.0, -1.0, 0.0],
            logvar: vec![-2.0, 0.0, -2.0, 0.0],
            labels: None,
        };
        let kl = kl_per_dimension(&snapshot);
        let expected = 0.5 * (1.0 + (-2.0f64).exp() - 1.0 + 2.0);
        assert!((f64::from(kl[0]) - expected).abs() < 1e-6);
        assert_eq!(kl[1], 0.0);
        assert_eq!(active_units(&snapshot), 1);
    }

    #[test]
    fn classes_take_turns_unless_one_is_asked_for() {
        let labels = |class| match &condition(3, 2, class).inputs["label"] {
            workbench_engine::Input::I64 { data, .. } => data.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(labels(None), [0, 1, 0]);
        assert_eq!(labels(Some(1)), [1, 1, 1]);
    }
}
