//! The lists, one a section.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::runs;
use crate::draw::paint;
use crate::draw::table::{self, Cell, Column, Table};
use crate::format;
use crate::home::keys::Section;
use crate::home::state::State;
use crate::theme::Hue;

/// Draws a section's list, or says why there is none.
pub(crate) fn draw(state: &State, section: Section, area: Rect, buf: &mut Buffer) {
    let shown = state.shown(section);
    if shown.is_empty() {
        nothing(state, section, area, buf);
        return;
    }
    match section {
        Section::Runs => runs::draw(state, &shown, area, buf),
        Section::Experiments => experiments(state, &shown, area, buf),
        Section::Data => data_sets(state, &shown, area, buf),
        Section::Plugins => plugins(state, &shown, area, buf),
    }
}

fn nothing(state: &State, section: Section, area: Rect, buf: &mut Buffer) {
    let (text, hue) = match (state.total(section), section) {
        (_, Section::Runs) if state.trouble.is_some() => {
            (state.trouble.clone().unwrap_or_default(), Hue::Bad)
        }
        (None, _) => ("looking".to_owned(), Hue::Faint),
        (Some(1..), _) => ("nothing fits the filter; Esc shows all".to_owned(), Hue::Faint),
        (Some(0), Section::Runs) => {
            ("no runs yet: Tab to the experiments, Enter starts one".to_owned(), Hue::Faint)
        }
        (Some(0), Section::Experiments) => {
            ("no experiments: files in experiments/ show here".to_owned(), Hue::Faint)
        }
        (Some(0), Section::Data) => {
            ("no data sets: folders in datasets/ with a card.toml do".to_owned(), Hue::Faint)
        }
        (Some(0), Section::Plugins) => ("no plugins".to_owned(), Hue::Faint),
    };
    let text = paint::cut(&text, area.width, state.styles.unicode());
    let row = Rect { height: area.height.min(3), ..area };
    paint::middle(buf, row, &text, state.styles.of(hue));
}

fn list(
    state: &State,
    section: Section,
    columns: &[Column],
    shown: &[usize],
    cell: impl Fn(usize, usize) -> Cell,
    area: Rect,
    buf: &mut Buffer,
) {
    let table = Table {
        columns,
        rows: shown.len(),
        cursor: state.cursor(section),
        is_active: state.section() == section,
    };
    let cell = |row: usize, column: usize, _| {
        let (text, style) = cell(shown[row], column);
        (format::plain(&text), style)
    };
    table::draw(&state.styles, &table, cell, area, buf);
}

fn column(title: &'static str, least: u16, most: u16, rank: u8) -> Column {
    Column { title, least, most, rank, right: false }
}

/// As wide as the widest of some texts, within bounds.
fn widest<'a>(texts: impl Iterator<Item = &'a String>, least: u16, most: u16) -> u16 {
    // A space more than is needed sets the columns apart.
    texts.map(|text| paint::width(text) + 1).max().unwrap_or(0).clamp(least, most)
}

fn experiments(state: &State, shown: &[usize], area: Rect, buf: &mut Buffer) {
    let Some(all) = &state.experiments else { return };
    let name = widest(all.iter().map(|entry| &entry.name), 10, 30);
    let data = widest(all.iter().map(|entry| &entry.data_set), 9, 20);
    let architecture = widest(all.iter().map(|entry| &entry.architecture), 13, 20);
    let columns = [
        column("experiment", name, name, 0),
        column("data set", data, data, 2),
        column("architecture", architecture, architecture, 1),
        column("about", 16, u16::MAX, 3),
    ];
    let cell = |place: usize, column: usize| {
        let entry = &all[place];
        match (column, &entry.error) {
            (0, _) => (entry.name.clone(), Style::new()),
            (1, _) => (entry.data_set.clone(), Style::new()),
            (2, _) => (entry.architecture.clone(), Style::new()),
            (_, Some(error)) => {
                (error.lines().next().unwrap_or("").to_owned(), state.styles.of(Hue::Bad))
            }
            (_, None) => (entry.about.clone(), state.styles.of(Hue::Faint)),
        }
    };
    list(state, Section::Experiments, &columns, shown, cell, area, buf);
}

fn data_sets(state: &State, shown: &[usize], area: Rect, buf: &mut Buffer) {
    let Some(all) = &state.data_sets else { return };
    let name = widest(all.iter().map(|entry| &entry.name), 9, 24);
    let columns = [
        column("data set", name, name, 0),
        column("files", 8, 8, 1),
        column("title", 12, u16::MAX, 2),
    ];
    let cell = |place: usize, column: usize| {
        let entry = &all[place];
        match (column, entry.missing.is_empty()) {
            (0, _) => (entry.name.clone(), Style::new()),
            (1, true) => ("there".to_owned(), state.styles.of(Hue::Good)),
            (1, false) => ("missing".to_owned(), state.styles.of(Hue::Bad)),
            _ => (entry.title.clone(), state.styles.of(Hue::Faint)),
        }
    };
    list(state, Section::Data, &columns, shown, cell, area, buf);
}

fn plugins(state: &State, shown: &[usize], area: Rect, buf: &mut Buffer) {
    let Some(all) = &state.plugins else { return };
    let name = widest(all.iter().map(|entry| &entry.name), 8, 24);
    let columns = [
        column("plugin", name, name, 0),
        column("kind", 13, 13, 1),
        column("about", 12, u16::MAX, 2),
    ];
    let cell = |place: usize, column: usize| {
        let entry = &all[place];
        let hue = if entry.is_broken { Hue::Bad } else { Hue::Faint };
        match column {
            0 => (entry.name.clone(), Style::new()),
            1 => (entry.kind.clone(), Style::new()),
            _ => (entry.about.clone(), state.styles.of(hue)),
        }
    };
    list(state, Section::Plugins, &columns, shown, cell, area, buf);
}
