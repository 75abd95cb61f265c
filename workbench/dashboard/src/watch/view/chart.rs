//! One panel as curves.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::histogram;
use crate::draw::areas::titled;
use crate::draw::axis::Range;
use crate::draw::canvas::{Canvas, Layer};
use crate::draw::paint;
use crate::format;
use crate::theme::{Hue, Theme};
use crate::watch::state::curve::{self, Column};
use crate::watch::state::panels::{Panel, Split};
use crate::watch::state::traces::Trace;
use crate::watch::state::{Axis, State};
use workbench_runs::{ABOVE_FLOOR, Series};

/// The layers, lowest first: what is behind the smoothed lines, then the splits.
const RAW: usize = 1;

/// Room for the labels of the y axis.
const LABELS: u16 = 7;

/// Draws a panel: large with a legend in words and marks of control events, or small.
pub(crate) fn draw(state: &State, panel: &Panel, area: Rect, large: bool, buf: &mut Buffer) {
    if panel.is_histogram {
        histogram::draw(state, &panel.name, area, buf);
        return;
    }
    let (title, body) = titled(area);
    let taken = legend(state, panel, title, large, buf);
    let Some(axis) = state.axis(&panel.name) else {
        let why = if state.ui.log_scale { "nothing above zero" } else { "no finite value" };
        paint::middle(buf, body, why, state.styles.of(Hue::Faint));
        return;
    };
    cut_hint(state, axis, title, taken, buf);
    let Some(plot) = plot(body) else { return };
    y_axis(state, axis, state.ui.log_scale, plot, large, buf);
    let steps = state.steps();
    if body.height >= 4 {
        x_axis(state, steps, plot, buf);
    }
    marks(state, steps, plot, large, buf);
    curves(state, &state.traces(panel), axis, steps, plot, buf);
    cursor(state, steps, plot, buf);
}

/// The step at a place of a chart.
pub(crate) fn step_at(state: &State, area: Rect, (x, y): (u16, u16)) -> Option<u64> {
    let plot = plot(titled(area).1)?;
    if !plot.contains((x, y).into()) {
        return None;
    }
    let (from, to) = state.steps();
    let share = (f64::from(x - plot.x) + 0.5) / f64::from(plot.width);
    Some(from + ((to - from) as f64 * share).round() as u64)
}

/// Where curves are drawn, beside the labels of the y axis and above those of the x axis; `None` where there is no room.
pub(crate) fn plot(body: Rect) -> Option<Rect> {
    let x_rows = if body.height >= 4 { 1 } else { 0 };
    let plot = Rect {
        x: body.x + LABELS + 1,
        y: body.y,
        width: body.width.saturating_sub(LABELS + 2),
        height: body.height - x_rows,
    };
    (plot.width >= 4 && plot.height >= 2).then_some(plot)
}

/// The marks of runs that are drawn over one another, and in ASCII.
const RUN_MARKS: [(char, char); 8] = [
    ('●', '*'),
    ('◆', 'o'),
    ('▲', 'x'),
    ('■', '+'),
    ('▼', '@'),
    ('○', '%'),
    ('◇', '&'),
    ('△', '$'),
];

/// The colour and mark of a run among several.
pub(crate) fn run_look(look: usize, state: &State) -> (Style, char) {
    let (mark, ascii) = RUN_MARKS[look % RUN_MARKS.len()];
    (state.styles.of(Hue::Class(look)), state.styles.pick(mark, ascii))
}

/// The style of a curve, its mark where points are few, and in ASCII.
fn look(trace: &Trace, state: &State) -> (Style, char, char) {
    if let Some(run) = trace.run {
        let (style, mark) = run_look(run, state);
        return (style, mark, RUN_MARKS[run % RUN_MARKS.len()].1);
    }
    let (hue, mark, ascii) = match trace.split {
        None | Some(Split::Train) => (Hue::Train, '─', '*'),
        Some(Split::Valid) => (Hue::Valid, '●', 'o'),
        Some(Split::Test) => (Hue::Test, '◆', 'T'),
    };
    (state.styles.of(hue), state.styles.pick(mark, ascii), ascii)
}

