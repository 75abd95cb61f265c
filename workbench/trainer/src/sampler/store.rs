//! Samplers in the run directory.

use workbench_analysis::{Cholesky, Component, Mixture};
use workbench_engine::Session;
use workbench_runs::{AboutSampler, Data, KeptSampler, RunDir, Tensor, Tensors, sampler::digest};

use super::Sampler;
use super::features::Features;
use crate::Error;
use crate::restore::tensors;

/// Keeps a sampler that was fitted to the codes of this session's model, and removes those whose checkpoint is gone. Only the
/// holder of the run's claim may call this.
///
/// # Errors
/// The run directory's own.
pub fn keep(run: &RunDir, session: &Session, sampler: &Sampler) -> Result<(), Error> {
    let about = AboutSampler {
        model: digest(&tensors(session.parameters()?))?,
        items: sampler.items,
        classes: sampler.classes,
        attributes: sampler.attributes.clone(),
    };
    KeptSampler { step: sampler.step, about, tensors: to_tensors(sampler) }.save(run)?;
    for (_, path) in KeptSampler::orphans(run, &[])?.iter().filter(|(s, _)| *s != sampler.step) {
        // It is removed by whoever keeps the next one.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// The sampler that a run keeps for the model of this session; `None` where it keeps none, or one of another model.
///
/// # Errors
/// A file that is damaged or can't be read.
pub fn kept(run: &RunDir, session: &Session) -> Result<Option<Sampler>, Error> {
    let Some(kept) = KeptSampler::load(run, session.step())? else { return Ok(None) };
    if kept.about.model != digest(&tensors(session.parameters()?))? {
        return Ok(None);
    }
    let dims = session.latent_dims().unwrap_or(0);
    let path = KeptSampler::path(run, kept.step);
    let damaged = |why| Error::Run(workbench_runs::Error::Damaged { path, why });
    from_tensors(&kept, dims).map(Some).map_err(damaged)
}

/// Mixtures one after the other: `components` tells how many each has; of the factors the lower triangles, row by row.
fn to_tensors(sampler: &Sampler) -> Tensors {
    let dims = sampler.dims;
    let floats = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x as f32).collect();
    let all: Vec<&Component> =
        sampler.mixtures.iter().flat_map(|mixture| &mixture.components).collect();
    let counts: Vec<i64> = sampler.mixtures.iter().map(|m| m.components.len() as i64).collect();
    let weights: Vec<f32> = floats(&mut all.iter().map(|component| component.weight));
    let means: Vec<f32> = floats(&mut all.iter().flat_map(|component| component.mean.clone()));
    let triangle = |component: &&Component| {
        let lower = component.factor.lower();
        (0..dims).flat_map(|i| lower[i * dims..i * dims + i + 1].to_vec()).collect::<Vec<_>>()
    };
    let factors: Vec<f32> = floats(&mut all.iter().flat_map(triangle));
    let mut tensors = Tensors::from([
        ("components".to_owned(), Tensor::i64([counts.len()], counts)),
        ("weights".to_owned(), Tensor::f32([all.len()], weights)),
        ("means".to_owned(), Tensor::f32([all.len(), dims], means)),
        ("factors".to_owned(), Tensor::f32([all.len(), dims * (dims + 1) / 2], factors)),
    ]);
    if !sampler.regression.is_empty() {
        let rows = sampler.regression.len() / dims.max(1);
        let weights = floats(&mut sampler.regression.iter().copied());
        tensors.insert("regression".to_owned(), Tensor::f32([rows, dims], weights));
    }
    tensors
}

fn from_tensors(kept: &KeptSampler, dims: usize) -> Result<Sampler, String> {
    let counts = match kept.tensors.get("components") {
        Some(Tensor { data: Data::I64(counts), .. }) => counts,
        _ => return Err("it holds no `components`".to_owned()),
    };
    let about = &kept.about;
    let is_count = |count: &i64| (1..=1 << 20).contains(count);
    if counts.len() != about.classes.max(1) || !counts.iter().all(is_count) || dims == 0 {
        return Err("`components` does not tell one or more for each mixture".to_owned());
    }
    let total: usize = counts.iter().map(|count| *count as usize).sum();
    let floats = |name: &str, shape: &[usize]| match kept.tensors.get(name) {
        Some(Tensor { shape: there, data: Data::F32(data) }) if there == shape => {
            match data.iter().all(|x| x.is_finite()) {
                true => Ok(data.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>()),
                false => Err(format!("`{name}` holds numbers that are not finite")),
            }
        }
        Some(other) => Err(format!("`{name}` has the shape {:?}, not {shape:?}", other.shape)),
        None => Err(format!("it holds no `{name}`")),
    };
    let triangle = dims * (dims + 1) / 2;
    let weights = floats("weights", &[total])?;
    let means = floats("means", &[total, dims])?;
    let factors = floats("factors", &[total, triangle])?;
    let features = Features::of(&about.attributes, about.classes).count;
    let regression = match about.attributes.is_empty() {
        true => Vec::new(),
        false => floats("regression", &[features + 1, dims])?,
    };
    let component = |at: usize| {
        let mut lower = vec![0.0; dims * dims];
        let mut from = at * triangle;
        for i in 0..dims {
            lower[i * dims..i * dims + i + 1].copy_from_slice(&factors[from..from + i + 1]);
            from += i + 1;
        }
        let factor = Cholesky::from_lower(lower, dims).ok_or_else(|| {
            format!("factor {at} of `factors` has a diagonal that is not positive")
        })?;
        let mean = means[at * dims..(at + 1) * dims].to_vec();
        Ok(Component { weight: weights[at], mean, factor })
    };
    let mut first = 0;
    let mut mixtures = Vec::with_capacity(counts.len());
    for count in counts {
        let components =
            (first..first + *count as usize).map(component).collect::<Result<_, String>>()?;
        mixtures.push(Mixture { dims, components });
        first += *count as usize;
    }
    Ok(Sampler {
        step: kept.step,
        items: about.items,
        dims,
        classes: about.classes,
        attributes: about.attributes.clone(),
        regression,
        mixtures,
    })
}
