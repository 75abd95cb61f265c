//! Whole screens, drawn from run directories that the tests record.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use workbench_runs::{LogReader, LogWriter, RunDir, Snapshot, State as RunState, Value};

use super::*;
use crate::Options;
use crate::explore::Pixels;
use crate::keys::{self, Place};
use crate::latent::Usage;
use crate::terminal::Input;
use crate::theme::{Env, Styles, Theme};
use crate::watch::keys::{Action, TABLE};
use crate::watch::look::Look;
use crate::watch::message::{Effect, Message, Read};
use crate::watch::synthetic::Synthetic;
use crate::watch::update::update;

/// A state as the reader would have filled it, with the clocks of the log and the status taken out.
pub(crate) fn read(run: &RunDir, styles: Styles) -> State {
    let come_back = "workbench attach digits-conv".to_owned();
    let mut state = State::new(run.path().to_path_buf(), styles, come_back, Instant::now());
    let mut log = LogReader::open(run.path());
    loop {
        let mut events = log.poll().unwrap();
        if events.is_empty() {
            break;
        }
        events.iter_mut().for_each(|event| event.wall_time = event.step as f64 * 0.01);
        state.fold(Read::Events(events));
    }
    state.fold(Read::Loading(None));
    if let Some(status) = workbench_runs::Status::read(run).unwrap() {
        state.fold(Read::Status(Box::new(status)));
    }
    if let Ok(text) = std::fs::read_to_string(run.trainer_log()) {
        state.fold(Read::Tail(text.lines().map(str::to_owned).collect()));
    }
    let snapshots = Snapshot::list(run).unwrap();
    state.fold(Read::Snapshots(snapshots.iter().map(|(step, _)| *step).collect()));
    state
}

/// Draws as the event loop does: settle, read what is asked for, draw.
pub(crate) fn screen(state: &mut State, run: &RunDir, columns: u16, rows: u16) -> String {
    update(state, Message::Input(Input::Resize(columns, rows)));
    loop {
        let effects = state.settle();
        if effects.is_empty() {
            break;
        }
        let list = Snapshot::list(run).unwrap();
        let load = |step: u64| {
            let (_, path) = list.iter().find(|(at, _)| *at == step).unwrap();
            Snapshot::load(path).unwrap()
        };
        for effect in effects {
            match effect {
                Effect::Load(step) => state.fold(Read::Snapshot(step, Ok(Box::new(load(step))))),
                Effect::Trace(steps) => {
                    for step in steps {
                        state.fold(Read::Usage(step, Usage::of(&load(step))));
                    }
                }
                Effect::Look(point) => state.fold(Read::Look(point, Ok(look(point)))),
                other => panic!("{other:?}"),
            }
        }
    }
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(state, frame.area(), frame.buffer_mut())).unwrap();
    terminal.backend().to_string()
}

/// A gradient for an image, the other way round for its reconstruction.
fn look(point: usize) -> Look {
    let gradient = |up: bool| {
        let pixels = (0..64).map(|i| [if up { 4 * i } else { 255 - 4 * i }; 3]).collect();
        Pixels { width: 8, height: 8, pixels }
    };
    Look { step: point as u64, input: gradient(true), reconstruction: gradient(false) }
}

pub(crate) fn styles(theme: Theme, ascii: bool) -> Styles {
    let env = Env { lang: Some("C.UTF-8".into()), ..Env::default() };
    Styles::decide(&Options { theme: Some(theme), ascii, env, ..Options::default() })
}

/// A run of 1200 of 3000 steps, with a change of β on the way; recorded once for all tests.
pub(crate) fn recorded() -> &'static RunDir {
    static RUN: OnceLock<(tempfile::TempDir, RunDir)> = OnceLock::new();
    let record = || {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Synthetic::create(dir.path(), "digits-conv", 3000).unwrap();
        for step in 0..1200 {
            if step == 700 {
                run.set_beta(2.0).unwrap();
            }
            run.advance().unwrap();
        }
        run.beat(RunState::Running).unwrap();
        (dir, run.run)
    };
    &RUN.get_or_init(record).1
}

pub(crate) fn press(state: &mut State, text: &str) -> Vec<Effect> {
    let key = |c| keys::char(c);
    text.chars().flat_map(|c| update(state, Message::Input(Input::Key(key(c)))).effects).collect()
}

pub(crate) fn press_code(state: &mut State, code: crossterm::event::KeyCode) -> Vec<Effect> {
    update(state, Message::Input(Input::Key(keys::named(code)))).effects
}