/// The value that a legend tells: at the cursor, or the last one as it is drawn.
pub(crate) fn told(state: &State, trace: &Trace) -> Option<f64> {
    let series = trace.series;
    if let Some(step) = state.ui.cursor {
        return curve::at(series, step).map(|(_, value)| f64::from(value));
    }
    let (_, last) = series.last()?;
    // One batch says little: what is drawn boldly is what is told.
    if is_smoothed(state, trace) {
        return curve::smooth(&series.values, state.ui.smoothing).last().copied();
    }
    Some(f64::from(last))
}

/// Name and values, at the cursor where there is one; returns the column behind.
fn legend(state: &State, panel: &Panel, area: Rect, large: bool, buf: &mut Buffer) -> u16 {
    let faint = state.styles.of(Hue::Faint);
    let name = match state.is_above_floor(panel) {
        true => format!("{}{ABOVE_FLOOR}", panel.name),
        false => panel.name.clone(),
    };
    let mut pieces =
        vec![(paint::cut(&name, area.width, state.styles.unicode()), state.styles.bold())];
    let traces = state.traces(panel);
    let several = traces.iter().any(|trace| trace.run.is_some());
    let mut splits: Vec<Split> = traces.iter().filter_map(|trace| trace.split).collect();
    splits.sort_unstable();
    splits.dedup();
    if several && large {
        let names: Vec<&str> = splits.iter().map(|split| split.name()).collect();
        if !names.is_empty() {
            pieces.push((names.join(" and "), faint));
        }
    }
    if let Some(step) = state.ui.cursor.filter(|_| large) {
        pieces.push((format!("at {step}:"), state.styles.of(Hue::Mark)));
    }
    for trace in &traces {
        let (style, mark, _) = look(trace, state);
        let Some(value) = told(state, trace) else { continue };
        let word = match trace.split {
            Some(split) if large && !several => format!(" {}", split.name()),
            _ => String::new(),
        };
        pieces.push((format!("{mark}{word} {}", format::number(value)), style));
    }
    if large {
        if traces.iter().any(|trace| is_smoothed(state, trace)) {
            pieces.push((format!("smoothed {}", state.ui.smoothing), faint));
        }
        if state.ui.log_scale {
            pieces.push(("log".to_owned(), faint));
        }
        if state.ui.zoom.is_some() {
            pieces.push(("zoomed".to_owned(), faint));
        }
    }
    paint::pieces(buf, area, 2, &pieces)
}

/// Tells of values outside of the range, so that a cut is not taken for the whole.
fn cut_hint(state: &State, axis: &Axis, area: Rect, taken: u16, buf: &mut Buffer) {
    let arrow =
        |up: bool| state.styles.pick(if up { "↑" } else { "↓" }, if up { "^" } else { "v" });
    let mut parts = Vec::new();
    if let Some(above) = axis.above {
        parts.push(format!("{} {}", arrow(true), format::number(above)));
    }
    if let Some(below) = axis.below {
        parts.push(format!("{} {}", arrow(false), format::number(below)));
    }
    if !parts.is_empty() {
        let full = format!("cut: {} ", parts.join(" "));
        let short = format!("{} ", parts.join(" "));
        let fits = taken + 2 + paint::width(&full) <= area.right();
        paint::right(
            buf,
            area,
            taken,
            if fits { &full } else { &short },
            state.styles.of(Hue::Faint),
        );
    }
}

