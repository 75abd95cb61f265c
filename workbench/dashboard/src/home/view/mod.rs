//! Home's screen. It draws the state and does nothing else: no I/O, no clock.

mod details;
mod footer;
mod help;
mod lists;
mod page;
pub(crate) mod runs;
mod spark;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::keys::Section;
use super::state::State;
use crate::draw::areas::{split_bottom, split_top};
use crate::draw::paint;
use crate::keys::Place;
use crate::theme::Hue;

pub(crate) use details::text as details_text;
pub(crate) use page::lines as page_lines;

/// The least screen that shows a list.
const LEAST: (u16, u16) = (40, 8);
/// From this size on all sections show at once.
const PANES: (u16, u16) = (110, 34);
/// From this width on what is chosen is told beside the lists, not below them.
const BESIDE: u16 = 160;

/// Draws the whole screen.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(state, area, buf);
        return;
    }
    let (head, rest) = split_top(area, 1);
    let (body, foot) = split_bottom(rest, 1);
    header(state, head, buf);
    footer::draw(state, foot, buf);
    if state.ui.help {
        help::draw(state, body, buf);
    } else if let Some(page) = &state.ui.page {
        page::draw(state, page, body, buf);
    } else if area.width >= PANES.0 && area.height >= PANES.1 {
        panes(state, body, buf);
    } else {
        tabs(state, body, buf);
    }
}

fn too_small(state: &State, area: Rect, buf: &mut Buffer) {
    let live = state.runs.iter().flatten().filter(|run| run.is_live()).count();
    let lines = [
        format!("workbench: {live} live of {} runs", state.total(Section::Runs).unwrap_or(0)),
        format!("too small: {}x{} at least", LEAST.0, LEAST.1),
    ];
    for (y, line) in (area.top()..area.bottom()).zip(&lines) {
        paint::put(buf, area.x, y, area.width, line, Style::new());
    }
}

fn header(state: &State, area: Rect, buf: &mut Buffer) {
    let taken = paint::put(buf, area.x, area.y, area.width, "workbench", state.styles.bold());
    let live = state.runs.iter().flatten().filter(|run| run.is_live()).count();
    let right = if live > 0 { format!("{live} live") } else { String::new() };
    let room = area.right().saturating_sub(taken + 4 + paint::width(&right));
    let faint = state.styles.of(Hue::Faint);
    let place = paint::cut(&state.place, room, state.styles.unicode());
    let taken = paint::put(buf, taken + 2, area.y, room, &place, faint);
    paint::right(buf, area, taken, &right, state.styles.of(Hue::Good));
}

/// One section at a time under a row of tabs, and what is chosen in it below.
fn tabs(state: &State, area: Rect, buf: &mut Buffer) {
    let (row, body) = split_top(area, 1);
    let mut x = row.x;
    for (i, section) in Section::ALL.iter().copied().enumerate() {
        let is_chosen = i == state.ui.section;
        let text = title(state, section, is_chosen);
        let style = if is_chosen { state.styles.bold() } else { state.styles.of(Hue::Faint) };
        x = paint::put(buf, x, row.y, row.right().saturating_sub(x), &text, style);
    }
    let filter = &state.ui.filter[state.ui.section];
    if !filter.is_empty() {
        paint::right(buf, row, x, &format!("/{filter}"), state.styles.of(Hue::Mark));
    }
    let below = if body.height >= 16 { (body.height / 3).min(12) } else { 0 };
    let (list, detail) = split_bottom(body, below);
    lists::draw(state, state.section(), list, buf);
    if below > 0 {
        details::draw(state, detail, buf);
    }
}

/// All sections at once, and what is chosen.
fn panes(state: &State, area: Rect, buf: &mut Buffer) {
    let (left, detail) = if area.width >= BESIDE {
        let width = area.width * 2 / 5;
        let left = Rect { width: area.width - width - 2, ..area };
        (left, Rect { x: left.right() + 2, width, ..area })
    } else {
        let rows = (area.height / 4).clamp(8, 14);
        split_bottom(area, rows)
    };
    // A title, the head of the columns and a blank row come with each list.
    let wanted = |section| state.shown(section).len().max(1) as u16 + 3;
    let experiments = wanted(Section::Experiments).min(left.height / 3);
    let others = wanted(Section::Data).max(wanted(Section::Plugins)).min(left.height / 4);
    let (runs, rest) = split_bottom(left, experiments + others);
    let (experiments, others) = split_top(rest, experiments);
    let data = Rect { width: others.width * 2 / 5, ..others };
    let plugins = Rect { x: data.right() + 2, width: others.width - data.width - 2, ..others };
    let places = [runs, experiments, data, plugins];
    for (section, area) in Section::ALL.iter().copied().zip(places) {
        let is_chosen = section == state.section();
        let (row, list) = split_top(area, 1);
        let text = title(state, section, is_chosen);
        let style = if is_chosen { state.styles.bold() } else { state.styles.of(Hue::Faint) };
        let taken = paint::put(buf, row.x, row.y, row.width, &text, style);
        let filter = &state.ui.filter[section as usize];
        if !filter.is_empty() {
            paint::right(buf, row, taken, &format!("/{filter}"), state.styles.of(Hue::Mark));
        }
        let list = Rect { height: list.height.saturating_sub(1), ..list };
        lists::draw(state, section, list, buf);
    }
    details::draw(state, detail, buf);
}

/// `[1 Runs 12]`: brackets tell what is chosen without colour too.
fn title(state: &State, section: Section, is_chosen: bool) -> String {
    let (shown, total) = (state.shown(section).len(), state.total(section));
    let count = match total {
        None => String::new(),
        Some(total) if shown < total => format!(" {shown}/{total}"),
        Some(total) => format!(" {total}"),
    };
    let text = format!("{} {}{count}", section as usize + 1, section.name());
    if is_chosen { format!("[{text}]") } else { format!(" {text} ") }
}
