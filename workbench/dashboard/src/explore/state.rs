//! What is known of the model, where the sliders are, and how it is looked at.

use std::collections::VecDeque;

use super::decoder::{Code, DrawFrom, Item, Moments, Origin, Pixels, Space, Work};
use super::keys::View;
use super::space::{Basis, Known};
use super::work::Job;
use crate::draw::picture::Picture;
use crate::keys::Key;
use crate::latent::ColorBy;
use crate::theme::Styles;

/// How many pictures a strip may have.
pub(crate) const STEPS: std::ops::RangeInclusive<usize> = 3..=16;

/// A code and where it began.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Start {
    pub origin: Origin,
    pub code: Code,
}

/// A test image as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    pub item: usize,
    pub label: Option<usize>,
    pub input: Picture,
    pub reconstruction: Picture,
}

/// What was last asked of the decoder, and which answer came.
#[derive(Debug, Clone)]
pub(crate) struct Asked<T> {
    of: Option<T>,
    version: u64,
    answered: u64,
}

impl<T> Default for Asked<T> {
    fn default() -> Asked<T> {
        Asked { of: None, version: 0, answered: 0 }
    }
}

/// A line for the person, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub text: String,
    pub is_bad: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct State {
    /// Columns and rows of the screen.
    pub size: (u16, u16),
    pub styles: Styles,
    pub name: String,
    pub known: Known,
    pub code: Code,
    pub start: Start,
    pub marks: [Option<Start>; 2],
    pub item: Option<Shown>,
    pub picture: Option<Picture>,
    pub strip: Vec<Picture>,
    /// Why there is no picture, or no newer model.
    pub trouble: Option<String>,
    pictures: Asked<Code>,
    strips: Asked<Vec<Code>>,
    /// Keys that were pressed while a start was on its way: what they do depends on it.
    pub held: VecDeque<Key>,
    pub ui: Ui,
}

/// How the person looks at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ui {
    pub view: View,
    pub basis: Basis,
    /// The row that is chosen, and the one that the list begins with.
    pub chosen: usize,
    pub top: usize,
    /// Of each basis.
    pub locks: [Vec<bool>; 3],
    /// Pictures in the strip, and which of them the code is.
    pub steps: usize,
    pub place: Option<usize>,
    /// The cursor of the map.
    pub point: usize,
    /// What colours the map; `None` for the classes.
    pub color: Option<ColorBy>,
    /// From what random codes are drawn.
    pub from: DrawFrom,
    /// How many codes were asked for so far, and how many of them came.
    pub draws: u64,
    pub drawn: u64,
    /// The test image that was asked for last, and whether it is still to come.
    pub item: Option<usize>,
    pub is_coming: bool,
    /// How images are shown that are more than pictures; `None` as figures show them.
    pub moment: Option<usize>,
    /// Whether one moment follows the other by itself.
    pub is_playing: bool,
    pub mouse: bool,
    /// The row that the mouse holds.
    pub dragging: Option<usize>,
    pub help: bool,
    pub notice: Option<Notice>,
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Class,
    /// An attribute that the model is told.
    Told(usize),
    Coordinate(usize),
}

impl State {
    pub fn new(name: String, styles: Styles, space: Space, mouse: bool) -> State {
        let known = Known::of(space);
        let (dims, classes) = (known.dims(), known.space.classes.len());
        let class = (known.space.is_conditional && classes > 0).then_some(0);
        let told = vec![None; known.space.told.len()];
        let locks = Basis::ALL.map(|basis| vec![false; known.count(basis)]);
        let chosen = usize::from(class.is_some()) + told.len();
        let code = Code { z: vec![0.0; dims], class, told };
        State {
            size: (80, 24),
            styles,
            name: crate::format::plain(&name),
            known,
            start: Start { origin: Origin::Zero, code: code.clone() },
            code,
            marks: [None, None],
            item: None,
            picture: None,
            strip: Vec::new(),
            trouble: None,
            pictures: Asked::default(),
            strips: Asked::default(),
            held: VecDeque::new(),
            ui: Ui {
                view: View::Palette,
                basis: Basis::Dimensions,
                chosen: if dims > 0 { chosen } else { 0 },
                top: 0,
                locks,
                steps: 7,
                place: None,
                point: 0,
                color: None,
                from: DrawFrom::Fitted,
                draws: 0,
                drawn: 0,
                item: None,
                is_coming: false,
                moment: None,
                is_playing: false,
                mouse,
                dragging: None,
                help: false,
                notice: None,
            },
        }
    }