#[test]
fn every_view_at_every_size() {
    let run = recorded();
    for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
        let mut state = read(run, styles(Theme::Truecolor, false));
        for (i, view) in View::ALL.iter().copied().enumerate() {
            press(&mut state, &(i + 1).to_string());
            let name = format!("{}_{columns}x{rows}", view.name().to_lowercase());
            insta::assert_snapshot!(name, screen(&mut state, run, columns, rows));
        }
    }
}

#[test]
fn the_layers_are_shown_with_the_times_of_the_model_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(folder.path(), "one").unwrap();
    let mut log = LogWriter::create(&run, None).unwrap();
    let mut tell = |step, tag: &str, text: &str| {
        log.write(step, &[(tag.to_owned(), Value::Text(text.to_owned()))]).unwrap();
        log.flush().unwrap();
        let mut state = read(&run, styles(Theme::None, true));
        press(&mut state, "5");
        screen(&mut state, &run, 60, 16)
    };
    let plain = tell(0, "text/layers", "layer  op\nfirst  conv2d\n8 parameters\n");
    assert!(plain.contains("first  conv2d"), "{plain}");
    let timed =
        "layer  op      time     GFLOP/s\nfirst  conv2d  0.20 ms     75.0\n8 parameters\nall\n";
    let shown = tell(30, "time/layers", timed);
    assert!(shown.contains("first  conv2d  0.20 ms     75.0"), "{shown}");
    // Gone on with as another model: its layers have no times yet.
    let other = tell(40, "text/layers", "layer  op\nfirst  linear\n8 parameters\n");
    assert!(other.contains("first  linear") && !other.contains("0.20 ms"), "{other}");
}

#[test]
fn what_lies_over_the_views() {
    let run = recorded();
    let mut state = read(run, styles(Theme::Truecolor, false));
    press(&mut state, "]");
    insta::assert_snapshot!("grid_80x24", screen(&mut state, run, 80, 24));
    press(&mut state, "/grad");
    insta::assert_snapshot!("filter_80x24", screen(&mut state, run, 80, 24));
    update(&mut state, Message::Input(Input::Key(keys::named(crossterm::event::KeyCode::Esc))));
    press(&mut state, "/^system/");
    insta::assert_snapshot!("system_80x24", screen(&mut state, run, 80, 24));
    insta::assert_snapshot!("system_120x40", screen(&mut state, run, 120, 40));
    update(&mut state, Message::Input(Input::Key(keys::named(crossterm::event::KeyCode::Esc))));
    press(&mut state, "yhhhh");
    insta::assert_snapshot!("log_scale_and_cursor_80x24", screen(&mut state, run, 80, 24));
    press(&mut state, "?");
    insta::assert_snapshot!("help_80x24", screen(&mut state, run, 80, 24));
    insta::assert_snapshot!("help_200x60", screen(&mut state, run, 200, 60));
}

#[test]
fn without_colour_and_without_unicode() {
    let run = recorded();
    for (name, styles) in
        [("ascii", styles(Theme::Colors16, true)), ("no_colour", styles(Theme::None, false))]
    {
        let mut state = read(run, styles);
        for (key, view) in [("1", "loss"), ("2", "images"), ("3", "latent")] {
            press(&mut state, key);
            let screen = screen(&mut state, run, 80, 24);
            assert!(name != "ascii" || screen.is_ascii(), "{screen}");
            insta::assert_snapshot!(format!("{view}_{name}_80x24"), screen);
        }
    }
}

#[test]
fn a_foreign_log_shows_its_loss_first() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path(), "pytorch").unwrap();
    let mut log = LogWriter::create(&run, None).unwrap();
    for step in 0..40u64 {
        let scalar = |tag: &str, value: f32| (tag.to_owned(), Value::Scalar(value));
        let falling = 2.0 / (1.0 + step as f32);
        let values = [
            scalar("Accuracy/test", 1.0 - falling / 2.0),
            scalar("Loss/test", falling + 0.1),
            scalar("Loss/train", if step == 30 { f32::NAN } else { falling }),
        ];
        log.write(step * 100, &values).unwrap();
    }
    log.flush().unwrap();
    let mut state = read(&run, styles(Theme::Colors256, false));
    insta::assert_snapshot!("foreign_80x24", screen(&mut state, &run, 80, 24));
    press(&mut state, " ");
    assert!(state.asked.is_empty());
    assert!(screen(&mut state, &run, 80, 24).contains("nobody would take the request"));
}

