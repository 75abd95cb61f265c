//! Whole screens with a made-up model, and what keys, the mouse and answers change.

mod attributes;
mod moments;

use std::path::PathBuf;

use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use workbench_runs::Snapshot;

use super::keys::{TABLE, View};
use super::state::{Row, State};
use super::update::{self, Effect, Message, update};
use super::view::{self, layout};
use super::work::{Answer, Job, carry_out};
use super::*;
use crate::Options;
use crate::keys::{self, Key, char, named, shifted};
use crate::terminal::{Input, Mouse};
use crate::theme::{Env, Styles, Theme};

const DIMS: usize = 6;
const SIDE: usize = 28;

/// Pictures are a bar as long as the first number says, a bar as high as the second, and as bright as the class.
#[derive(Default)]
struct Fake {
    saved: Vec<Work>,
    newer: Option<Space>,
    broken: bool,
    shown: Option<usize>,
    /// It has no fitted mixture.
    unfitted: bool,
    /// How many codes so far.
    decoded: usize,
}

impl Decoder for Fake {
    fn decode(&mut self, codes: &[Code]) -> Result<Vec<Pixels>, String> {
        if self.broken {
            return Err("the model is broken".to_owned());
        }
        self.decoded += codes.len();
        Ok(codes.iter().map(|code| drawn(&code.z, code.class)).collect())
    }

    fn item(&mut self, item: usize) -> Result<Item, String> {
        let z: Vec<f32> =
            (0..DIMS).map(|dim| (item + 1) as f32 * 0.5 - dim as f32 * 0.25).collect();
        let label = Some(item % 3);
        let (input, reconstruction) = (drawn(&[4.0, 4.0], None), drawn(&z, None));
        Ok(Item { input, reconstruction, z, label, told: vec![Some(1.0), None] })
    }

    fn random(&mut self, draw: u64, of: &Code, from: DrawFrom) -> Result<Random, String> {
        let beside = match (from, self.unfitted) {
            (DrawFrom::Fitted, false) => 10.0 * of.class.map_or(1.0, |class| class as f32 + 1.0),
            _ => 0.0,
        };
        let z = (0..DIMS).map(|dim| beside + draw as f32 * 0.1 + dim as f32).collect();
        let why = (from == DrawFrom::Fitted && self.unfitted).then(|| "no posterior".to_owned());
        Ok(Random { z, unfitted: why })
    }

    fn newer(&mut self) -> Result<Option<Space>, String> {
        Ok(self.newer.take())
    }

    fn show(&mut self, moment: Option<usize>) {
        self.shown = moment;
    }

    fn save(&mut self, work: &Work) -> Result<Vec<PathBuf>, String> {
        self.saved.push(work.clone());
        Ok(["0001.png", "0001.json"]
            .map(|name| PathBuf::from("/runs/one/explore").join(name))
            .into())
    }
}

fn drawn(z: &[f32], class: Option<usize>) -> Pixels {
    let long = |x: f32| ((x / 4.0 + 1.0) / 2.0 * SIDE as f32) as usize;
    let bright = class.map_or(255, |class| 255 - 60 * class as u8);
    let pixel = |i: usize| {
        let (x, y) = (i % SIDE, SIDE - 1 - i / SIDE);
        let is_bar = (x < long(z[0]) && y < 6) || (x >= 20 && y < long(z[1]));
        if is_bar { [bright; 3] } else { [0; 3] }
    };
    Pixels { width: SIDE, height: SIDE, pixels: (0..SIDE * SIDE).map(pixel).collect() }
}

