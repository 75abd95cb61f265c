//! What run this is, what it is doing, how far it is; and the row of tabs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use workbench_runs::State as RunState;

use crate::draw::paint;
use crate::format;
use crate::keys::Place;
use crate::theme::Hue;
use crate::watch::keys::View;
use crate::watch::state::State;

/// Draws the header.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    first_row(state, Rect { height: 1, ..area }, buf);
    second_row(state, Rect { y: area.y + 1, height: 1, ..area }, buf);
    for (y, (text, hue)) in (area.y + 2..area.bottom()).zip(warnings(state)) {
        let text = format::plain(text.lines().next().unwrap_or(""));
        let text = paint::cut(&text, area.width, state.styles.unicode());
        paint::put(buf, area.x, y, area.width, &text, state.styles.of(hue));
    }
    if let Some(row) = tab_row(state, area) {
        tabs(state, row, buf);
    }
}

/// The area below the header.
pub(crate) fn below(state: &State, area: Rect) -> Rect {
    let tabs = tab_row(state, area).map(|row| row.bottom());
    let top = tabs.unwrap_or(area.y + 2 + warnings(state).len() as u16).min(area.bottom());
    Rect { y: top, height: area.bottom() - top, ..area }
}

/// The view whose tab is at a place.
pub(crate) fn tab_at(state: &State, area: Rect, (x, y): (u16, u16)) -> Option<View> {
    let row = tab_row(state, area).filter(|row| row.y == y)?;
    let mut right = row.x;
    View::ALL.iter().copied().find(|&view| {
        right += paint::width(&tab(state, view));
        x < right
    })
}

/// Of the tabs, where there is room for them.
fn tab_row(state: &State, area: Rect) -> Option<Rect> {
    let y = area.y + 2 + warnings(state).len() as u16;
    (area.height >= 14).then_some(Rect { y, height: 1, ..area })
}

/// What must not be overlooked, a line each.
fn warnings(state: &State) -> Vec<(String, Hue)> {
    let status = state.status.as_ref();
    let error = status.and_then(|status| status.error.clone()).map(|text| (text, Hue::Bad));
    let storage = status.and_then(|status| status.storage.as_ref());
    let storage = storage.map(|text| (format!("! storage: {text}"), Hue::Valid));
    // The latent view says more of it.
    let collapse = state.collapse().filter(|_| state.ui.view != View::Latent);
    let mark = state.styles.pick("⚠", "!");
    let collapse = collapse.map(|text| (format!("{mark} {text}"), Hue::Bad));
    [error, storage, collapse].into_iter().flatten().collect()
}

/// What the run is doing, in a word.
pub(crate) fn state_word(state: &State) -> &'static str {
    match &state.status {
        _ if state.lost => "lost",
        None => "log",
        Some(status) => status.state.name(),
    }
}

/// `1234/10000`, as wide at the start as at the end.
pub(crate) fn steps(state: &State) -> String {
    match &state.status {
        Some(status) if status.steps_total > 0 => {
            let total = status.steps_total.to_string();
            format!("{:>width$}/{total}", status.step, width = total.len())
        }
        _ => format!("step {}", state.last_step()),
    }
}

fn state_style(state: &State) -> (&'static str, Style) {
    let (mark, hue) = match state.status.as_ref().map(|status| status.state) {
        _ if state.lost => ("?", Hue::Bad),
        None => ("◦", Hue::Faint),
        Some(RunState::Starting | RunState::Running) => ("●", Hue::Good),
        Some(RunState::Paused | RunState::Stopping) => ("‖", Hue::Valid),
        Some(RunState::Finished) => ("✓", Hue::Good),
        Some(RunState::Stopped) => ("■", Hue::Valid),
        Some(RunState::Diverged | RunState::Failed) => ("✗", Hue::Bad),
    };
    (state.styles.pick(mark, "*"), state.styles.of(hue))
}

