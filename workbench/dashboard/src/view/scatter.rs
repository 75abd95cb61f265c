//! Points in a plane, coloured by class; where there is no colour, as the classes' letters.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::canvas::{Canvas, Layer};
use super::paint;
use super::shading::Shading;
use crate::state::State;
use crate::state::axis::{self, Range};
use crate::state::latent::Latent;
use crate::theme::{Glyphs, Hue, Styles, Theme};

/// Draws the images of a snapshot on the axes that are chosen.
pub(crate) fn draw(state: &State, latent: &Latent, area: Rect, buf: &mut Buffer) {
    let points = latent.points(state.ui.axes.0, state.ui.axes.1, state.ui.principal);
    let range = |axis: usize| {
        let mut values: Vec<(u64, f64)> = points.iter().map(|point| (0, point[axis])).collect();
        axis::bulk(&mut values).map(|bulk| Range::nice(bulk.range.lo, bulk.range.hi))
    };
    let (Some(across), Some(down)) = (range(0), range(1)) else { return };
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

/// Colours each cell by the mean of its points' numbers; without colour its tenth of the range stands there.
pub(crate) fn by_value(
    styles: &Styles,
    values: &[f64],
    area: Rect,
    by_letter: bool,
    cell_of: &dyn Fn(usize) -> Option<(u16, u16)>,
    buf: &mut Buffer,
) {
    let Some(range) = value_range(values) else { return };
    let mut sums: BTreeMap<(u16, u16), (f64, f64)> = BTreeMap::new();
    for (i, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
        if let Some(cell) = cell_of(i) {
            let sum = sums.entry(cell).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    for ((column, row), (sum, n)) in sums {
        let Some(cell) = buf.cell_mut((area.x + column, area.y + row)) else { continue };
        let share = (sum / n - range.lo) / range.span();
        if by_letter {
            cell.set_char(tenth(share));
        } else if let Some(color) = styles.rgb(value_color(share)) {
            cell.set_fg(color);
        }
    }
}

/// The range of what colours the points, a few far ones aside.
fn value_range(values: &[f64]) -> Option<Range> {
    let bulk = axis::bulk(&mut values.iter().map(|&value| (0, value)).collect())?;
    let range = bulk.range;
    Some(if range.span() > 0.0 { range } else { Range::nice(range.lo, range.hi) })
}

/// Not as dark as a heat map's: a point of nothing is a point all the same.
fn value_color(share: f64) -> [u8; 3] {
    super::bars::heat(0.25 + 0.75 * share.clamp(0.0, 1.0))
}

fn tenth(share: f64) -> char {
    char::from_digit((share.clamp(0.0, 1.0) * 9.99) as u32, 10).unwrap_or('9')
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

/// The ends of what colours the points, and the colours between.
pub(crate) fn numbers_legend(
    styles: &Styles,
    name: &str,
    of: &[f64],
    area: Rect,
    buf: &mut Buffer,
) {
    let Some(range) = value_range(of) else { return };
    let mut pieces = vec![(format!("colour {name}: {:.2}", range.lo), Style::new())];
    let by_letter = styles.rgb([0; 3]).is_none();
    pieces.extend((0..10).map(|i| {
        let share = f64::from(i) / 9.0;
        let glyph = if by_letter { tenth(share) } else { styles.pick('●', tenth(share)) };
        let color = styles.rgb(value_color(share));
        (glyph.to_string(), color.map_or(Style::new(), |color| Style::new().fg(color)))
    }));
    pieces.push((format!("{:.2}", range.hi), Style::new()));
    paint::pieces(buf, area, 1, &pieces);
}
