//! The one table of Home's keys: it feeds dispatch, the help and docs/keys.md.

use crossterm::event::KeyCode;

use crate::keys::{self, Key, Place, char, ctrl, everywhere, named, within};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Show(Section),
    NextSection,
    PreviousSection,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Mark,
    Compare,
    Explore,
    Start,
    ShowDetails,
    Check,
    Edit,
    Resume,
    Stop,
    Delete,
    Filter,
    Help,
    Dismiss,
    Redraw,
    Suspend,
    Leave,
}

/// What Home lists, in the order of the number keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Runs,
    Experiments,
    Data,
    Plugins,
}

impl Place for Section {
    const ALL: &'static [Section] =
        &[Section::Runs, Section::Experiments, Section::Data, Section::Plugins];

    fn name(self) -> &'static str {
        match self {
            Section::Runs => "Runs",
            Section::Experiments => "Experiments",
            Section::Data => "Data sets",
            Section::Plugins => "Plugins",
        }
    }
}

const RUNS: &[Section] = &[Section::Runs];
const EXPERIMENTS: &[Section] = &[Section::Experiments];
const OTHERS: &[Section] = &[Section::Data, Section::Plugins];
const ENTER: Key = named(KeyCode::Enter);

pub(crate) type Binding = keys::Binding<Action, Section>;

/// Every key there is. The first binding that fits is the one that holds.
pub(crate) const TABLE: &[Binding] = &[
    within(RUNS, &[ENTER], Action::Open, "the run's dashboard; q there comes back"),
    within(RUNS, &[char('m')], Action::Mark, "mark the run, or take its mark away"),
    within(RUNS, &[char('c')], Action::Compare, "the marked runs in one dashboard"),
    within(RUNS, &[char('e')], Action::Explore, "explore its latent space; q there comes back"),
    within(RUNS, &[char('r')], Action::Resume, "go on with a run that stopped or was lost"),
    within(RUNS, &[char('S')], Action::Stop, "stop a live run (press twice)"),
    within(RUNS, &[char('D')], Action::Delete, "delete a run that is not live (press twice)"),
    within(EXPERIMENTS, &[ENTER], Action::Start, "check it, start a run of it, show that run"),
    within(EXPERIMENTS, &[char('c')], Action::Check, "check it: data, layers, memory, time"),
    within(EXPERIMENTS, &[char('e')], Action::Edit, "edit it in $VISUAL or $EDITOR"),
    within(OTHERS, &[ENTER], Action::ShowDetails, "all that is known of it"),
    everywhere(&[named(KeyCode::Up), char('k')], Action::Up, "up a line"),
    everywhere(&[named(KeyCode::Down), char('j')], Action::Down, "down a line"),
    everywhere(&[named(KeyCode::PageUp)], Action::PageUp, "up a page"),
    everywhere(&[named(KeyCode::PageDown)], Action::PageDown, "down a page"),
    everywhere(&[named(KeyCode::Home), char('g')], Action::First, "to the first"),
    everywhere(&[named(KeyCode::End), char('G')], Action::Last, "to the last"),
    everywhere(
        &[named(KeyCode::Tab), named(KeyCode::Right), char('l')],
        Action::NextSection,
        "next section",
    ),
    everywhere(
        &[named(KeyCode::BackTab), named(KeyCode::Left), char('h')],
        Action::PreviousSection,
        "previous section",
    ),
    everywhere(&[char('1')], Action::Show(Section::Runs), "the runs"),
    everywhere(&[char('2')], Action::Show(Section::Experiments), "the experiments"),
    everywhere(&[char('3')], Action::Show(Section::Data), "the data sets"),
    everywhere(&[char('4')], Action::Show(Section::Plugins), "the plugins"),
    everywhere(
        &[char('/')],
        Action::Filter,
        "filter by parts of names, runs also state=running lr<1e-3; Esc shows all",
    ),
    everywhere(&[char('?')], Action::Help, "this help"),
    everywhere(
        &[named(KeyCode::Esc)],
        Action::Dismiss,
        "close what is open; show all again, unmarked",
    ),
    everywhere(&[ctrl('l')], Action::Redraw, "draw the screen anew"),
    everywhere(&[ctrl('z')], Action::Suspend, "suspend; fg comes back"),
    everywhere(&[char('q'), ctrl('c')], Action::Leave, "leave; runs go on"),
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
    fn enter_means_what_the_section_is_for() {
        assert_eq!(keys::action(TABLE, ENTER, Section::Runs), Some(Action::Open));
        assert_eq!(keys::action(TABLE, ENTER, Section::Experiments), Some(Action::Start));
        assert_eq!(keys::action(TABLE, ENTER, Section::Plugins), Some(Action::ShowDetails));
        assert_eq!(keys::action(TABLE, char('D'), Section::Experiments), None);
        assert!(markdown().contains("| `D` | Runs | delete a run"));
    }
}
