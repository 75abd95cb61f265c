//! The map: where images lie, a cursor on one of them, and where the sliders are.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::layout::{self, Layout};
use crate::draw::canvas::{self, Canvas};
use crate::draw::paint;
use crate::explore::space::Basis;
use crate::explore::state::State;
use crate::latent::{self, Shading};
use crate::theme::{Glyphs, Hue, Theme};

/// Draws the points, coloured by class, attribute or dimension; where there is no colour, as letters or tenths.
pub(crate) fn draw(state: &State, layout: &Layout, buf: &mut Buffer) {
    let points = state.known.points(state.ui.basis);
    if points.is_empty() || layout.map.width < 2 || layout.map.height < 2 {
        return;
    }
    let ranges = layout::ranges(points);
    let Some(latent) = &state.known.latent else { return };
    let shading = Shading::of(latent, state.ui.color.as_ref(), &state.known.space.classes);
    let by_letter = state.styles.theme == Theme::None || state.styles.glyphs == Glyphs::Ascii;
    if !by_letter {
        dots(state, layout, ranges, buf);
    }
    match &shading {
        Shading::Names { of, glyphs } => {
            names(state, layout, (of.as_deref(), glyphs), by_letter, buf);
        }
        Shading::Numbers { of, .. } => {
            let inside = |(x, y): (u16, u16)| (x - layout.map.x, y - layout.map.y);
            let cell_of = |i: usize| layout.cell(ranges, *points.get(i)?).map(inside);
            latent::by_value(&state.styles, of, layout.map, by_letter, &cell_of, buf);
        }
    }
    legend(state, layout, &shading, buf);
    let here = state.known.in_plane(state.ui.basis, &state.code.z);
    if let Some((x, y)) = layout.cell(ranges, here) {
        paint::put(buf, x, y, 1, "+", state.styles.bold());
    }
    if let Some((x, y)) = points.get(state.ui.point).and_then(|&point| layout.cell(ranges, point)) {
        let glyph = match &shading {
            Shading::Names { of: Some(of), glyphs } => {
                of.get(state.ui.point).and_then(|&at| glyphs.get(at)).map_or('#', |(c, _)| *c)
            }
            _ => 'X',
        };
        let style = state.styles.bold().add_modifier(Modifier::REVERSED);
        paint::put(buf, x, y, 1, glyph.encode_utf8(&mut [0; 4]), style);
    }
}

/// A cell goes to what most of its points are.
fn names(
    state: &State,
    layout: &Layout,
    (of, glyphs): (Option<&[usize]>, &[(char, String)]),
    by_letter: bool,
    buf: &mut Buffer,
) {
    let points = state.known.points(state.ui.basis);
    let ranges = layout::ranges(points);
    let mut cells: BTreeMap<(u16, u16), BTreeMap<usize, usize>> = BTreeMap::new();
    for (i, &point) in points.iter().enumerate() {
        if let Some(cell) = layout.cell(ranges, point) {
            let class = of.and_then(|of| of.get(i)).copied().unwrap_or(0);
            *cells.entry(cell).or_default().entry(class).or_default() += 1;
        }
    }
    for (&at, counts) in &cells {
        let most = counts.iter().max_by_key(|(class, n)| (**n, usize::MAX - **class));
        let class = most.map_or(0, |(class, _)| *class);
        let Some(cell) = buf.cell_mut(at) else { continue };
        if by_letter {
            cell.set_char(glyphs.get(class).map_or('0', |(glyph, _)| *glyph));
        }
        cell.set_style(state.styles.of(Hue::Class(class)));
    }
}

fn dots(
    state: &State,
    layout: &Layout,
    (across, up): (crate::draw::axis::Range, crate::draw::axis::Range),
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

/// What the colours mean in the last row, and what the axes are in the first, where no point is in the way of either.
fn legend(state: &State, layout: &Layout, shading: &Shading, buf: &mut Buffer) {
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
    let row = ratatui::layout::Rect { y: map.bottom() - 1, height: 1, ..map };
    match shading {
        Shading::Names { of: Some(_), glyphs } => {
            let piece = |(class, (glyph, name)): (usize, &(char, String))| {
                let text = match *name == glyph.to_string() {
                    true => name.clone(),
                    false => format!("{glyph} {name}"),
                };
                (text, state.styles.of(Hue::Class(class)))
            };
            let pieces: Vec<(String, Style)> = glyphs.iter().enumerate().map(piece).collect();
            paint::pieces(buf, row, 2, &pieces);
        }
        Shading::Names { of: None, .. } => {}
        Shading::Numbers { name, of } => {
            latent::numbers_legend(&state.styles, name, of, row, buf);
        }
    }
}
