//! The latent space: where images lie, and which dimensions carry anything.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{bars, paint, scatter, shading, split_bottom, titled};
use crate::save::ColorBy;
use crate::state::State;
use crate::state::latent::Latent;
use crate::theme::Hue;

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
    let (top, mut body) = titled(area);
    let at = state.snapshots.partition_point(|&step| step <= latent.snapshot.step);
    let text = format!(
        "step {}  ({at} of {})  {} images  {}",
        latent.snapshot.step,
        state.snapshots.len(),
        latent.snapshot.len(),
        axes(state, latent)
    );
    paint::put(buf, top.x, top.y, top.width, &text, state.styles.of(Hue::Faint));
    if let Some(warning) = latent.warning().or(state.collapse()) {
        let (row, rest) = titled(body);
        body = rest;
        let mark = state.styles.pick("⚠ ", "! ");
        let text = format!("{mark}{warning}: a smaller β, or KL that warms up, may wake them");
        let style = state.styles.of(Hue::Bad);
        let text = if state.styles.unicode() { text } else { text.replace('β', "beta") };
        paint::put(
            buf,
            row.x,
            row.y,
            row.width,
            &paint::cut(&text, row.width, state.styles.unicode()),
            style,
        );
    }
    let bars_width = (body.width * 45 / 100).clamp(22, 90);
    let (left, _) = (Rect { width: body.width.saturating_sub(bars_width + 2), ..body }, ());
    let right =
        Rect { x: left.right() + 2, width: body.width.saturating_sub(left.width + 2), ..body };
    let has_names =
        latent.snapshot.labels.is_some() || state.ui.color.is_some() || state.ui.point.is_some();
    let (plot, names) = split_bottom(left, u16::from(has_names));
    scatter::draw(state, latent, plot, buf);
    match point(state, latent) {
        Some(text) => {
            let row = Rect { width: body.width, ..names };
            paint::put(buf, row.x, row.y, row.width, &text, state.styles.of(Hue::Mark));
        }
        None => scatter::legend(state, latent, names, buf),
    }
    bars::draw(state, latent, right, buf);
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
        let names = shading::classes(latent, &state.classes());
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
