//! The latent space of some validation items, and what it says of each dimension.

use workbench_engine::noise::{Key, permutation};
use workbench_engine::{Input, Session};
use workbench_runs::{AttributeColumn, Snapshot};

use crate::batches::each_of;
use crate::condition::attribute_of;
use crate::{Error, Split, Transform};

/// As many points as a scatter plot can show apart.
const POINTS: usize = 2000;

/// Posterior means and log-variances of a split's items, of 2,000 at random by the experiment's seed where there are more;
/// `None` where the architecture marks none.
///
/// # Errors
/// The engine's own, and those of [`Split::batch`].
pub fn take(
    session: &Session,
    split: &Split,
    batch_size: usize,
    transform: Transform,
) -> Result<Option<Snapshot>, Error> {
    take_some(session, split, POINTS, batch_size, transform)
}

/// The same of up to `n` items.
///
/// # Errors
/// The engine's own, and those of [`Split::batch`].
pub fn take_some(
    session: &Session,
    split: &Split,
    n: usize,
    batch_size: usize,
    transform: Transform,
) -> Result<Option<Snapshot>, Error> {
    let items = some(split.len(), n, transform.seed());
    let places = if items.is_empty() { (0..split.len() as u32).collect() } else { items.clone() };
    let (mut mean, mut logvar, mut labels) = (Vec::new(), Vec::new(), None::<Vec<i64>>);
    let mut attributes: Vec<AttributeColumn> = (split.attributes().iter())
        .map(|attribute| AttributeColumn { attribute: attribute.clone(), of: Vec::new() })
        .collect();
    let mut dims = 0;
    let taken = each_of(split, &places, batch_size, transform, |_, _, batch| {
        let posterior = session.encode(&batch)?;
        dims = posterior.mean.shape.get(1).copied().unwrap_or(0);
        match posterior.log_variance {
            Some(array) => logvar.extend(array.data),
            None => logvar.extend(vec![0.0; posterior.mean.data.len()]),
        }
        mean.extend(posterior.mean.data);
        if let Some(Input::I64 { data, .. }) = batch.inputs.get("label") {
            labels.get_or_insert_default().extend(data);
        }
        for column in &mut attributes {
            column.of.extend(attribute_of(&batch, &column.attribute));
        }
        Ok(())
    });
    match taken {
        Err(Error::Engine(workbench_engine::Error::NotMarked { .. })) => Ok(None),
        taken => taken.map(|()| {
            Some(Snapshot { step: session.step(), dims, mean, logvar, labels, attributes, items })
        }),
    }
}

/// `n` places of `len`, ascending, at random by seed; none where there are not more than `n`. The order of data says much of
/// them: of a folder sorted by class the first items would be of few classes.
fn some(len: usize, n: usize, seed: u64) -> Vec<u32> {
    if len <= n {
        return Vec::new();
    }
    let mut places = permutation(Key::new(seed, "latents", 0, 0), len as u32);
    places.truncate(n);
    places.sort_unstable();
    places
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
    fn of_many_items_some_are_taken_at_random() {
        assert!(some(7, 7, 1).is_empty(), "all of them");
        let places = some(10_000, 1000, 1);
        assert_eq!((places.len(), &places), (1000, &some(10_000, 1000, 1)));
        assert!(places.is_sorted_by(|a, b| a < b) && places[999] < 10_000);
        let first_half = places.iter().filter(|&&place| place < 5000).count();
        assert!((400..600).contains(&first_half), "{first_half}");
        assert_ne!(places, some(10_000, 1000, 2));
    }

    #[test]
    fn a_dimension_at_the_prior_has_no_kl_and_is_not_active() {
        let snapshot = Snapshot {
            step: 0,
            dims: 2,
            mean: vec![1.0, 0.0, -1.0, 0.0],
            logvar: vec![-2.0, 0.0, -2.0, 0.0],
            labels: None,
            attributes: Vec::new(),
            items: Vec::new(),
        };
        let kl = kl_per_dimension(&snapshot);
        let expected = 0.5 * (1.0 + (-2.0f64).exp() - 1.0 + 2.0);
        assert!((f64::from(kl[0]) - expected).abs() < 1e-6);
        assert_eq!(kl[1], 0.0);
        assert_eq!(active_units(&snapshot), 1);
    }
}
