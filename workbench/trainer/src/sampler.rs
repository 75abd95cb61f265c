//! From what codes are drawn: the prior, or a mixture of Gaussians fitted to the codes of training items.
//!
//! Codes do not lie where the prior N(0, I) does, so that draws of it decode into pictures that are none (Ghosh et al. 2020,
//! "From Variational to Deterministic Autoencoders", section 4: ex-post density estimation). A model that is conditioned on
//! the class has a mixture for each; one that is conditioned on attributes has a linear regression of the code on them and
//! a mixture of what that leaves, so that combinations can be drawn that no item has.

mod features;
mod fitting;
mod store;
mod while_training;

use workbench_analysis::Mixture;
use workbench_engine::noise::{Key, normal, uniform};
use workbench_engine::{Array, Batch, Input, Session};
use workbench_runs::Attribute;

pub use fitting::{Effort, fit};
pub use store::{keep, kept};

use crate::condition::attribute_of;
use crate::{Error, Wanted, condition, of_items};
use features::Features;

/// Codes and what their pictures are conditioned on.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// `[n, D]`.
    pub z: Array,
    /// For [`Session::decode`].
    pub others: Batch,
}

/// `n` codes with what their pictures are conditioned on: as [`condition()`] has it, of items in turn and what is wanted. Without
/// a sampler they are of the prior. The same seed draws the same codes, and fewer of them are the first ones.
///
/// # Errors
/// The architecture has no port `z`.
pub fn draw(
    session: &Session,
    sampler: Option<&Sampler>,
    items: &Batch,
    (n, seed): (usize, u64),
    classes: usize,
    wanted: &Wanted,
) -> Result<Drawn, Error> {
    draw_for(session, sampler, condition(items, n, classes, wanted), (n, seed))
}

/// As [`draw`], for what the codes are to be conditioned on.
///
/// # Errors
/// The architecture has no port `z`.
pub fn draw_for(
    session: &Session,
    sampler: Option<&Sampler>,
    others: Batch,
    (n, seed): (usize, u64),
) -> Result<Drawn, Error> {
    let z = match sampler {
        Some(sampler) => sampler.draw(&others, n, seed, 0),
        None => session.prior(n, seed, 0)?,
    };
    Ok(Drawn { z, others })
}

/// The images `[n, …]` of codes in 0..1, decoded in parts, so that any number of them fits.
///
/// # Errors
/// The architecture marks no picture; the engine's own.
pub fn decoded(session: &Session, drawn: &Drawn) -> Result<Array, Error> {
    let (n, dims) = (drawn.z.shape[0], drawn.z.shape[1]);
    let part = |first: usize| -> Result<Array, Error> {
        let places: Vec<usize> = (first..n.min(first + AT_ONCE)).collect();
        let data = drawn.z.data[first * dims..(first + places.len()) * dims].to_vec();
        let z = Array { shape: vec![places.len(), dims], data };
        Ok(session.decode(&z, &of_items(&drawn.others, &places))?)
    };
    let mut images = part(0)?;
    for first in (AT_ONCE..n).step_by(AT_ONCE) {
        let more = part(first)?;
        images.shape[0] += more.shape[0];
        images.data.extend(more.data);
    }
    Ok(images)
}

/// So many codes are decoded at once.
const AT_ONCE: usize = 256;

/// What codes are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampleFrom {
    /// A mixture fitted to the codes.
    #[default]
    Fitted,
    /// N(0, I).
    Prior,
}

impl SampleFrom {
    pub fn of(sampler: Option<&Sampler>) -> SampleFrom {
        if sampler.is_some() { SampleFrom::Fitted } else { SampleFrom::Prior }
    }

    /// "fitted", "prior".
    pub fn name(self) -> &'static str {
        match self {
            SampleFrom::Fitted => "fitted",
            SampleFrom::Prior => "prior",
        }
    }

    /// What samples of it are, for a title.
    pub fn title(self) -> &'static str {
        match self {
            SampleFrom::Fitted => "Samples, z fitted to the codes",
            SampleFrom::Prior => "Samples of the prior N(0, I)",
        }
    }
}

/// What was fitted to the codes of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampler {
    /// The step of the model.
    pub step: u64,
    /// The items whose codes it was fitted to.
    pub items: usize,
    dims: usize,
    /// How many classes the model is conditioned on; 0 where it is not.
    classes: usize,
    /// The attributes that the model is conditioned on.
    attributes: Vec<Attribute>,
    /// Of the code on their features, `[F + 1, D]`, the intercept last; empty without attributes.
    regression: Vec<f64>,
    /// One, or one a class.
    mixtures: Vec<Mixture>,
}

impl Sampler {
    /// `n` codes `[n, D]` for what they are conditioned on. A code depends on the seed, `draw` and its own place alone.
    pub fn draw(&self, others: &Batch, n: usize, seed: u64, draw: u64) -> Array {
        let features = Features::of(&self.attributes, self.classes);
        let labels: &[i64] = match others.inputs.get("label") {
            Some(Input::I64 { data, .. }) => data,
            _ => &[],
        };
        let columns: Vec<Vec<f32>> =
            self.attributes.iter().map(|attribute| attribute_of(others, attribute)).collect();
        let mut data = Vec::with_capacity(n * self.dims);
        for i in 0..n {
            let label = labels.get(i).and_then(|&label| usize::try_from(label).ok());
            // Of a class that is not known, each is as good as another.
            let of = label.filter(|label| *label < self.mixtures.len());
            let mixture = &self.mixtures[of.unwrap_or(i % self.mixtures.len())];
            let place = i as u64;
            let choice = uniform(Key::new(seed, "sampler component", draw, place), 1);
            let noise = normal(Key::new(seed, "sampler", draw, place), self.dims);
            let noise: Vec<f64> = noise.into_iter().map(f64::from).collect();
            let mut z = mixture.draw(f64::from(choice[0]), &noise);
            if !self.regression.is_empty() {
                let value = |at: usize| columns[at].get(i).copied().unwrap_or(f32::NAN);
                features.add(&self.regression, &features.row(value, label), &mut z);
            }
            data.extend(z.into_iter().map(|x| x as f32));
        }
        Array { shape: vec![n, self.dims], data }
    }

    /// "16 Gaussians fitted to the codes of 4,046 items".
    pub fn words(&self) -> String {
        let components: usize = self.mixtures.iter().map(|mixture| mixture.components.len()).sum();
        let plural = if components == 1 { "" } else { "s" };
        let by = match (self.mixtures.len(), &self.attributes[..]) {
            (1, []) => String::new(),
            (1, _) => ", about a regression on the attributes".to_owned(),
            (_, []) => ", by class".to_owned(),
            (..) => ", by class, about a regression on the attributes".to_owned(),
        };
        format!(
            "{components} Gaussian{plural}{by}, fitted to the codes of {} training items",
            self.items
        )
    }
}

#[cfg(test)]
mod tests;
