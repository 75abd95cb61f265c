//! Plugins that crash, leave or never return: nothing of it can be caught, all of it is named.

mod terminal;

use std::sync::OnceLock;

use terminal::Terminal;
use workbench_tests::{Ended, Root, Workbench};

/// A root with a C plugin that falls over on request, and an architecture that does not.
fn root() -> &'static Root {
    static ROOT: OnceLock<Root> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = Root::new("crashes-root");
        root.copy("tests/fixtures/c/crashes.c", "plugins/crashes/crashes.c");
        root.copy_plugin("mlp-vae");
        root.workspace(&["mlp-vae"]);
        for (name, architecture) in
            [("crashes", "plugin = \"mlp-vae\"\nhidden = 16\nlatent = 2"), ("built", "plugin = \"crashes\"")]
        {
            let text = format!(
                "[dataset]\nplugin = \"crashes\"\n\n[architecture]\n{architecture}\n\n[train]\nsteps = 20\n\
                 batch_size = 16\n\n[log]\nevery_steps = 5\n\n[plots]\nfigures = []\n\n[device]\nthreads = 2\n"
            );
            root.write(&format!("experiments/{name}.toml"), &text);
        }
        root
    })
}

fn train(settings: &[&str]) -> (Workbench, Ended) {
    let workbench = Workbench::at(root().path());
    // The one that is built by the plugin at fault, where that is what is at fault.
    let of_build = settings.iter().any(|setting| setting.starts_with("architecture."));
    let experiment = if of_build { "built" } else { "crashes" };
    let arguments = [&["train", experiment, "--headless", "--name", "one"], settings].concat();
    let ended = workbench.command(&arguments);
    (workbench, ended)
}

/// A fault that shows before there is a run.
#[track_caller]
fn refused(settings: &[&str], words: &[&str]) {
    let (workbench, ended) = train(settings);
    ended.exits(2).says(&[&["error: ", "`crashes`"], words].concat());
    assert!(workbench.names().is_empty(), "no run is left behind");
}

/// A fault that ends a run: the same words on stderr, in status.json, in `show` and in `runs`.
#[track_caller]
fn failed(settings: &[&str], words: &[&str]) -> Workbench {
    let (workbench, ended) = train(settings);
    ended.exits(1).says(&[&["error: ", "`crashes`"], words].concat());
    let run = workbench.run("one");
    assert_eq!(run.state(), "failed");
    let error = run.status().unwrap()["error"].as_str().unwrap().to_owned();
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert_eq!(shown["error"].as_str(), Some(&*error));
    assert_eq!(shown["state"], "failed");
    let human = workbench.command(&["show", "one"]).ok().stdout;
    for word in words {
        assert!(error.contains(word), "`{word}` is not in status.json's error: {error}");
        assert!(human.contains(word), "`{word}` is not shown: {human}");
    }
    workbench
}

/// The chunk that holds item 777.
const READING: &str = "reading items 512 to 1023 of `train`";

#[test]
fn the_plugin_without_its_faults_trains() {
    let (workbench, ended) = train(&[]);
    ended.ok();
    assert_eq!(workbench.run("one").state(), "finished");
}

