//! What is chosen, in more words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{runs, spark};
use crate::draw::areas::split_top;
use crate::draw::paint;
use crate::format;
use crate::home::keys::Section;
use crate::home::scan::RunEntry;
use crate::home::state::State;
use crate::theme::Hue;

/// Draws what is chosen in the section that the keys act on.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (rule, body) = split_top(area, 1);
    let faint = state.styles.of(Hue::Faint);
    let line = state.styles.pick("─", "-").repeat(usize::from(rule.width));
    paint::put(buf, rule.x, rule.y, rule.width, &line, faint);
    if state.section() == Section::Runs {
        if let Some(entry) = state.chosen_run() {
            paint::put(buf, rule.x, rule.y, rule.width, &format!("{} ", entry.name), faint);
            run(state, entry, body, buf);
        }
        return;
    }
    let Some((title, text)) = text(state) else { return };
    paint::put(buf, rule.x, rule.y, rule.width, &format!("{title} "), faint);
    let wrapped: Vec<String> =
        text.lines().flat_map(|line| wrap(&format::plain(line), body.width)).collect();
    let rows = usize::from(body.height);
    for (y, line) in (body.top()..body.bottom()).zip(&wrapped) {
        let is_last = usize::from(y - body.top()) + 1 == rows && wrapped.len() > rows;
        let line = if is_last { state.styles.pick("…", "...") } else { line };
        let style = match line.trim_start().chars().next() {
            Some('#') => faint,
            Some('[') => state.styles.bold(),
            _ => Style::new(),
        };
        paint::put(buf, body.x, y, body.width, line, style);
    }
}

/// A title and all that is known of an experiment, a data set or a plugin.
pub(crate) fn text(state: &State) -> Option<(String, String)> {
    let place = state.chosen(state.section())?;
    match state.section() {
        Section::Runs => None,
        Section::Experiments => {
            let entry = state.experiments.as_ref()?.get(place)?;
            let text = match &entry.error {
                Some(error) => format!("{error}\n\n{}", entry.text),
                None => entry.text.clone(),
            };
            Some((entry.path.display().to_string(), text))
        }
        Section::Data => {
            let entry = state.data_sets.as_ref()?.get(place)?;
            let missing = match &entry.missing[..] {
                [] => String::new(),
                missing => format!("\n{}", missing.join("\n")),
            };
            let (title, details) = (&entry.title, &entry.details);
            Some((entry.name.clone(), format!("{title}{missing}\n{details}")))
        }
        Section::Plugins => {
            let entry = state.plugins.as_ref()?.get(place)?;
            Some((entry.name.clone(), format!("{}\n{}", entry.about, entry.details)))
        }
    }
}

fn run(state: &State, run: &RunEntry, area: Rect, buf: &mut Buffer) {
    let lines = run_lines(state, run);
    // The curve takes what the words leave, or shares the width with them where the area is low.
    let words = lines.len() as u16;
    let (text, curve) = if area.height >= words + 5 {
        split_top(area, words + 1)
    } else if area.width >= 76 {
        let width = area.width / 2;
        let right = Rect { x: area.x + width + 2, width: area.width - width - 2, ..area };
        (Rect { width, ..area }, right)
    } else {
        (area, Rect { height: 0, ..area })
    };
    for (y, (line, style)) in (text.top()..text.bottom()).zip(lines) {
        let line = paint::cut(&format::plain(&line), text.width, state.styles.unicode());
        paint::put(buf, text.x, y, text.width, &line, style);
    }
    let Some((tag, points)) = &run.curve else { return };
    let (title, plot) = split_top(curve, 1);
    let plot = Rect { height: plot.height.min(16), ..plot };
    if title.height > 0 && plot.height >= 2 {
        let last = points.last().map_or(f64::NAN, |point| f64::from(point.1));
        let text = format!("{tag} {}", format::number(last));
        paint::put(buf, title.x, title.y, title.width, &text, state.styles.of(Hue::Valid));
        spark::area(&state.styles, points, plot, buf);
    }
}

