use crate::axes::{Axes, Frame, WIDTH};
use crate::legend::Swatch;
use crate::scene::{Dot, Scene, Shape};
use crate::ticks::{Scale, short};
use crate::{Color, Error, Marker};

/// Curves over a common x axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LineChart {
    /// Above the data; shortened if it takes more than two lines.
    pub title: String,
    /// Below the x axis.
    pub x_label: String,
    /// Beside the y axis.
    pub y_label: String,
    /// Whether y is logarithmic; values that are not positive are then left out.
    pub log_y: bool,
    /// In drawing order: the last is on top.
    pub lines: Vec<Line>,
    /// Vertical lines at an x, with a word above where there is room.
    pub marks: Vec<(f64, String)>,
    /// The y values shown, from low to high; without it, all. Curves are cut at its edges.
    pub y_range: Option<(f64, f64)>,
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Its name in the legend and the CSV.
    pub label: String,
    /// (x, y), drawn in this order. One that is not finite makes a gap.
    pub points: Vec<(f64, f64)>,
    /// How it looks.
    pub style: Style,
    /// Whether it is left out of the legend, as raw data behind their smoothed curve.
    pub hidden_in_legend: bool,
}

/// How a curve looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Its colour.
    pub color: Color,
    /// Pixels of the PNG.
    pub width: f64,
    /// Solid or dashed.
    pub dash: Dash,
    /// Drawn at the points, thinned where they are close.
    pub marker: Option<Marker>,
    /// From 0 (full colour) to 1 (white), for what should stay behind.
    pub fade: f64,
}

/// The pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// Without gaps.
    Solid,
    /// Dashes and gaps.
    Dashed,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: crate::class_style(0, 1).0,
            width: 4.0,
            dash: Dash::Solid,
            marker: None,
            fade: 0.0,
        }
    }
}

impl Style {
    /// Lengths of a dash and of a gap, in pixels.
    pub(crate) const DASH: (f64, f64) = (15.0, 9.0);
    /// Radius of markers in line widths.
    pub(crate) const MARKER: f64 = 2.0;

    /// The colour on paper.
    pub(crate) fn shown_color(&self) -> Color {
        self.color.mix(Color::WHITE, self.fade.clamp(0.0, 1.0))
    }
}

/// Larger numbers than this are taken for infinite and smaller for zero: differences and ratios of
/// those between are safe to compute.
const LARGEST: f64 = 1e290;

/// The value if it can be placed on an axis.
pub(crate) fn usable(value: f64) -> Option<f64> {
    match value.abs() {
        size if size.is_nan() || size > LARGEST => None,
        size if size < 1.0 / LARGEST => Some(0.0),
        _ => Some(value),
    }
}

/// A range around values that leaves them some air: `share` of their spread at each end. Without
/// values it is 0 to 1; around equal values it is as wide as they are large.
pub(crate) fn range_of(values: impl Iterator<Item = f64>, share: f64) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let size = low.abs().max(high.abs());
    // Below nine digits, differences are rounding errors.
    if high - low <= size * 1e-9 {
        let half = if size == 0.0 { 1.0 } else { size / 2.0 };
        return (low - half, high + half);
    }
    let air = (high - low) * share;
    (low - air, high + air)
}

