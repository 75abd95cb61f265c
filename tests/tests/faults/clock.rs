//! A clock that someone sets back and forth.

use std::path::Path;

use workbench_tests::{Signal, poll};

use crate::ending::Ending;
use crate::kills::undisturbed;
use crate::place::Place;
use crate::settings::Setting;
use crate::shim;
use crate::table::row;

/// Slow enough that its end is not reached before it is disturbed.
const SETTING: Setting = Setting {
    name: "a clock that jumps",
    settings: &[
        "train.epochs=100",
        "architecture.hidden=400",
        "input.binarize=dynamic",
        "checkpoint.every_steps=25",
    ],
};

/// Trains by a clock that jumps a year while it trains, is stopped and goes on, kills it, resumes it by a good one.
///
/// # Panics
/// Where it comes to another end than by a clock that is never set.
pub fn back_and_forth(place: &Place) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(library) = shim::compile("jumping_clock", folder.path()) else { return };
    let setting = &SETTING;
    let expected = undisturbed(place, setting, "undisturbed");
    let run = place.run("one");
    let jump = format!("export LD_PRELOAD={}", library.display());
    for signal in [Signal::TERM, Signal::KILL, Signal::TERM] {
        let before = run.checkpoints().pop();
        let mut running = place.start_after(&jump, "one", setting);
        poll("a checkpoint", || {
            let newest = run.checkpoints().pop().filter(|newest| Some(newest) > before.as_ref());
            newest.map(drop).or_else(|| (!running.is_running()).then_some(()))
        });
        running.signal(signal);
        let ended = running.ended();
        // On a machine that is busy elsewhere it may come to its end before it is told to stop.
        let as_asked = [None, Some(4), Some(0)].contains(&ended.code());
        assert!(as_asked, "{}: {}", ended.status, ended.stderr);
    }
    assert!(has_jumped(run.path()), "the clock did not jump");
    place.start("one", setting).ended().ok();
    let difference = expected.ending.difference(&Ending::of(&run));
    assert!(difference.is_none(), "{difference:?}");
    let listed = place.workbench().command(&["runs"]).ok().stdout;
    assert!(listed.contains("one") && listed.contains("finished"), "{listed}");
    row(&[
        &"clock set back and forth a year",
        &"4 sessions",
        &format!("{} records equal", expected.ending.records()),
    ]);
}

/// Whether the log has times that go back by more than a year.
fn has_jumped(run: &Path) -> bool {
    let mut reader = workbench_runs::LogReader::open(run);
    let mut times = Vec::new();
    while let Ok(events) = reader.poll()
        && !events.is_empty()
    {
        times.extend(events.iter().map(|event| event.wall_time));
    }
    times.windows(2).any(|pair| pair[0] - pair[1] > 3e7)
}