/// Six dimensions, of which the fourth and the sixth carry nothing.
fn space(is_conditional: bool) -> Space {
    let mut mean = Vec::new();
    for i in 0..60 {
        let angle = i as f32 * 0.7;
        let radius = 0.5 + (i % 7) as f32 * 0.3;
        let (x, y) = (angle.cos() * radius * 1.5, angle.sin() * radius);
        mean.extend([x, y, 0.4 * x - y, 0.0, (i % 5) as f32 * 0.4 - 0.8, 0.001 * x]);
    }
    let logvar = mean.iter().map(|x: &f32| if x.abs() < 0.01 { 0.0 } else { -2.0 }).collect();
    let labels = Some((0..60).map(|i| i % 3).collect());
    let h = 0.5f32.sqrt();
    let mut axes = vec![vec![h, h, 0.0, 0.0, 0.0, 0.0], vec![h, -h, 0.0, 0.0, 0.0, 0.0]];
    axes.extend((2..DIMS).map(|i| (0..DIMS).map(|j| f32::from(u8::from(i == j))).collect()));
    let directions =
        Directions { centre: vec![0.1; DIMS], axes, variances: vec![2.0, 1.0, 0.5, 0.3, 0.1, 0.0] };
    Space {
        step: 1420,
        dims: DIMS,
        snapshot: Some(Snapshot {
            step: 1420,
            dims: DIMS,
            mean,
            logvar,
            labels,
            attributes: Vec::new(),
            items: Vec::new(),
        }),
        directions: Some(directions),
        classes: ["cat", "dog", "owl"].map(str::to_owned).to_vec(),
        is_conditional,
        told: Vec::new(),
        items: 10,
        moments: Moments::One,
    }
}

fn styles(theme: Theme, ascii: bool) -> Styles {
    let env = Env { lang: Some("C.UTF-8".into()), ..Env::default() };
    Styles::decide(&Options { theme: Some(theme), ascii, env, ..Options::default() })
}

/// A state and its model, which answers at once.
struct Table {
    state: State,
    fake: Fake,
    effects: Vec<Effect>,
}

impl Table {
    fn with(space: Space, styles: Styles) -> Table {
        let state = State::new("digits-conv".to_owned(), styles, space, false);
        let mut table = Table { state, fake: Fake::default(), effects: Vec::new() };
        let begun = update::begin(&mut table.state, None);
        table.carry_out(begun);
        table
    }

    fn new() -> Table {
        Table::with(space(false), styles(Theme::Truecolor, false))
    }

    fn conditional() -> Table {
        Table::with(space(true), styles(Theme::Truecolor, false))
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Work(job) => {
                    if let Some(answer) = carry_out(&mut self.fake, job) {
                        self.tell(Message::Answer(answer));
                    }
                }
                other => self.effects.push(other),
            }
        }
    }

    fn tell(&mut self, message: Message) {
        let effects = update(&mut self.state, message);
        self.carry_out(effects);
    }

    fn stroke(&mut self, key: Key) {
        self.tell(Message::Input(Input::Key(key)));
    }

    fn press(&mut self, text: &str) {
        text.chars().for_each(|c| self.stroke(char(c)));
    }

    fn code(&mut self, code: KeyCode) {
        self.stroke(named(code));
    }

    fn screen(&mut self, columns: u16, rows: u16) -> String {
        self.tell(Message::Input(Input::Resize(columns, rows)));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view::draw(&self.state, frame.area(), frame.buffer_mut())).unwrap();
        terminal.backend().to_string()
    }

    fn value(&self, coordinate: usize) -> f32 {
        self.state.value(coordinate)
    }

    fn notice(&self) -> &str {
        self.state.ui.notice.as_ref().map_or("", |notice| &notice.text)
    }
}

#[track_caller]
fn is_near(a: f32, b: f32) {
    assert!((a - b).abs() < 1e-4, "{a} and {b}");
}

#[test]
fn screens_of_sliders_strip_map_and_help() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut table = Table::new();
        table.press("llljLx");
        let size = format!("{columns}x{rows}");
        insta::assert_snapshot!(format!("sliders_{size}"), table.screen(columns, rows));
        table.press("AnB..");
        insta::assert_snapshot!(format!("strip_{size}"), table.screen(columns, rows));
        table.press("p");
        insta::assert_snapshot!(format!("directions_{size}"), table.screen(columns, rows));
        table.press("m");
        table.code(KeyCode::Right);
        insta::assert_snapshot!(format!("map_{size}"), table.screen(columns, rows));
        table.press("m?");
        insta::assert_snapshot!(format!("help_{size}"), table.screen(columns, rows));
        table.press("?m?");
        insta::assert_snapshot!(format!("map_help_{size}"), table.screen(columns, rows));
    }
}