impl LineChart {
    pub(crate) fn lay_out(&self) -> Result<Scene, Error> {
        let scale = if self.log_y { Scale::Log } else { Scale::Linear };
        let runs: Vec<Vec<Vec<Dot>>> =
            self.lines.iter().map(|l| runs_of(&l.points, scale)).collect();
        let points = || runs.iter().flatten().flatten();
        let empty = points().next().is_none();

        let y = match (self.y_range, scale) {
            (Some((low, high)), Scale::Linear) if low < high && (high - low).is_finite() => {
                (low, high)
            }
            (Some((low, high)), Scale::Log) if 0.0 < low && low < high && high.is_finite() => {
                (low, high)
            }
            (_, Scale::Linear) => range_of(points().map(|p| p.1), 0.05),
            (_, Scale::Log) => {
                let (low, high) = range_of(points().map(|p| p.1.log10()), 0.05);
                (10f64.powf(low), 10f64.powf(high))
            }
        };
        let legend = self
            .lines
            .iter()
            .zip(&runs)
            .filter(|(line, _)| !line.hidden_in_legend)
            .map(|(line, runs)| {
                let style = Style { marker: marker_of(&line.style, runs), ..line.style };
                (Swatch::Line(style), legend_text(line, runs))
            })
            .collect();
        let mut scene = Scene::new(WIDTH as usize);
        let frame = Axes {
            title: &self.title,
            note: String::new(),
            empty: if empty { "no data" } else { "" },
            x_label: &self.x_label,
            y_label: &self.y_label,
            x: range_of(points().map(|p| p.0), 0.02),
            y,
            y_scale: scale,
            words: None,
            marks: &self.marks,
            legend,
            legend_beside: false,
            data_height: 520.0,
            equal: false,
        }
        .draw(&mut scene)?;
        for (line, runs) in self.lines.iter().zip(&runs) {
            let mut spent = f64::NEG_INFINITY;
            for run in runs {
                let marker = marker_of(&line.style, std::slice::from_ref(run));
                let style = Style { marker, ..line.style };
                draw_run(&mut scene, &frame, &style, run, &mut spent);
            }
        }
        Ok(scene)
    }
}

