//! Some steps of training on random pictures.

use std::collections::BTreeMap;

use workbench_engine::{Controls, DeviceKind, Measures, OptimizerConfig, Session};
use workbench_host::KnobInfo;

use super::{Architecture, batch, judged, size};
use crate::conformance::outcome::Outcome;

/// More than one: what a gate holds shut at first may open.
const STEPS: u64 = 3;
const ITEMS: usize = 8;

/// A graph after some steps.
pub struct Trained {
    pub image: &'static [usize],
    pub session: Session,
    first: Measures,
    last: Measures,
}

pub fn training(it: &mut Architecture) -> Outcome {
    judged(|| {
        let words = it.trained()?.iter().map(|trained| {
            let [first, last] =
                [&trained.first, &trained.last].map(|m| crate::console::number(m.loss.into()));
            format!("{}: loss {first} to {last}", size(trained.image))
        });
        Ok(Outcome::passed(format!(
            "{STEPS} steps of {ITEMS} random images, {}",
            words.collect::<Vec<_>>().join("; ")
        )))
    })
}

/// Trains each size.
///
/// # Errors
/// What is not finite, with the node and the plugin's line; whatever the engine can't do.
pub fn train_all(it: &mut Architecture) -> Result<Vec<Trained>, Outcome> {
    let knobs = knobs(&it.info.knobs);
    let controls = Controls { lr: 1e-3, knobs: &knobs, clip_norm: None };
    let mut all = Vec::new();
    for (image, graph) in it.graphs()? {
        let fail = |error: workbench_engine::Error| {
            let help =
                "mend what is named; pictures were random, in 0 to 1, parameters as initialised";
            Outcome::failed(format!("{}: {error}", size(image)), help)
        };
        let mut session =
            Session::new(graph, DeviceKind::Cpu, 7, OptimizerConfig::default()).map_err(fail)?;
        let first = session.train_step(&batch(image, ITEMS, 0), &controls).map_err(fail)?;
        let mut last = first.clone();
        for step in 1..STEPS {
            last = session.train_step(&batch(image, ITEMS, step), &controls).map_err(fail)?;
        }
        let metric = |measures: &Measures| {
            measures
                .values
                .iter()
                .find(|(_, value)| !value.is_finite())
                .map(|(name, _)| name.clone())
        };
        if let Some(name) = metric(&first).or_else(|| metric(&last)) {
            let message = format!("{}: the metric `{name}` is not finite", size(image));
            return Err(Outcome::failed(
                message,
                "bound what it is made of, such as a logarithm's argument",
            ));
        }
        all.push(Trained { image, session, first, last });
    }
    Ok(all)
}

/// At their defaults; one that is 0 would hide what it weighs, and is 1 or as near as it may be.
fn knobs(declared: &[KnobInfo]) -> BTreeMap<String, f64> {
    let value = |knob: &KnobInfo| match knob.default {
        0.0 if knob.min <= knob.max => 1f64.clamp(knob.min, knob.max),
        default => default,
    };
    declared.iter().map(|knob| (knob.name.clone(), value(knob))).collect()
}