#[test]
fn screens_of_a_conditional_model_without_colour_or_unicode() {
    let mut table = Table::with(space(true), styles(Theme::None, true));
    table.press("kc");
    insta::assert_snapshot!("conditional_ascii_80x24", table.screen(80, 24));
    table.press("m");
    insta::assert_snapshot!("map_ascii_80x24", table.screen(80, 24));
}

#[test]
fn no_size_panics_and_small_ones_say_so() {
    let mut table = Table::conditional();
    table.press("AnB");
    for view in ["", "m", "?"] {
        table.press(view);
        for (columns, rows) in [(1, 1), (2, 40), (200, 2), (43, 10), (44, 10), (60, 12), (300, 90)]
        {
            let screen = table.screen(columns, rows);
            let is_told = [(43, 10), (200, 2)].contains(&(columns, rows));
            assert_eq!(is_told, screen.contains("too small"), "{screen}");
        }
    }
    let bare = Space { dims: 2, ..Space::default() };
    let mut table = Table::with(bare, styles(Theme::None, false));
    assert!(table.screen(80, 24).contains("2 dimensions"));
}

#[test]
fn every_key_does_something() {
    for binding in TABLE {
        let views =
            if binding.places.is_empty() { &[View::Palette, View::Map] } else { binding.places };
        for &view in views {
            for &key in binding.keys {
                let mut table = Table::conditional();
                // From the middle, so that there is somewhere to go; moved and marked, so that something can be undone.
                table.press("AnB.jll");
                if view == View::Map {
                    table.press("m");
                    let middle = |p: &[f64; 2]| p[0].abs() + p[1].abs();
                    let points = table.state.known.points(table.state.ui.basis);
                    let nearest =
                        (0..60).min_by(|&a, &b| middle(&points[a]).total_cmp(&middle(&points[b])));
                    table.state.ui.point = nearest.unwrap();
                }
                table.effects.clear();
                let before =
                    (table.state.ui.clone(), table.state.code.clone(), table.state.marks.clone());
                table.stroke(key);
                let after =
                    (table.state.ui.clone(), table.state.code.clone(), table.state.marks.clone());
                assert!(
                    before != after || !table.effects.is_empty(),
                    "{} in {view:?}",
                    keys::name(key)
                );
            }
        }
    }
}

#[test]
fn it_begins_with_the_first_test_image_and_the_dimension_that_carries_most() {
    let table = Table::new();
    assert_eq!(table.state.start.origin, Origin::Test(0));
    is_near(table.value(0), 0.5);
    let rows = table.state.rows();
    // By KL; those without any variance are last.
    assert_eq!(rows.len(), DIMS);
    let last: Vec<Row> = rows[4..].to_vec();
    assert!(last.contains(&Row::Coordinate(3)) && last.contains(&Row::Coordinate(5)), "{rows:?}");
    assert!(!table.state.is_waiting() && table.state.picture.is_some());
}

#[test]
fn sliders_move_in_steps_to_their_end_and_back() {
    let mut table = Table::new();
    let Some(Row::Coordinate(first)) = table.state.chosen_row() else { panic!() };
    let start = table.value(first);
    table.code(KeyCode::Right);
    is_near(table.value(first), start + 0.1);
    table.stroke(shifted(KeyCode::Left));
    is_near(table.value(first), start - 0.4);
    table.code(KeyCode::PageUp);
    is_near(table.value(first), start + 0.1);
    for _ in 0..50 {
        table.press("L");
    }
    is_near(table.value(first), 4.0);
    let (far, picture) = (table.state.code.clone(), table.state.picture.clone());
    table.press("0");
    is_near(table.value(first), start);
    assert!(far != table.state.code);
    assert_eq!(table.state.code, table.state.start.code);
    if first < 2 {
        assert!(picture != table.state.picture);
    }
}

#[test]
fn a_lock_holds_its_value_and_reset_and_random_values_leave_it_alone() {
    let mut table = Table::new();
    let Some(Row::Coordinate(first)) = table.state.chosen_row() else { panic!() };
    table.press("LLx");
    let held = table.value(first);
    table.press("l");
    is_near(table.value(first), held);
    assert!(table.notice().contains("locked: x unlocks it"), "{}", table.notice());
    table.press("fa");
    is_near(table.value(first), held);
    let other = (0..DIMS).find(|&dim| dim != first).unwrap();
    is_near(table.value(other), 0.1 + other as f32);
    table.press("r");
    is_near(table.value(first), held);
    is_near(table.value(other), table.state.start_value(other));
    table.press("z");
    is_near(table.value(first), held);
    is_near(table.value(other), 0.0);
    table.press("xr");
    assert_eq!(table.state.code, table.state.start.code);
}

