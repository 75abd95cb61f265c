//! The start screen: the loss large, its parts beside it, and previews of pictures and latents where there
//! is room; then pages with every metric.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{chart, images, latent, rivals};
use crate::draw::paint;
use crate::theme::Hue;
use crate::watch::state::State;

/// A small chart is at least so large.
const SMALL: (u16, u16) = (38, 8);
/// With this much room pictures and latents are shown beside the curves.
const SIDE_FROM: (u16, u16) = (100, 24);

/// Draws the page that is chosen.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let area = rivals::draw(state, area, buf);
    let pages = pages(state);
    let page = state.ui.page.min(pages);
    let Some(main) = state.main_panel() else {
        let text = match state.loading {
            Some(_) => "reading the history",
            None => "no scalars yet: they show here once the first steps are logged",
        };
        paint::middle(buf, area, text, state.styles.of(Hue::Faint));
        return;
    };
    if page > 0 {
        grid(state, page - 1, area, buf);
        return;
    }
    let (charts, side) = split_side(state, area);
    let others: Vec<_> = state.shown_panels().into_iter().filter(|panel| *panel != main).collect();
    let (large, small) = split_small(charts, others.len());
    chart::draw(state, main, large, true, buf);
    for (panel, area) in others.into_iter().zip(small) {
        chart::draw(state, panel, area, false, buf);
    }
    if let Some(side) = side {
        previews(state, side, buf);
    }
}

/// The step of the large chart at a place.
pub(crate) fn step_at(state: &State, area: Rect, (x, y): (u16, u16)) -> Option<u64> {
    if state.ui.page > 0 {
        return None;
    }
    let taken = rivals::rows(state, area.height);
    let area = Rect { y: area.y + taken, height: area.height - taken, ..area };
    let (charts, _) = split_side(state, area);
    let main = state.main_panel()?;
    let others = state.shown_panels().into_iter().filter(|panel| *panel != main).count();
    let (large, _) = split_small(charts, others);
    chart::step_at(state, large, (x, y))
}

/// How many pages of the grid there are behind the overview.
pub(crate) fn pages(state: &State) -> usize {
    let (columns, rows) = grid_shape(grid_room(state));
    state.shown_panels().len().div_ceil(columns * rows)
}

/// The room of the grid: what the screen has without its head, its foot and the table of the runs.
fn grid_room(state: &State) -> Rect {
    let taken = 4 + rivals::rows(state, state.size.1.saturating_sub(4));
    Rect::new(0, 0, state.size.0, state.size.1.saturating_sub(taken))
}

fn grid_shape(area: Rect) -> (usize, usize) {
    let columns = (area.width / (SMALL.0 + 2)).max(1);
    let rows = (area.height / (SMALL.1 + 1)).max(1);
    (usize::from(columns), usize::from(rows))
}

fn grid(state: &State, page: usize, area: Rect, buf: &mut Buffer) {
    let (columns, rows) = grid_shape(grid_room(state));
    let shown = state.shown_panels();
    let shown: Vec<_> =
        shown.into_iter().skip(page * columns * rows).take(columns * rows).collect();
    if shown.is_empty() {
        let text = format!("no metric matches `{}`", state.ui.filter.text());
        paint::middle(buf, area, &text, state.styles.of(Hue::Faint));
        return;
    }
    // Few charts take the room of many.
    let columns = columns.min(shown.len());
    let rows = shown.len().div_ceil(columns);
    for (panel, area) in shown.into_iter().zip(cells(area, columns, rows)) {
        chart::draw(state, panel, area, columns == 1 && rows == 1, buf);
    }
}

/// Equal cells, row by row, with a gap between columns.
fn cells(area: Rect, columns: usize, rows: usize) -> Vec<Rect> {
    let part = |length: u16, n: usize, i: usize| (usize::from(length) * i / n.max(1)) as u16;
    let cell = |row: usize, column: usize| {
        let (x, right) = (part(area.width, columns, column), part(area.width, columns, column + 1));
        let (y, bottom) = (part(area.height, rows, row), part(area.height, rows, row + 1));
        Rect { x: area.x + x, y: area.y + y, width: right - x, height: bottom - y }
    };
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(r, c)| cell(r, c))
        .collect()
}

/// Charts to the left, previews to the right where there is room and something to preview.
fn split_side(state: &State, area: Rect) -> (Rect, Option<Rect>) {
    let something = !state.pictures.is_empty() || state.latent().is_some();
    if area.width < SIDE_FROM.0 || area.height < SIDE_FROM.1 || !something {
        return (area, None);
    }
    let width = (area.width * 32 / 100).clamp(34, 72);
    let charts = Rect { width: area.width - width - 1, ..area };
    (charts, Some(Rect { x: charts.right() + 1, width, ..area }))
}

/// The large chart, and as many small ones below as there is room for.
fn split_small(area: Rect, others: usize) -> (Rect, Vec<Rect>) {
    if area.height < 18 || others == 0 {
        return (area, Vec::new());
    }
    let columns = usize::from((area.width / SMALL.0).clamp(1, 4)).min(others);
    let room = if area.height < 28 { SMALL.1 } else { area.height * 55 / 100 };
    let rows = usize::from(room / SMALL.1).clamp(1, others.div_ceil(columns));
    let height = (rows as u16 * (room / rows as u16)).min(rows as u16 * 12);
    let large = Rect { height: area.height - height, ..area };
    let below = Rect { y: large.bottom(), height, ..area };
    (large, cells(below, columns, rows))
}

fn previews(state: &State, area: Rect, buf: &mut Buffer) {
    let tags = state.picture_tags();
    let has_latent = state.latent().is_some();
    let parts = tags.len().min(2) + usize::from(has_latent);
    let mut y = area.y;
    for (i, tag) in tags.iter().take(2).enumerate() {
        let left = area.bottom() - y;
        let share = left / (parts - i) as u16;
        let pane = Rect { y, height: share, ..area };
        // A picture that needs less than its share leaves the rest to what follows.
        let used = images::pane(state, tag, pane, buf);
        y += used.min(share) + 1;
        if y + 6 >= area.bottom() {
            return;
        }
    }
    if has_latent {
        latent::preview(state, Rect { y, height: area.bottom() - y, ..area }, buf);
    }
}
