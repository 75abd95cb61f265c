use crate::font::Font;
use crate::line_chart::{Dash, Style};
use crate::scene::{Anchor, Scene, Shape};
use crate::{Color, Error, Marker};

/// What stands before a legend's word.
#[derive(Clone, Copy)]
pub(crate) enum Swatch {
    Line(Style),
    Point(Marker, Color),
}

/// A legend whose entries are laid out in equal columns, below or beside the data.
pub(crate) struct Legend {
    entries: Vec<(Option<Swatch>, String)>,
    columns: usize,
    rows: usize,
    swatch_width: f64,
    column_width: f64,
}

const EM: f64 = super::axes::TICK_EM;
const ROW: f64 = 42.0;
const GAP: f64 = 14.0;
const BETWEEN: f64 = 34.0;
/// More than this many rows below the data would dwarf it.
const ROWS_BELOW: usize = 8;

impl Legend {
    /// In as many columns as `width` pixels hold; what does not fit is counted in a last entry.
    pub(crate) fn below(entries: &[(Swatch, String)], width: f64) -> Result<Self, Error> {
        let font = Font::of(EM)?;
        let swatch_width = swatch_width(entries);
        let room = width - swatch_width - GAP;
        let mut shown: Vec<(Option<Swatch>, String)> = entries
            .iter()
            .map(|(swatch, text)| (Some(*swatch), font.shorten(text, room)))
            .collect();
        let more = |hidden: usize| format!("and {hidden} more");
        let widest = shown.iter().map(|(_, text)| font.width(text)).fold(0.0, f64::max);
        let widest = if shown.len() > ROWS_BELOW {
            widest.max(font.width(&more(shown.len())))
        } else {
            widest
        };
        let column_width = swatch_width + GAP + widest + BETWEEN;
        let columns = (((width + BETWEEN) / column_width) as usize).clamp(1, shown.len().max(1));
        if shown.len() > columns * ROWS_BELOW {
            shown.truncate(columns * ROWS_BELOW - 1);
            shown.push((None, more(entries.len() - shown.len())));
        }
        // Even columns: of five entries 3 and 2 rather than 4 and 1.
        let rows = shown.len().div_ceil(columns);
        let columns = shown.len().div_ceil(rows.max(1));
        Ok(Self { entries: shown, columns, rows, swatch_width, column_width })
    }

    /// In columns of at most `height` pixels; nothing if they would be wider than `width`.
    pub(crate) fn beside(
        entries: &[(Swatch, String)],
        width: f64,
        height: f64,
    ) -> Result<Option<Self>, Error> {
        let font = Font::of(EM)?;
        let shown: Vec<_> = entries.iter().map(|(s, t)| (Some(*s), font.drawable(t))).collect();
        let widest = shown.iter().map(|(_, text)| font.width(text)).fold(0.0, f64::max);
        let swatch_width = swatch_width(entries);
        let column_width = swatch_width + GAP + widest + BETWEEN;
        let columns = shown.len().div_ceil(((height / ROW) as usize).max(1));
        let rows = shown.len().div_ceil(columns.max(1));
        let legend = Self { entries: shown, columns, rows, swatch_width, column_width };
        Ok((legend.width() <= width).then_some(legend))
    }

    pub(crate) fn width(&self) -> f64 {
        (self.columns as f64 * self.column_width - BETWEEN).max(0.0)
    }

    pub(crate) fn height(&self) -> f64 {
        self.rows as f64 * ROW
    }

    /// Draws it with its upper left corner at (x, y); row by row, or column by column if `beside`.
    pub(crate) fn draw(
        &self,
        scene: &mut Scene,
        (x, y): (f64, f64),
        beside: bool,
    ) -> Result<(), Error> {
        for (i, (swatch, text)) in self.entries.iter().enumerate() {
            let (row, column) = if beside {
                (i % self.rows, i / self.rows)
            } else {
                (i / self.columns, i % self.columns)
            };
            let left = x + column as f64 * self.column_width;
            let middle = y + (row as f64 + 0.5) * ROW;
            if let Some(swatch) = swatch {
                draw_swatch(scene, swatch, left, self.swatch_width, middle);
            }
            let at = (left + self.swatch_width + GAP, middle);
            scene.text(text, EM, at, (Anchor::Start, Anchor::Middle), false)?;
        }
        Ok(())
    }
}

fn draw_swatch(scene: &mut Scene, swatch: &Swatch, left: f64, width: f64, middle: f64) {
    let (right, centre) = (left + width, left + width / 2.0);
    match swatch {
        Swatch::Line(style) => {
            let color = style.shown_color();
            let dash = (style.dash == Dash::Dashed).then_some(Style::DASH);
            let path = vec![(left, middle), (right, middle)];
            scene.shapes.push(Shape::Stroke { path, width: style.width, dash, color });
            if let Some(marker) = style.marker {
                let outline = marker.outline((centre, middle), style.width * Style::MARKER);
                scene.shapes.push(Shape::Polygon { outline, color, alpha: 1.0 });
            }
        }
        Swatch::Point(marker, color) => {
            let outline = marker.outline((centre, middle), 10.0);
            scene.shapes.push(Shape::Polygon { outline, color: *color, alpha: 1.0 });
        }
    }
}

/// Lines need more room than points to show their dashes.
fn swatch_width(entries: &[(Swatch, String)]) -> f64 {
    if entries.iter().any(|(swatch, _)| matches!(swatch, Swatch::Line(_))) { 66.0 } else { 30.0 }
}
