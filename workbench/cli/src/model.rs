//! A run's trained model.

use std::collections::BTreeMap;

use workbench_engine::Session;
use workbench_experiment::Experiment;
use workbench_runs::{RunDir, checkpoint};

use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::prepare::Prepared;

/// A run with its newest good checkpoint in a session.
pub struct Model {
    pub prepared: Prepared,
    pub session: Session,
    /// As the checkpoint's next step would have them.
    pub knobs: BTreeMap<String, f64>,
}

impl Model {
    /// # Errors
    /// The run has no checkpoint yet, or its plugins or data are not what they were.
    pub fn load(context: &Context, run: &RunDir) -> Result<Model> {
        Model::of(context, run, experiment(run)?)
    }

    /// A second model, which computes with the threads that there are.
    ///
    /// # Errors
    /// As for [`Model::load`].
    pub fn load_beside(context: &Context, run: &RunDir) -> Result<Model> {
        let mut experiment = experiment(run)?;
        experiment.device.threads = 0;
        Model::of(context, run, experiment)
    }

    fn of(context: &Context, run: &RunDir, experiment: Experiment) -> Result<Model> {
        let prepared = Prepared::new(context, experiment)?;
        let mut session = prepared.session()?;
        let Some((checkpoint, damaged)) = checkpoint::load_newest(run)? else {
            return Err(Failure::usage(format_args!(
                "{} has no checkpoint yet: the first comes after an epoch, or now with `workbench save {}`",
                run.name(),
                run.name()
            )));
        };
        for error in damaged {
            console::warning(format_args!(
                "{error}; the checkpoint of step {} is used",
                checkpoint.step
            ));
        }
        let set = workbench_trainer::load_model(&mut session, &checkpoint)?;
        let at = prepared.plan.position(checkpoint.step);
        let knobs = workbench_trainer::knobs(&session, &prepared.experiment, &set, at);
        Ok(Model { prepared, session, knobs })
    }
}

/// The experiment as a run resolved it.
pub fn experiment(run: &RunDir) -> Result<Experiment> {
    Experiment::load(&run.experiment(), &[]).map_err(Failure::usage)
}