/// The line, and labels at round values.
pub(crate) fn y_axis(
    state: &State,
    axis: &Axis,
    log_scale: bool,
    plot: Rect,
    large: bool,
    buf: &mut Buffer,
) {
    let faint = state.styles.of(Hue::Faint);
    let line = state.styles.pick("│", "|");
    for y in plot.top()..plot.bottom() {
        paint::put(buf, plot.x - 1, y, 1, line, faint);
    }
    let most = (usize::from(plot.height) / if large { 3 } else { 2 }).clamp(2, 8);
    let labels: Vec<(f64, String)> = if log_scale {
        let ticks = log_ticks(axis.range, most).into_iter();
        ticks.map(|value| (value.log10(), format::typed(value))).collect()
    } else {
        let (ticks, step) = axis.range.ticks(most);
        let greatest = axis.range.lo.abs().max(axis.range.hi.abs());
        ticks.into_iter().map(|value| (value, format::tick(value, step, greatest))).collect()
    };
    let mut last_row = None;
    for (value, text) in labels {
        let row = row_of(value, axis.range, usize::from(plot.height));
        let Ok(row) = u16::try_from(row) else { continue };
        if row >= plot.height || last_row.is_some_and(|last: u16| last.abs_diff(row) < 1) {
            continue;
        }
        last_row = Some(row);
        let text = format!("{text:>width$}", width = usize::from(LABELS));
        paint::put(buf, plot.x - 1 - LABELS, plot.y + row, LABELS, &text, faint);
        paint::put(buf, plot.x - 1, plot.y + row, 1, state.styles.pick("┤", "+"), faint);
    }
}

/// 1, 2 and 5 times the powers of ten in a range of logarithms; where these are too many, fewer of them.
fn log_ticks(range: Range, most: usize) -> Vec<f64> {
    let powers = range.lo.floor().max(-300.0) as i32..=range.hi.ceil().min(300.0) as i32;
    let inside = |value: &f64| (range.lo..=range.hi).contains(&value.log10());
    let of = |factors: &[f64], stride: usize| -> Vec<f64> {
        let powers = powers.clone().step_by(stride);
        powers
            .flat_map(|power| factors.iter().map(move |f| f * 10f64.powi(power)))
            .filter(inside)
            .collect()
    };
    let choices =
        [(&[1.0, 2.0, 5.0][..], 1), (&[1.0, 3.0], 1), (&[1.0], 1), (&[1.0], 2), (&[1.0], 5)];
    let mut ticks = choices.into_iter().map(|(factors, stride)| of(factors, stride));
    ticks.find(|ticks| ticks.len() <= most).unwrap_or_default()
}

/// Labels at round steps.
pub(crate) fn x_axis(state: &State, (from, to): (u64, u64), plot: Rect, buf: &mut Buffer) {
    let faint = state.styles.of(Hue::Faint);
    let range = Range { lo: from as f64, hi: to as f64 };
    let (ticks, _) = range.ticks((usize::from(plot.width) / 14).clamp(2, 10));
    let mut free = plot.x.saturating_sub(1);
    let mut labels: Vec<u64> = ticks.into_iter().map(|tick| tick as u64).collect();
    labels.dedup();
    for step in labels {
        let Some(x) = cell_of(step, (from, to), plot) else { continue };
        let text = format::step(step, to);
        let wide = paint::width(&text);
        let x = x.saturating_sub(wide / 2).max(plot.x).min(plot.right().saturating_sub(wide));
        if x >= free {
            free = paint::put(buf, x, plot.bottom(), wide, &text, faint) + 1;
        }
    }
}

/// A line at the step of each control event, and what happened where there is room to say it.
fn marks(state: &State, steps: (u64, u64), plot: Rect, large: bool, buf: &mut Buffer) {
    let style = state.styles.of(Hue::Mark);
    let mut free = plot.x;
    for (step, text) in state.controls() {
        let Some(x) = cell_of(*step, steps, plot) else { continue };
        for y in plot.top()..plot.bottom() {
            paint::put(buf, x, y, 1, state.styles.pick("┊", ":"), style);
        }
        if large && x + 1 >= free {
            let first = text.lines().next().unwrap_or("");
            // What it was before is on the curve.
            let first = first.split(" (").next().unwrap_or(first);
            let text = paint::cut(&format::plain(first), 18, state.styles.unicode());
            if x + 1 + paint::width(&text) <= plot.right() {
                free = paint::put(buf, x + 1, plot.y, 18, &text, style) + 1;
            }
        }
    }
}

