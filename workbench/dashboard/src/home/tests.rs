//! Whole screens, drawn from run directories that the tests record, and what keys do on them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use workbench_runs::{Best, Claim, Group, LogWriter, RunDir, State as RunState, Status, Value};

use super::keys::{Section, TABLE};
use super::scan::{Scan, Seen};
use super::state::State;
use super::update::{Effect, Message, update};
use super::work::{self, Done, Job};
use super::*;
use crate::Options;
use crate::home::keys::Action;
use crate::keys::{self, Place};
use crate::terminal::Input;
use crate::theme::{Env, Styles, Theme};

/// Owns what a root would, and notes what it was asked to do.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn note(&self, what: &str, path: &Path) {
        let name = path.file_name().unwrap().to_string_lossy();
        self.asked.lock().unwrap().push(format!("{what} {name}"));
    }
}

const MISTAKE: &str = "error: unknown key `epoch` in [train]
  --> experiments/broken.toml:17:1
   |
17 | epoch = 20
   | ^^^^^
   = help: did you mean `epochs`?";

impl Owner for Fake {
    fn experiments(&self) -> Vec<ExperimentEntry> {
        let entry = |name: &str, architecture: &str, about: &str, error: Option<&str>| {
            let text = format!("# {about}\nname = \"{name}\"\n\n[train]\nepochs = 20\n");
            ExperimentEntry {
                path: PathBuf::from(format!("/root/experiments/{name}.toml")),
                name: name.to_owned(),
                about: about.to_owned(),
                data_set: "digits".to_owned(),
                architecture: architecture.to_owned(),
                text,
                error: error.map(str::to_owned),
            }
        };
        vec![
            entry("broken", "", "", Some("unknown key `epoch` in [train]")),
            entry("digits-conv", "conv-vae", "A convolutional VAE on handwritten digits.", None),
            entry("digits-mlp", "mlp-vae", "The classic VAE on handwritten digits.", None),
        ]
    }

    fn data_sets(&self) -> Vec<DataSetEntry> {
        let entry = |name: &str, title: &str, missing: &[&str]| DataSetEntry {
            name: name.to_owned(),
            title: title.to_owned(),
            missing: missing.iter().map(|&text| text.to_owned()).collect(),
            details: "28x28 grey pictures in ten classes.\nlicence  MIT".to_owned(),
        };
        vec![
            entry("digits", "Handwritten digits: 10,000 of MNIST's", &[]),
            entry("fashion", "Clothes", &["images.gz is missing"]),
        ]
    }

    fn plugins(&self) -> Vec<PluginEntry> {
        self.described_plugins()
    }

    fn described_plugins(&self) -> Vec<PluginEntry> {
        let entry = |name: &str, kind: &str, about: &str, is_broken| PluginEntry {
            name: name.to_owned(),
            kind: kind.to_owned(),
            about: about.to_owned(),
            details: "  latent = 20  Dimensions of the latent space.".to_owned(),
            is_broken,
        };
        vec![
            entry("broken", "", "plugin `broken` does not compile", true),
            entry("conv-vae", "architecture", "Convolutional VAE.", false),
            entry("idx", "dataset", "IDX files as MNIST uses.", false),
        ]
    }

    fn check(&self, experiment: &Path) -> Result<String, String> {
        self.note("check", experiment);
        if experiment.ends_with("broken.toml") {
            return Err(MISTAKE.to_owned());
        }
        Ok((1..=40).map(|line| format!("line {line}\n")).collect())
    }

    fn start(&self, experiment: &Path) -> Result<PathBuf, String> {
        self.check(experiment)?;
        Ok(PathBuf::from("/root/runs/new"))
    }

    fn resume(&self, run: &Path) -> Result<(), String> {
        self.note("resume", run);
        Ok(())
    }

    fn editor(&self, file: &Path) -> Command {
        let mut command = Command::new("true");
        command.arg(file);
        command
    }

    fn explorer(&self, run: &Path) -> Vec<std::ffi::OsString> {
        vec!["explore".into(), run.into()]
    }

    fn looker(&self, _: &Path) -> Vec<std::ffi::OsString> {
        Vec::new()
    }

    fn come_back(&self, run: &str) -> String {
        format!("workbench attach {run}")
    }
}

