//! The latent space: where images lie, and which dimensions carry anything.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{bars, scatter};
use crate::draw::areas::{split_bottom, split_top, titled};
use crate::draw::paint;
use crate::draw::picture::Picture;
use crate::draw::pictures::paint_picture;
use crate::latent::{self, ColorBy, Latent};
use crate::theme::Hue;
use crate::watch::state::State;

/// Where things are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    top: Rect,
    warning: Rect,
    pub plot: Rect,
    names: Rect,
    bars: Rect,
    /// The image of the point that is looked at, and its reconstruction.
    pictures: Rect,
}

/// Where things are in an area, for what the state holds.
pub(crate) fn layout(state: &State, latent: &Latent, area: Rect) -> Layout {
    let (top, rest) = titled(area);
    let has_warning = latent.warning().or(state.collapse()).is_some();
    let (warning, body) = split_top(rest, u16::from(has_warning));
    let bars_width = (body.width * 45 / 100).clamp(22, 90);
    let left = Rect { width: body.width.saturating_sub(bars_width + 2), ..body };
    let right =
        Rect { x: left.right() + 2, width: body.width.saturating_sub(left.width + 2), ..body };
    let has_names =
        latent.snapshot.labels.is_some() || state.ui.color.is_some() || state.ui.point.is_some();
    let (plot, names) = split_bottom(left, u16::from(has_names));
    let rows = match state.looked_at() {
        // Two square pictures side by side, below their names.
        Some(_) => (1 + right.width / 4).min(right.height * 55 / 100),
        None => 0,
    };
    let (bars, pictures) = split_bottom(right, rows);
    Layout { top, warning, plot, names, bars, pictures }
}

/// The point of the scatter that is nearest to a place.
pub(crate) fn point_at(state: &State, area: Rect, at: (u16, u16)) -> Option<usize> {
    let latent = state.latent()?;
    scatter::nearest(state, latent, layout(state, latent, area).plot, at)
}

/// Draws the scatter and the bars, side by side.
pub(crate) fn draw(state: &State, area: Rect, buf: &mut Buffer) {
    let Some(latent) = state.latent() else {
        let text = match &state.latent_trouble {
            Some(why) => why.as_str(),
            None if !state.snapshots.is_empty() => "reading the latent snapshot",
            None => "no latent snapshot yet: the trainer writes them now and then",
        };
        paint::middle(buf, area, text, state.styles.of(Hue::Faint));
        return;
    };
    let Layout { top, warning, plot, names, bars, pictures } = layout(state, latent, area);
    let at = state.snapshots.partition_point(|&step| step <= latent.snapshot.step);
    let text = format!(
        "step {}  ({at} of {})  {} images  {}",
        latent.snapshot.step,
        state.snapshots.len(),
        latent.snapshot.len(),
        axes(state, latent)
    );
    paint::put(buf, top.x, top.y, top.width, &text, state.styles.of(Hue::Faint));
    if let Some(text) = latent.warning().or(state.collapse()) {
        let mark = state.styles.pick("⚠ ", "! ");
        let text = format!("{mark}{text}: a smaller β, or KL that warms up, may wake them");
        let text = if state.styles.unicode() { text } else { text.replace('β', "beta") };
        let text = paint::cut(&text, warning.width, state.styles.unicode());
        let style = state.styles.of(Hue::Bad);
        paint::put(buf, warning.x, warning.y, warning.width, &text, style);
    }
    scatter::draw(state, latent, plot, buf);
    match point(state, latent) {
        Some(text) => {
            let row = Rect { width: area.right() - names.x, ..names };
            paint::put(buf, row.x, row.y, row.width, &text, state.styles.of(Hue::Mark));
        }
        None => scatter::legend(state, latent, names, buf),
    }
    bars::draw(state, latent, bars, buf);
    if pictures.height > 1 {
        look(state, Rect { height: pictures.height - 1, ..pictures }, buf);
    }
}

