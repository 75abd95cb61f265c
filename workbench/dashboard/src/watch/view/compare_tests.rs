//! Several runs over one another, and what keys do to them.

use std::path::PathBuf;
use std::sync::mpsc;

use crossterm::event::KeyCode;
use workbench_runs::{LogReader, RunDir, State as RunState, Status, settings};

use super::tests::{press, press_code, read, screen, styles};
use super::*;
use crate::home::scan::{Scan, Seen};
use crate::theme::Theme;
use crate::watch::message::{Effect, Message, Read};
use crate::watch::synthetic::Synthetic;
use crate::watch::update::update;

/// Three runs that differ in β and in the rate that they were started with.
fn recorded() -> (tempfile::TempDir, Vec<RunDir>) {
    let dir = tempfile::tempdir().unwrap();
    let record = |name: &str, beta: f64, lr: &str, steps: u64, state: RunState| {
        let mut run = Synthetic::create(dir.path(), name, 1500).unwrap();
        let text = std::fs::read_to_string(run.run.experiment()).unwrap();
        run.run.write_text("experiment.toml", &text.replace("1e-3", lr)).unwrap();
        run.set_beta(beta).unwrap();
        (0..steps).for_each(|_| run.advance().unwrap());
        run.end(state).unwrap();
        run.run
    };
    let runs = vec![
        record("digits-a", 1.0, "1e-3", 1500, RunState::Finished),
        record("digits-b", 3.0, "1e-3", 1500, RunState::Finished),
        record("other-c", 0.5, "3e-4", 900, RunState::Stopped),
    ];
    (dir, runs)
}

/// What the reader of another run finds.
fn found(run: &RunDir) -> Vec<Read> {
    let mut found = Vec::new();
    if let Some(status) = Status::read(run).unwrap() {
        found.push(Read::Status(Box::new(status)));
    }
    found.push(Read::Settings(settings(run)));
    let mut log = LogReader::open(run.path());
    loop {
        let events = log.poll().unwrap();
        if events.is_empty() {
            break;
        }
        found.push(Read::Events(events));
    }
    found.push(Read::Loading(None));
    found
}

fn pin(state: &mut State, run: &RunDir) {
    assert!(state.pin(run.path()));
    for read in found(run) {
        state.fold(Read::Rival(run.path().to_path_buf(), Box::new(read)));
    }
}

/// A state of the first run, with the list of all.
fn state(dir: &tempfile::TempDir, runs: &[RunDir], theme: Theme, ascii: bool) -> State {
    let mut state = read(&runs[0], styles(theme, ascii));
    state.fold(Read::Settings(settings(&runs[0])));
    let (tell, seen) = mpsc::sync_channel(100);
    let (_look, asked) = mpsc::channel();
    assert!(Scan::new(dir.path(), None, tell).look(&asked).is_ok());
    for seen in seen.iter() {
        if let Seen::Runs(runs) = seen {
            state.fold(Read::Runs(runs));
        }
    }
    state
}

#[test]
fn several_runs_share_the_charts() {
    let (dir, runs) = recorded();
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut state = state(&dir, &runs, Theme::Truecolor, false);
        runs[1..].iter().for_each(|run| pin(&mut state, run));
        let size = format!("{columns}x{rows}");
        insta::assert_snapshot!(
            format!("compare_{size}"),
            screen(&mut state, &runs[0], columns, rows)
        );
        press(&mut state, "7");
        insta::assert_snapshot!(
            format!("runs_{size}"),
            screen(&mut state, &runs[0], columns, rows)
        );
    }
    let mut state = state(&dir, &runs, Theme::Colors16, true);
    runs[1..].iter().for_each(|run| pin(&mut state, run));
    press(&mut state, "vhhh");
    let screen = screen(&mut state, &runs[0], 80, 24);
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("compare_train_ascii_80x24", screen);
}