fn run_lines(state: &State, run: &RunEntry) -> Vec<(String, Style)> {
    let plain = Style::new();
    let (mark, style) = runs::mark(&state.styles, run);
    let mut lines = Vec::new();
    let Some(status) = &run.status else {
        lines.push((format!("{mark} a log without a status"), style));
        lines.push((run.path.display().to_string(), state.styles.of(Hue::Faint)));
        return lines;
    };
    let share = runs::share(run).map_or(String::new(), |share| format!(", {:.0}%", share * 100.0));
    lines.push((format!("{mark} {} at {}{share}", run.word(), runs::steps(run)), style));
    if let Some(storage) = &status.storage {
        lines.push((format::plain(&format!("! storage: {storage}")), state.styles.of(Hue::Valid)));
    }
    if let Some(error) = &status.error {
        for line in error.lines().take(3) {
            lines.push((line.to_owned(), state.styles.of(Hue::Bad)));
        }
    }
    let mut facts = vec![format!("epoch {}", status.epoch)];
    if status.parameters > 0 {
        facts.push(format!("{} parameters", format::count(status.parameters as f64)));
    }
    if status.images_per_second > 0.0 {
        facts.push(format!("{} img/s", format::count(status.images_per_second)));
    }
    lines.push((facts.join(", "), plain));
    if status.skipped > 0 {
        let text = format!("left out, could not be read: {}", status.skipped);
        lines.push((text, state.styles.of(Hue::Valid)));
    }
    if let Some((tag, value)) = runs::best(run) {
        lines.push((format!("best {tag} {}", format::number(value)), plain));
    }
    if !run.tested.is_empty() {
        let part = |(tag, value): (&String, &f32)| {
            let tag = tag.strip_prefix("test/").unwrap_or(tag);
            format!("{tag} {}", format::number(f64::from(*value)))
        };
        let tested: Vec<String> = run.tested.iter().map(part).collect();
        lines.push((format!("test {}", tested.join("  ")), plain));
    }
    if let Some(group) = &run.group {
        lines.push((format!("group {}, seed {}", group.name, group.seed), plain));
    }
    // Of a time only what people read: no fractions, no zone.
    let started: String = status.started.replace('T', " ").chars().take(16).collect();
    let zone = if status.started.ends_with('Z') { " UTC" } else { "" };
    let faint = state.styles.of(Hue::Faint);
    lines.push((format!("started {started}{zone} on {}", status.host), faint));
    if run.is_resumable() {
        lines.push(("r goes on with it".to_owned(), faint));
    }
    lines
}

/// A line in pieces of at most so many columns, cut at spaces where there are any.
pub(crate) fn wrap(line: &str, columns: u16) -> Vec<String> {
    let columns = usize::from(columns.max(8));
    let mut rest = line;
    let mut pieces = Vec::new();
    while usize::from(paint::width(rest)) > columns {
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let upto = at + c.len_utf8();
            if usize::from(paint::width(&rest[..upto])) > columns {
                break;
            }
            end = upto;
        }
        // One glyph that is wider than the room is put down all the same.
        let end = if end == 0 { rest.chars().next().map_or(1, char::len_utf8) } else { end };
        let cut = rest[..end].rfind(' ').filter(|&at| at > columns / 2).map_or(end, |at| at + 1);
        pieces.push(rest[..cut].trim_end().to_owned());
        rest = &rest[cut..];
    }
    pieces.push(rest.to_owned());
    pieces
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn long_lines_break_at_spaces() {
        assert_eq!(wrap("a short one", 20), ["a short one"]);
        assert_eq!(wrap("the quick brown fox jumps", 12), ["the quick", "brown fox", "jumps"]);
        assert_eq!(wrap("0123456789abcdef", 8), ["01234567", "89abcdef"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("ββββββββββ", 8).concat(), "ββββββββββ");
    }
}
