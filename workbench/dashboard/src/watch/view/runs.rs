//! The runs to choose from: which of them are drawn over this one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::chart;
use crate::draw::areas::titled;
use crate::draw::paint;
use crate::draw::table::{self, Cell, Column, Table};
use crate::home::view::runs as home;
use crate::theme::Hue;
use crate::watch::state::State;
use crate::watch::state::run_list::Listed;
use crate::{format, run_filter};

/// Draws the list.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let listed = state.listed();
    let faint = state.styles.of(Hue::Faint);
    let (top, body) = titled(area);
    let total = state.runs.as_ref().map_or(0, Vec::len);
    let drawn = state.rivals.len() + 1;
    let text = match &state.runs {
        None => "looking at the runs beside this one".to_owned(),
        Some(_) => format!("{drawn} drawn, {} listed of {total} runs", listed.len()),
    };
    paint::put(buf, top.x, top.y, top.width, &text, faint);
    let names = listed.iter().map(|row| paint::width(&row.entry.name)).max().unwrap_or(3);
    let steps =
        listed.iter().map(|row| paint::width(&home::steps(&row.entry))).max().unwrap_or(4).max(4);
    let settings = listed.iter().map(|row| &row.entry.settings);
    let paths = run_filter::differences(settings);
    let column = |title, least, most, rank, right| Column { title, least, most, rank, right };
    let columns = [
        column("", 1, 1, 0, false),
        column("run", names.min(20), names.max(3), 1, false),
        column("state", 8, 8, 2, false),
        column("step", steps, steps, 3, true),
        column("loss", 7, 7, 4, true),
        column("best", 7, 7, 5, true),
        column("settings", 10, 300, 6, false),
    ];
    let table = Table {
        columns: &columns,
        rows: listed.len(),
        cursor: state.run_cursor(),
        is_active: true,
    };
    let cell = |row: usize, column: usize, _| cell(state, &listed[row], &paths, column);
    table::draw(&state.styles, &table, cell, body, buf);
}

/// The row of the list at a place.
pub(crate) fn row_at(state: &State, area: Rect, at: (u16, u16)) -> Option<usize> {
    table::row_at(state.listed().len(), state.run_cursor(), titled(area).1, at)
}

fn cell(state: &State, Listed { entry, look }: &Listed, paths: &[String], column: usize) -> Cell {
    let plain = Style::new();
    match column {
        0 => match look {
            Some(look) => {
                let (style, mark) = chart::run_look(*look, state);
                (mark.to_string(), style)
            }
            None => (String::new(), plain),
        },
        1 => {
            let style = look.map_or(plain, |look| chart::run_look(look, state).0);
            (format::plain(&entry.name), style)
        }
        2 => (entry.word().to_owned(), home::mark(&state.styles, entry).1),
        3 => (home::steps(entry), plain),
        4 => {
            let last = entry.curve.as_ref().and_then(|(_, points)| points.last());
            (last.map_or(String::new(), |(_, loss)| format::number(f64::from(*loss))), plain)
        }
        5 => (home::best(entry).map_or(String::new(), |(_, best)| format::number(best)), plain),
        _ => (run_filter::line(&entry.settings, paths), state.styles.of(Hue::Faint)),
    }
}
