//! The screens. They draw a settled state and do nothing else: no I/O, no clock.

mod bars;
pub(crate) mod canvas;
mod chart;
mod footer;
mod header;
mod help;
mod histogram;
pub(crate) mod images;
mod latent;
mod log;
mod loss;
pub(crate) mod paint;
mod rivals;
mod runs;
pub(crate) mod scatter;
pub(crate) mod shading;
mod text;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::keys::View;
use crate::state::State;

pub(crate) use log::log_lines;
pub(crate) use loss::pages;
pub(crate) use text::{experiment_text, layers_text};

/// The least screen that shows more than a line or two.
const LEAST: (u16, u16) = (40, 10);

/// Draws the whole screen.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(state, area, buf);
        return;
    }
    let (upper, foot) = split_bottom(area, 1);
    footer::draw(state, foot, buf);
    if state.ui.help {
        help::draw(state, upper, buf);
        return;
    }
    let body = header::draw(state, upper, buf);
    match state.ui.view {
        View::Loss => loss::draw(state, body, buf),
        View::Images => images::draw(state, body, buf),
        View::Latent => latent::draw(state, body, buf),
        View::Log => log::draw(state, body, buf),
        View::Model => text::model(state, body, buf),
        View::Experiment => text::experiment(state, body, buf),
        View::Runs => runs::draw(state, body, buf),
    }
}

/// What matters most, line by line, for as many lines as there are.
fn too_small(state: &State, area: Rect, buf: &mut Buffer) {
    let loss = state.main_panel().and_then(|panel| {
        let (_, tag) = panel.curves.first()?;
        let (_, value) = state.history.scalars.get(tag)?.last()?;
        Some(format!("{} {}", panel.name, crate::format::number(f64::from(value))))
    });
    let lines = [
        format!("{} {}", header::state_word(state), header::steps(state)),
        loss.unwrap_or_default(),
        format!("too small: {}x{} at least", LEAST.0, LEAST.1),
        state.name.clone(),
    ];
    let lines = lines.iter().filter(|line| !line.is_empty());
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        paint::put(buf, area.x, y, area.width, line, Default::default());
    }
}

fn split_bottom(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let upper = Rect { height: area.height - rows, ..area };
    (upper, Rect { y: upper.bottom(), height: rows, ..area })
}

/// A pane's title row, and what is left below it.
pub(crate) fn titled(area: Rect) -> (Rect, Rect) {
    let rows = area.height.min(1);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
pub(crate) mod tests;
