//! The table of the runs that are drawn over one another: the legend of all charts.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use workbench_runs::{History, Status};

use super::chart;
use crate::draw::paint;
use crate::draw::table::{self, Cell, Column, Table};
use crate::theme::Hue;
use crate::watch::state::{State, curve};
use crate::{format, run_filter};

/// What a row tells of.
struct Row<'a> {
    look: usize,
    name: &'a str,
    status: Option<&'a Status>,
    lost: bool,
    history: &'a History,
    settings: &'a BTreeMap<String, String>,
}

/// How many rows the table takes of `room`: its head, and a row a run; none where only one run is drawn.
pub(crate) fn rows(state: &State, room: u16) -> u16 {
    if state.rivals.is_empty() {
        return 0;
    }
    // The charts keep two thirds.
    (state.rivals.len() as u16 + 2).min(room / 3)
}

/// Draws the table and returns the area below it.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) -> Rect {
    let height = rows(state, area.height);
    if height < 2 {
        return area;
    }
    let own = Row {
        look: 0,
        name: &state.name,
        status: state.status.as_ref(),
        lost: state.lost,
        history: &state.history,
        settings: &state.settings,
    };
    let others = state.rivals.iter().map(|rival| Row {
        look: rival.look,
        name: &rival.name,
        status: rival.status.as_ref(),
        lost: rival.lost,
        history: &rival.history,
        settings: &rival.settings,
    });
    let all: Vec<Row> = [own].into_iter().chain(others).collect();
    let names = all.iter().map(|row| paint::width(row.name)).max().unwrap_or(0);
    let paths = run_filter::differences(all.iter().map(|row| row.settings));
    let column = |title, least, most, rank, right| Column { title, least, most, rank, right };
    let columns = [
        column("", 1, 1, 0, false),
        column("run", names.min(16), names.max(3), 1, false),
        column("state", 8, 8, 5, false),
        column("step", 9, 15, 4, true),
        column(if state.ui.cursor.is_some() { "here" } else { "now" }, 7, 9, 2, true),
        column("best", 14, 18, 3, true),
        column("settings", 12, if paths.is_empty() { 12 } else { 200 }, 6, false),
    ];
    let table = Table { columns: &columns, rows: all.len(), cursor: 0, is_active: false };
    let cell = |row: usize, column: usize, _| cell(state, &all[row], &paths, column);
    table::draw(&state.styles, &table, cell, Rect { height, ..area }, buf);
    Rect { y: area.y + height, height: area.height - height, ..area }
}

fn cell(state: &State, row: &Row, paths: &[String], column: usize) -> Cell {
    let plain = Style::new();
    let main = state.main_panel().and_then(|panel| {
        state.traces(panel).into_iter().find(|trace| trace.run == Some(row.look))
    });
    match column {
        0 => {
            let (style, mark) = chart::run_look(row.look, state);
            (mark.to_string(), style)
        }
        1 => (row.name.to_owned(), chart::run_look(row.look, state).0),
        2 => match row.status {
            _ if row.lost => ("lost".to_owned(), state.styles.of(Hue::Bad)),
            Some(status) => (status.state.name().to_owned(), plain),
            None => ("log".to_owned(), state.styles.of(Hue::Faint)),
        },
        3 => {
            let text = match row.status.filter(|status| status.steps_total > 0) {
                Some(status) => format!("{}/{}", status.step, status.steps_total),
                None => {
                    let last = row.history.scalars.values().filter_map(|series| series.last());
                    last.map(|(step, _)| step).max().map_or(String::new(), |step| step.to_string())
                }
            };
            (text, plain)
        }
        4 => {
            let value = main.and_then(|trace| chart::told(state, &trace));
            (value.map_or(String::new(), format::number), plain)
        }
        5 => {
            let best = main.and_then(|trace| curve::best(trace.tag, trace.series));
            let text =
                best.map(|(step, value)| format!("{} @ {step}", format::number(f64::from(value))));
            (text.unwrap_or_default(), plain)
        }
        _ => (run_filter::line(row.settings, paths), state.styles.of(Hue::Faint)),
    }
}