fn first_row(state: &State, area: Rect, buf: &mut Buffer) {
    let (mark, style) = state_style(state);
    let name = paint::cut(&state.name, area.width * 45 / 100, state.styles.unicode());
    let mut left = vec![(name, state.styles.bold())];
    let word = match state.lost {
        true => format!("{mark} lost: no sign for a minute"),
        false => format!("{mark} {}", state_word(state)),
    };
    left.push((word, style));
    let mut taken = paint::pieces(buf, area, 2, &left);
    let Some(status) = &state.status else { return };
    if status.epoch > 0 {
        let epoch = format!("epoch {}", status.epoch);
        if taken + 2 + paint::width(&epoch) <= area.right() {
            taken = paint::put(buf, taken + 2, area.y, area.width, &epoch, Style::new());
        }
    }
    if status.skipped > 0 {
        let skipped = format!("{} skipped", format::count(status.skipped as f64));
        if taken + 2 + paint::width(&skipped) <= area.right() {
            let style = state.styles.of(Hue::Valid);
            taken = paint::put(buf, taken + 2, area.y, area.width, &skipped, style);
        }
    }
    let mut facts = Vec::new();
    if status.state.is_live() && area.width >= 120 {
        facts.extend(load(state));
    }
    if let Some(likelihood) = state.text("text/likelihood").filter(|_| area.width >= 100) {
        facts.push(format!("{} likelihood", format::plain(likelihood)));
    }
    if status.parameters > 0 && area.width >= 100 {
        facts.push(format!("{} parameters", format::count(status.parameters as f64)));
    }
    if status.images_per_second > 0.0 && status.state.is_live() {
        facts.push(format!("{:>5} img/s", format::count(status.images_per_second)));
    }
    if let Some(seconds) = state.seconds_left() {
        facts.push(format!("ETA {:>7}", format::duration(seconds)));
    }
    while !facts.is_empty() && taken + 2 + paint::width(&facts.join("  ")) > area.right() {
        facts.remove(0);
    }
    paint::right(buf, area, taken, &facts.join("  "), Style::new());
}

/// What the trainer takes of its machine.
fn load(state: &State) -> Option<String> {
    let last = |tag: &str| state.history.scalars.get(tag)?.last().map(|(_, value)| value);
    let (cpu, memory) = (last("system/cpu_percent")?, last("system/memory_mb")?);
    let threads = last("system/threads").map_or(String::new(), |n| format!("  {n:.0} threads"));
    Some(format!("cpu {cpu:>3.0}%  {memory:>5.0} MB{threads}"))
}

fn second_row(state: &State, area: Rect, buf: &mut Buffer) {
    let faint = state.styles.of(Hue::Faint);
    let mut parts = vec![steps(state)];
    let share = state
        .status
        .as_ref()
        .filter(|status| status.steps_total > 0)
        .map(|status| (status.step as f64 / status.steps_total as f64).clamp(0.0, 1.0));
    if let Some(share) = share {
        parts.push(format!("{:>3.0}%", (share * 100.0).floor()));
    }
    let best = state
        .best()
        .map(|(tag, step, value)| format!("best {tag} {} @ {step}", format::number(value)));
    if let Some(best) = best {
        let both =
            parts.iter().map(|part| paint::width(part) + 2).sum::<u16>() + paint::width(&best);
        if both + 12 <= area.width {
            parts.push(best);
        }
    }
    let text = parts.join("  ");
    let Some(share) = share else {
        paint::put(buf, area.x, area.y, area.width, &text, Style::new());
        return;
    };
    let bar = area.width.saturating_sub(paint::width(&text) + 2);
    let done = (f64::from(bar) * share).floor() as u16;
    let (full, empty) = state.styles.pick(("━", "─"), ("#", "-"));
    for x in 0..bar {
        let (glyph, style) =
            if x < done { (full, state.styles.of(Hue::Train)) } else { (empty, faint) };
        paint::put(buf, area.x + x, area.y, 1, glyph, style);
    }
    paint::put(buf, area.x + bar + 2, area.y, area.width, &text, Style::new());
}

/// Brackets tell the tab without reverse video too.
fn tab(state: &State, view: View) -> String {
    let (number, name) = (view as usize + 1, view.name());
    if view == state.ui.view { format!("[{number} {name}]") } else { format!(" {number} {name} ") }
}

fn tabs(state: &State, area: Rect, buf: &mut Buffer) {
    let mut x = area.x;
    for &view in View::ALL {
        let text = tab(state, view);
        let style =
            if view == state.ui.view { state.styles.bold() } else { state.styles.of(Hue::Faint) };
        x = paint::put(buf, x, area.y, area.right().saturating_sub(x), &text, style);
    }
    let mut notes = Vec::new();
    if !state.ui.filter.is_empty() && state.ui.view == View::Loss {
        notes.push(format!("/{}", state.ui.filter.text()));
    }
    if !state.ui.run_filter.is_empty() && state.ui.view == View::Runs {
        notes.push(format!("/{}", state.ui.run_filter));
    }
    if state.ui.view == View::Loss && state.panels.len() > 1 {
        let pages = super::pages(state) + 1;
        notes.push(format!("[ {}/{pages} ]", state.ui.page.min(pages - 1) + 1));
    }
    paint::right(buf, area, x, &notes.join("  "), state.styles.of(Hue::Faint));
}