/// Runs in several states; a live one is claimed by this process as long as the claim is held.
fn recorded() -> (tempfile::TempDir, Claim) {
    let dir = tempfile::tempdir().unwrap();
    let record = |name: &str, day: u32, steps: u64, of: u64, state: RunState| {
        let run = RunDir::create(dir.path(), name).unwrap();
        let mut log = LogWriter::create(&run, None).unwrap();
        let scalar = |tag: &str, value: f32| (tag.to_owned(), Value::Scalar(value));
        let loss = |step: u64| 105.0 + 400.0 * (-(step as f32) / 80.0).exp();
        for step in (10..=steps).step_by(10) {
            log.write(step, &[scalar("train/loss", loss(step) - 1.0)]).unwrap();
        }
        for step in (60..=steps).step_by(60) {
            log.write(step, &[scalar("valid/loss", loss(step))]).unwrap();
        }
        if state == RunState::Finished {
            log.write(steps, &[scalar("test/loss", 104.7), scalar("test/kl", 24.2)]).unwrap();
        }
        log.flush().unwrap();
        let best = Best { tag: "valid/loss".into(), step: 60, value: f64::from(loss(steps)) };
        let status = Status {
            state,
            started: format!("2026-11-{day}T18:03:12Z"),
            host: "node-7".into(),
            step: steps,
            epoch: steps / 60,
            images_per_second: 12_345.0,
            best: (steps > 100).then_some(best),
            error: (state == RunState::Diverged)
                .then(|| "the loss is not finite at step 90".to_owned()),
            ..Status::starting(of, 653_000)
        };
        status.write(&run).unwrap();
        run
    };
    record("20261120-180312-digits-mlp", 20, 600, 600, RunState::Finished);
    record("diverged", 22, 90, 3000, RunState::Diverged);
    record("stopped", 23, 400, 3000, RunState::Stopped);
    let member = record("trio-s1", 24, 600, 600, RunState::Finished);
    let group = Group { name: "trio".into(), seed: 1 };
    let mut provenance = String::from("[group]\n");
    group.to_table().iter().for_each(|(k, v)| provenance += &format!("{k} = {v}\n"));
    member.write_text("provenance.toml", &provenance).unwrap();
    let live = record("live", 21, 700, 3000, RunState::Running);
    (dir, Claim::acquire(&live).unwrap())
}

fn styles(theme: Theme, ascii: bool) -> Styles {
    let env = Env { lang: Some("C.UTF-8".into()), ..Env::default() };
    Styles::decide(&Options { theme: Some(theme), ascii, env, ..Options::default() })
}

/// A state as the scanner and the owner fill it.
fn read(runs: &Path, styles: Styles) -> State {
    let owner: Arc<dyn Owner> = Arc::new(Fake::default());
    let mut state = State::new(styles, "/root/runs".to_owned());
    for seen in look(runs, &owner) {
        update(&mut state, Message::Seen(seen));
    }
    update(&mut state, Message::Seen(Seen::Experiments(owner.experiments())));
    update(&mut state, Message::Seen(Seen::DataSets(owner.data_sets())));
    update(&mut state, Message::Done(Done::Plugins(owner.plugins())));
    state
}

/// All that one look finds.
fn look(runs: &Path, owner: &Arc<dyn Owner>) -> Vec<Seen> {
    let (tell, seen) = mpsc::sync_channel(100);
    let (_look, asked) = mpsc::channel();
    let mut scan = Scan::new(runs, Some(Arc::clone(owner)), tell);
    assert!(scan.look(&asked).is_ok());
    let found: Vec<Seen> = seen.try_iter().collect();
    assert!(scan.look(&asked).is_ok());
    assert_eq!(seen.try_iter().count(), 0, "what did not change is not told");
    found
}

fn screen(state: &mut State, columns: u16, rows: u16) -> String {
    update(state, Message::Input(Input::Resize(columns, rows)));
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view::draw(state, frame.area(), frame.buffer_mut())).unwrap();
    terminal.backend().to_string()
}

fn press_code(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Message::Input(Input::Key(keys::named(code))))
}

fn press(state: &mut State, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|c| press_code(state, KeyCode::Char(c))).collect()
}

/// Chooses the entry whose name holds `part`.
fn choose(state: &mut State, section: &str, part: &str) {
    press(state, section);
    press(state, &format!("/{part}"));
    press_code(state, KeyCode::Enter);
}

#[test]
fn every_section_at_every_size() {
    let (dir, _claim) = recorded();
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut state = read(dir.path(), styles(Theme::Truecolor, false));
        for (key, name) in [("1", "runs"), ("2", "experiments"), ("3", "data"), ("4", "plugins")] {
            press(&mut state, key);
            press(&mut state, if name == "runs" { "j" } else { "" });
            let name = format!("{name}_{columns}x{rows}");
            insta::assert_snapshot!(name, screen(&mut state, columns, rows));
        }
    }
}