    /// A newer model: the sliders stay where they are.
    pub fn take_up(&mut self, space: Space) {
        if space.dims != self.known.dims() {
            self.trouble = Some("the newer checkpoint has another latent space".to_owned());
            return;
        }
        self.known = Known::of(space);
        self.trouble = None;
        self.pictures.of = None;
        self.strips.of = None;
        for basis in Basis::ALL {
            self.ui.locks[basis as usize].resize(self.known.count(basis), false);
        }
        if self.known.count(self.ui.basis) == 0 {
            self.ui.basis = Basis::Dimensions;
        }
        let told = self.known.space.told.len();
        self.code.told.resize(told, None);
        self.start.code.told.resize(told, None);
        self.ui.point = self.ui.point.min(self.points().saturating_sub(1));
    }

    /// Shows images some moments later or earlier, in a ring, and tells what that takes.
    pub fn show(&mut self, by: isize) -> Vec<Job> {
        let moments = self.known.space.moments.count() as isize;
        if moments == 0 {
            return Vec::new();
        }
        // Volumes begin at the side that figures show; of clips, figures show all frames at once.
        let first = match (self.ui.moment, self.known.space.moments) {
            (Some(moment), _) => moment as isize + by,
            (None, Moments::Sides(_)) => by,
            (None, _) => {
                if by > 0 {
                    0
                } else {
                    -1
                }
            }
        };
        self.ui.moment = Some(first.rem_euclid(moments) as usize);
        self.pictures.of = None;
        self.strips.of = None;
        let item = self.ui.item.map(|item| Job::Item { item, begin: false });
        std::iter::once(Job::Show(self.ui.moment)).chain(item).collect()
    }

    /// The rows of the list.
    pub fn rows(&self) -> Vec<Row> {
        let class = self.code.class.map(|_| Row::Class);
        let told = (0..self.code.told.len()).map(Row::Told);
        let coordinates = self.known.order(self.ui.basis).into_iter().map(Row::Coordinate);
        class.into_iter().chain(told).chain(coordinates).collect()
    }

    pub fn chosen_row(&self) -> Option<Row> {
        self.rows().get(self.ui.chosen).copied()
    }

    pub fn value(&self, coordinate: usize) -> f32 {
        self.known.value(self.ui.basis, coordinate, &self.code.z)
    }

    /// Where a slider was at the start.
    pub fn start_value(&self, coordinate: usize) -> f32 {
        self.known.value(self.ui.basis, coordinate, &self.start.code.z)
    }

    pub fn put(&mut self, coordinate: usize, value: f32) {
        self.known.put(self.ui.basis, coordinate, value, &mut self.code.z);
        self.ui.place = None;
    }

    pub fn is_locked(&self, coordinate: usize) -> bool {
        self.ui.locks[self.ui.basis as usize][coordinate]
    }

    /// How many points the map has.
    pub fn points(&self) -> usize {
        self.known.points(self.ui.basis).len()
    }

    /// What the map's cursor is on.
    pub fn point(&self) -> Option<Start> {
        let z = self.known.point(self.ui.point)?.to_vec();
        let class = self.code.class.map(|class| self.known.label(self.ui.point).unwrap_or(class));
        let step = self.known.latent.as_ref()?.snapshot.step;
        let origin = Origin::Point { step, point: self.ui.point };
        Some(Start { origin, code: Code { z, class, told: self.known.told(self.ui.point) } })
    }

    /// What is looked at: the sliders' code, or the point under the map's cursor.
    pub fn current(&self) -> Start {
        let on_map = (self.ui.view == View::Map).then(|| self.point()).flatten();
        on_map.unwrap_or_else(|| Start { origin: self.start.origin, code: self.code.clone() })
    }

    /// The codes from A to B. A class cannot be half of two: it changes in the middle, and so does an attribute that is
    /// no number.
    pub fn way(&self) -> Vec<Code> {
        let [Some(a), Some(b)] = &self.marks else { return Vec::new() };
        let last = (self.ui.steps - 1) as f32;
        let at = |step: usize| {
            let t = step as f32 / last;
            let z = a.code.z.iter().zip(&b.code.z).map(|(a, b)| a + t * (b - a));
            let nearer = if t > 0.5 { &b.code } else { &a.code };
            let told = self.known.space.told.iter().enumerate().map(|(i, attribute)| {
                match (a.code.told.get(i)?, b.code.told.get(i)?) {
                    (Some(a), Some(b)) if attribute.is_real() => Some(a + t * (b - a)),
                    _ => *nearer.told.get(i)?,
                }
            });
            Code { z: z.collect(), class: nearer.class, told: told.collect() }
        };
        (0..self.ui.steps).map(at).collect()
    }

