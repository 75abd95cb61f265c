//! The one table of the explorer's keys: it feeds dispatch, the help and docs/keys.md.

use crossterm::event::KeyCode;

use crate::keys::{self, Key, Place, char, ctrl, everywhere, named, shifted, within};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Up,
    Down,
    First,
    Last,
    /// Steps of a slider, to the right where positive; or a way in the map.
    Left(Size),
    Right(Size),
    Above(Size),
    Below(Size),
    ResetOne,
    ResetAll,
    Zero,
    Lock,
    Randomise,
    NextItem,
    PreviousItem,
    Draw,
    /// From what random codes are drawn: the fitted mixture or the prior.
    Source,
    Pick,
    NextPoint,
    PreviousPoint,
    Color,
    Principal,
    NextClass,
    PreviousClass,
    Mark(Mark),
    More,
    Fewer,
    Along,
    Back,
    Save,
    Map,
    NextMoment,
    PreviousMoment,
    Play,
    Mouse,
    Help,
    Dismiss,
    Redraw,
    Suspend,
    Leave,
}

/// How far a key moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Fine,
    Coarse,
}

/// An end of the strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    A,
    B,
}

/// The screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Palette,
    Map,
}

impl Place for View {
    const ALL: &'static [View] = &[View::Palette, View::Map];

    fn name(self) -> &'static str {
        match self {
            View::Palette => "sliders",
            View::Map => "map",
        }
    }
}

const fn sliders(keys: &'static [Key], action: Action, help: &'static str) -> Binding {
    within(&[View::Palette], keys, action, help)
}

const fn map(keys: &'static [Key], action: Action, help: &'static str) -> Binding {
    within(&[View::Map], keys, action, help)
}

use KeyCode::{BackTab, End, Enter, Esc, Home, PageDown, PageUp, Tab};
use Size::{Coarse, Fine};

pub(crate) type Binding = keys::Binding<Action, View>;

/// Every key there is. The first binding that fits is the one that holds.
pub(crate) const TABLE: &[Binding] = &[
    sliders(&[named(KeyCode::Up), char('k')], Action::Up, "the slider above"),
    sliders(&[named(KeyCode::Down), char('j')], Action::Down, "the slider below"),
    sliders(&[named(Home), char('g')], Action::First, "the first slider"),
    sliders(&[named(End), char('G')], Action::Last, "the last slider"),
    sliders(&[named(KeyCode::Left), char('h')], Action::Left(Fine), "less of it"),
    sliders(&[named(KeyCode::Right), char('l')], Action::Right(Fine), "more of it"),
    sliders(
        &[char('H'), named(PageDown), shifted(KeyCode::Left)],
        Action::Left(Coarse),
        "much less of it",
    ),
    sliders(
        &[char('L'), named(PageUp), shifted(KeyCode::Right)],
        Action::Right(Coarse),
        "much more of it",
    ),
    sliders(&[char('0')], Action::ResetOne, "this one back to its start"),
    sliders(&[char('r')], Action::ResetAll, "unlocked ones to their start"),
    sliders(&[char('z')], Action::Zero, "unlocked ones to zero"),
    sliders(&[char('x')], Action::Lock, "lock it, or unlock it"),
    sliders(&[char('a')], Action::Randomise, "unlocked ones at random"),
    map(&[named(KeyCode::Left), char('h')], Action::Left(Fine), "the next point on the left"),
    map(&[named(KeyCode::Right), char('l')], Action::Right(Fine), "on the right"),
    map(&[named(KeyCode::Up), char('k')], Action::Above(Fine), "above"),
    map(&[named(KeyCode::Down), char('j')], Action::Below(Fine), "below"),
    map(&[char('H'), shifted(KeyCode::Left)], Action::Left(Coarse), "a good way to the left"),
    map(&[char('L'), shifted(KeyCode::Right)], Action::Right(Coarse), "to the right"),
    map(&[char('K'), named(PageUp), shifted(KeyCode::Up)], Action::Above(Coarse), "up"),
    map(&[char('J'), named(PageDown), shifted(KeyCode::Down)], Action::Below(Coarse), "down"),
    map(&[named(Enter)], Action::Pick, "start: this point's code"),
    map(&[char('n'), char(']')], Action::NextPoint, "the next point in order"),
    map(&[char('N'), char('[')], Action::PreviousPoint, "the previous point"),
    map(&[char('b')], Action::Color, "colour by the next attribute or dimension, or by class"),
    sliders(&[char('n'), char(']')], Action::NextItem, "start: the next test image"),
    sliders(&[char('N'), char('[')], Action::PreviousItem, "start: the one before it"),
    sliders(&[char('d')], Action::Draw, "start: a random code"),
    sliders(&[char('f')], Action::Source, "random codes: fitted, prior"),
    everywhere(&[char('m'), named(Tab), named(BackTab)], Action::Map, "the map of images, or back"),
    everywhere(&[char('p')], Action::Principal, "directions, attributes, dimensions"),
    sliders(&[char('c')], Action::NextClass, "the next class"),
    sliders(&[char('C')], Action::PreviousClass, "the previous class"),
    everywhere(&[char('A')], Action::Mark(Mark::A), "mark this code as A"),
    everywhere(&[char('B')], Action::Mark(Mark::B), "as B: a strip from A to B"),
    everywhere(&[char('+'), char('=')], Action::More, "more steps in the strip"),
    everywhere(&[char('-')], Action::Fewer, "fewer steps"),
    sliders(&[char('.')], Action::Along, "along the strip, to B"),
    sliders(&[char(',')], Action::Back, "back along it, to A"),
    everywhere(&[char('v')], Action::NextMoment, "the next side or frame"),
    everywhere(&[char('V')], Action::PreviousMoment, "the one before it"),
    everywhere(&[char(' ')], Action::Play, "turn a volume, play a clip"),
    everywhere(&[char('s')], Action::Save, "save PNG, JSON and CSV"),
    everywhere(&[char('M')], Action::Mouse, "take or leave the mouse"),
    everywhere(&[char('?')], Action::Help, "this help"),
    everywhere(&[named(Esc)], Action::Dismiss, "close; forget A and B"),
    everywhere(&[ctrl('l')], Action::Redraw, "draw the screen anew"),
    everywhere(&[ctrl('z')], Action::Suspend, "suspend; fg comes back"),
    everywhere(&[char('q'), ctrl('c')], Action::Leave, "leave"),
];

/// The table in Markdown, for docs/keys.md.
pub fn markdown() -> String {
    keys::markdown(TABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        keys::check(TABLE);
    }

    #[test]
    fn shift_makes_steps_coarse() {
        let left = keys::action(TABLE, shifted(KeyCode::Left), View::Palette);
        assert_eq!(left, Some(Action::Left(Coarse)));
        assert_eq!(keys::action(TABLE, char('x'), View::Map), None);
    }
}
