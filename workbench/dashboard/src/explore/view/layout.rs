//! Where things are on the screen: for drawing them, and for the mouse.

use ratatui::layout::Rect;

use crate::draw::axis::{self, Range};
use crate::draw::paint;
use crate::explore::keys::View;
use crate::explore::space::Basis;
use crate::explore::state::State;

/// The panes of a screen; those that have no room are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    pub header: Rect,
    pub footer: Rect,
    /// The list's title, and its rows.
    pub list_title: Rect,
    pub list: Rect,
    /// The picture under its title.
    pub picture: Rect,
    /// The test image and its reconstruction.
    pub side: Rect,
    /// The strip under its title.
    pub strip: Rect,
    /// The scatter of the map.
    pub map: Rect,
}

/// The panes for the screen's size.
pub(crate) fn of(state: &State) -> Layout {
    let (width, height) = state.size;
    let row = |y| Rect { x: 0, y, width, height: height.min(1) };
    let body = Rect { x: 0, y: 1, width, height: height.saturating_sub(2) };
    let mut layout =
        Layout { header: row(0), footer: row(height.saturating_sub(1)), ..Layout::default() };
    if state.ui.view == View::Map {
        let map = width * 6 / 10;
        layout.map = Rect { width: map.saturating_sub(1), ..body };
        layout.picture = Rect { x: map, width: width - map, ..body };
        return layout;
    }
    let marked = state.marks.iter().all(Option::is_some);
    let strip = if marked { strip_height(state, body) } else { 0 };
    let upper = Rect { height: body.height - strip, ..body };
    layout.strip = Rect { y: upper.bottom(), height: strip, ..body };
    let list = (width * 36 / 100).clamp(34, 64).min(width);
    let rest = (width - list).saturating_sub(1);
    // A picture of 28 pixels comes first; what is beside it takes what is left.
    let side = if rest >= 42 { (rest / 4).max(14) } else { 0 };
    let titled = Rect { width: list, ..upper };
    layout.list_title = Rect { height: upper.height.min(1), ..titled };
    layout.list = Rect {
        y: titled.y + layout.list_title.height,
        height: titled.height.saturating_sub(1),
        ..titled
    };
    let picture = rest - side;
    layout.picture = Rect { x: list + 1, width: picture, ..upper };
    if side > 0 {
        layout.side = Rect { x: list + 1 + picture + 1, width: side - 1, ..upper };
    }
    layout
}

/// Its title, and pictures that are nearly square; never more than a third of the rows.
fn strip_height(state: &State, body: Rect) -> u16 {
    let pictures = state.ui.steps as u16;
    let width = (body.width + 1) / pictures;
    (width.saturating_sub(1).div_ceil(2) + 1).clamp(3, (body.height / 3).max(3)).min(body.height)
}

/// The columns of every slider's track, on the rows of the list.
pub(crate) fn track(state: &State, list: Rect) -> Rect {
    let left = name_width(state) + 1;
    // The value, the lock, and what the slider carries where there is room.
    let right = 8 + if has_share(list) { 7 } else { 0 };
    Rect { x: list.x + left, width: list.width.saturating_sub(left + right), ..list }
}

/// A longer name of an attribute is cut.
const MOST_NAME: u16 = 16;

/// Columns of a slider's name.
pub(crate) fn name_width(state: &State) -> u16 {
    let number = (state.known.dims().to_string().len() as u16 + 1).max(3);
    if state.ui.basis != Basis::Attributes {
        return number;
    }
    let names = 0..state.known.count(Basis::Attributes);
    let widths = names.map(|at| paint::width(&state.known.name(Basis::Attributes, at)));
    widths.max().unwrap_or(0).clamp(number, MOST_NAME)
}

/// Whether there is room to say what a slider carries.
pub(crate) fn has_share(list: Rect) -> bool {
    list.width >= 40
}

/// What the map shows of both axes.
pub(crate) fn ranges(points: &[[f64; 2]]) -> (Range, Range) {
    let range = |axis: usize| {
        let mut values: Vec<(u64, f64)> = points.iter().map(|point| (0, point[axis])).collect();
        let bulk = axis::bulk(&mut values).map(|bulk| bulk.all);
        bulk.map_or(Range { lo: -1.0, hi: 1.0 }, |all| Range::nice(all.lo, all.hi))
    };
    (range(0), range(1))
}

impl Layout {
    /// The row of the list at a place of the screen.
    pub fn row(&self, state: &State, x: u16, y: u16) -> Option<usize> {
        let row = state.ui.top + usize::from(y.checked_sub(self.list.y)?);
        let inside = x < self.list.right() && y < self.list.bottom();
        (inside && row < state.rows().len()).then_some(row)
    }

    /// The part of the strip that one picture has.
    pub fn strip_tile(&self, state: &State, place: usize) -> Rect {
        let tile = (self.strip.width + 1) / state.ui.steps as u16;
        let height = self.strip.height.saturating_sub(1);
        let (x, y) = (self.strip.x + tile * place as u16, self.strip.y + 1);
        Rect { x, y, width: tile.saturating_sub(1), height }
    }

    /// The picture of the strip at a place of the screen.
    pub fn strip_place(&self, state: &State, x: u16, y: u16) -> Option<usize> {
        let at = |place: &usize| self.strip_tile(state, *place).contains((x, y).into());
        (0..state.ui.steps).find(at).filter(|_| self.strip.height > 0)
    }

    /// The cell of a point of the map.
    pub fn cell(&self, (across, up): (Range, Range), [x, y]: [f64; 2]) -> Option<(u16, u16)> {
        let column = ((x - across.lo) / across.span() * f64::from(self.map.width)).floor();
        let row = ((up.hi - y) / up.span() * f64::from(self.map.height)).floor();
        let inside = (0.0..f64::from(self.map.width)).contains(&column)
            && (0.0..f64::from(self.map.height)).contains(&row);
        inside.then(|| (self.map.x + column as u16, self.map.y + row as u16))
    }

    /// The point of the map that is nearest to a cell, a few cells away at most.
    pub fn nearest_point(&self, state: &State, x: u16, y: u16) -> Option<usize> {
        let points = state.known.points(state.ui.basis);
        let ranges = ranges(points);
        let distance = |point: &[f64; 2]| {
            let (column, row) = self.cell(ranges, *point)?;
            // A cell is about twice as high as it is wide.
            Some(column.abs_diff(x) + 2 * row.abs_diff(y)).filter(|&distance| distance <= 6)
        };
        let near = points.iter().enumerate().filter_map(|(i, point)| Some((distance(point)?, i)));
        // The cursor's own point wins where several share the cell.
        near.min_by_key(|&(distance, i)| (distance, i != state.ui.point, i)).map(|(_, i)| i)
    }
}