/// The stretches of points between gaps.
fn runs_of(points: &[(f64, f64)], scale: Scale) -> Vec<Vec<Dot>> {
    let mut runs = vec![Vec::new()];
    for &(x, y) in points {
        match (usable(x), usable(y)) {
            (Some(x), Some(y)) if scale == Scale::Linear || y > 0.0 => {
                if let Some(run) = runs.last_mut() {
                    run.push((x, y));
                }
            }
            _ if runs.last().is_some_and(|run| !run.is_empty()) => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// The markers of stretches: single points would not show as lines.
fn marker_of(style: &Style, runs: &[Vec<Dot>]) -> Option<Marker> {
    let single = !runs.is_empty() && runs.iter().all(|run| run.len() == 1);
    style.marker.or(single.then_some(Marker::Circle))
}

/// The line's name, and what its curve could not tell.
fn legend_text(line: &Line, runs: &[Vec<Dot>]) -> String {
    let mut values = runs.iter().flatten().map(|p| p.1);
    match values.next() {
        None => format!("{} (no data)", line.label),
        Some(first) if line.points.len() > 1 && values.all(|v| v == first) => {
            format!("{} (always {})", line.label, short(first))
        }
        Some(_) => line.label.clone(),
    }
}

/// Draws one stretch, cut at the edges of the frame; `spent` is the x up to which markers stand.
fn draw_run(scene: &mut Scene, frame: &Frame, style: &Style, run: &[Dot], spent: &mut f64) {
    let color = style.shown_color();
    let dots: Vec<Dot> = run.iter().map(|&(x, y)| frame.at(x, y)).collect();
    let dash = (style.dash == Dash::Dashed).then_some(Style::DASH);
    for path in clip(&thin(&dots), frame) {
        scene.shapes.push(Shape::Stroke { path, width: style.width, dash, color });
    }

    let radius = style.width * Style::MARKER;
    for &dot in &dots {
        let inside = dot.0 >= frame.left
            && dot.0 <= frame.right
            && dot.1 >= frame.top
            && dot.1 <= frame.bottom;
        if let (Some(marker), true) =
            (style.marker, inside && (dot.0 - *spent).abs() >= radius * 2.6)
        {
            let outline = marker.outline(dot, radius);
            scene.shapes.push(Shape::Polygon { outline, color, alpha: 1.0 });
            *spent = dot.0;
        }
    }
}

/// At most four points a pixel column: the first, lowest, highest and last look like all of them
/// (Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", 2014).
fn thin(dots: &[Dot]) -> Vec<Dot> {
    dots.chunk_by(|a, b| a.0.floor() == b.0.floor())
        .flat_map(|column| {
            let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
            let lowest = (0..column.len()).min_by(by_height).unwrap_or(0);
            let highest = (0..column.len()).max_by(by_height).unwrap_or(0);
            let mut kept = [0, lowest, highest, column.len() - 1];
            kept.sort_unstable();
            let mut kept: Vec<usize> = kept.to_vec();
            kept.dedup();
            kept.into_iter().map(|i| column[i]).collect::<Vec<_>>()
        })
        .collect()
}

/// The parts of a path inside the frame.
fn clip(path: &[Dot], frame: &Frame) -> Vec<Vec<Dot>> {
    let mut parts: Vec<Vec<Dot>> = Vec::new();
    for pair in path.windows(2) {
        let Some((from, to)) = clip_segment(pair[0], pair[1], frame) else {
            continue;
        };
        match parts.last_mut() {
            Some(part) if part.last() == Some(&from) => part.push(to),
            _ => parts.push(vec![from, to]),
        }
    }
    parts
}

/// Liang and Barsky's clipping of a segment to a rectangle (1984).
fn clip_segment(from: Dot, to: Dot, frame: &Frame) -> Option<(Dot, Dot)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (direction, room) in [
        (-dx, from.0 - frame.left),
        (dx, frame.right - from.0),
        (-dy, from.1 - frame.top),
        (dy, frame.bottom - from.1),
    ] {
        if direction == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if direction < 0.0 {
            enter = enter.max(room / direction);
        } else {
            leave = leave.min(room / direction);
        }
    }
    if enter > leave {
        return None;
    }
    // The ends themselves are kept exactly, so that neighbouring segments join.
    let at = |t: f64| match t {
        0.0 => from,
        1.0 => to,
        t => (from.0 + dx * t, from.1 + dy * t),
    };
    Some((at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_where_values_cannot_be_drawn() {
        let points = [
            (0.0, 1.0),
            (1.0, f64::NAN),
            (2.0, 2.0),
            (3.0, -1.0),
            (4.0, f64::INFINITY),
            (5.0, 1e300),
        ];
        assert_eq!(
            runs_of(&points, Scale::Linear),
            [vec![(0.0, 1.0)], vec![(2.0, 2.0), (3.0, -1.0)]]
        );
        assert_eq!(runs_of(&points, Scale::Log), [vec![(0.0, 1.0)], vec![(2.0, 2.0)]]);
        assert!(runs_of(&points[1..2], Scale::Linear).is_empty());
    }

    #[test]
    fn ranges_surround_their_values() {
        assert_eq!(range_of([0.0, 10.0].into_iter(), 0.1), (-1.0, 11.0));
        assert_eq!(range_of([4.0, 4.0].into_iter(), 0.1), (2.0, 6.0));
        assert_eq!(range_of([0.0].into_iter(), 0.1), (-1.0, 1.0));
        assert_eq!(range_of(std::iter::empty(), 0.1), (0.0, 1.0));
    }

    #[test]
    fn thinning_keeps_the_extremes_of_every_column() {
        let dots: Vec<Dot> =
            (0..1000).map(|i| (f64::from(i) / 100.0, f64::from(i * 7919 % 1000))).collect();
        let thinned = thin(&dots);
        assert!(thinned.len() <= 40);
        let low = |dots: &[Dot]| dots.iter().map(|d| d.1).fold(f64::INFINITY, f64::min);
        assert_eq!(low(&thinned[..4]), low(&dots[..100]));
        assert_eq!((thinned[0], thinned.last()), (dots[0], dots.last()));
    }

    #[test]
    fn the_legend_says_what_a_curve_cannot() {
        let line = |points: Vec<(f64, f64)>| Line { label: "kl".into(), points, ..Line::default() };
        let text = |line: Line| legend_text(&line, &runs_of(&line.points, Scale::Linear));
        assert_eq!(text(line(vec![(0.0, f64::NAN)])), "kl (no data)");
        assert_eq!(text(line(vec![(0.0, 3.25), (1.0, 3.25)])), "kl (always 3.25)");
        assert_eq!(text(line(vec![(0.0, 3.25), (1.0, 4.0)])), "kl");
    }
}