#[test]
fn a_principal_direction_moves_the_code_along_itself_alone() {
    let mut table = Table::new();
    table.press("pL");
    let (code, start) = (&table.state.code.z, &table.state.start.code.z);
    let reach = table.state.known.reach(table.state.ui.basis, 0);
    is_near(code[0] - start[0], reach / 8.0 * 0.5f32.sqrt());
    is_near(code[1] - start[1], reach / 8.0 * 0.5f32.sqrt());
    assert_eq!(code[2..], start[2..]);
    table.press("x");
    let held = table.value(0);
    table.press("fa");
    is_near(table.value(0), held);
    // A draw of 1.1 deviations along the second, whose variance is 1.
    is_near(table.value(1), 1.1);
    let mut bare = space(false);
    bare.directions = None;
    bare.snapshot.as_mut().unwrap().labels = None;
    let mut table = Table::with(bare, styles(Theme::None, false));
    table.press("p");
    assert!(table.notice().contains("no principal directions"));
}

#[test]
fn items_and_draws_are_starts_of_their_own() {
    let mut table = Table::new();
    table.press("n");
    assert_eq!((table.state.start.origin, table.value(0)), (Origin::Test(1), 1.0));
    table.press("NN");
    assert_eq!(table.state.start.origin, Origin::Test(9));
    table.press("d");
    let from = DrawFrom::Fitted;
    assert_eq!(table.state.start.origin, Origin::Draw { draw: 1, from });
    assert!(table.screen(80, 24).contains("draw 1 (fitted)"));
    is_near(table.value(2), 12.1);
    table.press("fd");
    let from = DrawFrom::Prior;
    assert_eq!(table.state.start.origin, Origin::Draw { draw: 2, from });
    assert!(table.screen(120, 24).contains("draws of the prior"));
    is_near(table.value(2), 2.2);
    let mut none = space(false);
    none.items = 0;
    let mut table = Table::with(none, styles(Theme::None, false));
    table.press("n");
    assert!(table.notice().contains("no test images"));
    assert_eq!(table.state.start.origin, Origin::Zero);
}

#[test]
fn random_codes_lie_as_the_fitted_ones_do_or_say_why_not() {
    let mut table = Table::conditional();
    table.press("xa");
    // What is locked stays; the others are where the code lies that fits the class.
    let class = table.state.code.class.unwrap() as f32;
    is_near(table.value(1), 10.0 * (class + 1.0) + 1.1);
    assert!(table.value(0) < 9.0);
    table.press("f");
    assert!(table.notice().contains("prior"));
    table.press("f");
    assert!(table.notice().contains("fitted"));
    table.fake.unfitted = true;
    table.press("d");
    assert!(table.notice().contains("no posterior"));
    assert_eq!(table.state.ui.from, DrawFrom::Prior);
}

#[test]
fn keys_that_come_together_with_a_start_wait_for_it() {
    let mut table = Table::new();
    // All of them before the model has answered anything.
    let mut effects = Vec::new();
    for c in "AnBdA".chars() {
        effects.extend(update(&mut table.state, Message::Input(Input::Key(char(c)))));
    }
    assert!(table.state.is_waiting());
    table.carry_out(effects);
    let origins = table.state.marks.clone().map(|mark| mark.unwrap().origin);
    let from = DrawFrom::Fitted;
    assert_eq!(origins, [Origin::Draw { draw: 1, from }, Origin::Test(1)]);
    assert!(table.state.held.is_empty() && !table.state.is_waiting());
    // Leaving does not wait.
    update(&mut table.state, Message::Input(Input::Key(char('n'))));
    assert_eq!(update(&mut table.state, Message::Input(Input::Key(char('q')))), [Effect::Leave]);
}

