//! The list of runs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use workbench_runs::State as RunState;

use super::spark;
use crate::draw::paint;
use crate::draw::table::{self, Cell, Column, Table};
use crate::format;
use crate::home::keys::Section;
use crate::home::scan::RunEntry;
use crate::home::state::State;
use crate::theme::{Hue, Styles};

/// Draws the runs that the filter lets through.
pub(crate) fn draw(state: &State, shown: &[usize], area: Rect, buf: &mut Buffer) {
    let Some(runs) = &state.runs else { return };
    let rows: Vec<&RunEntry> = shown.iter().map(|&place| &*runs[place]).collect();
    let widest = |text: &dyn Fn(&RunEntry) -> String| {
        rows.iter().map(|run| paint::width(&text(run))).max().unwrap_or(0)
    };
    let name = widest(&|run| run.name.clone());
    let steps = widest(&steps).max(4);
    let column = |title, least, most, rank, right| Column { title, least, most, rank, right };
    let columns = [
        column("", 1, 1, 0, false),
        column("run", name.min(20), name.max(3), 1, false),
        column("state", 8, 8, 2, false),
        column("", 5, 16, 7, false),
        column("step", steps, steps, 4, true),
        column("loss", 8, 24, 6, false),
        column("best", 6, 6, 3, true),
        column("test", 6, 6, 5, true),
    ];
    let table = Table {
        columns: &columns,
        rows: rows.len(),
        cursor: state.cursor(Section::Runs),
        is_active: state.section() == Section::Runs,
    };
    let cell = |row: usize, column: usize, width: u16| match column {
        // A mark takes the place of the state's sign; the state has a column of its own.
        0 if state.ui.marked.contains(&rows[row].name) => {
            (state.styles.pick("▸", ">").to_owned(), state.styles.of(Hue::Mark))
        }
        _ => cell(&state.styles, rows[row], column, width),
    };
    table::draw(&state.styles, &table, cell, area, buf);
}

fn cell(styles: &Styles, run: &RunEntry, column: usize, width: u16) -> Cell {
    let plain = Style::new();
    match column {
        0 => mark(styles, run),
        1 => (format::plain(&run.name), plain),
        2 => (run.word().to_owned(), mark(styles, run).1),
        3 => (bar(styles, run, width), styles.of(Hue::Train)),
        4 => (steps(run), plain),
        5 => match &run.curve {
            Some((_, points)) => (spark::line(styles, points, width), styles.of(Hue::Valid)),
            None => (String::new(), plain),
        },
        6 => (best(run).map_or(String::new(), |(_, value)| format::number(value)), plain),
        _ => {
            let loss = run.tested.get("test/loss");
            (loss.map_or(String::new(), |loss| format::number(f64::from(*loss))), plain)
        }
    }
}

/// A sign for what a run is doing, and its colour.
pub(crate) fn mark(styles: &Styles, run: &RunEntry) -> Cell {
    let (mark, ascii, hue) = match run.status.as_ref().map(|status| status.state) {
        _ if run.lost => ("?", "?", Hue::Bad),
        None => ("◦", "-", Hue::Faint),
        Some(RunState::Starting | RunState::Running) => ("●", "*", Hue::Good),
        Some(RunState::Paused | RunState::Stopping) => ("‖", "=", Hue::Valid),
        Some(RunState::Finished) => ("✓", "+", Hue::Good),
        Some(RunState::Stopped) => ("■", "#", Hue::Valid),
        Some(RunState::Diverged | RunState::Failed) => ("✗", "x", Hue::Bad),
    };
    (styles.pick(mark, ascii).to_owned(), styles.of(hue))
}

/// `600/3000`.
pub(crate) fn steps(run: &RunEntry) -> String {
    run.status
        .as_ref()
        .map_or(String::new(), |status| format!("{}/{}", status.step, status.steps_total))
}

/// How far a run is.
pub(crate) fn share(run: &RunEntry) -> Option<f64> {
    let status = run.status.as_ref().filter(|status| status.steps_total > 0)?;
    Some((status.step as f64 / status.steps_total as f64).clamp(0.0, 1.0))
}

pub(crate) fn bar(styles: &Styles, run: &RunEntry, width: u16) -> String {
    let Some(share) = share(run) else { return String::new() };
    let done = (f64::from(width) * share).floor() as usize;
    let (full, empty) = styles.pick(("━", "─"), ("#", "-"));
    full.repeat(done) + &empty.repeat(usize::from(width) - done)
}

/// The best value of what is monitored.
pub(crate) fn best(run: &RunEntry) -> Option<(&str, f64)> {
    let best = run.status.as_ref()?.best.as_ref()?;
    Some((&best.tag, best.value))
}
