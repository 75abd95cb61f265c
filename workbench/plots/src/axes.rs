use crate::font::Font;
use crate::legend::{Legend, Swatch};
use crate::scene::{Anchor, Dot, Scene, Shape};
use crate::ticks::{Scale, Tick, Ticks, ticks};
use crate::{Color, Error};

/// Width of every chart in pixels. 8 cm of it are a paper's column, so that an em of 30 is 6.8 pt.
pub(crate) const WIDTH: f64 = 1000.0;
pub(crate) const MARGIN: f64 = 22.0;
pub(crate) const TITLE_EM: f64 = 36.0;
pub(crate) const LABEL_EM: f64 = 33.0;
pub(crate) const TICK_EM: f64 = 30.0;
const AXIS: f64 = 2.0;
const TICK: f64 = 9.0;
/// From an axis to its tick labels.
const TICK_GAP: f64 = 16.0;
/// The x labels start this far below the axis, clear of the lowest y label beside it.
const X_TICK_GAP: f64 = 20.0;

/// What surrounds the data of a chart: title, axes, grid, legend, marks.
pub(crate) struct Axes<'a> {
    pub(crate) title: &'a str,
    /// A sentence under the title about what the reader could not see.
    pub(crate) note: String,
    /// A word in the middle of the data area, for a chart without data.
    pub(crate) empty: &'a str,
    pub(crate) x_label: &'a str,
    pub(crate) y_label: &'a str,
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    pub(crate) y_scale: Scale,
    /// Words at x = 0, 1, 2, … instead of numbers.
    pub(crate) words: Option<Vec<&'a str>>,
    /// Vertical lines with words above.
    pub(crate) marks: &'a [(f64, String)],
    pub(crate) legend: Vec<(Swatch, String)>,
    /// Whether the legend may stand beside the data.
    pub(crate) legend_beside: bool,
    pub(crate) data_height: f64,
    /// One unit of x is as long as one of y: the shorter range is widened.
    pub(crate) equal: bool,
}

/// Where the data go.
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
    x: (f64, f64),
    y: (f64, f64),
    y_scale: Scale,
}

impl Frame {
    /// The place of a point; outside the data area for points outside the ranges.
    pub(crate) fn at(&self, x: f64, y: f64) -> Dot {
        let share = |v: f64, (low, high): (f64, f64)| (v - low) / (high - low);
        let vertical = match self.y_scale {
            Scale::Linear => share(y, self.y),
            Scale::Log => share(y.log10(), (self.y.0.log10(), self.y.1.log10())),
        };
        (
            self.left + share(x, self.x) * (self.right - self.left),
            self.bottom - vertical * (self.bottom - self.top),
        )
    }
}

