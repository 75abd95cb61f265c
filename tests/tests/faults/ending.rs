//! What a run has come to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use workbench_runs::{LogReader, RunDir, Value, checkpoint};
use workbench_tests::Run;

/// (tag, step) → value, what no longer holds and what may differ left out.
pub type Records = BTreeMap<(String, u64), Value>;

/// A finished run: its last state, byte by byte, and all that it logged.
pub struct Ending {
    state: String,
    newest: String,
    /// model.safetensors, optimizer.safetensors, state.toml, manifest.json.
    files: BTreeMap<String, Vec<u8>>,
    records: Records,
    /// So many event files end in what is no record.
    pub damaged: usize,
}

impl Ending {
    pub fn of(run: &Run) -> Ending {
        let newest = run.checkpoints().pop().expect("a run that has ended has a checkpoint");
        let folder = format!("checkpoints/{newest}");
        let read = |name: String| {
            let bytes =
                fs::read(run.path().join(&folder).join(&name)).expect("a file of a checkpoint");
            (name, bytes)
        };
        let files: BTreeMap<_, _> = run.files(&folder).into_iter().map(read).collect();
        assert_eq!(files.len(), 4, "{:?}", files.keys());
        let (records, damaged) = records(run.path()).unwrap_or_else(|why| panic!("{why}"));
        assert!(records.len() > 50, "only {} records", records.len());
        Ending { state: run.state(), newest, files, records, damaged }
    }

    /// How many records of a run that is equal were compared.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// In what another differs from this one.
    pub fn difference(&self, other: &Ending) -> Option<String> {
        if (&self.state, &self.newest) != (&other.state, &other.newest) {
            let show = |ending: &Ending| format!("{} at {}", ending.state, ending.newest);
            return Some(format!("it is {} instead of {}", show(other), show(self)));
        }
        for (name, bytes) in &self.files {
            if other.files.get(name) != Some(bytes) {
                return Some(format!("{}/{name} differs", self.newest));
            }
        }
        differing(&self.records, &other.records)
    }

    /// What is wrong with a run that was interrupted on its way to this end, `None` where nothing is: its newest
    /// checkpoint is whole, and every record up to it is there as it is here.
    pub fn wrong_on_the_way(&self, run: &Run) -> Option<String> {
        if !run.path().exists() {
            return None;
        }
        let found = RunDir::open(run.path()).and_then(|dir| checkpoint::load_newest(&dir));
        let upto = match found {
            Err(error) => return Some(error.to_string()),
            Ok(None) => return None,
            Ok(Some((_, damaged))) if !damaged.is_empty() => return Some(damaged[0].to_string()),
            Ok(Some((newest, _))) => newest.step,
        };
        match records(run.path()) {
            Ok((_, 1..)) => Some("an event file is damaged".to_owned()),
            Ok((there, 0)) => differing(&up_to(&self.records, upto), &up_to(&there, upto))
                .map(|difference| format!("with a checkpoint at {upto}: {difference}")),
            Err(why) => Some(why),
        }
    }
}

/// All that holds of what a run has logged. Timings are left out, and what was asked of it, and what is said whenever
/// a trainer starts. And how many event files are damaged, which holds what was read before the damage.
fn records(run: &Path) -> Result<(Records, usize), String> {
    let mut reader = LogReader::open(run);
    let mut records = Records::new();
    loop {
        let events = reader.poll().map_err(|error| error.to_string())?;
        if events.is_empty() {
            break;
        }
        for event in events {
            if event.session_start {
                records.retain(|(_, step), _| *step <= event.step);
            }
            for (tag, value) in event.values {
                let aside = ["time/", "system/", "text/", "control", "data/classes"];
                if !aside.iter().any(|aside| tag.starts_with(aside)) {
                    records.insert((tag, event.step), value);
                }
            }
        }
    }
    Ok((records, reader.damaged()))
}

/// Those that a checkpoint of that step stands for: the test comes after the last one.
fn up_to(records: &Records, step: u64) -> Records {
    let held = records.iter().filter(|((tag, at), _)| *at <= step && !tag.starts_with("test/"));
    held.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn differing(expected: &Records, there: &Records) -> Option<String> {
    let mut keys = expected.keys().chain(there.keys());
    let (tag, step) = keys.find(|key| expected.get(*key) != there.get(*key))?;
    let show = |records: &Records| match records.get(&(tag.clone(), *step)) {
        Some(Value::Image { .. }) => "a picture".to_owned(),
        other => format!("{other:?}"),
    };
    Some(format!("{tag} at {step} is {} instead of {}", show(there), show(expected)))
}
