//! The dashboard on a real terminal: what is seen, what keys do, and that no end of a viewer reaches the trainer.

mod terminal;

use std::time::Duration;

use terminal::{Terminal, on_a};
use workbench_tests::{Run, SMALL_MLP, Signal, Workbench, poll, with};

/// So many steps that the run never ends by itself while a test looks on.
const ENDLESS: &str = "train.steps=100000000";
/// A second or so.
const SHORT: &str = "train.steps=600";
/// Long enough to be looked at, and over within a test's time.
const LONG: &[&str] = &["train.steps=3000", "architecture.hidden=400"];

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 60);

const HOME: &str = "\x1b[H";
const END: &str = "\x1b[F";
const LEFT: &str = "\x1b[D";
const ESCAPE: &str = "\x1b";
const CTRL_C: &str = "\x03";

#[test]
fn train_opens_the_dashboard_on_a_trainer_that_outlives_it() {
    let workbench = Workbench::new();
    let train = with(SMALL_MLP, &[LONG, &["--name", "one"]].concat());
    let mut terminal = Terminal::workbench(&workbench, SMALL, &train);
    terminal.shows(&["one", "running", "[1 Loss]", "2 Images", "loss", "/3000"]);
    terminal.until("a curve", has_curve);
    let run = workbench.run("one");
    assert!(run.is_alive());
    terminal.press("q");
    let left = terminal.ended().exits(0);
    assert!(left.text.contains("attach one`"), "{}", left.text);
    assert_eq!(run.state(), "running", "too few steps for this test");
    goes_on(&run);
    poll("the end of the run", || (run.state() == "finished").then_some(()));
    assert_eq!(run.status().unwrap()["step"], 3000);

    // As the line said, and for whatever size.
    for size in [SMALL, LARGE] {
        let mut terminal = Terminal::workbench(&workbench, size, &["attach", "one"]);
        shows_all(&mut terminal, 3000);
        terminal.press("q");
        terminal.ended().exits(0);
    }
}

#[test]
fn a_fork_opens_the_dashboard_and_marks_where_it_began() {
    let workbench = finished();
    let fork = ["fork", "latest", "train.steps=700", "--name", "two"];
    let mut terminal = Terminal::workbench(&workbench, LARGE, &fork);
    terminal.shows(&["two", "finished", "forked from", "700/700"]);
    terminal.until("a curve", has_curve);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn attach_shows_the_whole_history_of_the_latest_run() {
    let workbench = finished();
    for size in [SMALL, LARGE] {
        let mut terminal = Terminal::workbench(&workbench, size, &["attach", "latest"]);
        shows_all(&mut terminal, 600);
        terminal.press("q");
        terminal.ended().exits(0);
    }
}

#[test]
fn every_view_shows_what_it_is_for() {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &[SHORT, "--detach", "--name", "one"])).ok();
    poll("the end of the run", || (workbench.run("one").state() == "finished").then_some(()));
    let experiment = std::fs::read_to_string(workbench.run("one").path().join("experiment.toml"));
    let experiment = experiment.unwrap();
    for size in [SMALL, LARGE] {
        let mut terminal = Terminal::workbench(&workbench, size, &["attach", "one"]);
        terminal.shows(&["[1 Loss]", "finished"]);
        terminal.press("2");
        terminal.shows(&["[2 Images]", "reconstructions", "step 600", "▀▀▀"]);
        terminal.press("3");
        terminal.shows(&["[3 Latent]", "KL", "nats", "z1", "z4", "0  1  2  3  4  5  6  7  8  9"]);
        terminal.press("4");
        terminal.shows(&["[4 Log]", "trainer.log", "training one: 600 steps, 51,416 parameters"]);
        terminal.press("5");
        terminal.shows(&["[5 Model]", "encoder.hidden", "encoder.mean", "decoder.pixels"]);
        terminal.press("6");
        let first: Vec<_> = experiment.lines().take(15).filter(|line| !line.is_empty()).collect();
        assert!(first.len() > 8, "{experiment}");
        terminal.shows(&[&["[6 Experiment]"], &first[..]].concat());
        terminal.press("1");
        terminal.shows(&["[1 Loss]", "recon", "kl"]);
        terminal.press("q");
        terminal.ended().exits(0);
    }
}