/// A line at the step whose values are read off.
pub(crate) fn cursor(state: &State, steps: (u64, u64), plot: Rect, buf: &mut Buffer) {
    let Some(x) = state.ui.cursor.and_then(|step| cell_of(step, steps, plot)) else { return };
    for y in plot.top()..plot.bottom() {
        if let Some(cell) = buf.cell_mut((x, y))
            && matches!(cell.symbol(), " " | "┊" | ":")
        {
            cell.set_symbol(state.styles.pick("│", "|")).set_style(state.styles.of(Hue::Mark));
        }
    }
}

/// A mean over points hides nothing where there are many; over few it would.
fn is_smoothed(state: &State, trace: &Trace) -> bool {
    state.ui.smoothing > 0.0
        && matches!(trace.split, None | Some(Split::Train))
        && trace.series.len() >= 20
        && !is_flat(trace.series)
}

/// Of a constant or a schedule there is no noise to smooth away.
fn is_flat(series: &Series) -> bool {
    let turns = series.values.windows(3).filter(|w| (w[1] - w[0]) * (w[2] - w[1]) < 0.0).count();
    turns * 20 < series.len()
}

fn curves(
    state: &State,
    traces: &[Trace],
    axis: &Axis,
    steps: (u64, u64),
    plot: Rect,
    buf: &mut Buffer,
) {
    let mut canvas = Canvas::new(plot, state.styles.glyphs);
    let mut layers = vec![Layer { style: state.styles.of(Hue::Faint), ascii: '.' }];
    let mut points = Vec::new();
    let mut broken = Vec::new();
    // Of several runs this one lies on top.
    let several = traces.iter().any(|trace| trace.run.is_some());
    let order: Vec<&Trace> =
        if several { traces.iter().rev().collect() } else { traces.iter().collect() };
    for trace in order {
        let series = trace.series;
        let (style, mark, ascii) = look(trace, state);
        layers.push(Layer { style, ascii });
        let layer = layers.len();
        let smoothed = is_smoothed(state, trace);
        let raw = series.values.iter().map(|&value| state.scaled(f64::from(value)));
        let raw = curve::columns(&series.steps, raw, steps, canvas.columns());
        // Without colour a filled band would swallow the line: only its outline is drawn.
        let filled = !smoothed || state.styles.theme != Theme::None;
        // The noise of several runs would hide their curves.
        if !(smoothed && several) {
            band(&mut canvas, &raw, axis.range, if smoothed { RAW } else { layer }, filled);
        }
        let mut drawn = raw.clone();
        if smoothed {
            // What is cut off counts as just outside: one spike is not to bend the line of what was usual.
            let outside = axis.range.span() * 0.15;
            let least = state.unscaled(axis.range.lo - outside) as f32;
            let most = state.unscaled(axis.range.hi + outside) as f32;
            let clamped =
                |value: &f32| if value.is_finite() { value.max(least).min(most) } else { *value };
            let values: Vec<f32> = series.values.iter().map(clamped).collect();
            let values = curve::smooth(&values, state.ui.smoothing);
            let values = values.into_iter().map(|value| state.scaled(value));
            let line = curve::columns(&series.steps, values, steps, canvas.columns());
            let line: Vec<Option<Column>> = line
                .into_iter()
                .map(|column| column.map(|c| Column { lo: c.last, hi: c.last, ..c }))
                .collect();
            band(&mut canvas, &line, axis.range, layer, true);
            drawn = line;
        }
        if let Some(run) = trace.run {
            run_marks(&drawn, run, axis.range, plot, |x, row| points.push((x, row, mark, style)));
        }
        let rightmost = canvas.columns();
        broken.extend(
            raw.iter()
                .enumerate()
                .filter(|(_, c)| c.is_some_and(|c| c.broken))
                .map(|(x, _)| x * usize::from(plot.width) / rightmost),
        );
        // Marks tell the splits apart where colour does not; of few points they show where each is.
        let is_marked = matches!(trace.split, Some(Split::Valid | Split::Test));
        if (is_marked && !several) || series.len() == 1 {
            let stride = (series.len() * 3).div_ceil(usize::from(plot.width));
            let stride = if stride > 1 { stride * 3 } else { 1 };
            let each = series.steps.iter().zip(&series.values).rev().step_by(stride);
            for (&step, &value) in each {
                let value = state.scaled(f64::from(value));
                let row = row_of(value, axis.range, usize::from(plot.height));
                if let Some(x) = cell_of(step, steps, plot) {
                    points.push((x, row, mark, style));
                }
            }
        }
    }
    canvas.render(buf, &layers);
    for (x, row, mark, style) in points {
        if let Some(row) = u16::try_from(row).ok().filter(|row| *row < plot.height) {
            paint::put(buf, x, plot.y + row, 1, mark.encode_utf8(&mut [0; 4]), style);
        }
    }
    for x in broken {
        let cross = state.styles.pick("×", "X");
        paint::put(buf, plot.x + x as u16, plot.y, 1, cross, state.styles.of(Hue::Bad));
    }
}