/// Written by torch's own SummaryWriter: see fixtures/README.md.
#[test]
fn scalars_images_histograms_and_texts_of_torch_are_shown() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/torch");
    let run = RunDir::open(&path).unwrap();
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut state = read(&run, styles(Theme::Truecolor, false));
        press(&mut state, "]");
        let size = format!("{columns}x{rows}");
        insta::assert_snapshot!(format!("torch_{size}"), screen(&mut state, &run, columns, rows));
        press(&mut state, "4");
        insta::assert_snapshot!(
            format!("torch_texts_{size}"),
            screen(&mut state, &run, columns, rows)
        );
    }
    let mut state = read(&run, styles(Theme::None, true));
    press(&mut state, "/fc1");
    insta::assert_snapshot!("torch_histogram_ascii_80x24", screen(&mut state, &run, 80, 24));
    press_code(&mut state, crossterm::event::KeyCode::Esc);
    press(&mut state, "2");
    let pictures = screen(&mut state, &run, 80, 24);
    assert!(pictures.contains("digit") && pictures.contains("step 180"), "{pictures}");
    let histograms = &state.history.histograms["fc1/weight"];
    assert_eq!(histograms.len(), 10);
    assert!(histograms.iter().all(|(_, histogram)| histogram.num == 500.0));
}

#[test]
fn no_size_is_too_small_to_draw() {
    let run = recorded();
    let mut state = read(run, styles(Theme::Truecolor, false));
    state.ui.view = View::Latent;
    screen(&mut state, run, 80, 24);
    for help in [false, true] {
        state.ui.help = help;
        for &view in View::ALL {
            state.ui.view = view;
            for columns in 1..=60 {
                for rows in 1..=30 {
                    // Every size once, and of the other views every seventeenth that shows them.
                    let first = view == View::Loss && !help;
                    if !first && (columns < 40 || rows < 10 || (columns * 7 + rows) % 17 > 0) {
                        continue;
                    }
                    state.size = (columns, rows);
                    let area = Rect::new(0, 0, columns, rows);
                    draw(&state, area, &mut ratatui::buffer::Buffer::empty(area));
                }
            }
        }
    }
    insta::assert_snapshot!("too_small_30x6", screen(&mut state, run, 30, 6));
}

#[test]
fn an_empty_run_says_what_is_to_come() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path(), "new").unwrap();
    let mut state = read(&run, styles(Theme::None, false));
    for (key, says) in [
        ("1", "once the first steps are logged"),
        ("2", "no pictures yet"),
        ("3", "no latent snapshot yet"),
        ("4", "has printed nothing"),
        ("5", "no layers"),
        ("6", "no experiment"),
    ] {
        press(&mut state, key);
        let screen = screen(&mut state, &run, 80, 24);
        assert!(screen.contains(says), "{screen}");
    }
    state.fold(Read::Loading(Some(40)));
    press(&mut state, "1");
    assert!(screen(&mut state, &run, 80, 24).contains("reading history 40%"));
}

#[test]
fn every_key_does_something() {
    let run = recorded();
    let mut fresh = read(run, styles(Theme::Truecolor, false));
    for &view in View::ALL {
        fresh.ui.view = view;
        screen(&mut fresh, run, 80, 12);
    }
    for binding in TABLE {
        let views = if binding.places.is_empty() { &View::ALL[..1] } else { binding.places };
        for &view in views {
            for &key in binding.keys {
                let mut state = fresh.clone();
                // From the middle of everything, so that there is somewhere to go.
                state.ui.view = match binding.action {
                    Action::Show(View::Log) => View::Model,
                    Action::Dismiss => View::Loss,
                    _ if binding.places.is_empty() => View::Log,
                    _ => view,
                };
                let small = (80, 12);
                for setup in ["j", "h", "h", "+", "]"] {
                    press(&mut state, setup);
                }
                state.ui.scroll = [8, 8, 8];
                // A point in the middle, with others to all sides.
                state.ui.point = (view == View::Latent).then_some(20);
                state.ui.color = state.ui.point.map(|_| crate::ColorBy::Dimension(0));
                if binding.places.contains(&View::Runs) {
                    (0..3).for_each(|i| _ = state.pin(format!("/runs/{i}").as_ref()));
                    press(&mut state, "j");
                }
                let before = screen(&mut state, run, small.0, small.1);
                let ui = state.ui.clone();
                let effects = update(&mut state, Message::Input(Input::Key(key))).effects;
                let after = screen(&mut state, run, small.0, small.1);
                let changed = !effects.is_empty() || ui != state.ui || before != after;
                assert!(changed, "{} in {:?}", keys::name(key), state.ui.view);
            }
        }
    }
}