/// The image of the point that is looked at beside its reconstruction.
fn look(state: &State, area: Rect, buf: &mut Buffer) {
    let faint = state.styles.of(Hue::Faint);
    let (title, body) = titled(area);
    let width = area.width.saturating_sub(1) / 2;
    let second = area.x + width + 1;
    match state.look.as_ref().filter(|(point, _)| Some(*point) == state.ui.point) {
        None => {
            paint::put(buf, title.x, title.y, title.width, "asking the model", faint);
        }
        Some((_, Err(why))) => {
            let text = paint::cut(why, title.width, state.styles.unicode());
            paint::put(buf, title.x, title.y, title.width, &text, state.styles.of(Hue::Bad));
        }
        Some((_, Ok(look))) => {
            let of = format!("by step {}", look.step);
            let of = paint::cut(&of, width, state.styles.unicode());
            paint::put(buf, title.x, title.y, width, "input", faint);
            paint::put(buf, second, title.y, width, &of, faint);
            for (x, pixels) in [(area.x, &look.input), (second, &look.reconstruction)] {
                let picture = Picture::from(pixels.clone());
                paint_picture(&state.styles, &picture, Rect { x, width, ..body }, buf);
            }
        }
    }
}

/// The scatter alone, for a pane beside the curves.
pub(crate) fn preview(state: &State, area: Rect, buf: &mut Buffer) {
    let Some(latent) = state.latent() else { return };
    let (title, body) = titled(area);
    let taken = paint::put(buf, title.x, title.y, title.width, "latent", state.styles.bold());
    let (text, style) = match latent.warning() {
        Some(warning) => (warning, state.styles.of(Hue::Bad)),
        None => (
            format!("{} of {} active", latent.active_units(), latent.snapshot.dims),
            state.styles.of(Hue::Faint),
        ),
    };
    paint::right(buf, title, taken, &text, style);
    let (plot, names) =
        split_bottom(body, u16::from(latent.snapshot.labels.is_some() && body.height > 6));
    scatter::draw(state, latent, plot, buf);
    scatter::legend(state, latent, names, buf);
}

/// Which image the point is that is looked at, what it is, and where: the dimensions that carry most, and those shown.
fn point(state: &State, latent: &Latent) -> Option<String> {
    let at = state.ui.point.filter(|&at| at < latent.snapshot.len())?;
    let label = latent.snapshot.labels.as_ref().and_then(|labels| labels.get(at));
    let label = label.map_or(String::new(), |&label| {
        let names = latent::classes(latent, &state.classes());
        let name = usize::try_from(label).ok().and_then(|label| names.get(label));
        format!(", {}", name.map_or("no label", |(_, name)| name))
    });
    let colored = match &state.ui.color {
        Some(ColorBy::Attribute(name)) => latent.snapshot.attribute(name),
        _ => None,
    };
    let attribute = colored.map_or(String::new(), |column| {
        let value = column.attribute.show(column.of[at]);
        format!(", {} {}", column.attribute.name, value)
    });
    let attribute = crate::format::plain(&attribute);
    let d = latent.snapshot.dims;
    let mut dims: Vec<usize> = match state.ui.principal {
        true => Vec::new(),
        false => vec![state.ui.axes.0, state.ui.axes.1],
    };
    if let Some(ColorBy::Dimension(dim)) = state.ui.color {
        dims.push(dim);
    }
    dims.extend(&latent.order);
    let mut shown: Vec<usize> = Vec::new();
    for dim in dims {
        if dim < d && !shown.contains(&dim) && shown.len() < 4 {
            shown.push(dim);
        }
    }
    let coordinates: Vec<String> = shown
        .iter()
        .map(|dim| format!("z{} {:.2}", dim + 1, latent.snapshot.mean[at * d + dim]))
        .collect();
    Some(format!("item {at}{label}{attribute}: {}", coordinates.join("  ")))
}

fn axes(state: &State, latent: &Latent) -> String {
    if state.ui.principal && latent.snapshot.dims > 2 {
        let [first, second] = latent.explained.map(|share| share * 100.0);
        format!("components: {first:.0}%, {second:.0}% of variance")
    } else {
        format!("z{} across, z{} up", state.ui.axes.0 + 1, state.ui.axes.1 + 1)
    }
}
