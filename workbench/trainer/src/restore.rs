//! Between the engine's arrays and a checkpoint's tensors.

use std::collections::BTreeMap;

use workbench_engine::{Array, Session};
use workbench_runs::{Checkpoint, Data, Tensor, Tensors};

use crate::Error;
use crate::kept::Kept;

/// Puts a checkpoint's model into a session, to use it, and tells what was set while it was trained, by knob. Where an
/// average of the weights is kept (`train.ema`), the session computes with that.
///
/// # Errors
/// [`Error::Checkpoint`] where it does not fit the session's graph.
pub fn load_model(
    session: &mut Session,
    checkpoint: &Checkpoint,
) -> Result<BTreeMap<String, f64>, Error> {
    let kept = restore(session, checkpoint)?;
    session.use_average(true);
    Ok(kept.set)
}

/// Puts everything that a checkpoint holds into a session.
pub(crate) fn restore(session: &mut Session, checkpoint: &Checkpoint) -> Result<Kept, Error> {
    let mismatch = |why: String| Error::Checkpoint { step: checkpoint.step, why };
    let model = arrays(&checkpoint.model).map_err(mismatch)?;
    session.load_parameters(&model).map_err(|error| mismatch(error.to_string()))?;
    let optimizer = arrays(&checkpoint.optimizer).map_err(mismatch)?;
    session
        .load_optimizer_state(&optimizer, checkpoint.step)
        .map_err(|error| mismatch(error.to_string()))?;
    Kept::from_table(&checkpoint.state).map_err(mismatch)
}

pub(crate) fn tensors(arrays: BTreeMap<String, Array>) -> Tensors {
    arrays.into_iter().map(|(name, array)| (name, Tensor::f32(array.shape, array.data))).collect()
}

fn arrays(tensors: &Tensors) -> Result<BTreeMap<String, Array>, String> {
    let array = |(name, tensor): (&String, &Tensor)| match &tensor.data {
        Data::F32(data) => {
            Ok((name.clone(), Array { shape: tensor.shape.clone(), data: data.clone() }))
        }
        Data::I64(_) => Err(format!("`{name}` holds whole numbers, and parameters do not")),
    };
    tensors.iter().map(array).collect()
}
