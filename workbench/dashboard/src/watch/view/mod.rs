//! The screens. They draw a settled state and do nothing else: no I/O, no clock.

mod bars;
mod chart;
mod footer;
mod header;
mod help;
mod histogram;
pub(crate) mod images;
mod latent;
mod log;
mod loss;
mod rivals;
mod runs;
pub(crate) mod scatter;
mod text;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::draw::areas::split_bottom;
use crate::draw::paint;
use crate::watch::keys::View;
use crate::watch::state::State;

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
    header::draw(state, upper, buf);
    let body = header::below(state, upper);
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

/// What is at a place of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    Tab(View),
    /// A step of the large chart.
    Step(u64),
    /// A point of the latent scatter.
    Point(usize),
    /// A row of the list of runs.
    Run(usize),
    Elsewhere,
}

/// What is at a column and a row of a settled state.
pub(crate) fn spot(state: &State, (x, y): (u16, u16)) -> Spot {
    let screen = Rect::new(0, 0, state.size.0, state.size.1);
    if screen.width < LEAST.0 || screen.height < LEAST.1 || state.ui.help {
        return Spot::Elsewhere;
    }
    let (upper, _) = split_bottom(screen, 1);
    if let Some(view) = header::tab_at(state, upper, (x, y)) {
        return Spot::Tab(view);
    }
    let body = header::below(state, upper);
    let found = match state.ui.view {
        View::Loss => loss::step_at(state, body, (x, y)).map(Spot::Step),
        View::Latent => latent::point_at(state, body, (x, y)).map(Spot::Point),
        View::Runs => runs::row_at(state, body, (x, y)).map(Spot::Run),
        View::Images | View::Log | View::Model | View::Experiment => None,
    };
    found.unwrap_or(Spot::Elsewhere)
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

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
pub(crate) mod tests;