#[test]
fn without_unicode_all_is_ascii() {
    let (dir, _claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::Colors16, true));
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        for key in ["1", "2", "3", "4", "?"] {
            press(&mut state, key);
            let screen = screen(&mut state, columns, rows);
            assert!(screen.is_ascii(), "{screen}");
        }
        press_code(&mut state, KeyCode::Esc);
    }
    press(&mut state, "1");
    insta::assert_snapshot!("runs_ascii_80x24", screen(&mut state, 80, 24));
}

#[test]
fn what_lies_over_the_lists() {
    let (dir, _claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::None, false));
    press(&mut state, "?");
    insta::assert_snapshot!("help_80x24", screen(&mut state, 80, 24));
    press_code(&mut state, KeyCode::Esc);
    choose(&mut state, "2", "broken");
    let effects = press_code(&mut state, KeyCode::Enter);
    let [Effect::Work(job @ Job::Start { .. })] = &effects[..] else { panic!("{effects:?}") };
    assert!(screen(&mut state, 80, 24).contains("building and checking broken…"));
    let done = work::carry_out(&Fake::default(), job.clone());
    update(&mut state, Message::Done(done));
    insta::assert_snapshot!("mistake_80x24", screen(&mut state, 80, 24));
    press(&mut state, "q");
    assert!(state.ui.page.is_none());
    assert_eq!(press(&mut state, "q"), [Effect::Leave]);
}

#[test]
fn no_size_is_too_small_to_draw() {
    let (dir, _claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::Truecolor, false));
    let job = Job::Check { experiment: "/x/digits-mlp.toml".into(), name: "x".into() };
    let page = work::carry_out(&Fake::default(), job);
    for overlay in ["", "?", "page"] {
        match overlay {
            "page" => {
                state.ui.help = false;
                update(
                    &mut state,
                    Message::Done(work::carry_out(
                        &Fake::default(),
                        Job::Check { experiment: "/x/digits-mlp.toml".into(), name: "x".into() },
                    )),
                );
            }
            keys => drop(press(&mut state, keys)),
        }
        for section in 0..4 {
            state.ui.section = section;
            for (columns, rows) in (1..=170u16).flat_map(|c| (1..=45u16).map(move |r| (c, r))) {
                // The small ones all, of the others every nineteenth.
                if (columns > 46 || rows > 12) && (columns * 7 + rows) % 19 > 0 {
                    continue;
                }
                state.size = (columns, rows);
                let area = Rect::new(0, 0, columns, rows);
                view::draw(&state, area, &mut Buffer::empty(area));
            }
        }
    }
    assert!(matches!(page, Done::Checked { .. }));
    state.ui.page = None;
    insta::assert_snapshot!("too_small_30x6", screen(&mut state, 30, 6));
}

#[test]
fn live_runs_come_first_and_then_the_newest() {
    let (dir, claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::None, false));
    let names = |state: &State| -> Vec<String> {
        state.runs.iter().flatten().map(|run| run.name.clone()).collect()
    };
    let newest = ["live", "trio-s1", "stopped", "diverged", "20261120-180312-digits-mlp"];
    assert_eq!(names(&state), newest);
    // What is chosen stays so where the others move.
    press(&mut state, "jj");
    assert_eq!(state.chosen_run().unwrap().name, "stopped");
    drop(claim);
    let live = RunDir::open(&dir.path().join("live")).unwrap();
    let status = Status::read(&live).unwrap().unwrap();
    Status { state: RunState::Finished, ..status }.write(&live).unwrap();
    let owner: Arc<dyn Owner> = Arc::new(Fake::default());
    look(dir.path(), &owner).into_iter().for_each(|seen| state.see(seen));
    assert_eq!(names(&state)[..2], ["trio-s1", "stopped"]);
    assert_eq!(state.chosen_run().unwrap().name, "stopped");
}

