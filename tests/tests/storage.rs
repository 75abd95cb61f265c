//! Disks that take nothing: by a limit on the size of files, by permissions, and, where it may be mounted, by a small
//! file system that is full.
//!
//! `cargo test --release -p workbench-tests --test storage -- --ignored --nocapture` runs those that mount one. They
//! need root or `unshare`, and say so where they have neither.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use workbench_tests::{Disk, Run, SMALL_MLP, Signal, Workbench, poll, skip, with};

const STEPS: &[&str] = &[
    "train.steps=1500",
    "input.binarize=dynamic",
    "checkpoint.every_steps=20",
    "architecture.hidden=128",
    "plots.every_epochs=1000",
    "plots.figures=[\"loss\"]",
    "--headless",
    "--json",
    "--name",
    "one",
];

const RESUME: &[&str] = &["resume", "one", "--headless", "--json"];

fn step(event: &Value) -> Option<u64> {
    (event["event"] == "step").then(|| event["step"].as_u64().unwrap())
}

fn no_leftovers(run: &Run) {
    for folder in ["", "checkpoints", "latents"] {
        let left: Vec<_> =
            run.files(folder).into_iter().filter(|name| name.starts_with(".aside-")).collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

#[test]
fn where_a_checkpoint_is_larger_than_a_file_may_be_training_goes_on_and_ends_with_an_error() {
    let undisturbed = Workbench::new();
    undisturbed.command(&with(SMALL_MLP, STEPS)).ok();

    // One good checkpoint, and then a limit of 700 kB on every file: the model is larger, the log is not.
    let workbench = Workbench::new();
    let mut running = workbench.start(&with(SMALL_MLP, STEPS));
    running.until("a checkpoint", |event| (event["event"] == "checkpoint").then_some(()));
    running.signal(Signal::TERM);
    running.ended().exits(4);
    let run = workbench.run("one");
    let (good, weights) = (run.checkpoints(), run.weights());
    let newest = good.last().unwrap().clone();

    let ended = workbench.start_after("ulimit -f 1400", RESUME).ended().exits(1);
    let ended = ended.says(&["could not be saved", "File too large", &newest, "workbench resume"]);
    let told: Vec<Value> =
        ended.lines().into_iter().map(|event| event["message"].clone()).collect();
    let told: Vec<&str> = told.iter().filter_map(Value::as_str).collect();
    assert_eq!(
        told.iter().filter(|told| told.contains("storage: can't save")).count(),
        1,
        "{told:?}"
    );
    let log = workbench.command(&["log", "one", "--json"]).ok().stdout;
    assert!(log.contains("storage: can't save a checkpoint at step"), "the log does not tell");
    let log = workbench.curves("one");
    assert!(log.iter().any(|record| record.starts_with("train/loss 1500 ")), "it did not go on");
    assert_eq!(run.state(), "failed");
    assert!(run.storage().unwrap().contains("File too large"), "{:?}", run.storage());
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert_eq!(shown["storage"].as_str(), run.storage().as_deref());
    assert!(workbench.command(&["show", "one"]).ok().stdout.contains("storage: can't save"));
    assert!(workbench.command(&["runs"]).ok().stdout.contains("one  storage: can't save"));
    assert_eq!(run.checkpoints(), good);
    assert!(run.weights() == weights, "the last good checkpoint was touched");
    no_leftovers(&run);

    workbench.command(RESUME).ok();
    assert_eq!(run.state(), "finished");
    assert_eq!(run.storage(), None);
    assert!(run.weights() == undisturbed.run("one").weights(), "other weights than undisturbed");
    assert_eq!(workbench.curves("one"), undisturbed.curves("one"));
}

#[test]
fn a_log_that_may_not_grow_costs_no_record() {
    let steps = ["train.steps=3000", "log.every_steps=1", "checkpoint.every_steps=200"];
    let steps = with(SMALL_MLP, &[&STEPS[1..2], &steps, &STEPS[4..]].concat());
    let undisturbed = Workbench::new();
    undisturbed.command(&steps).ok();
    let whole = fs::metadata(undisturbed.run("one").event_log()).unwrap().len();
    assert!(whole > 550_000, "the log has only {whole} bytes");

    let workbench = Workbench::new();
    let ended = workbench.start_after("ulimit -f 1000", &steps).ended().exits(1);
    ended.says(&["can't write the log", "File too large"]);
    let run = workbench.run("one");
    assert_eq!(run.state(), "failed");
    // Those that were saved before stand for a log that was on disk.
    assert!(!run.checkpoints().is_empty());
    no_leftovers(&run);
    workbench.command(RESUME).ok();
    assert!(run.weights() == undisturbed.run("one").weights(), "other weights than undisturbed");
    assert_eq!(workbench.curves("one"), undisturbed.curves("one"));
}

#[test]
fn a_folder_that_becomes_read_only_is_told_of_until_it_can_be_written_again() {
    let workbench = Workbench::new();
    let probe = workbench.folder().join("probe");
    fs::create_dir(&probe).unwrap();
    fs::set_permissions(&probe, Permissions::from_mode(0o555)).unwrap();
    if File::create(probe.join("file")).is_ok() {
        return skip("permissions do not bind this user");
    }
    let endless = [&["train.steps=100000000"], &STEPS[1..]].concat();
    let mut running = workbench.start(&with(SMALL_MLP, &endless));
    running.until("a checkpoint", |event| (event["event"] == "checkpoint").then_some(()));
    let run = workbench.run("one");
    let checkpoints = run.path().join("checkpoints");
    fs::set_permissions(&checkpoints, Permissions::from_mode(0o555)).unwrap();
    poll("a word on storage", || run.storage().filter(|words| words.contains("denied")));
    running.skip_said();
    let now = running.until("a step", step);
    running.until("a later step", |event| step(event).filter(|step| *step > now + 50));
    fs::set_permissions(&checkpoints, Permissions::from_mode(0o755)).unwrap();
    poll("the end of it", || run.storage().is_none().then_some(()));
    running.signal(Signal::TERM);
    running.ended().exits(4);

    // Nothing is started in a folder that takes nothing.
    fs::set_permissions(run.path(), Permissions::from_mode(0o555)).unwrap();
    workbench.command(RESUME).exits(2).says(&["claim.json", "denied"]);
    fs::set_permissions(run.path(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[ignore = "mounts a file system, and takes a minute"]
fn a_run_on_a_full_disk_goes_on_and_saves_again_once_there_is_room() {
    let Some(disk) = Disk::mounted("full", "size=48m") else { return };
    let steps = ["train.steps=60000", "checkpoint.every_steps=100", "log.every_steps=10"];
    let steps = with(SMALL_MLP, &[&steps, &STEPS[1..2], &STEPS[4..]].concat());
    let undisturbed = Workbench::new();
    undisturbed.command(&steps).ok();

    let workbench = Workbench::new().with_runs(&disk.path().join("runs"));
    let run = workbench.run("one");
    // What it prints is on the full disk too.
    let out = format!("exec >> {0}/out 2>&1", disk.path().display());
    let running = workbench.start_after(&out, &steps);
    poll("a checkpoint", || run.checkpoints().pop());
    disk.fill(0);
    let told = poll("a word on storage", || run.storage());
    assert!(told.contains("No space left"), "{told}");
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert!(
        shown["storage"].as_str().is_some_and(|told| told.contains("No space left")),
        "{shown}"
    );
    let now = run.status().unwrap()["step"].as_u64().unwrap();
    let later = poll("a later step", || {
        run.status().unwrap()["step"].as_u64().filter(|step| *step > now + 1000)
    });
    assert_eq!(run.state(), "running");
    assert!(later < 60_000, "it was over before there was room again");
    let newest = run.checkpoints().pop();
    disk.free();
    poll("the end of it", || run.storage().is_none().then_some(()));
    assert!(run.checkpoints().pop() > newest, "a later one is saved");
    running.ended().exits(0);
    assert_eq!((run.state().as_str(), run.storage()), ("finished", None));
    no_leftovers(&run);
    assert!(run.weights() == undisturbed.run("one").weights(), "other weights than undisturbed");
    assert_eq!(workbench.curves("one"), undisturbed.curves("one"));
}

#[test]
#[ignore = "mounts a file system"]
fn a_run_that_ends_on_a_full_disk_names_its_newest_good_checkpoint() {
    let Some(disk) = Disk::mounted("end", "size=48m") else { return };
    let workbench = Workbench::new().with_runs(&disk.path().join("runs"));
    let endless = [&["train.steps=100000000"], &STEPS[1..]].concat();
    let mut running = workbench.start(&with(SMALL_MLP, &endless));
    running.until("a checkpoint", |event| (event["event"] == "checkpoint").then_some(()));
    disk.fill(0);
    let run = workbench.run("one");
    poll("a word on storage", || run.storage());
    let newest = run.checkpoints().pop().unwrap();
    running.signal(Signal::TERM);
    running.ended().exits(1).says(&["could not be saved", "No space left", &newest]);
    assert_eq!(run.state(), "failed");
    assert_eq!(run.checkpoints().pop().unwrap(), newest);
    no_leftovers(&run);
    // Nothing is started either. What failed has left the room that it took.
    disk.fill(0);
    workbench.command(&with(SMALL_MLP, &["--name", "two"])).exits(2).says(&["No space left"]);
    workbench.command(RESUME).exits(2).says(&["No space left"]);
    assert_eq!(workbench.names(), ["one"]);
    no_leftovers(&run);
    disk.free();
    let mut resumed = workbench.start(RESUME);
    let from = resumed.until("a start", |event| event["step"].as_u64());
    assert_eq!(format!("step-{from:08}"), newest);
    resumed.signal(Signal::TERM);
    resumed.ended().exits(4);
}

#[test]
#[ignore = "mounts a file system"]
fn nothing_is_started_on_a_read_only_disk() {
    let Some(disk) = Disk::mounted("read-only", "ro,size=1m") else { return };
    let workbench = Workbench::new().with_runs(&disk.path().join("runs"));
    workbench.command(&with(SMALL_MLP, STEPS)).exits(2).says(&["runs", "Read-only file system"]);
}
