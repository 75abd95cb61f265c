//! The last row: what is being typed, what needs an answer, what is being done, or what keys there are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::paint;
use crate::format;
use crate::home::keys::Section;
use crate::home::state::{Ask, State};
use crate::theme::Hue;

/// Draws the most pressing of them.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (text, style) = line(state, area.width);
    let text = paint::cut(&text, area.width, state.styles.unicode());
    let taken = paint::put(buf, area.x, area.y, area.width, &text, style);
    if state.ui.typing {
        // The terminal's own cursor stays hidden; this one is part of the frame.
        paint::put(buf, taken, area.y, 1, " ", state.styles.chosen());
    }
}

fn line(state: &State, width: u16) -> (String, Style) {
    let bad = state.styles.of(Hue::Bad);
    if state.ui.typing {
        return (format!("/{}", state.ui.filter[state.ui.section]), Style::new());
    }
    if let Some((ask, name)) = &state.ui.asked {
        let text = match ask {
            Ask::Stop => format!("stop {name}? S again: it saves and ends; any other key: no"),
            Ask::Delete => format!("delete {name} for good? D again; any other key: no"),
        };
        return (text, bad.patch(state.styles.bold()));
    }
    if let Some(notice) = &state.ui.notice {
        let hue = if notice.is_bad { Hue::Bad } else { Hue::Valid };
        return (format::plain(&notice.text), state.styles.of(hue));
    }
    if let Some(job) = &state.working {
        let dots = state.styles.pick("…", "...");
        return (format!("{}{dots}", job.text()), state.styles.of(Hue::Mark));
    }
    if let Some(trouble) = &state.trouble {
        return (format::plain(trouble), bad);
    }
    (hints(state, width), state.styles.of(Hue::Faint))
}

/// The keys that matter most; where they do not all fit, choosing gives way, then the last of the section's own.
fn hints(state: &State, width: u16) -> String {
    let updown = state.styles.pick("↑↓", "Up/Down");
    if state.ui.page.is_some() {
        return format!("{updown} scroll  PgDn page  Esc back");
    }
    if state.ui.help {
        return "Esc back".to_owned();
    }
    let mut own = match state.section() {
        Section::Runs => runs_hints(state),
        Section::Experiments => vec!["Enter start", "c check", "e edit"],
        Section::Data | Section::Plugins => vec!["Enter details"],
    };
    let choose = format!("{updown} choose");
    let mut common = vec!["Tab section", &choose, "/ filter", "? help", "q leave"];
    loop {
        let text = own.iter().chain(&common).copied().collect::<Vec<_>>().join("  ");
        if paint::width(&text) <= width {
            return text;
        }
        // Arrow keys are what everyone tries.
        if common.len() > 4 {
            common.remove(1);
        } else if own.pop().is_none() {
            return text;
        }
    }
}

/// Only what makes sense for the run that is chosen.
fn runs_hints(state: &State) -> Vec<&'static str> {
    let Some(run) = state.chosen_run() else { return Vec::new() };
    let mut hints = vec!["Enter open"];
    hints.push(if state.ui.marked.len() > 1 { "c compare" } else { "m mark" });
    if run.is_resumable() {
        hints.push("r resume");
    }
    hints.push(if run.is_live() { "S stop" } else { "D delete" });
    hints.push("e explore");
    hints
}