#[test]
fn stopping_is_asked_twice_and_setting_is_typed() {
    let run = recorded();
    let mut state = read(run, styles(Theme::None, false));
    assert!(press(&mut state, "S").is_empty());
    assert!(screen(&mut state, run, 80, 24).contains("S again"));
    assert!(press(&mut state, "x").is_empty() && state.asked.is_empty());
    assert_eq!(press(&mut state, "SS"), [Effect::Post(workbench_runs::Request::Stop)]);
    press(&mut state, ":set beta 3");
    let enter = keys::named(crossterm::event::KeyCode::Enter);
    let posted = update(&mut state, Message::Input(Input::Key(enter))).effects;
    let set = workbench_runs::Request::Set { knob: "beta".into(), value: 3.0 };
    assert_eq!(posted, [Effect::Post(set)]);
    assert!(screen(&mut state, run, 80, 24).contains("asked: stop, beta = 3…"));
}

#[test]
fn a_tick_that_changes_nothing_makes_no_frame_due() {
    let run = recorded();
    let mut state = read(run, styles(Theme::None, false));
    let now = state.now;
    assert!(!update(&mut state, Message::Tick(now)).changed);
    assert!(!update(&mut state, Message::Input(Input::Resize(80, 24))).changed);
    assert!(update(&mut state, Message::Tick(now + std::time::Duration::from_secs(61))).changed);
    assert!(screen(&mut state, run, 80, 24).contains("lost: no sign for a minute"));
}

#[test]
fn replaying_a_log_draws_the_same_screen() {
    let run = recorded();
    let draw = || screen(&mut read(run, styles(Theme::Truecolor, false)), run, 120, 40);
    assert_eq!(draw(), draw());
}

#[test]
fn a_dead_latent_space_is_warned_of() {
    let run = recorded();
    let mut snapshot = Snapshot::newest(run).unwrap().unwrap();
    snapshot.mean.iter_mut().enumerate().filter(|(i, _)| i % 16 >= 3).for_each(|(_, x)| *x = 0.0);
    let mut state = read(run, styles(Theme::None, false));
    let step = snapshot.step;
    state.fold(Read::Snapshot(step, Ok(Box::new(snapshot))));
    press(&mut state, "3");
    let screen = screen(&mut state, run, 100, 30);
    assert!(screen.contains("13 of 16 latent dimensions are dead"), "{screen}");
}

#[test]
fn attributes_colour_the_points_too() {
    use workbench_runs::{Attribute, AttributeColumn, AttributeKind};
    let run = recorded();
    let mut snapshot = Snapshot::newest(run).unwrap().unwrap();
    let n = snapshot.len();
    let column = |name: &str, kind, values: &[&str], of: Vec<f32>| {
        let values = values.iter().map(|&value| value.into()).collect();
        let attribute = Attribute { name: name.into(), kind, values, range: None };
        AttributeColumn { attribute, of }
    };
    let shapes = (0..n).map(|i| if i % 50 == 0 { f32::NAN } else { (i % 2) as f32 }).collect();
    let lights = snapshot.mean.chunks_exact(16).map(|row| 10.0 * row[0]).collect();
    snapshot.attributes = vec![
        column("shape", AttributeKind::Categorical, &["disc", "square"], shapes),
        column("light", AttributeKind::Real, &[], lights),
    ];
    let step = snapshot.step;
    for (theme, mark) in [(Theme::Truecolor, "s square"), (Theme::None, "d disc")] {
        let mut state = read(run, styles(theme, false));
        state.fold(Read::Snapshot(step, Ok(Box::new(snapshot.clone()))));
        press(&mut state, "3b");
        let shown = screen(&mut state, run, 80, 24);
        assert!(shown.contains(mark) && shown.contains("? not known"), "{shown}");
        press(&mut state, "b");
        assert!(screen(&mut state, run, 80, 24).contains("colour light: "));
        press(&mut state, "H");
        let shown = screen(&mut state, run, 80, 24);
        assert!(shown.contains(", light "), "{shown}");
        let color = state.latent_view().unwrap().color;
        assert_eq!(color, Some(crate::ColorBy::Attribute("light".to_owned())));
        press(&mut state, &"b".repeat(17));
        assert_eq!(state.ui.color, None);
    }
}

