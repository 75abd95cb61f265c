//! The model under test.

use workbench_engine::{Array, Batch, Session};
use workbench_runs::Attribute;
use workbench_trainer::{Asked, Transform, of_items, with_attribute};

use crate::items::AT_ONCE;
use crate::target::Place;
use crate::{Error, Eye, Seen, Target};

/// Draws codes `[n, D]` for `n` images that are conditioned on a batch; the number tells one drawing from another.
pub type Draw<'a> = dyn Fn(usize, u64, &Batch) -> Result<Array, String> + 'a;

/// A model, and how codes are drawn for it.
pub struct Subject<'a> {
    pub session: &'a Session,
    /// What describes its data.
    pub classes: &'a [String],
    pub attributes: &'a [Attribute],
    /// How it sees items.
    pub transform: Transform,
    pub draw: &'a Draw<'a>,
}

impl Subject<'_> {
    /// Posterior means `[B, D]`; `None` where the model has no posterior.
    pub(crate) fn encode(&self, batch: &Batch) -> Result<Option<Vec<f32>>, Error> {
        match self.session.encode(batch) {
            Ok(posterior) => Ok(Some(posterior.mean.data)),
            Err(workbench_engine::Error::NotMarked { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it makes images of codes.
    pub fn draws(&self) -> bool {
        let lacks = self.session.graph().undrawable();
        !lacks.iter().any(|lack| lack.figures.contains(&"samples"))
    }

    /// Whether it is conditioned on a target.
    pub(crate) fn is_conditioned_on(&self, target: &Target) -> bool {
        !self.conditions(target).is_empty()
    }

    /// A batch with the values of a target that the model is conditioned on set, NaN for not known.
    pub(crate) fn conditioned(&self, mut batch: Batch, target: &Target, values: &[f32]) -> Batch {
        for place in self.conditions(target) {
            batch = match place {
                Place::Class => {
                    let labels = values.iter().map(|&value| value as i64).collect();
                    batch.with_i64("label", &[values.len()], labels)
                }
                Place::Attribute(number) => with_attribute(batch, &self.attributes[number], values),
            };
        }
        batch
    }

    /// What is seen of images for codes `[N, D]`, conditioned on a batch of as many items.
    pub(crate) fn decoded(&self, eye: &Eye, codes: &[f32], given: &Batch) -> Result<Seen, Error> {
        let dims = self.session.latent_dims().unwrap_or(1).max(1);
        let mut seen = Seen::default();
        for (number, codes) in codes.chunks(AT_ONCE * dims).enumerate() {
            let n = codes.len() / dims;
            let rows: Vec<usize> = (number * AT_ONCE..number * AT_ONCE + n).collect();
            let z = Array { shape: vec![n, dims], data: codes.to_vec() };
            seen.append(eye.look(&self.session.decode(&z, &of_items(given, &rows))?)?);
        }
        Ok(seen)
    }

    /// What is seen of as many drawn images as a batch has items, conditioned on it.
    pub(crate) fn drawn(
        &self,
        eye: &Eye,
        n: usize,
        number: u64,
        given: &Batch,
    ) -> Result<Seen, Error> {
        let codes = (self.draw)(n, number, given).map_err(Error::Draw)?;
        self.decoded(eye, &codes.data, given)
    }

    /// The class and the attribute that mean a target, as far as the model is conditioned on them.
    fn conditions(&self, target: &Target) -> Vec<Place> {
        let asked = Asked::of(self.session);
        let Some(place) = target.place else { return Vec::new() };
        let is_class = place == Place::Class || target.attribute.values == self.classes;
        let class = (asked.class && is_class).then_some(Place::Class);
        let means = |(number, attribute): &(usize, &Attribute)| {
            let is_it = place == Place::Attribute(*number)
                || (place == Place::Class && attribute.values == target.attribute.values);
            is_it && asked.attributes.contains(&attribute.name)
        };
        let attributes = self.attributes.iter().enumerate().filter(means);
        class.into_iter().chain(attributes.map(|(number, _)| Place::Attribute(number))).collect()
    }
}
