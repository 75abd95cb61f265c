//! `requests/`: how a viewer asks something of a trainer, on any host: one file a request, taken
//! between two steps and removed.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Error, RunDir, durable, read};

const MAX_BYTES: u64 = 1 << 16;

/// What can be asked of a trainer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// Write a checkpoint and end.
    Stop,
    /// Wait before the next step.
    Pause,
    /// Go on after a pause.
    Continue,
    /// Write a checkpoint now.
    Save,
    /// Set a live scalar, such as `lr` or `beta`.
    Set { knob: String, value: f64 },
}

impl Request {
    /// Drops the request for the trainer; it is on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Unwritable`] for a value that is not finite, [`Error::Io`].
    pub fn post(&self, run: &RunDir) -> Result<(), Error> {
        let dir = run.requests();
        if let Request::Set { knob, value } = self
            && !value.is_finite()
        {
            return Err(Error::unwritable(
                &dir,
                format!("the value {value} for `{knob}` is not finite"),
            ));
        }
        let bytes = serde_json::to_vec(self).map_err(|e| Error::unwritable(&dir, e))?;
        durable::make_dir_in_place(&dir)?;
        let latest = waiting(&dir)?.pop().and_then(|path| posted(&path)).unwrap_or(0);
        let now = jiff::Timestamp::now().as_nanosecond().max(0) as u64;
        // After all that wait already, even if a clock went back or another host's is ahead.
        let order = now.max(latest.saturating_add(1));
        // The standard library seeds its hashers from the system's randomness.
        let unique = RandomState::new().build_hasher().finish();
        let name = format!("{order:020}-{}-{unique:016x}.json", std::process::id());
        durable::write(&dir.join(name), &bytes)
    }
}

/// Takes the requests that wait, in the order of their posting.
///
/// # Errors
/// [`Error::Damaged`] for one that cannot be understood. It is removed, and none is lost with it: it
/// is told of only when it is the first in line, and the next call goes on with those behind it.
/// [`Error::Io`].
pub fn take(run: &RunDir) -> Result<Vec<Request>, Error> {
    let mut taken = Vec::new();
    for path in waiting(&run.requests())? {
        let request = match read::whole(&path, MAX_BYTES) {
            Ok(Some(bytes)) => serde_json::from_slice(&bytes).map_err(|e| Error::damaged(&path, e)),
            Ok(None) => continue,
            Err(error @ Error::Damaged { .. }) => Err(error),
            Err(error) if taken.is_empty() => return Err(error),
            Err(_) => break,
        };
        if request.is_err() && !taken.is_empty() {
            break;
        }
        match fs::remove_file(&path) {
            Ok(()) => taken.push(request?),
            // What cannot be removed would be taken again at every step.
            Err(e) if taken.is_empty() => return Err(Error::io("remove", &path)(e)),
            Err(_) => break,
        }
    }
    Ok(taken)
}

/// The request files, in order; what else lies there, or is still being written, is left out.
fn waiting(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match read::retrying(|| fs::read_dir(dir)) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", dir)(e)),
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            !name.starts_with('.') && name.ends_with(".json")
        })
        .map(|entry| entry.path())
        .filter(|path| !path.is_dir())
        .collect();
    paths.sort();
    Ok(paths)
}

/// The place in the order that a request's name tells.
fn posted(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(dir: &tempfile::TempDir) -> RunDir {
        RunDir::create(dir.path(), "run").unwrap()
    }

    fn all() -> Vec<Request> {
        let set = |value| Request::Set { knob: "beta".into(), value };
        vec![Request::Pause, set(0.1), Request::Save, set(4.0), Request::Continue, Request::Stop]
    }

    #[test]
    fn requests_are_taken_once_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        assert!(take(&run).unwrap().is_empty());
        for request in all() {
            request.post(&run).unwrap();
        }
        assert_eq!(take(&run).unwrap(), all());
        assert!(take(&run).unwrap().is_empty());
        assert_eq!(fs::read_dir(run.requests()).unwrap().count(), 0);
    }

    #[test]
    fn the_order_holds_when_a_clock_went_back() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        fs::create_dir(run.requests()).unwrap();
        // Posted in the year 2400 by its host's clock.
        fs::write(run.requests().join("13569465600000000000-9-0.json"), "\"pause\"").unwrap();
        Request::Stop.post(&run).unwrap();
        Request::Save.post(&run).unwrap();
        assert_eq!(take(&run).unwrap(), [Request::Pause, Request::Stop, Request::Save]);
    }

    #[test]
    fn one_that_cannot_be_read_is_told_of_and_loses_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        Request::Save.post(&run).unwrap();
        let bad = run.requests().join("99999999999999999998-1-0.json");
        fs::write(&bad, r#"{"set":{"knob":"lr"}}"#).unwrap();
        fs::write(run.requests().join("99999999999999999999-1-0.json"), "\"stop\"").unwrap();
        fs::write(run.requests().join(".aside-x.json"), "half").unwrap();
        assert_eq!(take(&run).unwrap(), [Request::Save]);
        let error = take(&run).unwrap_err();
        assert!(matches!(&error, Error::Damaged { path, .. } if path == &bad), "{error}");
        assert_eq!(take(&run).unwrap(), [Request::Stop]);
        assert!(take(&run).unwrap().is_empty());
    }

    #[test]
    fn a_flipped_bit_is_told_of_or_another_request_and_removed_either_way() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        fs::create_dir(run.requests()).unwrap();
        let whole = br#"{"set":{"knob":"beta","value":4.5}}"#;
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(run.requests().join("1-1-0.json"), bytes).unwrap();
            match take(&run) {
                Ok(taken) => assert_eq!(taken.len(), 1, "bit {bit}"),
                Err(error) => assert!(matches!(error, Error::Damaged { .. }), "bit {bit}: {error}"),
            }
            assert!(take(&run).unwrap().is_empty());
        }
    }

    #[test]
    fn a_value_that_is_not_finite_is_refused_where_it_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(&dir);
        let error = Request::Set { knob: "lr".into(), value: f64::NAN }.post(&run).unwrap_err();
        assert!(error.to_string().contains("`lr`"), "{error}");
        assert!(take(&run).unwrap().is_empty());
    }
}