#[test]
fn a_strip_leads_from_one_mark_to_the_other() {
    let mut table = Table::conditional();
    table.press("A");
    assert!(table.notice().contains("B marks the other end"));
    table.press(".");
    assert!(table.notice().contains("no strip yet"));
    table.press("nB");
    let way = table.state.way();
    assert_eq!((way.len(), table.state.strip.len()), (7, 7));
    is_near(way[0].z[0], 0.5);
    is_near(way[3].z[0], 0.75);
    is_near(way[6].z[0], 1.0);
    // The class of test image 0, then of test image 1.
    assert_eq!(
        way.iter().map(|code| code.class.unwrap()).collect::<Vec<_>>(),
        [0, 0, 0, 0, 1, 1, 1]
    );
    table.press("++-");
    assert_eq!((table.state.strip.len(), table.state.strip[0].width), (8, SIDE));
    table.press("..");
    assert_eq!(table.state.start.origin, Origin::Between { place: 1, of: 8 });
    table.press(",");
    is_near(table.value(0), 0.5);
    table.code(KeyCode::Esc);
    assert!(table.state.way().is_empty() && table.state.strip.is_empty());
    for _ in 0..20 {
        table.press("-");
    }
    assert_eq!(table.state.ui.steps, 3);
}

#[test]
fn a_class_is_chosen_by_key_and_by_its_row() {
    let mut table = Table::conditional();
    assert_eq!(table.state.code.class, Some(0));
    table.press("c");
    assert_eq!(table.state.code.class, Some(1));
    table.press("CC");
    assert_eq!(table.state.code.class, Some(2));
    table.code(KeyCode::Home);
    assert_eq!(table.state.chosen_row(), Some(Row::Class));
    table.code(KeyCode::Right);
    assert_eq!(table.state.code.class, Some(0));
    table.press("lx");
    assert!(table.notice().contains("no lock"));
    table.press("0");
    assert_eq!(table.state.code.class, Some(0));
    let mut plain = Table::new();
    plain.press("c");
    assert!(plain.notice().contains("do not depend on a class"));
}

#[test]
fn the_map_shows_the_point_under_its_cursor_and_starts_from_it() {
    let mut table = Table::new();
    let before = (table.state.code.clone(), table.state.picture.clone());
    table.press("m");
    let (point, picture) = (table.state.ui.point, table.state.picture.clone());
    assert!(picture != before.1, "the point's picture is shown");
    table.code(KeyCode::Left);
    let points = table.state.known.points(table.state.ui.basis).to_vec();
    assert!(points[table.state.ui.point][0] < points[point][0]);
    table.code(KeyCode::Up);
    table.press("nNA");
    let at = table.state.ui.point;
    assert_eq!(table.state.code, before.0, "sliders stay until the point is picked");
    table.code(KeyCode::Enter);
    assert_eq!(table.state.ui.view, View::Palette);
    let origin = Origin::Point { step: 1420, point: at };
    assert_eq!(table.state.start.origin, origin);
    assert_eq!(table.state.marks[0].as_ref().unwrap().origin, origin);
    assert_eq!(table.state.code.z, table.state.known.point(at).unwrap());
    let mut bare = space(false);
    bare.snapshot = None;
    let mut table = Table::with(bare, styles(Theme::None, false));
    table.press("m");
    assert!(table.notice().contains("no latent snapshot yet"));
}

