//! The layers and the experiment: texts as the trainer wrote them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::areas::titled;
use crate::draw::paint;
use crate::format;
use crate::theme::Hue;
use crate::watch::state::State;

/// The experiment as resolved: as logged, or as the file in the run directory has it.
pub(crate) fn experiment_text(state: &State) -> Option<&str> {
    state.text("text/experiment").or(state.experiment.as_deref())
}

/// The layers: with their times, once the trainer has measured them, of the model that is there now.
pub(crate) fn layers_text(state: &State) -> Option<&str> {
    let layers = state.text("text/layers")?;
    let timed = state.text("time/layers").filter(|timed| {
        // After a fork, say, those of another model may still stand in the log.
        layers.lines().zip(timed.lines()).all(|(layer, timed)| timed.starts_with(layer))
    });
    timed.or(Some(layers))
}

/// Draws the table of layers.
pub(crate) fn model(state: &State, area: Rect, buf: &mut Buffer) {
    let page = Page {
        name: "layers",
        text: layers_text(state).unwrap_or(""),
        none: "no layers logged: this log does not come with a model",
        scroll: state.ui.scroll[1],
    };
    draw(state, &page, |_| Style::new(), area, buf);
}

/// Draws the experiment.
pub(crate) fn experiment(state: &State, area: Rect, buf: &mut Buffer) {
    let page = Page {
        name: "experiment",
        text: experiment_text(state).unwrap_or(""),
        none: "no experiment.toml: this log is not of a run of ours",
        scroll: state.ui.scroll[2],
    };
    let style = |line: &str| match line.trim_start().chars().next() {
        Some('[') => state.styles.bold(),
        Some('#') => state.styles.of(Hue::Faint),
        _ => Style::new(),
    };
    draw(state, &page, style, area, buf);
}

struct Page<'a> {
    name: &'a str,
    text: &'a str,
    /// What to say where there is no text.
    none: &'a str,
    scroll: usize,
}

fn draw(state: &State, page: &Page, style: impl Fn(&str) -> Style, area: Rect, buf: &mut Buffer) {
    let Page { name, text, none, scroll } = *page;
    let faint = state.styles.of(Hue::Faint);
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        paint::middle(buf, area, none, faint);
        return;
    }
    let (title, body) = titled(area);
    let taken = paint::put(buf, title.x, title.y, title.width, name, state.styles.bold());
    let rows = usize::from(body.height);
    let from = scroll.min(lines.len().saturating_sub(1));
    let to = (from + rows).min(lines.len());
    if from > 0 || to < lines.len() {
        paint::right(
            buf,
            title,
            taken,
            &format!("lines {} to {to} of {}", from + 1, lines.len()),
            faint,
        );
    }
    for (y, line) in (body.top()..body.bottom()).zip(&lines[from..]) {
        let line = format::plain(line);
        let shown = paint::cut(&line, body.width, state.styles.unicode());
        paint::put(buf, body.x, y, body.width, &shown, style(&line));
    }
}