impl Axes<'_> {
    /// Draws all that surrounds the data, sets the scene's height, and says where the data go.
    pub(crate) fn draw(mut self, scene: &mut Scene) -> Result<Frame, Error> {
        let fonts = [Font::of(TITLE_EM)?, Font::of(LABEL_EM)?, Font::of(TICK_EM)?];
        let [title_font, label_font, tick_font] = fonts;
        let full = WIDTH - 2.0 * MARGIN;

        // Above the data.
        let mut top = MARGIN;
        for line in title_font.wrap(self.title, full, 2) {
            scene.text(
                &line,
                TITLE_EM,
                (WIDTH / 2.0, top),
                (Anchor::Middle, Anchor::Start),
                false,
            )?;
            top += title_font.height().ceil();
        }
        let note = tick_font.shorten(&self.note, full);
        scene.text(
            &note,
            TICK_EM,
            (WIDTH / 2.0, top + 4.0),
            (Anchor::Middle, Anchor::Start),
            false,
        )?;
        top += if note.is_empty() { 24.0 } else { tick_font.height() + 28.0 };

        // Beside the data.
        let beside = if self.legend_beside && !self.legend.is_empty() {
            Legend::beside(&self.legend, WIDTH * 0.3, self.data_height * 0.95)?
        } else {
            None
        };
        let right_limit = match &beside {
            Some(legend) => WIDTH - MARGIN - legend.width() - 26.0,
            None => WIDTH - MARGIN,
        };
        if self.equal {
            // About as much is left of the data as their labels take; the height follows below.
            let width = right_limit - 150.0;
            (self.x, self.y) = equal_units(self.x, self.y, width / self.data_height);
        }
        let y_ticks = ticks(self.y.0, self.y.1, self.y_scale, (self.data_height / 64.0) as usize);
        let y_lines =
            label_font.wrap(&with_note(self.y_label, &y_ticks.note), self.data_height * 0.95, 2);
        let widest = y_ticks.ticks.iter().map(|t| tick_font.width(&t.label)).fold(0.0, f64::max);
        let y_label = if y_lines.is_empty() {
            0.0
        } else {
            y_lines.len() as f64 * label_font.height().ceil() + 12.0
        };
        let left = (MARGIN + y_label + widest + TICK_GAP).round();
        let mut right = right_limit.round();

        let (x_ticks, x_upright) = match &self.words {
            Some(words) => word_ticks(words, self.x, right - left, &tick_font),
            None => {
                let (ticks, overhang) =
                    number_ticks(self.x, left, right, right_limit + MARGIN - 10.0, &tick_font);
                right -= overhang;
                (ticks, false)
            }
        };
        if self.equal {
            self.data_height = (right - left) * (self.y.1 - self.y.0) / (self.x.1 - self.x.0);
        }
        let height = self.data_height.round();

        let marks = self.place_marks(left, right, &tick_font);
        top +=
            marks.iter().map(|m| m.row + 1).max().unwrap_or(0) as f64 * tick_font.height().ceil();
        let top = top.round();
        let frame = Frame {
            left,
            top,
            right,
            bottom: top + height,
            x: self.x,
            y: self.y,
            y_scale: self.y_scale,
        };
        draw_grid(scene, &frame, &x_ticks, &y_ticks, self.words.is_none());

        for mark in &marks {
            let x = frame.at(mark.x, self.y.0).0.round();
            let path = vec![(x, frame.top), (x, frame.bottom)];
            scene.shapes.push(Shape::Stroke {
                path,
                width: AXIS,
                dash: Some((10.0, 8.0)),
                color: Color::GREY,
            });
            let y = frame.top - 4.0 - mark.row as f64 * tick_font.height().ceil();
            scene.text(&mark.text, TICK_EM, (mark.left, y), (Anchor::Start, Anchor::End), false)?;
        }
        for tick in &y_ticks.ticks {
            let at = (frame.left - TICK_GAP, frame.at(self.x.0, tick.value).1);
            scene.text(&tick.label, TICK_EM, at, (Anchor::End, Anchor::Middle), false)?;
        }
        let mut below = frame.bottom + X_TICK_GAP;
        let mut deepest: f64 = 0.0;
        for tick in &x_ticks.ticks {
            let at = (frame.at(tick.value, 1.0).0, below);
            scene.text(&tick.label, TICK_EM, at, (Anchor::Middle, Anchor::Start), x_upright)?;
            deepest = deepest.max(if x_upright {
                tick_font.width(&tick.label)
            } else {
                tick_font.height()
            });
        }
        below += deepest + 4.0;
        let middle = (frame.left + frame.right) / 2.0;
        let room = 2.0 * (middle - MARGIN).min(WIDTH - MARGIN - middle);
        for line in label_font.wrap(&with_note(self.x_label, &x_ticks.note), room, 2) {
            scene.text(&line, LABEL_EM, (middle, below), (Anchor::Middle, Anchor::Start), false)?;
            below += label_font.height().ceil();
        }
        for (i, line) in y_lines.iter().enumerate() {
            let at =
                (MARGIN + i as f64 * label_font.height().ceil(), (frame.top + frame.bottom) / 2.0);
            scene.text(line, LABEL_EM, at, (Anchor::Start, Anchor::Middle), true)?;
        }
        let empty = tick_font.shorten(self.empty, frame.right - frame.left - 20.0);
        let centre = (middle, (frame.top + frame.bottom) / 2.0);
        scene.text(&empty, TICK_EM, centre, (Anchor::Middle, Anchor::Middle), false)?;

        match beside {
            Some(legend) => legend.draw(scene, (right_limit + 26.0, frame.top), true)?,
            None if self.legend.is_empty() => {}
            None => {
                let legend = Legend::below(&self.legend, full)?;
                below += 14.0;
                let x = ((frame.left + frame.right - legend.width()) / 2.0)
                    .min(WIDTH - MARGIN - legend.width())
                    .max(MARGIN);
                legend.draw(scene, (x, below), false)?;
                below += legend.height();
            }
        }
        scene.height = (below + MARGIN).ceil() as usize;
        Ok(frame)
    }

    /// Labels of marks in up to three rows above the data; what finds no room has a line only.
    fn place_marks(&self, left: f64, right: f64, font: &Font) -> Vec<Mark> {
        let mut marks: Vec<&(f64, String)> =
            self.marks.iter().filter(|(x, _)| *x >= self.x.0 && *x <= self.x.1).collect();
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ends = [f64::NEG_INFINITY; 3];
        marks
            .into_iter()
            .map(|(x, text)| {
                let text = font.shorten(text, (right - left) * 0.4);
                let width = font.width(&text);
                let at = left + (x - self.x.0) / (self.x.1 - self.x.0) * (right - left);
                let start = (at - width / 2.0).clamp(left, (right - width).max(left)).round();
                match ends.iter().position(|&end| end + 16.0 <= start) {
                    Some(row) => {
                        ends[row] = start + width;
                        Mark { x: *x, left: start, row, text }
                    }
                    None => Mark { x: *x, left: start, row: 0, text: String::new() },
                }
            })
            .collect()
    }
}

