//! Items of a split: what is known of them, what is seen of them, and their codes.

use workbench_engine::{Batch, Input};
use workbench_trainer::{Split, Transform, attribute_of};

use crate::factors::take;
use crate::target::Place;
use crate::{Error, Eye, Seen, Subject};

/// N items, without their images.
#[derive(Debug, Default)]
pub struct Items {
    pub n: usize,
    pub seen: Seen,
    /// Posterior means `[N, D]`; empty where the model has no posterior.
    pub codes: Vec<f32>,
    /// What they are conditioned on, as the engine takes it, without their images.
    pub given: Batch,
    /// NaN where there is none.
    labels: Vec<f32>,
    /// By attribute, one an item; NaN where it is not known.
    columns: Vec<Vec<f32>>,
}

/// Items that are looked at at a time.
pub const AT_ONCE: usize = 64;

impl Items {
    /// Reads items of a split by their places. `transform` is that of the judge, or of the model where there is none.
    ///
    /// # Errors
    /// The data set's and the engine's own.
    pub fn read(
        subject: &Subject,
        eye: &Eye,
        split: &Split,
        places: &[u32],
        transform: Transform,
    ) -> Result<Items, Error> {
        let mut items = Items { n: places.len(), ..Items::default() };
        items.columns = vec![Vec::new(); split.attributes().len()];
        for places in places.chunks(AT_ONCE) {
            let batch = split.batch(places, transform)?;
            if let Some(Input::F32(images)) = batch.inputs.get("x") {
                items.seen.append(eye.look(images)?);
            }
            // What the model sees may be drawn or binarized.
            let batch = match transform == subject.transform {
                true => batch,
                false => split.batch(places, subject.transform)?,
            };
            if let Some(codes) = subject.encode(&batch)? {
                items.codes.extend(codes);
            }
            match batch.inputs.get("label") {
                Some(Input::I64 { data, .. }) => {
                    let known = |&label: &i64| if label < 0 { f32::NAN } else { label as f32 };
                    items.labels.extend(data.iter().map(known));
                }
                _ => items.labels.extend(places.iter().map(|_| f32::NAN)),
            }
            for (column, attribute) in items.columns.iter_mut().zip(split.attributes()) {
                column.extend(attribute_of(&batch, attribute));
            }
            append(&mut items.given, batch);
        }
        Ok(items)
    }

    /// The values of the class or of an attribute.
    pub fn values(&self, place: Place) -> &[f32] {
        match place {
            Place::Class => &self.labels,
            Place::Attribute(number) => &self.columns[number],
        }
    }

    #[cfg(test)]
    pub fn of(n: usize, codes: Vec<f32>, columns: Vec<Vec<f32>>) -> Items {
        Items { n, codes, columns, labels: vec![f32::NAN; n], ..Items::default() }
    }

    /// The codes of some of them, `[n, D]`.
    pub fn codes_of(&self, items: &[usize]) -> Vec<f32> {
        take(&self.codes, self.codes.len() / self.n.max(1), items)
    }
}

/// Adds the inputs of more items, but for their images.
fn append(all: &mut Batch, more: Batch) {
    for (name, input) in more.inputs.into_iter().filter(|(name, _)| name != "x") {
        match (all.inputs.get_mut(&name), input) {
            (Some(Input::F32(all)), Input::F32(more)) => {
                all.shape[0] += more.shape[0];
                all.data.extend(more.data);
            }
            (Some(Input::I64 { shape, data }), Input::I64 { shape: rows, data: more }) => {
                shape[0] += rows[0];
                data.extend(more);
            }
            (_, input) => {
                all.inputs.insert(name, input);
            }
        }
    }
}
