//! What `eval` measures of a model besides its objective: reconstructions, the aggregate posterior, samples.

use std::collections::BTreeMap;

use workbench_runs::{RunDir, Snapshot};
use workbench_trainer::{
    SampleFrom, Source, Split, Splits, Transform, Wanted, acceptance, acceptance_samples,
    aggregate, fidelity,
};

use crate::failure::Result;
use crate::model::Model;
use crate::sampling;

/// Each measure's name, and what it says.
pub const MEASURES: [(&str, &str); 8] = [
    ("psnr", "dB, of reconstructions"),
    ("gradients", "sharpness of reconstructions: horizontal differences over the data's"),
    ("kl_aggregate", "KL(q(z) ‖ p(z)): how far all codes together lie from the prior"),
    ("mutual_information", "I(x; z), at most ln N of N items; with kl_aggregate it is the mean KL"),
    ("samples/fitted/near_data", "as near to a training picture as 99% of reconstructions"),
    ("samples/fitted/reencoded", "changed by another round as little as 99% of reconstructions"),
    ("samples/prior/near_data", "the same, of samples of the prior"),
    ("samples/prior/reencoded", "the same, of samples of the prior"),
];

/// What a measure says; nothing of those that an architecture names.
pub fn about(name: &str) -> &'static str {
    MEASURES.iter().find(|(known, _)| *known == name).map_or("", |(_, about)| about)
}

/// The measures of a split, as far as the architecture marks what they take. `codes`: those of the split. `wanted`: names, or
/// none for all.
///
/// # Errors
/// The data set's own, and the model's.
pub fn measure(
    model: &Model,
    run: &RunDir,
    (splits, split): (&Splits, &Split),
    codes: Option<&Snapshot>,
    wanted: &[String],
) -> Result<BTreeMap<String, f32>> {
    let (session, experiment) = (&model.session, &model.prepared.experiment);
    let (batch, seed) = (experiment.train.batch_size, experiment.seed);
    let fixed = Transform::fixed(experiment);
    let is_wanted =
        |begins: &str| wanted.is_empty() || wanted.iter().any(|name| name.starts_with(begins));
    let mut measures = BTreeMap::new();
    let mut add = |name: &str, value: f32| measures.insert(name.to_owned(), value);
    if (is_wanted("psnr") || is_wanted("gradients"))
        && let Some(found) = fidelity(session, split, batch, fixed)?
    {
        add("psnr", found.psnr);
        found.gradients.map(|gradients| add("gradients", gradients));
    }
    if (is_wanted("kl_aggregate") || is_wanted("mutual_information"))
        && let Some(codes) = codes
        && let Some(found) = aggregate(session, split, codes, fixed, seed)?
    {
        add("kl_aggregate", found.kl as f32);
        add("mutual_information", found.mutual_information as f32);
    }
    if is_wanted("samples/") && codes.is_some() && session.latent_dims().is_some() {
        let sampler = sampling::sampler(model, run, SampleFrom::Fitted)?;
        let size: usize = model.prepared.source.image().iter().product();
        let n = acceptance_samples(size);
        let mut names = vec![SampleFrom::Prior];
        names.extend(sampler.is_some().then_some(SampleFrom::Fitted));
        let mut drawn = Vec::new();
        for from in &names {
            let sampler = sampler.as_ref().filter(|_| *from == SampleFrom::Fitted);
            drawn.push(sampling::drawn(model, sampler, (n, seed), &Wanted::default())?);
        }
        let both = (split, &splits.train);
        if let Some(found) = acceptance(session, both, &drawn, (batch, seed), fixed)? {
            for (from, found) in names.iter().zip(found) {
                add(&format!("samples/{}/near_data", from.name()), found.near_data);
                add(&format!("samples/{}/reencoded", from.name()), found.reencoded);
            }
        }
    }
    Ok(measures)
}
