//! The dashboard on the log of a run of a million steps.
//!
//! `cargo test --release -p workbench-tests --test long_log -- --ignored --nocapture` writes one of 250 MB, and tells how
//! long things took; none of these is asserted, but for the memory.

mod terminal;

use std::time::Instant;

use terminal::Terminal;
use workbench_runs::{LogReader, LogWriter, RunDir, Value};
use workbench_tests::{Workbench, poll, workbench_binary};

const TAGS: [&str; 7] = [
    "train/loss",
    "train/recon",
    "train/kl",
    "train/lr",
    "train/grad_norm",
    "knob/beta",
    "time/images_per_second",
];

#[test]
fn a_log_of_twenty_thousand_steps_is_shown_and_followed() {
    show(20_000);
}

#[test]
#[ignore = "writes 250 MB"]
fn a_log_of_a_million_steps_is_shown_and_followed() {
    show(1_000_000);
}

fn show(steps: u64) {
    // Built before anything is timed.
    workbench_binary();
    let workbench = Workbench::new();
    let run = RunDir::create(&workbench.runs(), "long").unwrap();
    let mut log = LogWriter::create(&run, None).unwrap();
    (1..=steps).for_each(|step| log.write(step, &values(step)).unwrap());
    log.sync().unwrap();
    let bytes = std::fs::metadata(log.path()).unwrap().len();

    let began = Instant::now();
    let mut terminal = Terminal::workbench(&workbench, (120, 40), &["attach", "long"]);
    let is_dot = |c: &char| ('\u{2801}'..='\u{28ff}').contains(c);
    terminal.until("a curve", |text| text.chars().filter(is_dot).count() > 10);
    let first = began.elapsed();
    let last = format!("step {steps}");
    terminal.until(&last, |text| !text.contains("reading history") && text.contains(&last));
    let whole = began.elapsed();
    let memory = terminal.peak_memory();

    // One more step, which all that look are to see.
    let mut reader = LogReader::open(run.path());
    while !reader.poll().unwrap().is_empty() {}
    log.write(steps + 1, &values(steps + 1)).unwrap();
    log.flush().unwrap();
    let began = Instant::now();
    let step = poll("the next record", || reader.poll().unwrap().pop()).step;
    let tail = began.elapsed();
    assert_eq!(step, steps + 1);
    terminal.shows(&[&format!("step {}", steps + 1)]);
    let followed = began.elapsed();
    terminal.press("q");
    terminal.ended().exits(0);
    row(&format!(
        "| {steps} steps × {} scalars, {} MB | first screen {:.2} s | all {:.2} s | memory {} MB | tail read {:.2} ms, on \
         screen {:.0} ms |",
        TAGS.len(),
        bytes / 1_000_000,
        first.as_secs_f64(),
        whole.as_secs_f64(),
        memory / 1_000_000,
        tail.as_secs_f64() * 1e3,
        followed.as_secs_f64() * 1e3,
    ));
    assert!(memory < 100_000_000, "{memory} bytes");
}

fn values(step: u64) -> [(String, Value); 7] {
    let wave = (step as f32 / 50.0).sin();
    TAGS.map(|tag| (tag.to_owned(), Value::Scalar(100.0 + wave + 1000.0 / step as f32)))
}

#[expect(clippy::print_stdout, reason = "a figure is for whoever runs the test")]
fn row(text: &str) {
    println!("{text}");
}