    /// What is to be saved now.
    pub fn work(&self) -> Work {
        let Start { origin, code } = self.current();
        Work { step: self.known.space.step, code, origin, strip: self.way() }
    }

    /// What has to be decoded for the screen to tell the truth.
    pub fn settle(&mut self) -> Vec<Job> {
        let mut jobs = Vec::new();
        let code = self.current().code;
        if self.pictures.of.as_ref() != Some(&code) {
            self.pictures.version += 1;
            self.pictures.of = Some(code.clone());
            jobs.push(Job::Picture { version: self.pictures.version, code });
        }
        let codes = self.way();
        if self.strips.of.as_ref() != Some(&codes) {
            self.strips.of = Some(codes.clone());
            self.strips.version += 1;
            if codes.is_empty() {
                self.strip.clear();
                self.strips.answered = self.strips.version;
            } else {
                jobs.push(Job::Strip { version: self.strips.version, codes });
            }
        }
        jobs
    }

    /// Whether a code is on its way that sliders are to begin from.
    pub fn is_beginning(&self) -> bool {
        self.ui.is_coming || self.ui.drawn < self.ui.draws
    }

    /// Whether a picture is on its way that the screen is to show.
    pub fn is_waiting(&self) -> bool {
        self.is_beginning()
            || self.pictures.answered < self.pictures.version
            || self.strips.answered < self.strips.version
    }

    pub fn answer_picture(&mut self, version: u64, picture: Result<Pixels, String>) {
        if version < self.pictures.answered {
            return;
        }
        self.pictures.answered = version;
        match picture {
            Ok(picture) => {
                self.picture = Some(picture.into());
                self.trouble = None;
            }
            Err(why) => {
                self.picture = None;
                self.trouble = Some(why);
            }
        }
    }

    pub fn answer_strip(&mut self, version: u64, pictures: Result<Vec<Pixels>, String>) {
        if version < self.strips.answered {
            return;
        }
        self.strips.answered = version;
        match pictures {
            // One of marks that are gone by now.
            Ok(_) if self.marks.iter().any(Option::is_none) => {}
            Ok(pictures) => self.strip = pictures.into_iter().map(Picture::from).collect(),
            Err(why) => self.trouble = Some(why),
        }
    }

    /// Shows an item, and begins from it where that was wished.
    pub fn answer_item(&mut self, item: usize, begin: bool, read: Item) {
        let Item { input, reconstruction, z, label, mut told } = read;
        if z.len() != self.known.dims() {
            self.trouble = Some("the model gives a code of another length".to_owned());
            return;
        }
        let (input, reconstruction) = (input.into(), reconstruction.into());
        self.item = Some(Shown { item, label, input, reconstruction });
        let class = self.code.class.map(|class| label.unwrap_or(class));
        told.resize(self.known.space.told.len(), None);
        let start = Start { origin: Origin::Test(item), code: Code { z, class, told } };
        if begin {
            self.begin(start);
        } else if self.start.origin == start.origin {
            // What the newer model makes of it is what resetting leads to.
            self.start = start;
        }
    }

    pub fn begin(&mut self, start: Start) {
        self.code = start.code.clone();
        self.start = start;
        self.ui.place = None;
    }

    /// Tells the model the next value of an attribute, or the one before it; a number moves by a share of its range.
    pub fn tell(&mut self, told: usize, towards: f32, share: f32) {
        let Some(attribute) = self.known.space.told.get(told) else { return };
        let [least, greatest] = attribute.span().unwrap_or([-1.0, 1.0]).map(|end| end as f32);
        let now = self.code.told[told];
        self.code.told[told] = match (attribute.is_real(), now) {
            (true, None) => Some((least + greatest) / 2.0),
            (true, Some(now)) => {
                Some((now + towards * share * (greatest - least)).clamp(least, greatest))
            }
            // In a ring: after the last value comes that it is not known.
            (false, now) => {
                let values = attribute.values.len() as i64;
                let at = now.map_or(values, |now| now as i64);
                let next = (at + towards as i64).rem_euclid(values + 1);
                (next < values).then_some(next as f32)
            }
        };
        self.ui.place = None;
    }

    /// The name of a class.
    pub fn class_name(&self, class: usize) -> String {
        let name = self.known.space.classes.get(class);
        name.map_or_else(|| class.to_string(), |name| crate::format::plain(name))
    }
}
