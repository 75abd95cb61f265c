//! Points in a plane, coloured by class; where there is no colour, as the classes' letters.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::draw::axis::{self, Range};
use crate::draw::canvas::{Canvas, Layer};
use crate::draw::paint;
use crate::latent::{Latent, Shading, by_value, numbers_legend};
use crate::theme::{Glyphs, Hue, Theme};
use crate::watch::state::State;

/// Draws the images of a snapshot on the axes that are chosen.
pub(crate) fn draw(state: &State, latent: &Latent, area: Rect, buf: &mut Buffer) {
    let points = latent.points(state.ui.axes.0, state.ui.axes.1, state.ui.principal);
    let Some((across, down)) = ranges(&points) else { return };
    if area.width < 2 || area.height < 2 {
        return;
    }
    let shading = Shading::of(latent, state.ui.color.as_ref(), &state.classes());
    let by_letter = state.styles.theme == Theme::None
        || state.styles.glyphs == Glyphs::Ascii
        || (matches!(shading, Shading::Numbers { .. }) && state.styles.theme == Theme::Colors16);
    let share = |value: f64, range: Range| (value - range.lo) / range.span();
    axes(state, area, across, down, buf);

    // A cell goes to the class with the most points in it.
    let mut counts: BTreeMap<(u16, u16), BTreeMap<usize, usize>> = BTreeMap::new();
    let cell_of = |[x, y]: [f64; 2]| {
        let column = (share(x, across) * f64::from(area.width)).floor();
        let row = ((1.0 - share(y, down)) * f64::from(area.height)).floor();
        let inside = (0.0..f64::from(area.width)).contains(&column)
            && (0.0..f64::from(area.height)).contains(&row);
        inside.then_some((column as u16, row as u16))
    };
    let (of, glyphs) = match &shading {
        Shading::Names { of, glyphs } => (of.as_deref(), &glyphs[..]),
        Shading::Numbers { .. } => (None, &[][..]),
    };
    let label = |i: usize| of.map_or(0, |of| of[i]);
    for (i, &point) in points.iter().enumerate() {
        if let Some(cell) = cell_of(point) {
            *counts.entry(cell).or_default().entry(label(i)).or_default() += 1;
        }
    }
    let winner = |counts: &BTreeMap<usize, usize>| {
        counts
            .iter()
            .max_by_key(|(class, n)| (**n, usize::MAX - **class))
            .map_or(0, |(class, _)| *class)
    };
    if !by_letter {
        let mut canvas = Canvas::new(area, state.styles.glyphs);
        let (columns, rows) = (canvas.columns() as f64, canvas.rows() as f64);
        for &[x, y] in &points {
            let at =
                ((share(x, across) * columns).floor(), ((1.0 - share(y, down)) * rows).floor());
            canvas.dot(at.0 as i32, at.1 as i32, 1);
        }
        canvas.render(buf, &[Layer { style: Style::new(), ascii: '.' }]);
    }
    if let Shading::Numbers { of, .. } = &shading {
        by_value(&state.styles, of, area, by_letter, &|i| cell_of(points[i]), buf);
        highlight(state, area, &|i| points.get(i).copied().and_then(cell_of), buf);
        return;
    }
    for (&(column, row), counts) in &counts {
        let class = winner(counts);
        let Some(cell) = buf.cell_mut((area.x + column, area.y + row)) else { continue };
        if by_letter {
            cell.set_char(glyphs.get(class).map_or('.', |(glyph, _)| *glyph));
        }
        cell.set_style(state.styles.of(Hue::Class(class)));
    }
    if !by_letter && of.is_some() {
        // Colour alone tells nobody which class: each one's letter stands in its middle.
        let mut sums: BTreeMap<usize, (f64, f64, f64)> = BTreeMap::new();
        for (i, [x, y]) in points.iter().enumerate() {
            let sum = sums.entry(label(i)).or_default();
            *sum = (sum.0 + x, sum.1 + y, sum.2 + 1.0);
        }
        for (class, (x, y, n)) in sums {
            let Some((column, row)) = cell_of([x / n, y / n]) else { continue };
            let Some((glyph, _)) = glyphs.get(class) else { continue };
            let style = state
                .styles
                .of(Hue::Class(class))
                .add_modifier(Modifier::BOLD | Modifier::REVERSED);
            paint::put(
                buf,
                area.x + column,
                area.y + row,
                1,
                glyph.encode_utf8(&mut [0; 4]),
                style,
            );
        }
    }
    highlight(state, area, &|i| points.get(i).copied().and_then(cell_of), buf);
}