/// Marks along a run's curve, at places of its own, so that runs are told apart without colour.
fn run_marks(
    columns: &[Option<Column>],
    run: usize,
    range: Range,
    plot: Rect,
    mut mark: impl FnMut(u16, i32),
) {
    let cells = usize::from(plot.width);
    let dots = (columns.len() / cells.max(1)).max(1);
    let apart = (cells / 4).clamp(6, 24);
    for cell in 0..cells {
        if (cell + apart - run * 2 % apart) % apart != apart / 2 {
            continue;
        }
        // The next column to the right that has a point, before the next mark.
        let near = columns.iter().enumerate().skip(cell * dots).take(apart * dots);
        if let Some((at, column)) = near.filter_map(|(at, c)| Some((at, (*c)?))).next()
            && column.last.is_finite()
        {
            mark(plot.x + (at / dots) as u16, row_of(column.last, range, usize::from(plot.height)));
        }
    }
}

/// A series from column to column, each from its least to its greatest value.
fn band(canvas: &mut Canvas, columns: &[Option<Column>], range: Range, layer: usize, filled: bool) {
    let rows = canvas.rows();
    let mut before: Option<(i32, i32, i32)> = None;
    for (x, column) in columns.iter().enumerate() {
        let Some(column) = column.filter(|column| column.last.is_finite()) else { continue };
        let x = x as i32;
        let (top, bottom) = (row_of(column.hi, range, rows), row_of(column.lo, range, rows));
        if filled {
            canvas.line((x, top), (x, bottom), layer);
        } else {
            canvas.dot(x, top, layer);
            canvas.dot(x, bottom, layer);
        }
        if let Some((x0, top0, bottom0)) = before {
            // From the nearest end of the one to the nearest end of the other, where they do not touch.
            if top > bottom0 {
                canvas.line((x0, bottom0), (x, top), layer);
            } else if bottom < top0 {
                canvas.line((x0, top0), (x, bottom), layer);
            } else if x > x0 + 1 {
                canvas.line(
                    (x0, top0.max(top).min(bottom0)),
                    (x, top.max(top0).min(bottom)),
                    layer,
                );
            }
        }
        before = Some((x, top, bottom));
    }
}

/// The row of a value, of `rows` from the top of the range to its bottom; a little outside at most.
fn row_of(value: f64, range: Range, rows: usize) -> i32 {
    let last = rows.saturating_sub(1) as f64;
    let row = (range.hi - value) / range.span() * last;
    if row.is_nan() { -1 } else { row.round().clamp(-2.0 * last - 2.0, 3.0 * last + 2.0) as i32 }
}

/// The screen column of a step.
fn cell_of(step: u64, steps: (u64, u64), plot: Rect) -> Option<u16> {
    curve::column_of(step, steps, usize::from(plot.width)).map(|x| plot.x + x as u16)
}
