//! Areas cut in two.

use ratatui::layout::Rect;

/// A pane's title row, and what is left below it.
pub(crate) fn titled(area: Rect) -> (Rect, Rect) {
    let rows = area.height.min(1);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

pub(crate) fn split_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let upper = Rect { height: rows, ..area };
    (upper, Rect { y: upper.bottom(), height: area.height - rows, ..area })
}

pub(crate) fn split_bottom(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let upper = Rect { height: area.height - rows, ..area };
    (upper, Rect { y: upper.bottom(), height: rows, ..area })
}
