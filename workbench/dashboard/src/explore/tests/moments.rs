//! Volumes that turn and clips that play.

use super::*;

fn table(moments: Moments) -> Table {
    Table::with(Space { moments, ..space(false) }, styles(Theme::Truecolor, false))
}

#[test]
fn sides_follow_in_a_ring_from_the_one_that_figures_show() {
    let mut table = table(Moments::Sides(3));
    assert!(!table.screen(80, 24).contains("side"));
    table.press("v");
    assert_eq!((table.fake.shown, table.state.ui.moment), (Some(1), Some(1)));
    assert!(table.screen(80, 24).contains("side 2/3"));
    table.press("vv");
    assert_eq!(table.fake.shown, Some(0));
    table.press("V");
    assert_eq!(table.fake.shown, Some(2));
}

#[test]
fn frames_begin_at_the_first_or_the_last() {
    let mut forward = table(Moments::Frames(10));
    forward.press("v");
    assert!(forward.screen(80, 24).contains("frame 1/10"));
    let mut back = table(Moments::Frames(10));
    back.press("V");
    assert_eq!(back.fake.shown, Some(9));
}

#[test]
fn what_plays_goes_on_until_a_key_stops_it_and_all_pictures_follow() {
    let mut table = table(Moments::Frames(4));
    table.press("AnB ");
    assert!(table.state.ui.is_playing);
    let decoded = table.fake.decoded;
    table.tell(Message::Tick);
    assert_eq!(table.fake.shown, Some(1));
    assert_eq!(table.fake.decoded, decoded + 1 + table.state.ui.steps, "the picture and the strip");
    let code = table.state.code.clone();
    table.press(" ");
    assert!(!table.state.ui.is_playing);
    table.press(" v");
    assert!(!table.state.ui.is_playing, "a step stops it too");
    assert_eq!(table.state.code, code);
}

#[test]
fn pictures_do_not_move() {
    let mut table = table(Moments::One);
    table.press("v");
    assert!(table.notice().contains("volumes turn"), "{}", table.notice());
    table.press(" ");
    assert!(!table.state.ui.is_playing);
    assert_eq!((table.fake.shown, table.state.ui.moment), (None, None));
}
