//! A list with columns, which give way one after the other where there is no room for all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::paint;
use crate::theme::{Hue, Styles};

/// A column: how wide it is at least and at most, and what gives way.
pub(crate) struct Column {
    pub title: &'static str,
    pub least: u16,
    pub most: u16,
    /// Columns of the greatest rank are left out first; those of rank 0 never.
    pub rank: u8,
    /// Numbers are read from the right.
    pub right: bool,
}

/// What stands in a row's column, in the width that the column got.
pub(crate) type Cell = (String, Style);

/// What a list shows.
pub(crate) struct Table<'a> {
    pub columns: &'a [Column],
    pub rows: usize,
    /// The row that is chosen.
    pub cursor: usize,
    /// Whether keys act on this list.
    pub is_active: bool,
}

const GAP: u16 = 1;

/// Draws the head and as many rows as fit, the chosen one among them. `cell` makes the text of a row's column.
pub(crate) fn draw(
    styles: &Styles,
    table: &Table,
    cell: impl Fn(usize, usize, u16) -> Cell,
    area: Rect,
    buf: &mut Buffer,
) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let faint = styles.of(Hue::Faint);
    let widths = widths(table.columns, area.width);
    let mut x = area.x;
    for (column, &width) in table.columns.iter().zip(&widths).filter(|(_, width)| **width > 0) {
        put(buf, styles, (x, area.y), width, column.right, &(column.title.to_owned(), faint));
        x += width + GAP;
    }
    let first = first(table.rows, table.cursor, area);
    for (y, row) in (area.y + 1..area.bottom()).zip(first..table.rows) {
        let is_chosen = row == table.cursor && table.is_active;
        if is_chosen {
            let line = Rect { y, height: 1, ..area };
            buf.set_style(line, styles.chosen());
        }
        let mut x = area.x;
        for (i, column) in table.columns.iter().enumerate() {
            let width = widths[i];
            if width == 0 {
                continue;
            }
            let (text, style) = cell(row, i, width);
            // Colours on reversed cells are hard to read, and never the only thing that tells.
            let style = if is_chosen { styles.chosen() } else { style };
            put(buf, styles, (x, y), width, column.right, &(text, style));
            x += width + GAP;
        }
    }
}

/// The first row that is shown: the chosen one is kept off the edges, so that it shows what comes next.
fn first(rows: usize, cursor: usize, area: Rect) -> usize {
    let visible = usize::from(area.height.saturating_sub(1));
    (cursor + 1 + visible / 4).saturating_sub(visible).min(rows.saturating_sub(visible))
}

/// The row at a place of a table that is drawn in an area.
pub(crate) fn row_at(rows: usize, cursor: usize, area: Rect, (x, y): (u16, u16)) -> Option<usize> {
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let row = first(rows, cursor, area) + usize::from(y.checked_sub(below.y)?);
    (below.contains((x, y).into()) && row < rows).then_some(row)
}

fn put(
    buf: &mut Buffer,
    styles: &Styles,
    (x, y): (u16, u16),
    width: u16,
    right: bool,
    (text, style): &Cell,
) {
    let text = paint::cut(text, width, styles.unicode());
    let space = if right { width - paint::width(&text).min(width) } else { 0 };
    paint::put(buf, x + space, y, width - space, &text, *style);
}

/// A width for each column; 0 for those that are left out.
fn widths(columns: &[Column], room: u16) -> Vec<u16> {
    let mut widths: Vec<u16> = columns.iter().map(|column| column.least).collect();
    let taken = |widths: &[u16]| {
        let shown = widths.iter().filter(|width| **width > 0);
        shown.map(|width| u32::from(width + GAP)).sum::<u32>().saturating_sub(u32::from(GAP))
    };
    while taken(&widths) > u32::from(room) {
        let shown = (0..columns.len()).filter(|&i| widths[i] > 0 && columns[i].rank > 0);
        match shown.max_by_key(|&i| columns[i].rank) {
            Some(last) => widths[last] = 0,
            None => break,
        }
    }
    // What is left goes to the columns in the order of their importance.
    let mut order: Vec<usize> = (0..columns.len()).filter(|&i| widths[i] > 0).collect();
    order.sort_by_key(|&i| columns[i].rank);
    for i in order {
        let left = u32::from(room).saturating_sub(taken(&widths));
        let more = u32::from(columns[i].most.saturating_sub(widths[i])).min(left);
        widths[i] += more as u16;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(least: u16, most: u16, rank: u8) -> Column {
        Column { title: "", least, most, rank, right: false }
    }

    #[test]
    fn columns_give_way_by_rank_and_grow_by_it() {
        let columns = [column(4, 20, 0), column(6, 6, 2), column(5, 10, 1)];
        assert_eq!(widths(&columns, 10), [4, 0, 5]);
        assert_eq!(widths(&columns, 17), [4, 6, 5]);
        assert_eq!(widths(&columns, 30), [17, 6, 5]);
        assert_eq!(widths(&columns, 60), [20, 6, 10]);
        assert_eq!(widths(&columns, 2), [4, 0, 0]);
    }
}
