//! The first row: which model this is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::draw::paint;
use crate::explore::decoder::DrawFrom;
use crate::explore::state::State;
use crate::theme::Hue;

/// Draws the run, its step, and its latent space; what does not fit is left out from the end.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let (plain, faint) = (Style::new(), state.styles.of(Hue::Faint));
    let name = paint::cut(&state.name, area.width / 2, state.styles.unicode());
    let dims = state.known.dims();
    let space = match &state.known.latent {
        Some(latent) => format!("{} of {dims} dimensions active", latent.active_units()),
        None => format!("{dims} dimensions"),
    };
    let mut pieces = vec![
        (name, state.styles.bold()),
        (format!("step {}", state.known.space.step), plain),
        (space, faint),
    ];
    let locked = state.ui.locks[state.ui.basis as usize].iter().filter(|lock| **lock).count();
    if locked > 0 {
        pieces.push((format!("{locked} locked"), state.styles.of(Hue::Mark)));
    }
    if state.ui.from == DrawFrom::Prior {
        pieces.push(("draws of the prior".to_owned(), faint));
    }
    if let Some(latent) = &state.known.latent
        && latent.snapshot.step != state.known.space.step
    {
        pieces.push((format!("images of step {}", latent.snapshot.step), faint));
    }
    if let Some(moment) = state.ui.moment {
        pieces.push((state.known.space.moments.text(moment), plain));
    }
    let taken = paint::pieces(buf, area, 2, &pieces);
    paint::right(buf, area, taken, "explore", faint);
}
