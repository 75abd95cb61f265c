use std::thread;
use std::time::{Duration, Instant};

use super::{Claim, Fate, Holder};
use crate::{Error, RunDir, read};

/// A status that stands still for this long, as watched from here, is of a trainer that is gone: it is written every
/// two seconds.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(60);
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

const MAX_STATUS: u64 = 1 << 20;

/// Claims a run directory, also from a holder of whom only the run's status tells whether it is at work.
pub(super) fn acquire(
    run: &RunDir,
    watches: &mut dyn FnMut(&Holder),
    lost_after: Duration,
    between_looks: Duration,
) -> Result<Claim, Error> {
    let mut silent: Vec<String> = Vec::new();
    let mut watched: Option<(String, Option<Vec<u8>>, Instant)> = None;
    loop {
        let (path, holder) = match Claim::acquire_from(run, &silent) {
            Err(Error::Claimed { path, holder }) if holder.fate() == Fate::Unknown => {
                (path, holder)
            }
            other => return other,
        };
        // One that can't be read is as one that is not there: a change is what counts.
        let now = read::whole(&run.status(), MAX_STATUS).ok().flatten();
        match &watched {
            Some((token, status, _)) if *token == holder.token && *status != now => {
                return Err(Error::Claimed { path, holder });
            }
            Some((token, _, since)) if *token == holder.token => {
                if since.elapsed() >= lost_after {
                    silent.push(holder.token);
                    continue;
                }
            }
            _ => {
                watches(&holder);
                watched = Some((holder.token, now, Instant::now()));
            }
        }
        thread::sleep(between_looks);
    }
}
