//! Many trainers that start at once on one run directory: one writes it.
//!
//! `cargo test --release -p workbench-tests --test claims -- --ignored --nocapture` starts a hundred.

use std::collections::BTreeMap;

use serde_json::Value;
use workbench_tests::{Running, SMALL_MLP, Signal, Workbench, poll, with};

const START: &[&str] =
    &["train.steps=100000000", "--name", "one", "--or-resume", "--headless", "--json"];

#[test]
fn of_eight_that_start_at_once_one_writes() {
    start_at_once(8, &Workbench::new());
}

#[test]
fn of_eight_that_start_at_once_on_the_run_of_a_killed_trainer_one_writes() {
    let workbench = Workbench::new();
    let mut killed = workbench.start(&with(SMALL_MLP, START));
    killed.until("a checkpoint", |event| (event["event"] == "checkpoint").then_some(()));
    killed.signal(Signal::KILL);
    killed.ended();
    let holder = std::fs::read_to_string(workbench.run("one").path().join("claim.json")).unwrap();
    let holder: Value = serde_json::from_str(&holder).unwrap();
    // Whoever takes over says from whom.
    let said = start_at_once(8, &workbench);
    assert!(said.contains(&format!("was left by process {} on host", holder["pid"])), "{said}");
}

#[test]
#[ignore = "starts a hundred trainers"]
fn of_a_hundred_that_start_at_once_one_writes() {
    start_at_once(100, &Workbench::new());
}

/// What the one that wrote said on stderr.
fn start_at_once(trainers: usize, workbench: &Workbench) -> String {
    let run = workbench.run("one");
    let logs_before = event_files(workbench);
    let start = |_| workbench.start(&with(SMALL_MLP, START));
    let mut all: Vec<Running> = (0..trainers).map(start).collect();
    poll("the end of all but one", || {
        let at_work = all.iter_mut().filter_map(|one| one.is_running().then_some(())).count();
        assert!(at_work > 0, "none is left");
        (at_work == 1).then_some(())
    });
    let at = all.iter_mut().position(Running::is_running).expect("one trains");
    let mut writer = all.swap_remove(at);
    writer.until("a step", |event| (event["event"] == "step").then_some(()));
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for refused in all {
        let ended = refused.ended().exits(2);
        assert!(ended.lines().is_empty(), "it has begun something: {}", ended.stdout);
        let words = match &ended.stderr {
            words if words.contains("is being written by process") => "is being written by another",
            words => panic!("it does not say who writes:\n{words}"),
        };
        *said.entry(words.to_owned()).or_default() += 1;
    }
    writer.signal(Signal::TERM);
    let ended = writer.ended().exits(4);
    let new: Vec<_> =
        event_files(workbench).into_iter().filter(|name| !logs_before.contains(name)).collect();
    assert_eq!(new.len(), 1, "as many have written: {new:?}");
    assert_eq!(run.state(), "stopped");
    let left: Vec<_> = run
        .files("")
        .into_iter()
        .filter(|name| name.starts_with('.') || name == "claim.json")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    workbench.command(&["show", "one"]).ok();
    row(&format!(
        "| {trainers} started at once | {} wrote | the others said: {said:?} |",
        new.len()
    ));
    ended.stderr
}

fn event_files(workbench: &Workbench) -> Vec<String> {
    let mut names = workbench.run("one").files("");
    names.retain(|name| name.contains("tfevents"));
    names
}

#[expect(clippy::print_stdout, reason = "a figure is for whoever runs the test")]
fn row(text: &str) {
    println!("{text}");
}
