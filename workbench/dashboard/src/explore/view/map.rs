//! The map: where images lie, a cursor on one of them, and where the sliders are.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::layout::{self, Layout};
use crate::explore::space::Basis;
use crate::explore::state::State;
use crate::theme::{Glyphs, Hue, Theme};
use crate::view::canvas::{self, Canvas};
use crate::view::paint;

/// Draws the points, coloured by class; where there is no colour, as the classes' numbers.
pub(crate) fn draw(state: &State, layout: &Layout, buf: &mut Buffer) {
    let points = state.known.points(state.ui.basis);
    if points.is_empty() || layout.map.width < 2 || layout.map.height < 2 {
        return;
    }
    let ranges = layout::ranges(points);
    let by_letter = state.styles.theme == Theme::None || state.styles.glyphs == Glyphs::Ascii;
    // A cell goes to the class with the most points in it.
    let mut cells: BTreeMap<(u16, u16), BTreeMap<usize, usize>> = BTreeMap::new();
    for (i, &point) in points.iter().enumerate() {
        if let Some(cell) = layout.cell(ranges, point) {
            let class = state.known.label(i).unwrap_or(0);
            *cells.entry(cell).or_default().entry(class).or_default() += 1;
        }
    }
    if !by_letter {
        dots(state, layout, ranges, buf);
    }
    for (&at, counts) in &cells {
        let most = counts.iter().max_by_key(|(class, n)| (**n, usize::MAX - **class));
        let class = most.map_or(0, |(class, _)| *class);
        let Some(cell) = buf.cell_mut(at) else { continue };
        if by_letter {
            cell.set_char(letter(state, class));
        }
        cell.set_style(state.styles.of(Hue::Class(class)));
    }
    legend(state, layout, buf);
    let here = state.known.in_plane(state.ui.basis, &state.code.z);
    if let Some((x, y)) = layout.cell(ranges, here) {
        paint::put(buf, x, y, 1, "+", state.styles.bold());
    }
    if let Some((x, y)) = points.get(state.ui.point).and_then(|&point| layout.cell(ranges, point)) {
        let class = state.known.label(state.ui.point);
        let glyph = class.map_or('X', |class| letter(state, class));
        let style = state.styles.bold().add_modifier(Modifier::REVERSED);
        paint::put(buf, x, y, 1, glyph.encode_utf8(&mut [0; 4]), style);
    }
}

fn dots(
    state: &State,
    layout: &Layout,
    (across, up): (crate::state::axis::Range, crate::state::axis::Range),
    buf: &mut Buffer,
) {
    let mut canvas = Canvas::new(layout.map, state.styles.glyphs);
    let (columns, rows) = (canvas.columns() as f64, canvas.rows() as f64);
    for &[x, y] in state.known.points(state.ui.basis) {
        let column = ((x - across.lo) / across.span() * columns).floor();
        let row = ((up.hi - y) / up.span() * rows).floor();
        canvas.dot(column as i32, row as i32, 1);
    }
    canvas.render(buf, &[canvas::Layer { style: Style::new(), ascii: '.' }]);
}

/// A class's mark: the first letter of its name where no two share it, else its number.
fn letter(state: &State, class: usize) -> char {
    let names = &state.known.space.classes;
    let first = |name: &String| name.chars().next().filter(char::is_ascii_graphic);
    let mut firsts: Vec<Option<char>> = names.iter().map(first).collect();
    firsts.sort_unstable();
    let distinct = firsts.windows(2).all(|pair| pair[0] != pair[1]) && !firsts.contains(&None);
    let numbers = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let number = || numbers.chars().nth(class).unwrap_or('#');
    match names.get(class).and_then(first) {
        Some(first) if distinct => first,
        _ => number(),
    }
}

/// The classes in the last row, and what the axes are in the first, where no point is in the way of either.
fn legend(state: &State, layout: &Layout, buf: &mut Buffer) {
    let map = layout.map;
    let order = state.known.order(state.ui.basis);
    let name = |i: usize| match (order.get(i), state.ui.basis) {
        (None, _) => "nothing".to_owned(),
        (Some(&coordinate), basis) => {
            let name = state.known.name(basis, coordinate);
            let unit = match basis {
                Basis::Dimensions => " nats",
                Basis::Principal => "% of variance",
                Basis::Attributes => "% told",
            };
            let share = state.known.carries(basis, coordinate);
            share.map_or_else(|| name.clone(), |share| format!("{name} ({share:.1}{unit})"))
        }
    };
    let text = format!("{} across, {} up", name(0), name(1));
    let faint = state.styles.of(Hue::Faint);
    paint::put(
        buf,
        map.x,
        map.y,
        map.width,
        &paint::cut(&text, map.width, state.styles.unicode()),
        faint,
    );
    if state.known.label(0).is_none() {
        return;
    }
    let pieces: Vec<(String, Style)> = (0..state.known.space.classes.len())
        .map(|class| {
            let (glyph, name) = (letter(state, class), state.class_name(class));
            let text = if name == glyph.to_string() { name } else { format!("{glyph} {name}") };
            (text, state.styles.of(Hue::Class(class)))
        })
        .collect();
    let row = ratatui::layout::Rect { y: map.bottom() - 1, height: 1, ..map };
    paint::pieces(buf, row, 2, &pieces);
}
