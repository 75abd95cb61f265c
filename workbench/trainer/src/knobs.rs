//! What the knobs are at a step.

use std::collections::BTreeMap;

use workbench_engine::Session;
use workbench_experiment::{Experiment, Position};

/// Every knob's value: as it was set by request, or else by its schedule, or else its default.
pub fn knobs(
    session: &Session,
    experiment: &Experiment,
    set: &BTreeMap<String, f64>,
    at: Position,
) -> BTreeMap<String, f64> {
    let value = |name: &str, default| match (set.get(name), experiment.knobs.get(name)) {
        (Some(set), _) => *set,
        (None, Some(schedule)) => schedule.at(at),
        (None, None) => default,
    };
    let declared = session.graph().knobs().iter();
    declared.map(|knob| (knob.name.clone(), value(&knob.name, knob.default))).collect()
}