#[test]
fn enter_opens_a_run_and_starts_an_experiment() {
    let (dir, _claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::None, false));
    let opened = press_code(&mut state, KeyCode::Enter);
    assert_eq!(opened, [Effect::Open(dir.path().join("live"), Vec::new())]);
    assert_eq!(press(&mut state, "e"), [Effect::Explore(dir.path().join("live"))]);
    press_code(&mut state, KeyCode::Tab);
    press(&mut state, "G");
    let mlp = PathBuf::from("/root/experiments/digits-mlp.toml");
    assert_eq!(press(&mut state, "e"), [Effect::Edit(mlp.clone())]);
    let job = Job::Check { experiment: mlp.clone(), name: "digits-mlp".into() };
    assert_eq!(press(&mut state, "c"), [Effect::Work(job.clone())]);
    assert!(press_code(&mut state, KeyCode::Enter).is_empty(), "one thing after the other");
    assert!(screen(&mut state, 80, 24).contains("not now: checking digits-mlp first"));
    update(&mut state, Message::Done(work::carry_out(&Fake::default(), job)));
    let checked = screen(&mut state, 80, 24);
    assert!(checked.contains("check of digits-mlp") && checked.contains("line 21"), "{checked}");
    press_code(&mut state, KeyCode::PageDown);
    assert!(screen(&mut state, 80, 24).contains("line 39"));
    press_code(&mut state, KeyCode::Esc);
    let job = Job::Start { experiment: mlp, name: "digits-mlp".into() };
    assert_eq!(press_code(&mut state, KeyCode::Enter), [Effect::Work(job.clone())]);
    let done = work::carry_out(&Fake::default(), job);
    let opened = update(&mut state, Message::Done(done));
    assert_eq!(opened, [Effect::Open("/root/runs/new".into(), Vec::new())]);
    assert_eq!((state.section(), state.working), (Section::Runs, None));
}

#[test]
fn stopping_and_deleting_are_asked_twice() {
    let (dir, claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::None, false));
    let said = |state: &mut State| screen(state, 80, 24).lines().last().unwrap().to_owned();
    assert!(press(&mut state, "D").is_empty());
    assert!(said(&mut state).contains("stop it first"));
    assert!(press(&mut state, "S").is_empty());
    assert!(said(&mut state).contains("stop live? S again"));
    assert!(press(&mut state, "x").is_empty());
    assert!(said(&mut state).contains("live is not stopped"));
    let run = dir.path().join("live");
    let stop = Job::Stop { run: run.clone(), name: "live".into() };
    assert_eq!(press(&mut state, "SS"), [Effect::Work(stop.clone())]);
    let done = work::carry_out(&Fake::default(), stop);
    update(&mut state, Message::Done(done));
    assert!(said(&mut state).contains("asked live to stop"));
    assert_eq!(std::fs::read_dir(run.join("requests")).unwrap().count(), 1);
    // That is told until it has ended.
    state.see(Seen::Runs(state.runs.clone().unwrap()));
    assert!(said(&mut state).contains("asked live to stop"));
    let mut ended = state.runs.clone().unwrap();
    Arc::make_mut(&mut ended[0]).lost = true;
    let live = state.runs.replace(ended.clone());
    state.see(Seen::Runs(ended));
    assert!(!said(&mut state).contains("asked live to stop"));
    state.runs = live;

    choose(&mut state, "1", "diverged");
    assert!(press(&mut state, "S").is_empty());
    assert!(said(&mut state).contains("nothing is there to stop"));
    let run = dir.path().join("diverged");
    let delete = Job::Delete { run: run.clone(), name: "diverged".into() };
    assert!(press(&mut state, "D").is_empty());
    assert!(said(&mut state).contains("delete diverged for good? D again"));
    // Moving away takes it back.
    assert!(press(&mut state, "jD").is_empty());
    press(&mut state, "n");
    assert_eq!(press(&mut state, "DD"), [Effect::Work(delete.clone())]);
    let done = work::carry_out(&Fake::default(), delete);
    assert!(matches!(&done, Done::Said(text) if text == "deleted diverged"), "{done:?}");
    assert!(!run.exists());
    // Whatever the screen says: one that is at work is not deleted.
    let delete = Job::Delete { run: dir.path().join("live"), name: "live".into() };
    assert!(matches!(work::carry_out(&Fake::default(), delete), Done::Failed { .. }));
    drop(claim);
}

#[test]
fn only_what_can_go_on_is_resumed() {
    let (dir, _claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::None, false));
    assert!(press(&mut state, "r").is_empty(), "live");
    assert!(press(&mut state, "jr").is_empty(), "finished");
    assert!(screen(&mut state, 80, 24).contains("nothing is left to do"));
    let run = dir.path().join("stopped");
    let job = Job::Resume { run: run.clone(), name: "stopped".into() };
    assert_eq!(press(&mut state, "jr"), [Effect::Work(job.clone())]);
    let owner = Fake::default();
    let done = work::carry_out(&owner, job);
    assert_eq!(*owner.asked.lock().unwrap(), ["resume stopped"]);
    assert_eq!(update(&mut state, Message::Done(done)), [Effect::Open(run, Vec::new())]);
}

#[test]
fn a_run_whose_process_is_gone_is_lost_and_can_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path(), "gone").unwrap();
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let status = Status { pid: child.id(), ..Status::starting(100, 1) };
    Status { state: RunState::Running, ..status }.write(&run).unwrap();
    let mut state = read(dir.path(), styles(Theme::None, false));
    assert!(screen(&mut state, 80, 24).contains("? gone lost"));
    assert!(matches!(&press(&mut state, "r")[..], [Effect::Work(Job::Resume { .. })]));
}