#[test]
fn runs_are_pinned_and_let_go_from_their_list() {
    let (dir, runs) = recorded();
    let mut state = state(&dir, &runs, Theme::None, false);
    press(&mut state, "c");
    // The run that the dashboard is of comes first, and is no choice.
    assert!(press_code(&mut state, KeyCode::Enter).is_empty());
    assert!(screen(&mut state, &runs[0], 80, 24).contains("choose another one"));
    press(&mut state, "/lr<1e-3");
    press_code(&mut state, KeyCode::Enter);
    let names = |state: &State| -> Vec<String> {
        state.listed().iter().map(|listed| listed.entry.name.clone()).collect()
    };
    assert_eq!(names(&state), ["digits-a", "other-c"]);
    press(&mut state, "j");
    let pinned = press_code(&mut state, KeyCode::Enter);
    assert_eq!(pinned, [Effect::Pin(runs[2].path().to_path_buf())]);
    // What is pinned stays, whatever the filter says.
    press(&mut state, "/");
    press_code(&mut state, KeyCode::Esc);
    press(&mut state, "/digits-b");
    press_code(&mut state, KeyCode::Enter);
    assert_eq!(names(&state), ["digits-a", "other-c", "digits-b"]);
    assert_eq!(
        press_code(&mut state, KeyCode::Enter),
        [Effect::Unpin(runs[2].path().to_path_buf())]
    );
    assert!(state.rivals.is_empty());
    state.pin(runs[1].path());
    assert_eq!(press(&mut state, "x"), [Effect::Unpin(runs[1].path().to_path_buf())]);
}

#[test]
fn as_many_runs_are_drawn_as_can_be_told_apart() {
    let (dir, runs) = recorded();
    let mut state = state(&dir, &runs, Theme::None, false);
    for i in 0..7 {
        assert!(state.pin(&PathBuf::from(format!("/runs/{i}"))));
    }
    assert!(!state.pin(&PathBuf::from("/runs/8")));
    // A look that has become free is given again, and the others keep theirs.
    state.unpin(&PathBuf::from("/runs/3"));
    assert!(state.pin(&PathBuf::from("/runs/9")));
    let looks: Vec<usize> = state.rivals.iter().map(|rival| rival.look).collect();
    assert_eq!(looks, [1, 2, 3, 5, 6, 7, 4]);
}

#[test]
fn a_run_that_cannot_be_read_is_let_go_and_says_why() {
    let (dir, runs) = recorded();
    let mut state = state(&dir, &runs, Theme::None, false);
    state.pin(runs[1].path());
    let wrong = Read::NotPinned(runs[1].path().to_path_buf(), "it is gone".into());
    update(&mut state, Message::Read(wrong));
    assert!(state.rivals.is_empty());
    assert!(screen(&mut state, &runs[0], 80, 24).contains("it is gone"));
}

#[test]
fn the_best_of_each_run_is_told() {
    let (dir, runs) = recorded();
    let mut state = state(&dir, &runs, Theme::None, false);
    pin(&mut state, &runs[1]);
    let best = |run: &RunDir| Status::read(run).unwrap().unwrap().best.unwrap();
    let screen = screen(&mut state, &runs[0], 120, 40);
    for run in &runs[..2] {
        let best = best(run);
        let text = format!("{} @ {}", crate::format::number(best.value), best.step);
        assert!(screen.contains(&text), "{text} in {screen}");
    }
}

#[test]
fn a_zoomed_chart_keeps_the_cursor_in_sight_and_fits_its_values() {
    let (dir, runs) = recorded();
    let mut state = state(&dir, &runs, Theme::None, false);
    screen(&mut state, &runs[0], 80, 24);
    let whole = state.steps();
    press(&mut state, "++");
    assert_eq!(state.steps(), (1125, 1500));
    insta::assert_snapshot!("zoomed_80x24", screen(&mut state, &runs[0], 80, 24));
    let (first, last) = {
        let range = state.axis("loss").unwrap().range;
        (range.lo, range.hi)
    };
    assert!(last - first < 60.0, "the early steps have no say: {first} to {last}");
    press_code(&mut state, KeyCode::Home);
    assert_eq!(state.ui.cursor, Some(1));
    assert!(state.steps().0 <= 1);
    press(&mut state, ">>");
    assert!(state.steps().0 > 1);
    press(&mut state, "---");
    assert_eq!((state.steps(), state.ui.zoom), (whole, None));
    press(&mut state, "+0");
    assert_eq!(state.ui.zoom, None);
}

#[test]
fn pictures_and_latents_follow_the_cursor_of_the_curves() {
    let (dir, runs) = recorded();
    let mut state = state(&dir, &runs, Theme::Truecolor, false);
    screen(&mut state, &runs[0], 120, 40);
    press_code(&mut state, KeyCode::Home);
    assert!(screen(&mut state, &runs[0], 120, 40).contains("step 1\""));
    assert_eq!(state.wanted_latent(), Some(1));
    press(&mut state, "2l");
    assert_eq!(state.ui.cursor, Some(300), "and the curves follow the pictures");
    press_code(&mut state, KeyCode::End);
    assert_eq!((state.ui.cursor, state.ui.picture_step), (None, None));
}
