use crate::axes::{Axes, WIDTH};
use crate::legend::Swatch;
use crate::line_chart::{range_of, usable};
use crate::scene::{Scene, Shape};
use crate::ticks::Scale;
use crate::{Color, Error, Marker, class_style, ramp};

/// Points in the plane, in classes or not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scatter {
    /// Above the data; shortened if it takes more than two lines.
    pub title: String,
    /// Below the x axis.
    pub x_label: String,
    /// Beside the y axis.
    pub y_label: String,
    /// [x, y]; those that are not finite are left out and counted under the title.
    pub points: Vec<[f64; 2]>,
    /// What each point is, if known.
    pub classes: Option<Classes>,
    /// A number for each point, shown by its colour instead of its class.
    pub values: Option<Values>,
    /// Whether one unit is as long on both axes, so that distances can be compared.
    pub equal_units: bool,
}

/// Numbers that colour points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    /// One for each point; what is not finite is grey.
    pub of: Vec<f64>,
    /// What they are, for the legend.
    pub name: String,
}

impl Values {
    /// The least and the greatest finite value.
    fn range(&self) -> (f64, f64) {
        let finite = self.of.iter().copied().filter(|value| value.is_finite());
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(x), hi.max(x)))
    }

    fn color(&self, point: usize) -> Color {
        let ((lo, hi), value) = (self.range(), self.of[point]);
        if !value.is_finite() {
            return Color::GREY;
        }
        ramp(if hi > lo { (value - lo) / (hi - lo) } else { 0.5 })
    }

    /// A swatch for each quarter of the range, after what it is.
    fn legend(&self) -> Vec<(Swatch, String)> {
        let (lo, hi) = self.range();
        if lo > hi {
            return Vec::new();
        }
        let at = |share: f64| {
            let value = format!("{:.2}", lo + (hi - lo) * share);
            let text = if share == 1.0 { format!("{} = {value}", self.name) } else { value };
            (Swatch::Point(Marker::Circle, ramp(share)), text)
        };
        [1.0, 0.75, 0.5, 0.25, 0.0].map(at).into()
    }
}

/// The classes of points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Classes {
    /// The class of each point, as a position in `names`.
    pub of: Vec<usize>,
    /// A word for each class, in the legend's order.
    pub names: Vec<String>,
    /// What they are, for the table: "class" where it is empty.
    pub what: String,
}

impl Scatter {
    pub(crate) fn lay_out(&self) -> Result<Scene, Error> {
        self.check()?;
        let points: Vec<(usize, f64, f64)> = self
            .points
            .iter()
            .enumerate()
            .filter_map(|(i, &[x, y])| Some((i, usable(x)?, usable(y)?)))
            .collect();
        let lost = self.points.len() - points.len();
        let names: &[String] = self.classes.as_ref().map_or(&[], |c| &c.names);
        let by_class = names
            .iter()
            .enumerate()
            .map(|(class, name)| {
                let (color, marker) = class_style(class, names.len());
                (Swatch::Point(marker, color), name.clone())
            })
            .collect();
        let legend = self.values.as_ref().map_or(by_class, Values::legend);
        let colors: Option<Vec<Color>> = self
            .values
            .as_ref()
            .map(|values| (0..self.points.len()).map(|point| values.color(point)).collect());
        let mut scene = Scene::new(WIDTH as usize);
        let frame = Axes {
            title: &self.title,
            note: match lost {
                0 => String::new(),
                1 => "1 point that is not finite is left out".into(),
                lost => format!("{lost} points that are not finite are left out"),
            },
            empty: if points.is_empty() { "no data" } else { "" },
            x_label: &self.x_label,
            y_label: &self.y_label,
            x: range_of(points.iter().map(|p| p.1), 0.04),
            y: range_of(points.iter().map(|p| p.2), 0.04),
            y_scale: Scale::Linear,
            words: None,
            marks: &[],
            legend,
            legend_beside: true,
            data_height: 700.0,
            equal: self.equal_units,
        }
        .draw(&mut scene)?;
        let (radius, alpha) = marker_size(points.len());
        // In the order given, so that no class hides the others.
        for (i, x, y) in points {
            let (color, marker) = match (&colors, &self.classes) {
                (Some(colors), _) => (colors[i], Marker::Circle),
                (None, Some(classes)) => class_style(classes.of[i], names.len()),
                (None, None) => (class_style(0, 1).0, Marker::Circle),
            };
            let at = frame.at(x, y);
            // A darker rim keeps light colours and crowded points apart.
            let rim = marker.outline(at, radius + 1.2);
            scene.shapes.push(Shape::Polygon {
                outline: rim,
                color: color.mix(Color::INK, 0.45),
                alpha: alpha * 0.6,
            });
            let outline = marker.outline(at, radius);
            scene.shapes.push(Shape::Polygon { outline, color, alpha });
        }
        Ok(scene)
    }

    /// Checks that every point has a class with a name, if points have classes.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(values) = self.values.as_ref().filter(|v| v.of.len() != self.points.len()) {
            return Err(Error::ValueCount { points: self.points.len(), values: values.of.len() });
        }
        let Some(classes) = &self.classes else {
            return Ok(());
        };
        if classes.of.len() != self.points.len() {
            return Err(Error::ClassCount { points: self.points.len(), classes: classes.of.len() });
        }
        match classes.of.iter().position(|&class| class >= classes.names.len()) {
            Some(point) => Err(Error::ClassNumber {
                point,
                class: classes.of[point],
                names: classes.names.len(),
            }),
            None => Ok(()),
        }
    }
}

/// Radius and opacity: many points are smaller and fainter, so that density shows.
fn marker_size(points: usize) -> (f64, f64) {
    match points {
        0..=300 => (8.0, 0.85),
        301..=1500 => (6.0, 0.75),
        1501..=6000 => (4.5, 0.6),
        _ => (3.5, 0.45),
    }
}