struct Mark {
    x: f64,
    left: f64,
    row: usize,
    text: String,
}

fn with_note(label: &str, note: &str) -> String {
    match (label.is_empty(), note.is_empty()) {
        (_, true) => label.to_string(),
        (true, false) => note.to_string(),
        (false, false) => format!("{label} ({note})"),
    }
}

/// Widens one of the ranges, about its middle, so that their lengths are as `aspect` (x : y).
fn equal_units(x: (f64, f64), y: (f64, f64), aspect: f64) -> ((f64, f64), (f64, f64)) {
    let widen = |(low, high): (f64, f64), length: f64| {
        let middle = low / 2.0 + high / 2.0;
        (middle - length / 2.0, middle + length / 2.0)
    };
    let (wide, high) = (x.1 - x.0, y.1 - y.0);
    if wide < high * aspect { (widen(x, high * aspect), y) } else { (x, widen(y, wide / aspect)) }
}

/// As many numbers as stand apart, and how far the data area must end earlier for the last to fit.
fn number_ticks(range: (f64, f64), left: f64, right: f64, limit: f64, font: &Font) -> (Ticks, f64) {
    for at_most in (2..=8).rev() {
        let candidate = ticks(range.0, range.1, Scale::Linear, at_most);
        let (Some(first), Some(last)) = (candidate.ticks.first(), candidate.ticks.last()) else {
            continue;
        };
        let half = |tick: &Tick| font.width(&tick.label) / 2.0;
        let share = |tick: &Tick| (tick.value - range.0) / (range.1 - range.0);
        let overhang = match share(last) {
            last_share if last_share > 0.0 => {
                (right - left - (limit - half(last) - left) / last_share).max(0.0).ceil()
            }
            _ => 0.0,
        };
        let place = |tick: &Tick| left + share(tick) * (right - overhang - left);
        let apart = candidate.ticks.windows(2).all(|pair| {
            place(&pair[1]) - place(&pair[0]) >= half(&pair[0]) + half(&pair[1]) + 22.0
        });
        if apart && place(first) - half(first) >= 4.0 && overhang < (right - left) / 4.0 {
            return (candidate, overhang);
        }
    }
    (Ticks::default(), 0.0)
}

/// Labels of categories, thinned, shortened or turned upright so that they stand apart.
fn word_ticks(words: &[&str], range: (f64, f64), width: f64, font: &Font) -> (Ticks, bool) {
    let slot = width / (range.1 - range.0);
    let widest = words.iter().map(|w| font.width(&font.drawable(w))).fold(0.0, f64::max);
    let numbers = words.iter().all(|w| w.parse::<f64>().is_ok());
    let upright = !numbers && widest + 10.0 > slot && words.len() > 1;
    let needed = if upright { font.height() + 4.0 } else { widest.min(width * 0.5) + 10.0 };
    let every = (0..9)
        .flat_map(|power| [1, 2, 5].map(|mantissa| mantissa * 10usize.pow(power)))
        .find(|&every| every as f64 * slot >= needed)
        .unwrap_or(words.len().max(1));
    let room = if upright { 280.0 } else { (every as f64 * slot - 10.0).max(0.0) };
    // Of 1, 2, 3, … every fifth is 5, 10, …, not 1, 6, ….
    let first = words.first().and_then(|w| w.parse::<usize>().ok()).unwrap_or(0);
    let skip = if every > 1 { (every - first % every) % every } else { 0 };
    let ticks = words
        .iter()
        .enumerate()
        .skip(skip)
        .step_by(every)
        .map(|(i, word)| Tick { value: i as f64, label: font.shorten(word, room) })
        .collect();
    (Ticks { ticks, note: String::new() }, upright)
}

fn draw_grid(scene: &mut Scene, frame: &Frame, x_ticks: &Ticks, y_ticks: &Ticks, x_grid: bool) {
    for tick in &x_ticks.ticks {
        let x = frame.at(tick.value, 1.0).0.round();
        if x_grid {
            scene.line((x, frame.top), (x, frame.bottom), AXIS, Color::GRID);
        }
        scene.line((x, frame.bottom), (x, frame.bottom + TICK), AXIS, Color::INK);
    }
    for tick in &y_ticks.ticks {
        let y = frame.at(frame.x.0, tick.value).1.round();
        scene.line((frame.left, y), (frame.right, y), AXIS, Color::GRID);
        scene.line((frame.left - TICK, y), (frame.left, y), AXIS, Color::INK);
    }
    scene.line((frame.left, frame.top), (frame.left, frame.bottom), AXIS, Color::INK);
    scene.line((frame.left, frame.bottom), (frame.right, frame.bottom), AXIS, Color::INK);
}
