//! What the trainer printed, and what was asked of it.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::areas::titled;
use crate::draw::paint;
use crate::theme::Hue;
use crate::watch::state::State;

/// From this width on the two stand side by side.
const SIDE_FROM: u16 = 110;

/// Draws the end of trainer.log and the control events, newest last.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let controls = state.controls().len() as u16;
    let (log, events) = if area.width >= SIDE_FROM {
        let width = area.width * 30 / 100;
        let log = Rect { width: area.width - width - 2, ..area };
        (log, Rect { x: log.right() + 2, width, ..area })
    } else {
        let rows = (controls + 1).clamp(2, area.height / 3);
        let log = Rect { height: area.height - rows, ..area };
        (log, Rect { y: log.bottom(), height: rows, ..area })
    };
    tail(state, log, buf);
    events_pane(state, events, buf);
}

/// What the trainer printed; of a log of someone else's, which has no such file, the texts that were logged.
pub(crate) fn log_lines(state: &State) -> Cow<'_, [String]> {
    if !state.tail.is_empty() || state.status.is_some() {
        return Cow::Borrowed(&state.tail);
    }
    let texts = state.history.texts.iter().filter(|(tag, _)| !OWN.contains(&tag.as_str()));
    let mut texts: Vec<(u64, &str, &str)> = texts
        .flat_map(|(tag, list)| list.iter().map(move |(step, text)| (*step, &**tag, &**text)))
        .collect();
    texts.sort();
    let lines = texts.into_iter().flat_map(|(step, tag, text)| {
        let tag = tag.strip_suffix("/text_summary").unwrap_or(tag);
        let head = format!("step {step}  {}", crate::format::plain(tag));
        let body = text.lines().map(|line| format!("  {}", crate::format::plain(line)));
        [head].into_iter().chain(body).collect::<Vec<_>>()
    });
    lines.collect()
}

/// Texts that have views of their own.
const OWN: [&str; 4] = ["text/experiment", "text/layers", "data/classes", "control"];

fn tail(state: &State, area: Rect, buf: &mut Buffer) {
    let (title, body) = titled(area);
    let lines = log_lines(state);
    let name = if state.tail.is_empty() && !lines.is_empty() { "texts" } else { "trainer.log" };
    let taken = paint::put(buf, title.x, title.y, title.width, name, state.styles.bold());
    let back = state.ui.scroll[0].min(lines.len().saturating_sub(1));
    if back > 0 {
        let text = format!("{back} lines further; End: the newest");
        paint::right(buf, title, taken, &text, state.styles.of(Hue::Faint));
    }
    if lines.is_empty() {
        paint::middle(buf, body, "the trainer has printed nothing", state.styles.of(Hue::Faint));
        return;
    }
    let end = lines.len() - back;
    let start = end.saturating_sub(usize::from(body.height));
    for (y, line) in (body.top()..body.bottom()).zip(&lines[start..end]) {
        let lower = line.to_lowercase();
        let style = if lower.contains("error") || lower.contains("panic") {
            state.styles.of(Hue::Bad)
        } else if lower.contains("warn") {
            state.styles.of(Hue::Valid)
        } else {
            Style::new()
        };
        paint::put(
            buf,
            body.x,
            y,
            body.width,
            &paint::cut(line, body.width, state.styles.unicode()),
            style,
        );
    }
}

fn events_pane(state: &State, area: Rect, buf: &mut Buffer) {
    let (title, body) = titled(area);
    paint::put(buf, title.x, title.y, title.width, "asked and done", state.styles.bold());
    let controls = state.controls();
    if controls.is_empty() {
        let text = "nothing yet: Space, s, S and : ask for something";
        paint::put(buf, body.x, body.y, body.width, text, state.styles.of(Hue::Faint));
        return;
    }
    let digits = state.last_step().to_string().len();
    let start = controls.len().saturating_sub(usize::from(body.height));
    for (y, (step, text)) in (body.top()..body.bottom()).zip(&controls[start..]) {
        let step = format!("{step:>digits$}");
        let x = paint::put(buf, body.x, y, body.width, &step, state.styles.of(Hue::Faint)) + 2;
        let text = crate::format::plain(text.lines().next().unwrap_or(""));
        paint::put(buf, x, y, body.right().saturating_sub(x), &text, state.styles.of(Hue::Mark));
    }
}
