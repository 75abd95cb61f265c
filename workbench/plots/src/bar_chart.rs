use crate::axes::{Axes, WIDTH};
use crate::legend::Swatch;
use crate::line_chart::{Dash, Style, range_of, usable};
use crate::scene::{Scene, Shape};
use crate::ticks::Scale;
use crate::{Color, Error, class_style};

/// One bar a category.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BarChart {
    /// Above the data; shortened if it takes more than two lines.
    pub title: String,
    /// Below the categories.
    pub x_label: String,
    /// Beside the y axis.
    pub y_label: String,
    /// A word and a value each, from left to right. Values that are not finite have no bar and are
    /// counted under the title.
    pub bars: Vec<(String, f64)>,
    /// A dashed line at a value, named in the legend; bars that do not reach it are drawn lighter.
    pub threshold: Option<(f64, String)>,
}

impl BarChart {
    pub(crate) fn lay_out(&self) -> Result<Scene, Error> {
        let values: Vec<Option<f64>> = self.bars.iter().map(|(_, v)| usable(*v)).collect();
        let threshold = self.threshold.as_ref().and_then(|(v, text)| Some((usable(*v)?, text)));
        let lost = values.iter().filter(|v| v.is_none()).count();
        let line = Style { color: class_style(1, 2).0, dash: Dash::Dashed, ..Style::default() };

        // Bars start at zero, so zero is always shown; air is left only where bars end.
        let seen = || values.iter().flatten().copied().chain(threshold.map(|t| t.0));
        let (low, high) = match range_of(seen().chain([0.0]), 0.0) {
            (low, high) if seen().any(|v| v != 0.0) => (low, high),
            _ => (0.0, 1.0),
        };
        let air = (high - low) * 0.05;
        let y =
            (if low < 0.0 { low - air } else { low }, if high > 0.0 { high + air } else { high });

        let mut scene = Scene::new(WIDTH as usize);
        let frame = Axes {
            title: &self.title,
            note: match lost {
                0 if !values.is_empty() && values.iter().flatten().all(|&v| v == 0.0) => {
                    "all values are 0".into()
                }
                0 => String::new(),
                1 => "1 value that is not finite has no bar".into(),
                lost => format!("{lost} values that are not finite have no bar"),
            },
            empty: if self.bars.is_empty() { "no data" } else { "" },
            x_label: &self.x_label,
            y_label: &self.y_label,
            x: (-0.6, self.bars.len().max(1) as f64 - 0.4),
            y,
            y_scale: Scale::Linear,
            words: Some(self.bars.iter().map(|(word, _)| word.as_str()).collect()),
            marks: &[],
            legend: threshold
                .map(|(_, text)| (Swatch::Line(line), text.clone()))
                .into_iter()
                .collect(),
            legend_beside: false,
            data_height: 480.0,
            equal: false,
        }
        .draw(&mut scene)?;

        let full = class_style(0, 2).0;
        for (i, value) in values.iter().enumerate() {
            let Some(value) = *value else { continue };
            let light = threshold.is_some_and(|(t, _)| value < t);
            let color = if light { full.mix(Color::WHITE, 0.6) } else { full };
            let (left, from) = frame.at(i as f64 - 0.38, 0.0);
            let (right, to) = frame.at(i as f64 + 0.38, value);
            // A value that is not zero shows at least as a line, and so does a bar among thousands.
            let to = if value != 0.0 && (from - to).abs() < 2.0 {
                from - 2.0 * value.signum()
            } else {
                to
            };
            let (left, right) = (left.round(), right.round().max(left.round() + 1.0));
            scene.rectangle((left, from.min(to)), (right, from.max(to)), color);
        }
        let zero = frame.at(0.0, 0.0).1.round();
        scene.line((frame.left, zero), (frame.right, zero), 2.0, Color::INK);
        if let Some((value, _)) = threshold {
            let y = frame.at(0.0, value).1.round();
            let path = vec![(frame.left, y), (frame.right, y)];
            scene.shapes.push(Shape::Stroke {
                path,
                width: line.width,
                dash: Some(Style::DASH),
                color: line.color,
            });
        }
        Ok(scene)
    }
}
