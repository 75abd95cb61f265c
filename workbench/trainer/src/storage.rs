//! What of the disk does not work, in words.

use std::collections::BTreeMap;

use workbench_runs::Error;

/// What is written or read while a run trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Checkpoints,
    Log,
    Latents,
    Pruning,
    Requests,
    Sampler,
    Status,
}

impl Part {
    /// Said once it works.
    pub fn works_again(self) -> &'static str {
        match self {
            Part::Checkpoints => "checkpoints are saved again",
            Part::Log => "the log is written again, and nothing in it is missing",
            Part::Latents => "latents are saved again",
            Part::Pruning => "older checkpoints are removed again",
            Part::Requests => "requests are read again",
            Part::Sampler => "the sampler is saved",
            Part::Status => "status.json is written again",
        }
    }
}

/// What went wrong, the cause first: where there is little room, it is what is read.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::Io { doing, path, source } => {
            format!("{source}, trying to {doing} {}", path.display())
        }
        other => other.to_string(),
    }
}

/// The faults that there are now.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    faults: BTreeMap<Part, String>,
}

impl Storage {
    /// Takes note of a failure; true where this part worked before.
    pub fn failed(&mut self, part: Part, what: String) -> bool {
        self.faults.insert(part, what).is_none()
    }

    /// Takes note that it went well; true where this part had failed before.
    pub fn went_well(&mut self, part: Part) -> bool {
        self.faults.remove(&part).is_some()
    }

    /// All that does not work, the worst first; `None` where all does.
    pub fn words(&self) -> Option<String> {
        let words: Vec<&str> = self.faults.values().map(String::as_str).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_new_once_and_gone_once() {
        let mut storage = Storage::default();
        assert!(!storage.went_well(Part::Log));
        assert!(storage.failed(Part::Log, "can't write the log".to_owned()));
        assert!(storage.failed(Part::Checkpoints, "can't save at step 3".to_owned()));
        assert!(!storage.failed(Part::Checkpoints, "can't save at step 6".to_owned()));
        assert_eq!(storage.words().unwrap(), "can't save at step 6; can't write the log");
        assert!(storage.went_well(Part::Checkpoints));
        assert!(!storage.went_well(Part::Checkpoints));
        assert!(storage.went_well(Part::Log));
        assert_eq!(storage.words(), None);
    }
}
