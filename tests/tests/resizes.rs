//! A screen that is resized faster than anyone can.
//!
//! `cargo test --release -p workbench-tests --test resizes -- --ignored --nocapture` resizes ten thousand times, which
//! takes a hundred seconds.

mod terminal;

use std::time::{Duration, Instant};

use terminal::Terminal;
use workbench_tests::{SMALL_MLP, Workbench, poll, with};

/// At 100 Hz.
const EVERY: Duration = Duration::from_millis(10);

#[test]
fn a_dashboard_survives_two_hundred_resizes_and_restores_the_terminal() {
    resize(200);
}

#[test]
#[ignore = "a hundred seconds"]
fn a_dashboard_survives_ten_thousand_resizes_and_restores_the_terminal() {
    resize(10_000);
}

/// A key and a new size that are there at the same moment are both seen, whichever came first.
#[test]
fn a_key_that_comes_with_a_new_size_is_not_lost() {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &["train.steps=20", "--headless", "--name", "one"])).ok();
    let mut terminal = Terminal::workbench(&workbench, (80, 24), &["attach", "one"]);
    terminal.shows(&["finished", "[1 Loss]"]);
    let views = [("6", "[6 Experiment]"), ("5", "[5 Model]"), ("4", "[4 Log]"), ("1", "[1 Loss]")];
    for i in 0..60 {
        let (key, view) = views[i as usize % views.len()];
        // Nothing else is typed until the screen has changed: a key that is lost stays lost.
        terminal.resize(80 + i, 24 + i % 7);
        terminal.press(key);
        terminal.shows(&[view]);
    }
    terminal.press("q");
    terminal.ended().exits(0);
}

fn resize(times: u32) {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &["train.steps=200", "--headless", "--name", "one"])).ok();
    let mut terminal = Terminal::workbench(&workbench, (80, 24), &["attach", "one"]);
    terminal.shows(&["finished", "[1 Loss]"]);
    let began = Instant::now();
    for i in 0..times {
        terminal.resize(size(i).0, size(i).1);
        // Every view is resized, and the help.
        if i % 50 == 0 {
            terminal.press(["1", "2", "3", "4", "5", "6", "?", "?"][i as usize / 50 % 8]);
        }
        // A pace, not a wait for anything.
        std::thread::sleep((EVERY * (i + 1)).saturating_sub(began.elapsed()));
    }
    let took = began.elapsed();
    let before = terminal.written();
    terminal.resize(100, 30);
    terminal.press("1");
    poll("a frame", || (terminal.written() > before).then_some(()));
    terminal.shows(&["finished", "[1 Loss]", "200/200"]);
    terminal.press("q");
    let left = terminal.ended().exits(0);
    row(&format!(
        "| {times} resizes | {:.0} a second | {} bytes written | terminal restored: {} |",
        f64::from(times) / took.as_secs_f64(),
        left.bytes.len(),
        left.restored
    ));
}

/// Every tenth is the smallest there is; the others are anything up to 250 by 80.
fn size(i: u32) -> (u16, u16) {
    let spread = |i: u32, most: u32| (i.wrapping_mul(2_654_435_761) >> 8) % most + 1;
    match i % 10 {
        0 => (1, 1),
        _ => (spread(i, 250) as u16, spread(i + 7, 80) as u16),
    }
}

#[expect(clippy::print_stdout, reason = "a figure is for whoever runs the test")]
fn row(text: &str) {
    println!("{text}");
}