#[test]
fn help_names_the_keys_and_goes_away_again() {
    let workbench = finished();
    let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", "one"]);
    terminal.shows(&["[1 Loss]"]);
    terminal.press("?");
    terminal.shows(&["Space", "pause", "stop the run", "Ctrl-Z", "q Ctrl-C", "training goes on"]);
    terminal.press("?");
    terminal.shows(&["[1 Loss]"]);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn a_screen_survives_any_size() {
    let workbench = finished();
    let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", "one"]);
    shows_all(&mut terminal, 600);
    terminal.quiet_for(Duration::from_millis(500));
    let before = terminal.text();
    for (columns, rows) in [(1, 1), (200, 60), (2, 50), (39, 9), (200, 1), (1, 1)] {
        let written = terminal.written();
        terminal.resize(columns, rows);
        terminal.until("a frame", |text| !text.trim().is_empty());
        poll("a frame of the new size", || (terminal.written() > written).then_some(()));
    }
    terminal.resize(80, 24);
    terminal.until("the same screen as before", |text| text == before);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn space_pauses_a_run_and_lets_it_go_on() {
    let workbench = endless();
    let run = workbench.run("one");
    let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", "one"]);
    terminal.shows(&["running", "Space pause"]);
    terminal.press(" ");
    poll("the pause", || (run.state() == "paused").then_some(()));
    terminal.shows(&["paused", "Space continue"]);
    terminal.press(" ");
    poll("the end of the pause", || (run.state() == "running").then_some(()));
    terminal.shows(&["running", "Space pause"]);
    goes_on(&run);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn stopping_is_asked_twice_and_gives_the_code_of_a_stopped_run() {
    let workbench = Workbench::new();
    let train = with(SMALL_MLP, &[ENDLESS, "--name", "one"]);
    let mut terminal = Terminal::workbench(&workbench, SMALL, &train);
    let run = workbench.run("one");
    terminal.shows(&["running"]);
    goes_on(&run);
    terminal.press("S");
    terminal.shows(&["stop the run?", "S again"]);
    terminal.press("n");
    terminal.shows(&["not stopped"]);
    goes_on(&run);
    terminal.press("S");
    terminal.shows(&["stop the run?"]);
    terminal.press("S");
    poll("the stop", || (run.state() == "stopped").then_some(()));
    terminal.shows(&["stopped"]);
    terminal.press("q");
    terminal.ended().exits(4);

    let stopped_at = run.status().unwrap()["step"].as_u64().unwrap();
    let mut resumed = workbench.start(&["resume", "one", "--headless", "--json"]);
    let from = resumed.until("a start", |event| event["step"].as_u64());
    assert_eq!(from, stopped_at);
    resumed.signal(Signal::TERM);
    resumed.ended().exits(4);
}

#[test]
fn ctrl_c_leaves_the_run_alone() {
    let workbench = Workbench::new();
    let train = with(SMALL_MLP, &[ENDLESS, "--name", "one"]);
    let mut terminal = Terminal::workbench(&workbench, SMALL, &train);
    terminal.shows(&["running"]);
    terminal.press(CTRL_C);
    let left = terminal.ended().exits(0);
    assert!(left.text.contains("attach one`"), "{}", left.text);
    goes_on(&workbench.run("one"));
}

#[test]
fn of_two_viewers_either_may_be_killed() {
    let workbench = endless();
    let run = workbench.run("one");
    let mut first = Terminal::workbench(&workbench, SMALL, &["attach", "one"]);
    let mut second = Terminal::workbench(&workbench, LARGE, &["attach", "one"]);
    first.shows(&["running"]);
    second.shows(&["running"]);
    // What one asks for, both show.
    first.press(" ");
    // In the header: the mark on the curves can be there before the state, which is what the next key goes by.
    let paused = |text: &str| text.lines().next().is_some_and(|line| line.contains("paused"));
    first.until("a pause", paused);
    second.until("a pause", paused);
    second.press(" ");
    first.until("an end of the pause", |text| !paused(text) && text.contains("running"));

    first.signal(Signal::KILL);
    assert!(first.ended().status.signal().is_some());
    goes_on(&run);
    let before = second.text();
    second.until("news", |text| text != before && text.contains("running"));
    second.press("q");
    second.ended().exits(0);
}

#[test]
fn a_closed_terminal_ends_the_viewer_and_not_the_run() {
    let workbench = Workbench::new();
    let train = with(SMALL_MLP, &[ENDLESS, "--name", "one"]);
    let mut terminal = Terminal::workbench(&workbench, SMALL, &train);
    terminal.shows(&["running"]);
    let mut viewer = terminal.close("?");
    poll("the end of the viewer", || viewer.ended());
    goes_on(&workbench.run("one"));
}

#[test]
fn a_viewer_that_is_told_to_end_restores_the_terminal() {
    let workbench = endless();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", "one"]);
        terminal.shows(&["running"]);
        let before = terminal.written();
        terminal.signal(signal);
        let left = terminal.ended();
        let after = String::from_utf8_lossy(&left.bytes[before..]).into_owned();
        let shows_cursor = after.rfind("\x1b[?25h").expect("the cursor is shown");
        let leaves = after.rfind("\x1b[?1049l").expect("the alternate screen is left");
        assert!(!after[shows_cursor.min(leaves)..].contains("\x1b[?2026h"), "{after:?}");
        assert!(left.restored, "{signal:?}: {after:?}");
        assert!(left.status.signal().is_none(), "{signal:?}: {}", left.status);
        goes_on(&workbench.run("one"));
    }
}

#[test]
fn a_run_that_ends_stays_on_screen() {
    let workbench = Workbench::new();
    let train = with(SMALL_MLP, &[SHORT, "--name", "one"]);
    let mut terminal = Terminal::workbench(&workbench, SMALL, &train);
    shows_all(&mut terminal, 600);
    // It stays for as long as it is looked at.
    terminal.quiet_for(Duration::from_millis(300));
    terminal.shows(&["finished", "600/600"]);
    terminal.press("q");
    let left = terminal.ended().exits(0);
    assert!(!left.text.contains("training goes on"), "{}", left.text);
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let workbench = finished();
    let mut terminal = Terminal::workbench(&workbench, LARGE, &["attach", "one"]);
    shows_all(&mut terminal, 600);
    terminal.quiet_for(Duration::from_millis(1500));
    for view in ["2", "3", "4", "5", "6"] {
        let before = terminal.written();
        terminal.press(view);
        poll("a frame", || (terminal.written() > before).then_some(()));
        let settled = terminal.quiet_for(Duration::from_millis(500));
        assert_eq!(terminal.quiet_for(Duration::from_millis(1500)), settled, "view {view}");
    }
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn the_best_value_shown_is_the_best_there_was() {
    let workbench = finished();
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    let best = shown["metrics"]["valid/loss"]["best"].as_f64().unwrap();
    let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", "one"]);
    terminal.shows(&["finished", &format!("best valid/loss {best:.1} @ ")]);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn any_folder_with_a_tensorboard_log_has_curves() {
    let workbench = finished();
    let log = workbench.run("one").event_log();
    let folder = workbench.folder().join("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(&log, folder.join(log.file_name().unwrap())).unwrap();
    let path = folder.display().to_string();
    let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", &path]);
    terminal.shows(&["elsewhere", "step 600", "loss", "recon", "kl"]);
    let text = terminal.until("curves", has_curve);
    for word in ["finished", "running", "lost"] {
        assert!(!text.contains(word), "`{word}` of a log that says no such thing:\n{text}");
    }
    terminal.press("q");
    let left = terminal.ended().exits(0);
    assert!(!left.text.contains("training goes on"), "nobody knows that:\n{}", left.text);

    // What TensorBoard is pointed at: a folder of logs.
    let other = folder.join("lr-1e-3");
    std::fs::create_dir(&other).unwrap();
    std::fs::rename(folder.join(log.file_name().unwrap()), other.join(log.file_name().unwrap()))
        .unwrap();
    std::fs::create_dir(folder.join("lr-3e-4")).unwrap();
    std::fs::copy(&log, folder.join("lr-3e-4").join(log.file_name().unwrap())).unwrap();
    let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", &path]);
    terminal.shows(&["lr-1e-3", "lr-3e-4", "loss"]);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn several_runs_are_compared_chosen_and_let_go() {
    let workbench = finished();
    let two = with(SMALL_MLP, &["train.steps=300", "train.optimizer.lr=3e-4"]);
    workbench.command(&[&two[..], &["--headless", "--name", "two"]].concat()).ok();
    for size in [SMALL, LARGE] {
        let compare = ["compare", "one", "two"];
        let mut terminal = Terminal::workbench(&workbench, size, &compare);
        terminal.shows(&["one", "two", "600/600", "300/300", "best", "lr=3e-4"]);
        terminal.until("a curve", has_curve);
        // From the list the other one is let go, and taken back.
        terminal.press("c");
        terminal.shows(&["2 drawn, 2 listed of 2 runs", "Enter pin"]);
        terminal.press("j\r");
        terminal.shows(&["1 drawn"]);
        terminal.press("/lr<1e-3\r\r");
        terminal.shows(&["2 drawn"]);
        terminal.press("\r");
        terminal.shows(&["1 drawn"]);
        terminal.press("1");
        terminal.until("one run alone", |text| !text.contains("lr=3e-4"));
        terminal.press("q");
        terminal.ended().exits(0);
    }
    workbench.command(&["compare", "one", "nobody"]).exits(2).says(&["nobody"]);
}

#[test]
fn the_latent_view_is_saved_as_it_is_looked_at() {
    let workbench = finished();
    let mut terminal = Terminal::workbench(&workbench, SMALL, &["attach", "one"]);
    terminal.press("3");
    terminal.shows(&["KL", "nats", "active"]);
    terminal.press("xybw");
    let text = terminal.until("what was saved", |text| text.contains("saved plots/latent-600-"));
    let name = text.split("saved ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let file = workbench.run("one").path().join(name.unwrap());
    assert!(std::fs::read(&file).unwrap().starts_with(b"\x89PNG"), "{}", file.display());
    terminal.press("q");
    terminal.ended().exits(0);
    let csv = workbench.folder().join("view.csv").display().to_string();
    let plot = ["plot", "one", "latent", "--axes", "1,2", "--color", "2", "--csv", &csv];
    workbench.command(&plot).ok();
    let csv = std::fs::read_to_string(&csv).unwrap();
    assert!(csv.starts_with("x,y,class,z₂\n"), "{}", csv.lines().next().unwrap());
    workbench.command(&["plot", "one", "loss", "--color", "2"]).exits(2).says(&["latent"]);
}

/// The image and its reconstruction come from the model, in a process of its own; E leads on from there.
#[test]
fn a_point_is_looked_at_and_explored() {
    let workbench = finished();
    let mut terminal =
        Terminal::workbench(&workbench, SMALL, &["attach", "one", "--theme", "none"]);
    terminal.press("3");
    terminal.shows(&["KL", "nats", "active"]);
    terminal.press("L");
    let text = terminal.until("two pictures", |text| text.contains("by step 600"));
    assert!(text.contains("input"), "{text}");
    let item = text.split("item ").nth(1).and_then(|rest| rest.split([',', ':']).next()).unwrap();
    // Ink on a dark ground, in the last rows of the pane.
    let shades = text.chars().filter(|c| "░▒▓█".contains(*c)).count();
    assert!(shades > 40, "{shades} shaded cells: {text}");
    terminal.press("E");
    terminal.shows(&[&format!("point {item}")]);
    terminal.press("q");
    terminal.shows(&["[3 Latent]"]);
    terminal.press("q");
    terminal.ended().exits(0);
}

#[test]
fn pictures_are_pixels_where_the_terminal_draws_them() {
    let workbench = finished();
    for (way, marks) in [("sixel", "\x1bP"), ("kitty", "\x1b_G"), ("iterm2", "\x1b]1337;File=")] {
        let attach = ["attach", "one", "--pictures", way];
        let mut terminal = Terminal::workbench(&workbench, SMALL, &attach);
        terminal.shows(&["[1 Loss]"]);
        terminal.press("2");
        terminal.until("the pictures' step", |text| text.contains("step 600"));
        terminal.press("q");
        let left = terminal.ended().exits(0);
        let text = String::from_utf8_lossy(&left.bytes);
        assert!(text.contains(marks), "{way}");
        assert!(left.restored);
    }
    // This one answers nothing, and loses no key for that.
    let mut silent =
        Terminal::workbench(&workbench, SMALL, &["attach", "one", "--pictures", "auto"]);
    silent.shows(&["[1 Loss]"]);
    silent.press("2");
    silent.shows(&["[2 Images]", "▀"]);
    silent.press("q");
    silent.ended().exits(0);
    let unknown = Terminal::workbench(&workbench, SMALL, &["attach", "one", "--pictures", "ink"]);
    unknown.ended().exits(2);
}

#[test]
fn a_terminal_that_can_do_nothing_gets_lines() {
    let workbench = Workbench::new();
    let train = with(SMALL_MLP, &[SHORT, "--name", "one"]);
    let terminal = Terminal::open(SMALL, on_a("dumb", &workbench, &train));
    let left = terminal.ended().exits(0);
    let said = String::from_utf8_lossy(&left.bytes);
    assert!(said.contains("training one") && said.contains("finished at step 600"), "{said}");
    assert!(!said.contains('\x1b'), "{said:?}");

    let attach = on_a("dumb", &workbench, &["attach", "one"]);
    let left = Terminal::open(SMALL, attach).ended().exits(2);
    let said = String::from_utf8_lossy(&left.bytes);
    assert!(said.contains("TERM") || said.contains("dumb"), "{said}");
    assert!(!said.contains('\x1b'), "{said:?}");
}

#[test]
fn without_a_terminal_there_is_no_dashboard() {
    let workbench = finished();
    workbench.command(&["attach", "one"]).exits(2).says(&["terminal"]);
    workbench.command(&["attach", "none"]).exits(2).says(&["none"]);
}

/// With a finished run `one`.
fn finished() -> Workbench {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &[SHORT, "--headless", "--name", "one"])).ok();
    workbench
}

/// With a run `one` that trains in the background.
fn endless() -> Workbench {
    let workbench = Workbench::new();
    workbench.command(&with(SMALL_MLP, &[ENDLESS, "--detach", "--name", "one"])).ok();
    goes_on(&workbench.run("one"));
    workbench
}

/// Waits for status.json to tell of more steps than it does now.
fn goes_on(run: &Run) {
    let step = || run.status().filter(|_| run.is_alive()).and_then(|now| now["step"].as_u64());
    let now = poll("a step", step);
    poll("more steps", || step().filter(|step| *step > now));
}

fn has_curve(text: &str) -> bool {
    text.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count() > 10
}

/// Waits for a finished run, and has its first and its last record read off the curves.
fn shows_all(terminal: &mut Terminal, steps: u64) {
    let (of, last) = (format!("{steps}/{steps}"), format!("loss  at {steps}:"));
    terminal.shows(&["finished", &of, "[1 Loss]"]);
    terminal.until("the history", |text| !text.contains("reading history") && has_curve(text));
    terminal.press(HOME);
    terminal.shows(&["loss  at 10:"]);
    terminal.press(END);
    terminal.until("no cursor", |text| !text.contains("loss  at "));
    terminal.press(LEFT);
    terminal.shows(&[&last, "test"]);
    terminal.press(ESCAPE);
    terminal.until("no cursor", |text| !text.contains("loss  at "));
}
