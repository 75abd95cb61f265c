//! A disk whose calls fail, and whose failed syncs lose what was written.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use tempfile::TempDir;
use workbench_tests::Ended;

use crate::ending::Ending;
use crate::kills::undisturbed;
use crate::place::Place;
use crate::settings::Setting;
use crate::shim;
use crate::table::row;

const SETTING: Setting = Setting {
    name: "a disk that fails",
    settings: &[
        "train.epochs=4",
        "input.binarize=dynamic",
        "log.every_steps=2",
        "checkpoint.every_steps=9",
        "checkpoint.keep=2",
    ],
};

/// A place with the library in which calls fail, and how many calls that change something a run without faults makes.
struct Failing {
    place: Place,
    expected: Ending,
    calls: usize,
    library: PathBuf,
    folder: TempDir,
}

/// Trains a run once for every `stride`th call that changes something in its folder: that call fails, and those after
/// it, `times` in all. Where the run does not come to its end, it is started again, on a disk that is well.
///
/// # Panics
/// Where a run comes to another end than on a disk that never fails.
pub fn failing_at_every(stride: usize, times: usize) {
    let Some(failing) = Failing::new() else { return };
    let (calls, began) = (failing.calls, Instant::now());
    let (mut trained, mut codes, mut told, mut damaged) = (0, BTreeMap::<i32, usize>::new(), 0, 0);
    for at in (0..calls).step_by(stride) {
        let name = format!("fails-{at}");
        let ended = failing.run(&name, &format!("FAULT_AT={at} FAULT_TIMES={times}"));
        let what = format!("with {times} calls from {at} of {calls} failing, {}", ended.stderr);
        let code = ended.code().unwrap_or_else(|| panic!("{what}: {}", ended.status));
        *codes.entry(code).or_default() += 1;
        let is_told = ended.stderr.contains("Input/output error");
        told += usize::from(is_told);
        assert!(matches!(code, 0..=2) && (is_told || code == 0), "it ended with {code} {what}");
        let ending = failing.ending(&name, &what);
        // Only what could not be written to the end may have an end that is lost: no checkpoint stands for it.
        assert!(ending.damaged == 0 || code != 0, "the log is damaged {what}");
        damaged += ending.damaged;
        trained += 1;
    }
    row(&[
        &format!("EIO from {times} calls on: write, sync, create, rename, remove"),
        &format!("{trained} of {calls} calls"),
        &format!("{trained} held"),
        &format!(
            "exit codes: {codes:?}, {told} told on stderr, {damaged} logs lost their end, {:.0} s",
            began.elapsed().as_secs_f64()
        ),
    ]);
}

/// Kills a run just before every `stride`th such call, and before each of the first `first`, and starts it again.
///
/// # Panics
/// As [`failing_at_every`].
pub fn killed_at_every(stride: usize, first: usize) {
    let Some(failing) = Failing::new() else { return };
    let (calls, began, mut killed) = (failing.calls, Instant::now(), 0);
    for at in (0..calls).filter(|at| *at < first || at % stride == 0) {
        let name = format!("killed-{at}");
        let ended = failing.run(&name, &format!("FAULT_AT={at} FAULT_KILL=1"));
        let what = format!("killed before call {at} of {calls}");
        // The calls of a run are not always as many.
        if ended.code() != Some(0) {
            assert_eq!(ended.code(), None, "{what}: {}", ended.stderr);
            killed += 1;
        }
        let wrong = failing.expected.wrong_on_the_way(&failing.place.run(&name));
        assert!(wrong.is_none(), "{what}: {wrong:?}");
        let ending = failing.ending(&name, &what);
        assert_eq!(ending.damaged, 0, "{what}");
    }
    let took = format!("{:.0} s", began.elapsed().as_secs_f64());
    row(&[
        &"kill -9 before a call that writes",
        &format!("{killed} of {calls} calls"),
        &format!("{killed} held"),
        &took,
    ]);
}

impl Failing {
    /// `None` where there is no LD_PRELOAD.
    fn new() -> Option<Failing> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = shim::compile("failing_disk", folder.path())?;
        let place = Place::new();
        let expected = undisturbed(&place, &SETTING, "undisturbed").ending;
        let mut failing = Failing { place, expected, calls: 0, library, folder };
        failing.run("counted", "").ok();
        let count = std::fs::read_to_string(failing.folder.path().join("count"));
        failing.calls = count.expect("the calls were counted").trim().parse().expect("a number");
        assert!(failing.calls > 100, "only {} calls: is the library loaded?", failing.calls);
        Some(failing)
    }

    /// Trains a run with faults, to whatever end.
    fn run(&self, name: &str, faults: &str) -> Ended {
        let (library, count) = (self.library.display(), self.folder.path().join("count"));
        // What a run is called while it is made is under the same folder.
        let shim = format!(
            "export LD_PRELOAD={library} FAULT_UNDER=/runs/ FAULT_COUNT={} {faults}",
            count.display()
        );
        self.place.start_after(&shim, name, &SETTING).ended()
    }

    /// Where a run has not come to its end, it is started again, without faults. It is removed then.
    fn ending(&self, name: &str, what: &str) -> Ending {
        let run = self.place.run(name);
        if run.state() != "finished" {
            let again = self.place.start(name, &SETTING).ended();
            assert_eq!(again.code(), Some(0), "{what}; started again: {}", again.stderr);
        }
        let ending = Ending::of(&run);
        let difference = self.expected.difference(&ending);
        assert!(difference.is_none(), "{what}: {difference:?}");
        std::fs::remove_dir_all(run.path()).expect("a run can be removed");
        ending
    }
}