#[test]
fn points_are_looked_at_coloured_and_saved() {
    let run = recorded();
    let mut state = read(run, styles(Theme::Truecolor, false));
    press(&mut state, "3");
    screen(&mut state, run, 80, 24);
    press(&mut state, "H");
    let middle = state.ui.point.unwrap();
    press(&mut state, "L");
    let latent = state.latent().unwrap();
    let right = state.ui.point.unwrap();
    assert!(latent.principal[right][0] > latent.principal[middle][0]);
    press(&mut state, "JK");
    assert_ne!(state.ui.point, Some(middle));
    let shown = screen(&mut state, run, 80, 24);
    let (item, class) = (state.ui.point.unwrap(), state.ui.point.unwrap() % 10);
    assert!(shown.contains(&format!("item {item}, {class}: z1 ")), "{shown}");
    insta::assert_snapshot!("latent_point_80x24", shown);
    // The dimension that carries most comes first; after the last comes the class again.
    press(&mut state, "b");
    let first = state.latent().unwrap().order[0];
    assert_eq!(state.ui.color, Some(crate::ColorBy::Dimension(first)));
    press(&mut state, "xxy");
    let view = crate::LatentView {
        run: run.path().to_path_buf(),
        step: 1200,
        axes: Some((1, 2)),
        color: state.ui.color.clone(),
    };
    assert_eq!(press(&mut state, "w"), [Effect::Save(view)]);
    press(&mut state, &"b".repeat(16));
    assert_eq!(state.ui.color, None);
    let files = vec![run.path().join("plots/a.png"), "/elsewhere/a.csv".into()];
    state.fold(Read::Saved(Ok(files)));
    assert_eq!(state.ui.notice.as_deref(), Some("saved plots/a.png and /elsewhere/a.csv"));
    let mut state = read(run, styles(Theme::None, true));
    press(&mut state, "3");
    screen(&mut state, run, 120, 40);
    press(&mut state, "b");
    insta::assert_snapshot!("latent_by_value_ascii_120x40", screen(&mut state, run, 120, 40));
}

#[test]
fn what_dies_is_told_of_above_the_curves_too() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path(), "dying").unwrap();
    let mut log = LogWriter::create(&run, None).unwrap();
    for (step, units) in [(100, 12.0), (200, 15.0), (300, 6.0)] {
        let values = [
            ("valid/loss".to_owned(), Value::Scalar(100.0)),
            ("latent/active_units".to_owned(), Value::Scalar(units)),
        ];
        log.write(step, &values).unwrap();
    }
    log.flush().unwrap();
    let mut state = read(&run, styles(Theme::None, true));
    let screen = screen(&mut state, &run, 80, 24);
    assert!(screen.contains("! 9 latent dimensions have died since step 200"), "{screen}");
}

#[test]
fn skipped_items_are_counted_in_the_header() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = Synthetic::create(dir.path(), "short", 40).unwrap();
    run.status.skipped = 3;
    (0..40).for_each(|_| run.advance().unwrap());
    run.end(RunState::Finished).unwrap();
    let mut state = read(&run.run, styles(Theme::None, false));
    let screen = screen(&mut state, &run.run, 80, 24);
    assert!(screen.lines().next().unwrap().contains("  3 skipped"), "{screen}");
}

#[test]
fn a_run_that_ended_shows_how_and_asks_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = Synthetic::create(dir.path(), "short", 40).unwrap();
    (0..40).for_each(|_| run.advance().unwrap());
    run.status.error = Some("loss is not finite at step 40".into());
    run.end(RunState::Diverged).unwrap();
    let mut state = read(&run.run, styles(Theme::None, false));
    let screen = screen(&mut state, &run.run, 80, 24);
    assert!(screen.contains("✗ diverged") && screen.contains("not finite at step 40"), "{screen}");
    assert!(!screen.contains("Space pause"), "{screen}");
}

#[test]
fn a_disk_that_takes_nothing_is_told_of_while_training_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = Synthetic::create(dir.path(), "short", 400).unwrap();
    (0..40).for_each(|_| run.advance().unwrap());
    let words = "can't save a checkpoint at step 30: No space left on device (os error 28), trying \
                 to write /runs/short/checkpoints";
    run.status.storage = Some(words.to_owned());
    run.beat(RunState::Running).unwrap();
    for (theme, ascii) in [(Theme::None, true), (Theme::Truecolor, false)] {
        let mut state = read(&run.run, styles(theme, ascii));
        let screen = screen(&mut state, &run.run, 80, 24);
        assert!(
            screen.contains("! storage: can't save a checkpoint at step 30: No space"),
            "{screen}"
        );
        assert!(screen.contains("running"), "{screen}");
    }
}
