//! Files of a run on a disk that is full at every 4 KiB of what is written: the library's own calls, one by one.
//!
//! `cargo test --release -p workbench-tests --test full_disk -- --ignored --nocapture`; needs root or `unshare`.

use std::fs;

use workbench_runs::{
    Checkpoint, Error, LogReader, LogWriter, RunDir, Snapshot, State, Status, Tensor, Tensors,
    Value, checkpoint,
};
use workbench_tests::Disk;

const PAGE: u64 = 4096;

/// 40 kB of parameters, 80 kB of moments.
fn at(step: u64) -> Checkpoint {
    let numbers =
        |salt: f32| (0..10_000).map(|i| i as f32 * salt + step as f32).collect::<Vec<_>>();
    let tensors = |names: &[&str]| {
        let named = names.iter().enumerate();
        named
            .map(|(i, name)| ((*name).to_owned(), Tensor::f32([100, 100], numbers(i as f32 + 0.5))))
            .collect::<Tensors>()
    };
    let mut state = toml::Table::new();
    state.insert("layout".to_owned(), toml::Value::Integer(1));
    Checkpoint { step, model: tensors(&["w"]), optimizer: tensors(&["w.m", "w.v"]), state }
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
#[ignore = "mounts a file system"]
fn a_checkpoint_that_finds_no_room_leaves_the_one_before_whole() {
    let Some(disk) = Disk::mounted("save", "size=2m") else { return };
    let (mut failed, mut saved) = (0, 0);
    // A new step, and the same step again, which takes the place of the one that is there.
    for next in [2, 1] {
        let pages = 0..48;
        let mut fits = None;
        for page in pages {
            let run = RunDir::create(&disk.path().join("runs"), "one").unwrap();
            checkpoint::save(&run, &at(1)).unwrap();
            let other = Checkpoint { optimizer: at(7).optimizer, ..at(next) };
            disk.fill(page * PAGE);
            match checkpoint::save(&run, &other) {
                Ok(_) => {
                    saved += 1;
                    fits = fits.or(Some(page));
                    assert_eq!(checkpoint::load_newest(&run).unwrap().unwrap().0, other);
                }
                Err(error) => {
                    failed += 1;
                    assert!(matches!(error, Error::Io { .. }), "{page} pages: {error}");
                    assert!(error.to_string().contains("No space left"), "{page} pages: {error}");
                    assert_eq!(fits, None, "more room is no worse: {page} pages");
                    let (newest, damaged) = checkpoint::load_newest(&run).unwrap().unwrap();
                    assert!(damaged.is_empty(), "{page} pages: {damaged:?}");
                    assert_eq!(newest, at(1), "{page} pages");
                    assert_eq!(names(&run.checkpoints()), ["step-00000001"], "{page} pages");
                }
            }
            disk.free();
            checkpoint::save(&run, &other).unwrap();
            assert_eq!(checkpoint::load_newest(&run).unwrap().unwrap().0, other);
            assert!(names(&run.checkpoints()).iter().all(|name| name.starts_with("step-")));
            fs::remove_dir_all(run.path()).unwrap();
        }
        let fits = fits.expect("47 pages are enough");
        assert!(fits > 30, "it was to fail at every page of it: {fits}");
    }
    println(&format!("checkpoints: {failed} saves without room failed well, {saved} had enough"));
}

#[test]
#[ignore = "mounts a file system"]
fn a_log_that_finds_no_room_has_every_record_once_there_is_some() {
    let Some(disk) = Disk::mounted("log", "size=2m") else { return };
    for page in 0..32 {
        let run = RunDir::create(&disk.path().join("runs"), "one").unwrap();
        let mut log = LogWriter::create(&run, None).unwrap();
        disk.fill(page * PAGE);
        let text = Value::Text("x".repeat(1000));
        let mut failed = 0;
        for step in 1..=120 {
            log.write(step, &[("t".to_owned(), text.clone())]).unwrap_or_else(|_| failed += 1);
            log.flush().unwrap_or_else(|_| failed += 1);
        }
        assert!(log.sync().is_err() == (failed > 0), "{page} pages");
        assert_eq!(failed == 0, page > 30, "{page} pages");
        // What is there is the beginning of what was written.
        let events = LogReader::open(run.path()).poll().unwrap();
        let steps: Vec<u64> = events.iter().map(|event| event.step).collect();
        assert_eq!(steps, (1..=steps.len() as u64).collect::<Vec<_>>());
        disk.free();
        log.sync().unwrap();
        let events = LogReader::open(run.path()).poll().unwrap();
        let steps: Vec<u64> = events.iter().map(|event| event.step).collect();
        assert_eq!(steps, (1..=120).collect::<Vec<_>>(), "{page} pages");
        fs::remove_dir_all(run.path()).unwrap();
    }
}

#[test]
#[ignore = "mounts a file system"]
fn a_status_is_told_on_a_full_disk_and_latents_are_whole_or_not_there() {
    let Some(disk) = Disk::mounted("status", "size=1m") else { return };
    let run = RunDir::create(&disk.path().join("runs"), "one").unwrap();
    let mut status = Status::starting(10, 1);
    status.write(&run).unwrap();
    let latents = |step| Snapshot {
        step,
        dims: 2,
        mean: vec![0.5; 4000],
        logvar: vec![0.25; 4000],
        labels: None,
        attributes: Vec::new(),
        items: Vec::new(),
    };
    latents(1).save(&run).unwrap();
    disk.fill(0);
    status.storage = Some("can't save a checkpoint: No space left on device".to_owned());
    status.write(&run).unwrap();
    assert_eq!(Status::read(&run).unwrap().unwrap().storage, status.storage);
    status.state = State::Failed;
    status.write(&run).unwrap();
    assert_eq!(Status::read(&run).unwrap().unwrap().state, State::Failed);
    let error = latents(2).save(&run).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(names(&run.latents()), ["step-00000001.safetensors"]);
    assert_eq!(
        Snapshot::load(&run.latents().join("step-00000001.safetensors")).unwrap(),
        latents(1)
    );
}

#[expect(clippy::print_stdout, reason = "a figure is for whoever runs the test")]
fn println(text: &str) {
    println!("{text}");
}