#[test]
fn the_mouse_drags_sliders_only_when_it_is_wanted() {
    let mut table = Table::new();
    table.screen(80, 24);
    let panes = layout::of(&table.state);
    let track = layout::track(&table.state, panes.list);
    let down =
        |table: &mut Table, x, y| table.tell(Message::Input(Input::Mouse(Mouse::Down(x, y))));
    let code = table.state.code.clone();
    down(&mut table, track.x, panes.list.y + 1);
    assert_eq!(table.state.code, code);
    table.press("M");
    assert_eq!(table.effects, [Effect::Mouse(true)]);
    down(&mut table, track.x, panes.list.y + 1);
    let Some(Row::Coordinate(second)) = table.state.chosen_row() else { panic!() };
    assert_eq!(table.state.ui.chosen, 1);
    is_near(table.value(second), -4.0);
    // The slider is held, wherever the pointer goes.
    table.tell(Message::Input(Input::Mouse(Mouse::Drag(track.right() + 20, panes.list.y + 5))));
    is_near(table.value(second), 4.0);
    table.tell(Message::Input(Input::Mouse(Mouse::Up)));
    table.tell(Message::Input(Input::Mouse(Mouse::Drag(track.x, panes.list.y + 1))));
    is_near(table.value(second), 4.0);
    // A name only chooses.
    let code = table.state.code.clone();
    down(&mut table, 0, panes.list.y);
    assert_eq!((table.state.ui.chosen, &table.state.code), (0, &code));
    table.press("AnB");
    let tile = layout::of(&table.state).strip_tile(&table.state, 2);
    down(&mut table, tile.x, tile.y);
    assert_eq!(table.state.ui.place, Some(2));
    // Twice on a point of the map picks it.
    table.press("m");
    let panes = layout::of(&table.state);
    let points = table.state.known.points(table.state.ui.basis).to_vec();
    let (x, y) = panes.cell(layout::ranges(&points), points[30]).unwrap();
    down(&mut table, x, y);
    let at = table.state.ui.point;
    assert_eq!(panes.cell(layout::ranges(&points), points[at]), Some((x, y)));
    down(&mut table, x, y);
    assert_eq!(table.state.start.origin, Origin::Point { step: 1420, point: at });
}

#[test]
fn what_is_looked_at_is_saved_with_where_it_came_from() {
    let mut table = Table::new();
    table.press("ls");
    let saved = &table.fake.saved[0];
    assert_eq!((saved.step, saved.origin, saved.strip.len()), (1420, Origin::Test(0), 0));
    assert_eq!(saved.code, table.state.code);
    assert_eq!(table.notice(), "saved /runs/one/explore/0001.png, 0001.json");
    assert!(matches!(&table.effects[..], [Effect::Saved(paths)] if paths.len() == 2));
    table.press("AnBms");
    let saved = &table.fake.saved[1];
    assert_eq!((saved.strip.len(), saved.origin), (7, Origin::Point { step: 1420, point: 0 }));
}

#[test]
fn a_newer_checkpoint_keeps_the_sliders_and_tells_its_step() {
    let mut table = Table::new();
    table.press("llpj");
    let (code, ui) = (table.state.code.clone(), table.state.ui.clone());
    let newer = Space { step: 1500, ..space(false) };
    let mut effects = update(&mut table.state, Message::Answer(Answer::Newer(Ok(Box::new(newer)))));
    assert!(table.state.is_waiting(), "the picture is drawn anew");
    effects.retain(|effect| matches!(effect, Effect::Work(_)));
    assert!(effects.contains(&Effect::Work(Job::Item { item: 0, begin: false })), "{effects:?}");
    table.carry_out(effects);
    assert_eq!((&table.state.code, table.state.ui.chosen), (&code, ui.chosen));
    assert!(table.screen(80, 24).contains("step 1500"));
    assert_eq!(table.notice(), "the checkpoint of step 1500 is loaded");
    let other = Space { dims: 3, ..Space::default() };
    table.tell(Message::Answer(Answer::Newer(Ok(Box::new(other)))));
    table.press("l");
    assert_eq!(table.state.known.dims(), DIMS);
}

#[test]
fn what_the_model_cannot_do_is_told_in_words() {
    let mut table = Table::new();
    table.fake.broken = true;
    table.press("l");
    let screen = table.screen(80, 24);
    assert!(screen.contains("the model is broken") && screen.contains("no picture"), "{screen}");
    table.fake.broken = false;
    table.press("l");
    assert!(!table.screen(80, 24).contains("broken"));
    let trouble = Answer::Saved(Err("disk full".to_owned()));
    table.tell(Message::Answer(trouble));
    assert!(table.screen(80, 24).contains("disk full"));
}

#[test]
fn help_takes_keys_until_it_is_closed() {
    let mut table = Table::new();
    let code = table.state.code.clone();
    table.press("?l");
    assert_eq!(table.state.code, code);
    table.press("q");
    assert!(!table.state.ui.help && table.effects.is_empty());
    table.press("q");
    assert_eq!(table.effects, [Effect::Leave]);
}
