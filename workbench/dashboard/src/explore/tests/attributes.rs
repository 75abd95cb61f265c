//! Sliders along attributes, and attributes that the model is told.

use workbench_runs::{Attribute, AttributeColumn, AttributeKind};

use super::*;
use crate::explore::space::Basis;

fn attribute(
    name: &str,
    kind: AttributeKind,
    values: &[&str],
    range: Option<[f64; 2]>,
) -> Attribute {
    let values = values.iter().map(|&value| value.into()).collect();
    Attribute { name: name.into(), kind, values, range }
}

fn glasses() -> Attribute {
    attribute("glasses", AttributeKind::Binary, &["no", "yes"], None)
}

fn age() -> Attribute {
    attribute("age", AttributeKind::Real, &[], Some([10.0, 50.0]))
}

/// Glasses are on the images to the right in the first dimension; the age is the fifth.
fn with_attributes() -> Space {
    let mut space = space(false);
    let snapshot = space.snapshot.as_mut().unwrap();
    let column = |dim: usize, of: fn(f32) -> f32| {
        snapshot.mean.chunks_exact(DIMS).map(|row| of(row[dim])).collect::<Vec<f32>>()
    };
    let glasses_of = column(0, |x| f32::from(u8::from(x > 0.0)));
    let age_of = column(4, |x| 30.0 + 20.0 * x);
    snapshot.attributes = vec![
        AttributeColumn { attribute: glasses(), of: glasses_of },
        AttributeColumn { attribute: age(), of: age_of },
    ];
    space
}

#[test]
fn sliders_go_along_attributes() {
    let mut table = Table::with(with_attributes(), styles(Theme::Truecolor, false));
    table.press("pp");
    assert_eq!(table.state.ui.basis, Basis::Attributes);
    let names: Vec<String> =
        (0..5).map(|at| table.state.known.name(Basis::Attributes, at)).collect();
    assert_eq!(names, ["class=cat", "class=dog", "class=owl", "glasses", "age"]);
    insta::assert_snapshot!("attributes_80x24", table.screen(80, 24));
    table.code(KeyCode::End);
    let Some(Row::Coordinate(4)) = table.state.chosen_row() else { panic!() };
    // To the greatest age, wherever it began: the fifth number is what tells it.
    let before = table.state.code.z.clone();
    for _ in 0..100 {
        table.press("L");
    }
    is_near(table.value(4), table.state.known.reach(Basis::Attributes, 4));
    assert!(table.state.code.z[4] > before[4], "{before:?} {:?}", table.state.code.z);
    table.press("0k");
    assert_eq!(table.state.chosen_row(), Some(Row::Coordinate(3)));
    let before = table.state.code.z.clone();
    table.press("L");
    assert!(table.state.code.z[0] > before[0]);
    table.press("xlfarf");
    assert!(table.state.is_locked(3));
    assert!(table.screen(80, 24).contains("1 locked"));
    table.press("m");
    assert_eq!(table.state.points(), 60);
    insta::assert_snapshot!("attributes_map_80x24", table.screen(80, 24));
    table.press("b");
    assert!(table.screen(80, 24).contains("n no  y yes"));
    table.press("b");
    assert!(table.screen(80, 24).contains("colour age: "));
    table.press(&"b".repeat(6));
    assert!(table.screen(80, 24).contains("colour z"));
    table.press("b");
    assert!(table.screen(80, 24).contains("c cat  d dog  o owl"));
    table.press("mp");
    assert_eq!(table.state.ui.basis, Basis::Dimensions);
    // A newer snapshot without them leaves their sliders.
    table.press("pp");
    let mut newer = Space { step: 1500, ..space(false) };
    newer.snapshot.as_mut().unwrap().labels = None;
    table.tell(Message::Answer(Answer::Newer(Ok(Box::new(newer)))));
    assert_eq!(table.state.ui.basis, Basis::Dimensions);
    table.press("l");
}

#[test]
fn a_model_is_told_attributes_row_by_row() {
    let space = Space { told: vec![glasses(), age()], ..with_attributes() };
    let mut table = Table::with(space, styles(Theme::Truecolor, false));
    let rows = table.state.rows();
    assert_eq!(rows[..2], [Row::Told(0), Row::Told(1)]);
    // The first test image has glasses, and its age is not known.
    assert_eq!(table.state.code.told, [Some(1.0), None]);
    table.code(KeyCode::Home);
    insta::assert_snapshot!("told_80x24", table.screen(80, 24));
    // In a ring of "no", "yes" and not known.
    for told in [None, Some(0.0), Some(1.0)] {
        table.press("l");
        assert_eq!(table.state.code.told[0], told);
    }
    table.press("h");
    assert_eq!(table.state.code.told[0], Some(0.0));
    table.press("0");
    assert_eq!(table.state.code.told[0], Some(1.0));
    table.press("jl");
    assert_eq!(table.state.code.told[1], Some(30.0));
    table.press("l");
    assert_eq!(table.state.code.told[1], Some(31.0));
    table.press("L");
    assert_eq!(table.state.code.told[1], Some(36.0));
    table.press(&"L".repeat(20));
    assert_eq!(table.state.code.told[1], Some(50.0));
    table.press("x");
    assert!(table.notice().contains("has no lock"));
    // A strip changes a number step by step, and a name in the middle.
    table.press("Akl");
    assert_eq!(table.state.code.told[0], None);
    table.press("j");
    table.press(&"H".repeat(20));
    table.press("B");
    let way: Vec<Vec<Option<f32>>> = table.state.way().into_iter().map(|code| code.told).collect();
    assert_eq!((way[0][0], way[6][0]), (Some(1.0), None));
    assert_eq!((way[0][1], way[3][1], way[6][1]), (Some(50.0), Some(30.0), Some(10.0)));
    // A point of the map brings its own.
    table.press("m");
    table.code(KeyCode::Enter);
    assert!(table.state.code.told.iter().all(Option::is_some), "{:?}", table.state.code.told);
}