/// Of what is drawn across and up.
fn ranges(points: &[[f64; 2]]) -> Option<(Range, Range)> {
    let range = |axis: usize| {
        let mut values: Vec<(u64, f64)> = points.iter().map(|point| (0, point[axis])).collect();
        axis::bulk(&mut values).map(|bulk| Range::nice(bulk.range.lo, bulk.range.hi))
    };
    Some((range(0)?, range(1)?))
}

/// The point drawn nearest to a place within the area; of several in its cell the first.
pub(crate) fn nearest(
    state: &State,
    latent: &Latent,
    area: Rect,
    (x, y): (u16, u16),
) -> Option<usize> {
    if !area.contains((x, y).into()) {
        return None;
    }
    let points = latent.points(state.ui.axes.0, state.ui.axes.1, state.ui.principal);
    let (across, down) = ranges(&points)?;
    let place =
        |value: f64, range: Range, cells: u16| (value - range.lo) / range.span() * f64::from(cells);
    let (column, row) = (f64::from(x - area.x) + 0.5, f64::from(area.bottom() - y) - 0.5);
    // A cell is about twice as high as it is wide.
    let far = |&[x, y]: &[f64; 2]| {
        (place(x, across, area.width) - column).hypot(2.0 * (place(y, down, area.height) - row))
    };
    let far = points.iter().map(far).enumerate().filter(|(_, far)| far.is_finite());
    far.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(point, _)| point)
}

/// Marks the point that is looked at.
fn highlight(
    state: &State,
    area: Rect,
    cell_of: &dyn Fn(usize) -> Option<(u16, u16)>,
    buf: &mut Buffer,
) {
    let Some((column, row)) = state.ui.point.and_then(cell_of) else { return };
    let mark = state.styles.pick("◎", "@");
    let style = state.styles.of(Hue::Mark).add_modifier(Modifier::BOLD);
    paint::put(buf, area.x + column, area.y + row, 1, mark, style);
}

/// The zero lines, and the ends of the axes in the corners.
fn axes(state: &State, area: Rect, across: Range, down: Range, buf: &mut Buffer) {
    let faint = state.styles.of(Hue::Faint);
    let zero = |range: Range, length: u16| {
        let share = -range.lo / range.span();
        (0.0..1.0).contains(&share).then(|| (share * f64::from(length)) as u16)
    };
    if let Some(x) = zero(across, area.width) {
        for y in area.top()..area.bottom() {
            paint::put(buf, area.x + x, y, 1, state.styles.pick("┊", ":"), faint);
        }
    }
    if let Some(y) = zero(down, area.height) {
        let y = area.y + area.height - 1 - y.min(area.height - 1);
        for x in area.left()..area.right() {
            paint::put(buf, x, y, 1, state.styles.pick("┈", "-"), faint);
        }
    }
}

/// One row that names the classes, as far as it goes.
pub(crate) fn legend(state: &State, latent: &Latent, area: Rect, buf: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let glyphs = match Shading::of(latent, state.ui.color.as_ref(), &state.classes()) {
        Shading::Names { glyphs, .. } => glyphs,
        Shading::Numbers { name, of } => {
            return numbers_legend(&state.styles, &name, &of, area, buf);
        }
    };
    let pieces: Vec<(String, Style)> = glyphs
        .into_iter()
        .enumerate()
        .map(|(class, (glyph, name))| {
            let text = if name == glyph.to_string() { name } else { format!("{glyph} {name}") };
            (text, state.styles.of(Hue::Class(class)))
        })
        .collect();
    paint::pieces(buf, area, 2, &pieces);
}
