//! The keys of a run's dashboard.

use crossterm::event::KeyCode;

use crate::keys::{self, Place, char, ctrl, everywhere, named, within};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Show(View),
    NextView,
    PreviousView,
    Back,
    Forward,
    First,
    Last,
    Up,
    Down,
    PageUp,
    PageDown,
    PreviousPage,
    NextPage,
    Filter,
    Smooth,
    LogScale,
    Splits,
    AboveFloor,
    ZoomIn,
    ZoomOut,
    PanLeft,
    PanRight,
    AllSteps,
    Pin,
    UnpinAll,
    Whole,
    Principal,
    AxisX,
    AxisY,
    Color,
    ColorByClass,
    PointLeft,
    PointRight,
    PointUp,
    PointDown,
    SaveView,
    PauseOrContinue,
    Save,
    Stop,
    Prompt,
    Explore,
    Mouse,
    Help,
    Dismiss,
    Redraw,
    Suspend,
    Detach,
}

/// The screens, in the order of their number keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum View {
    Loss,
    Images,
    Latent,
    Log,
    Model,
    Experiment,
    Runs,
}

impl Place for View {
    const ALL: &'static [View] = &[
        View::Loss,
        View::Images,
        View::Latent,
        View::Log,
        View::Model,
        View::Experiment,
        View::Runs,
    ];

    fn name(self) -> &'static str {
        match self {
            View::Loss => "Loss",
            View::Images => "Images",
            View::Latent => "Latent",
            View::Log => "Log",
            View::Model => "Model",
            View::Experiment => "Experiment",
            View::Runs => "Runs",
        }
    }
}

const SCRUB: &[View] = &[View::Loss, View::Images, View::Latent];
const CHOOSE: &[View] = &[View::Loss, View::Images];
const SCROLL: &[View] = &[View::Log, View::Model, View::Experiment];
const LOSS: &[View] = &[View::Loss];
const RUNS: &[View] = &[View::Runs];
const IMAGES: &[View] = &[View::Images];
const LATENT: &[View] = &[View::Latent];

pub(crate) type Binding = keys::Binding<Action, View>;

