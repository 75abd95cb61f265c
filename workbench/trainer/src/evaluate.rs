//! Measuring a whole split.

use std::collections::BTreeMap;

use workbench_engine::Session;

use crate::batches::each;
use crate::{Error, Split, Transform};

/// Every measure of the architecture over all items of a split, the mean an image, in f64 so that the order of
/// batches does not show; `loss` is the objective, `elbo` = −(recon + kl) where both are measured, with one
/// posterior sample an image. The noise is the same at every call.
///
/// # Errors
/// The engine's own, and those of [`Split::batch`].
pub fn evaluate(
    session: &Session,
    split: &Split,
    batch_size: usize,
    transform: Transform,
    knobs: &BTreeMap<String, f64>,
) -> Result<BTreeMap<String, f32>, Error> {
    let mut sums: BTreeMap<String, f64> = BTreeMap::new();
    each(split, batch_size, transform, |draw, range, batch| {
        let measures = session.evaluate(&batch, knobs, draw)?;
        let share = range.len() as f64 / split.len() as f64;
        let mut add = |name: &str, value: f32| {
            *sums.entry(name.to_owned()).or_default() += share * f64::from(value);
        };
        measures
            .values
            .iter()
            .filter(|(name, _)| *name != "loss")
            .for_each(|(name, value)| add(name, *value));
        add("loss", measures.loss);
        Ok(())
    })?;
    if let (Some(recon), Some(kl)) = (sums.get("recon"), sums.get("kl")) {
        sums.insert("elbo".to_owned(), -(recon + kl));
    }
    Ok(sums.into_iter().map(|(name, value)| (name, value as f32)).collect())
}

/// Which value of the evaluation of a split was the first that is not finite; `None` where all are.
///
/// # Errors
/// The engine's own, and those of [`Split::batch`].
pub(crate) fn not_finite(
    session: &Session,
    (name, split): (&str, &Split),
    batch_size: usize,
    transform: Transform,
    knobs: &BTreeMap<String, f64>,
) -> Result<Option<workbench_engine::Error>, Error> {
    let mut found = None;
    each(split, batch_size, transform, |draw, _, batch| {
        if found.is_none() && !session.evaluate(&batch, knobs, draw)?.loss.is_finite() {
            let what = format!("{name}/loss");
            found = Some(session.not_finite(&batch, knobs, draw, &what)?);
        }
        Ok(())
    })?;
    Ok(found)
}