#[test]
fn a_filter_holds_for_its_section() {
    let (dir, _claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::None, false));
    press(&mut state, "/FINI");
    assert_eq!(state.shown(Section::Runs).len(), 2);
    assert!(screen(&mut state, 80, 24).lines().last().unwrap().contains("/FINI"));
    // While it is typed, letters are letters.
    press(&mut state, "qq");
    assert!(screen(&mut state, 80, 24).contains("nothing fits the filter"));
    press_code(&mut state, KeyCode::Backspace);
    press_code(&mut state, KeyCode::Backspace);
    press_code(&mut state, KeyCode::Enter);
    assert!(screen(&mut state, 80, 24).contains("[1 Runs 2/5]"));
    press_code(&mut state, KeyCode::Tab);
    assert_eq!(state.shown(Section::Experiments).len(), 3);
    press_code(&mut state, KeyCode::BackTab);
    press_code(&mut state, KeyCode::Esc);
    assert_eq!(state.shown(Section::Runs).len(), 5);
}

#[test]
fn an_empty_workbench_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::new(styles(Theme::None, false), "/root/runs".to_owned());
    assert!(screen(&mut state, 80, 24).contains("looking"));
    let owner: Arc<dyn Owner> = Arc::new(Fake::default());
    look(&dir.path().join("none"), &owner).into_iter().for_each(|seen| state.see(seen));
    assert!(screen(&mut state, 80, 24).contains("no runs yet: Tab to the experiments"));
    for key in ["\u{a}", "r", "S", "D", "2", "c", "e"] {
        assert!(press(&mut state, key).is_empty());
    }
    assert!(press_code(&mut state, KeyCode::Enter).is_empty());
}

#[test]
fn every_key_does_something() {
    let (dir, _claim) = recorded();
    let fresh = read(dir.path(), styles(Theme::None, false));
    for binding in TABLE {
        let all = if binding.places.is_empty() { &Section::ALL[..1] } else { binding.places };
        for &section in all {
            for &key in binding.keys {
                let mut state = fresh.clone();
                screen(&mut state, 80, 24);
                // From the middle, so that there is somewhere to go; a filter, so that there is one to clear.
                state.ui.section = section as usize;
                state.ui.filter[section as usize] = "i".to_owned();
                press(&mut state, "j");
                if binding.action == Action::Show(Section::Runs) {
                    state.ui.section = 2;
                }
                let before = state.ui.clone();
                let effects = update(&mut state, Message::Input(Input::Key(key)));
                let changed = !effects.is_empty() || before != state.ui;
                assert!(changed, "{} in {section:?}", keys::name(key));
            }
        }
    }
}

#[test]
fn marked_runs_are_compared_the_chosen_one_first() {
    let (dir, _claim) = recorded();
    let mut state = read(dir.path(), styles(Theme::None, false));
    assert!(press(&mut state, "c").is_empty());
    assert!(screen(&mut state, 80, 24).contains("mark two runs or more"));
    // The first two, and back to the second.
    press(&mut state, "mmk");
    let shown = screen(&mut state, 120, 24);
    assert_eq!(shown.matches('▸').count(), 2, "{shown}");
    let [Effect::Open(first, others)] = &press(&mut state, "c")[..] else { panic!() };
    assert_eq!(*first, dir.path().join("trio-s1"));
    assert_eq!(*others, [dir.path().join("live")]);
    // A mark is taken away by the same key, all by Esc.
    press(&mut state, "m");
    assert_eq!(state.ui.marked.len(), 1);
    press_code(&mut state, KeyCode::Esc);
    assert!(state.ui.marked.is_empty());
}

#[test]
fn runs_are_filtered_by_their_settings() {
    let (dir, _claim) = recorded();
    let set = |run: &str, lr: &str| {
        let run = RunDir::open(&dir.path().join(run)).unwrap();
        let text = format!("[train]\noptimizer = {{ kind = \"adam\", lr = {lr} }}\n");
        run.write_text("experiment.toml", &text).unwrap();
    };
    set("live", "1e-3");
    set("stopped", "3e-4");
    let mut state = read(dir.path(), styles(Theme::None, false));
    press(&mut state, "/lr<1e-3");
    let names: Vec<String> =
        state.shown(Section::Runs).iter().map(|&at| state.name(Section::Runs, at)).collect();
    assert_eq!(names, ["stopped"]);
}