/// Every key there is. The first binding that fits is the one that holds.
pub(crate) const TABLE: &[Binding] = &[
    everywhere(&[char('1')], Action::Show(View::Loss), "the loss and all other curves"),
    everywhere(&[char('2')], Action::Show(View::Images), "reconstructions and samples"),
    everywhere(&[char('3')], Action::Show(View::Latent), "the latent space"),
    everywhere(
        &[char('4')],
        Action::Show(View::Log),
        "what the trainer printed, and what was asked of it",
    ),
    everywhere(&[char('5')], Action::Show(View::Model), "the layers"),
    everywhere(&[char('6')], Action::Show(View::Experiment), "the experiment as resolved"),
    everywhere(
        &[char('7'), char('c')],
        Action::Show(View::Runs),
        "compare: which other runs are drawn over this one",
    ),
    everywhere(&[named(KeyCode::Tab)], Action::NextView, "next view"),
    everywhere(&[named(KeyCode::BackTab)], Action::PreviousView, "previous view"),
    within(
        SCRUB,
        &[named(KeyCode::Left), char('h')],
        Action::Back,
        "earlier: read the curves, scrub through snapshots",
    ),
    within(SCRUB, &[named(KeyCode::Right), char('l')], Action::Forward, "later"),
    within(SCRUB, &[named(KeyCode::Home)], Action::First, "the first step"),
    within(SCRUB, &[named(KeyCode::End)], Action::Last, "the newest, and follow it"),
    within(CHOOSE, &[named(KeyCode::Up), char('k')], Action::Up, "previous metric or picture"),
    within(CHOOSE, &[named(KeyCode::Down), char('j')], Action::Down, "next metric or picture"),
    within(
        LOSS,
        &[char(']'), named(KeyCode::PageDown)],
        Action::NextPage,
        "next page: the grid of all metrics",
    ),
    within(LOSS, &[char('['), named(KeyCode::PageUp)], Action::PreviousPage, "previous page"),
    within(LOSS, &[char('/')], Action::Filter, "filter the metrics by regular expressions"),
    within(LOSS, &[char('e')], Action::Smooth, "smoothing: off, 0.6, 0.9, 0.98"),
    within(LOSS, &[char('y')], Action::LogScale, "logarithmic y axis"),
    within(LOSS, &[char('+'), char('=')], Action::ZoomIn, "half as many steps, about the cursor"),
    within(LOSS, &[char('-')], Action::ZoomOut, "twice as many steps"),
    within(LOSS, &[char('<'), char(',')], Action::PanLeft, "earlier steps, when zoomed"),
    within(LOSS, &[char('>'), char('.')], Action::PanRight, "later steps, when zoomed"),
    within(LOSS, &[char('0')], Action::AllSteps, "all steps"),
    within(LOSS, &[char('v')], Action::Splits, "curves of validation, of training, or all"),
    within(
        LOSS,
        &[char('f')],
        Action::AboveFloor,
        "the loss above the floor that no model can reach",
    ),
    within(RUNS, &[named(KeyCode::Enter)], Action::Pin, "pin the run, or let it go"),
    within(RUNS, &[char('x')], Action::UnpinAll, "let all others go"),
    within(
        RUNS,
        &[char('/')],
        Action::Filter,
        "filter the runs: parts of names, state=running, lr<1e-3, architecture=conv-vae",
    ),
    within(RUNS, &[named(KeyCode::Up), char('k')], Action::Up, "previous run"),
    within(RUNS, &[named(KeyCode::Down), char('j')], Action::Down, "next run"),
    within(RUNS, &[named(KeyCode::PageUp)], Action::PageUp, "up a page of runs"),
    within(RUNS, &[named(KeyCode::PageDown)], Action::PageDown, "down a page of runs"),
    within(RUNS, &[named(KeyCode::Home)], Action::First, "the first run"),
    within(RUNS, &[named(KeyCode::End)], Action::Last, "the last run"),
    within(
        IMAGES,
        &[char('z')],
        Action::Whole,
        "the whole picture, or as much of it as is legible",
    ),
    within(LATENT, &[char('p')], Action::Principal, "principal components or dimensions"),
    within(LATENT, &[char('x')], Action::AxisX, "next dimension on the x axis"),
    within(LATENT, &[char('y')], Action::AxisY, "next dimension on the y axis"),
    within(
        LATENT,
        &[char('b')],
        Action::Color,
        "colour by the next attribute or dimension, or by class",
    ),
    within(LATENT, &[char('B')], Action::ColorByClass, "colour by class"),
    within(LATENT, &[char('H')], Action::PointLeft, "look at a point: to its left"),
    within(LATENT, &[char('J')], Action::PointDown, "the point below"),
    within(LATENT, &[char('K')], Action::PointUp, "the point above"),
    within(LATENT, &[char('L')], Action::PointRight, "the point to the right"),
    within(LATENT, &[char('w')], Action::SaveView, "write this view as PNG and CSV"),
    within(SCROLL, &[named(KeyCode::Up), char('k')], Action::Up, "up a line"),
    within(SCROLL, &[named(KeyCode::Down), char('j')], Action::Down, "down a line"),
    within(SCROLL, &[named(KeyCode::PageUp)], Action::PageUp, "up a page"),
    within(SCROLL, &[named(KeyCode::PageDown)], Action::PageDown, "down a page"),
    within(SCROLL, &[named(KeyCode::Home)], Action::First, "to the start"),
    within(SCROLL, &[named(KeyCode::End)], Action::Last, "to the end"),
    everywhere(&[char(' ')], Action::PauseOrContinue, "pause the run, or let it go on"),
    everywhere(&[char('s')], Action::Save, "write a checkpoint now"),
    everywhere(&[char('S')], Action::Stop, "stop the run (press twice)"),
    everywhere(&[char(':')], Action::Prompt, "a command: set beta 2, set lr 3e-4"),
    everywhere(&[char('E')], Action::Explore, "explore the latent space; q there comes back"),
    everywhere(&[char('M')], Action::Mouse, "take the mouse, or leave it to the terminal"),
    everywhere(&[char('?')], Action::Help, "this help"),
    everywhere(
        &[named(KeyCode::Esc)],
        Action::Dismiss,
        "back to the plain view: no cursor, filter or help",
    ),
    everywhere(&[ctrl('l')], Action::Redraw, "draw the screen anew"),
    everywhere(&[ctrl('z')], Action::Suspend, "suspend; fg comes back"),
    everywhere(&[char('q'), ctrl('c')], Action::Detach, "leave; training goes on"),
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
    fn a_key_may_mean_different_things_in_different_views() {
        assert_eq!(keys::action(TABLE, char('y'), View::Loss), Some(Action::LogScale));
        assert_eq!(keys::action(TABLE, char('y'), View::Latent), Some(Action::AxisY));
        assert_eq!(keys::action(TABLE, char('y'), View::Log), None);
    }
}