#[test]
fn a_crash_while_reading_fails_the_run_with_its_plugin_and_its_items() {
    for (fault, words) in [
        ("abort", "crashed with SIGABRT"),
        ("segfault", "crashed with SIGSEGV"),
        ("overflow", "crashed with SIGSEGV"),
        ("double free", "crashed with SIGABRT"),
        ("exit", "ended the process by `exit`"),
    ] {
        let fault = format!("dataset.fault=read: {fault}");
        let workbench = failed(
            &[&fault],
            &[words, READING, "workbench resume one", "mend the plugin", "crashes.so"],
        );
        // Mended, the run goes on; what it was to do is in its own experiment.
        let file = workbench.run("one").path().join("experiment.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace(fault.strip_prefix("dataset.fault=").unwrap(), "none"))
            .unwrap();
        workbench.command(&["resume", "one", "--headless"]).ok();
        assert_eq!(workbench.run("one").state(), "finished");
        assert!(workbench.run("one").status().unwrap()["error"].is_null());
    }
}

#[test]
fn a_crash_on_a_thread_of_the_plugins_own_is_told_with_what_went_on() {
    failed(
        &["dataset.fault=read: thread"],
        &["crashed with SIGSEGV while plugin", READING, "another thread"],
    );
}

#[test]
fn a_trap_has_its_systems_name() {
    let trap = if cfg!(target_arch = "x86_64") { "SIGILL" } else { "SIGTRAP" };
    failed(&["dataset.fault=read: trap"], &[trap, READING]);
}

#[test]
fn a_crash_before_there_is_a_run_leaves_none() {
    refused(&["dataset.fault=open: segfault"], &["crashed with SIGSEGV", "opening the data set"]);
    refused(&["dataset.fault=open: exit"], &["`exit`", "opening the data set"]);
    refused(&["architecture.fault=build: abort"], &["crashed with SIGABRT", "building the graph"]);
}

#[test]
fn what_never_returns_is_ended_at_its_deadline() {
    let deadline = "input.read_deadline=0.3";
    let overdue = ["has not returned from", "0.3 s", "input.read_deadline"];
    for fault in ["hang", "spin"] {
        let fault = format!("dataset.fault=read: {fault}");
        failed(&[&fault, deadline], &[&overdue[..], &[READING, "workbench resume one"]].concat());
    }
    refused(
        &["dataset.fault=open: hang", deadline],
        &[&overdue[..], &["opening the data set"]].concat(),
    );
    refused(
        &["architecture.fault=build: spin", deadline],
        &[&overdue[..], &["building the graph"]].concat(),
    );
}

#[test]
fn faults_without_a_crash_are_named_too() {
    failed_by("error", &["item 777 does not decode", "crashes.c:"]);
    failed_by(
        "wordless error",
        &["without saying why", "item 777 of `train`", "plugin check crashes"],
    );
    failed_by("not a number", &["item 777 of `train`", "NaN", "input.on_bad_item"]);
    failed_by("out of range", &["item 777 of `train`", "255", "0 to 1"]);
    failed_by("label", &["item 777 of `train`", "label -1", "2 classes"]);
}

#[track_caller]
fn failed_by(fault: &str, words: &[&str]) {
    failed(&[&format!("dataset.fault={fault}")], words);
}

#[test]
fn what_can_not_be_an_image_or_a_split_is_refused_before_it_is_read() {
    refused(
        &["dataset.fault=flat image"],
        &["breaks the plugin ABI", "[channels, height, width]", "[1, 8]"],
    );
    refused(&["dataset.fault=huge image"], &["breaks the plugin ABI", "1099511627776"]);
    refused(&["dataset.fault=endless split"], &["18446744073709551615 items", "`train`"]);
}

#[test]
fn a_detached_trainer_that_crashes_says_so_where_it_is_looked_for() {
    let workbench = Workbench::at(root().path());
    let train = ["train", "crashes", "--detach", "--name", "one", "dataset.fault=read: segfault"];
    workbench.command(&train);
    let run = workbench.run("one");
    workbench_tests::poll("the end of the run", || (run.state() == "failed").then_some(()));
    let log = std::fs::read_to_string(run.path().join("trainer.log")).unwrap();
    assert!(log.contains("crashed with SIGSEGV") && log.contains(READING), "{log}");
    let listed = workbench.command(&["runs"]).ok().stdout;
    assert!(listed.contains("failed"), "{listed}");
}

#[test]
fn the_dashboard_outlives_the_trainer_and_shows_what_ended_it() {
    let workbench = Workbench::at(root().path());
    // Long enough that the dashboard is there before the plugin is given up.
    let at_root = ["--root", root().path().to_str().unwrap()];
    let train =
        ["train", "crashes", "--name", "one", "dataset.fault=read: hang", "input.read_deadline=3"];
    let train = [&at_root[..], &train].concat();
    let mut terminal = Terminal::workbench(&workbench, (120, 30), &train);
    terminal.shows(&["one", "starting", "[1 Loss]"]);
    terminal.shows(&["failed", "plugin `crashes` has not returned from reading items 512 to 1023"]);
    terminal.press("q");
    terminal.ended().exits(1);
    let workbench = failed(&["dataset.fault=read: abort"], &["SIGABRT"]);
    let mut terminal =
        Terminal::workbench(&workbench, (120, 30), &[&at_root[..], &["attach", "one"]].concat());
    terminal.shows(&["failed", "plugin `crashes` crashed with SIGABRT while", READING]);
    terminal.press("q");
    terminal.ended().exits(0);
}
