//! How far the codes of all items together lie from the prior.

use workbench_analysis::{AggregatePosterior, aggregate_posterior};
use workbench_engine::Session;
use workbench_runs::Snapshot;

use crate::{Error, Split, Transform};

/// Of the posteriors of a split's items; `None` where the architecture marks no posterior with a variance, or a number is
/// not finite.
///
/// # Errors
/// The engine's own, and those of [`Split::batch`].
pub fn aggregate(
    session: &Session,
    split: &Split,
    codes: &Snapshot,
    transform: Transform,
    seed: u64,
) -> Result<Option<AggregatePosterior>, Error> {
    if codes.is_empty() || split.is_empty() {
        return Ok(None);
    }
    // A snapshot holds zeros where there is no variance.
    if session.encode(&split.batch(&[0], transform)?)?.log_variance.is_none() {
        return Ok(None);
    }
    let draws = MOST_DRAWS.min((MOST_WORK / codes.mean.len()).max(LEAST_DRAWS));
    Ok(aggregate_posterior(&codes.mean, &codes.logvar, codes.dims, draws, seed))
}

const MOST_DRAWS: usize = 2000;
const LEAST_DRAWS: usize = 200;
/// Draws · items · dimensions.
const MOST_WORK: usize = 2_000_000_000;
