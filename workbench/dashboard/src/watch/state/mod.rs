//! What is known of the run, folded from messages, and how it is looked at. No I/O; no clock but `now`.

pub(crate) mod asked;
pub(crate) mod curve;
pub(crate) mod panels;
mod point;
pub(crate) mod rivals;
pub(crate) mod run_list;
pub(crate) mod traces;
mod usage;
pub(crate) mod zoom;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use workbench_runs::{
    ABOVE_FLOOR, Event, History, Liveness, Request, State as RunState, Status, Value,
    add_above_floor,
};

use crate::draw::axis::{self, Range};
use crate::draw::picture::Picture;
use crate::home::RunEntry;
use crate::latent::{ColorBy, Latent, Usage};
use crate::theme::Styles;
use crate::watch::keys::View;
use crate::watch::look::Look;
use crate::watch::message::{Effect, Read};
use asked::Asked;
use panels::{Filter, Panel, Split};
use rivals::Rival;
use traces::Splits;

/// As many points of a series as are kept: more than any screen has columns of dots.
const POINTS: usize = 4096;
/// As many latent snapshots as are kept for scrubbing.
const LATENTS: usize = 8;
/// As many tags of pictures as are shown.
const PICTURES: usize = 6;
/// As many charts as any screen has room for.
const CHARTS: usize = 64;

/// Everything that a screen is drawn from.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub now: Instant,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub styles: Styles,
    pub name: String,
    pub path: PathBuf,
    pub come_back: String,
    pub history: History,
    /// The step that the newest trainer went on from.
    session: u64,
    /// How much of the history is read, in percent, while it is being read.
    pub loading: Option<u8>,
    pub damaged: usize,
    pub trouble: Option<String>,
    /// What the trainer last told; `None` in a foreign log.
    pub status: Option<Status>,
    liveness: Liveness,
    pub lost: bool,
    pub tail: Vec<String>,
    pub experiment: Option<String>,
    pub settings: BTreeMap<String, String>,
    /// Other runs that are drawn over this one.
    pub rivals: Vec<Rival>,
    /// The runs of the folder that this one is in; `None` before they are known.
    pub runs: Option<Vec<Arc<RunEntry>>>,
    /// The steps of the latent snapshots.
    pub snapshots: Vec<u64>,
    latents: Vec<Latent>,
    pub latent_trouble: Option<String>,
    loading_latent: Option<u64>,
    /// What the snapshots tell of each dimension, by step.
    pub usage: BTreeMap<u64, Usage>,
    /// Of which steps that was asked.
    usage_asked: BTreeSet<u64>,
    /// The pictures chosen, by tag, with their steps.
    pub pictures: BTreeMap<String, (u64, Result<Picture, String>)>,
    pub panels: Vec<Panel>,
    /// The y axes held, by panel.
    axes: BTreeMap<String, Axis>,
    pub asked: Vec<Asked>,
    /// The image of a point of the latent space, once it has come.
    pub look: Option<(usize, Result<Look, String>)>,
    /// The point whose image was asked for last, and the step of the run's newest snapshot then.
    look_asked: Option<(usize, Option<u64>)>,
    pub ui: Ui,
}

/// A y axis that is held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Axis {
    /// Of the values, or of their logarithms to base 10.
    pub range: Range,
    /// The greatest value, where it is above the range.
    pub above: Option<f64>,
    /// The least value, where it is below the range.
    pub below: Option<f64>,
}

/// How the person looks at it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ui {
    pub view: View,
    pub help: bool,
    pub input: Option<Input>,
    pub filter: Filter,
    /// Stop was pressed once.
    pub stop_pressed: bool,
    pub notice: Option<String>,
    /// The panel shown large; `None` is the first.
    pub main: Option<String>,
    /// 0 is the overview, the rest are pages of the grid.
    pub page: usize,
    /// The weight of the moving average; 0 is none.
    pub smoothing: f64,
    pub log_scale: bool,
    /// Which splits are drawn, where that was chosen.
    pub splits: Option<Splits>,
    /// Losses are drawn above the floor that no model can reach.
    pub above_floor: bool,
    /// The part of the steps that is shown; `None` is all, and follows the run.
    pub zoom: Option<zoom::Window>,
    /// The step whose values are read off.
    pub cursor: Option<u64>,
    /// The filter of the runs.
    pub run_filter: String,
    /// The run that is chosen in their list; `None` is the first.
    pub run: Option<PathBuf>,
    /// Which tag of pictures comes first.
    pub picture: usize,
    /// The step of the pictures; `None` follows the newest.
    pub picture_step: Option<u64>,
    /// Pictures are shown whole, however small that makes them.
    pub whole: bool,
    pub latent_step: Option<u64>,
    pub principal: bool,
    pub axes: (usize, usize),
    /// What colours the points; `None` for their classes.
    pub color: Option<ColorBy>,
    /// The point that is looked at.
    pub point: Option<usize>,
    /// The mouse is wanted.
    pub mouse: bool,
    /// Lines scrolled in the log (from its end), the layers and the experiment.
    pub scroll: [usize; 3],
}

/// A line being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    Command(String),
    Filter(String),
    RunFilter(String),
}

impl State {
    /// Nothing known yet of the run called `name`.
    pub fn new(path: PathBuf, styles: Styles, come_back: String, now: Instant) -> State {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        State {
            now,
            size: (80, 24),
            styles,
            name: crate::format::plain(&name),
            path,
            come_back,
            history: History::bounded(POINTS),
            session: 0,
            loading: Some(0),
            damaged: 0,
            trouble: None,
            status: None,
            liveness: Liveness::new(),
            lost: false,
            tail: Vec::new(),
            experiment: None,
            settings: BTreeMap::new(),
            rivals: Vec::new(),
            runs: None,
            snapshots: Vec::new(),
            latents: Vec::new(),
            latent_trouble: None,
            loading_latent: None,
            usage: BTreeMap::new(),
            usage_asked: BTreeSet::new(),
            pictures: BTreeMap::new(),
            panels: Vec::new(),
            axes: BTreeMap::new(),
            asked: Vec::new(),
            look: None,
            look_asked: None,
            ui: Ui {
                view: View::Loss,
                help: false,
                input: None,
                filter: Filter::default(),
                stop_pressed: false,
                notice: None,
                main: None,
                page: 0,
                // Enough to see through the noise of batches, and little enough not to lag behind the curve.
                smoothing: 0.6,
                log_scale: false,
                splits: None,
                above_floor: false,
                zoom: None,
                cursor: None,
                run_filter: String::new(),
                run: None,
                picture: 0,
                picture_step: None,
                whole: false,
                latent_step: None,
                principal: true,
                axes: (0, 1),
                color: None,
                point: None,
                mouse: false,
                scroll: [0; 3],
            },
        }
    }

    /// Takes in what the reader found.
    pub fn fold(&mut self, read: Read) {
        match read {
            Read::Events(events) => self.fold_events(events),
            Read::Loading(percent) => self.loading = percent,
            Read::Damaged(files) => self.damaged = files,
            Read::Status(status) => {
                self.liveness.observe(status.heartbeat, self.now);
                self.asked.retain(|asked| !asked.is_settled_by(status.state));
                self.status = Some(*status);
                self.tick(self.now);
            }
            Read::Tail(lines) => self.tail = lines,
            Read::Experiment(text) => self.experiment = Some(text),
            Read::Settings(settings) => self.settings = settings,
            Read::Runs(runs) => self.runs = Some(runs),
            Read::Rival(path, read) => self.fold_rival(&path, *read),
            Read::NotPinned(path, why) => {
                self.unpin(&path);
                self.ui.notice = Some(why);
            }
            Read::Snapshots(steps) => {
                self.usage.retain(|step, _| steps.contains(step));
                self.snapshots = steps;
            }
            Read::Snapshot(step, Ok(snapshot)) => {
                self.loading_latent = None;
                self.latent_trouble = None;
                if self.latents.len() >= LATENTS {
                    self.latents.remove(0);
                }
                self.latents.retain(|latent| latent.snapshot.step != step);
                self.latents.push(Latent::of(*snapshot));
            }
            Read::Usage(step, usage) => {
                self.usage.insert(step, usage);
            }
            Read::Snapshot(_, Err(why)) => self.latent_trouble = Some(why),
            Read::Waiting(waiting) => {
                let taken = self.asked.len().saturating_sub(waiting);
                for asked in &mut self.asked[..taken] {
                    asked.taken = true;
                }
                // A checkpoint leaves no mark on the curves: that it was taken is all there is to see.
                self.asked.retain(|asked| !(asked.taken && asked.request == Request::Save));
            }
            Read::NotPosted(request, why) => {
                self.asked.retain(|asked| asked.request != request);
                self.ui.notice = Some(why);
            }
            Read::Look(point, look) => self.look = Some((point, look)),
            Read::Saved(Ok(files)) => {
                // Files within the run are told by their places in it.
                let place = |file: &PathBuf| {
                    file.strip_prefix(&self.path).unwrap_or(file).display().to_string()
                };
                let files: Vec<String> = files.iter().map(place).collect();
                self.ui.notice = Some(format!("saved {}", files.join(" and ")));
            }
            Read::Saved(Err(why)) => self.ui.notice = Some(why),
            Read::Trouble(trouble) => self.trouble = trouble,
        }
    }

    fn fold_events(&mut self, events: Vec<Event>) {
        let tags = (self.history.scalars.len(), self.history.histograms.len());
        let mut restarted = false;
        for mut event in events {
            add_above_floor(&mut event);
            if event.session_start {
                restarted = true;
                self.session = event.step;
            }
            for (tag, value) in &event.values {
                if let Value::Text(text) = value
                    && tag == "control"
                    && self.loading.is_none()
                {
                    self.asked.retain(|asked| !asked.is_answered_by(text));
                }
            }
            self.history.fold(event);
        }
        if restarted || (self.history.scalars.len(), self.history.histograms.len()) != tags {
            self.sort_panels();
        }
    }

    fn sort_panels(&mut self) {
        let own = self.history.scalars.keys();
        let others = self.rivals.iter().flat_map(|rival| rival.history.scalars.keys());
        // What is above the floor takes the place of a curve, and has no chart of its own.
        let tags = own.chain(others).filter(|tag| !tag.ends_with(ABOVE_FLOOR));
        self.panels = panels::panels(tags);
        self.panels.extend(panels::of_histograms(self.history.histograms.keys()));
    }

    fn fold_rival(&mut self, path: &Path, read: Read) {
        let Some(rival) = self.rivals.iter_mut().find(|rival| rival.path == path) else { return };
        let may_change = matches!(read, Read::Events(_));
        let tags = rival.history.scalars.len();
        rival.fold(read, self.now);
        if may_change && rival.history.scalars.len() != tags {
            self.sort_panels();
        }
    }

    /// Takes note of the time. Tells whether anything that shows changed.
    pub fn tick(&mut self, now: Instant) -> bool {
        self.now = now;
        let lost =
            self.status.as_ref().is_some_and(|status| self.liveness.is_lost(status.state, now));
        let mut changed = lost != self.lost;
        self.lost = lost;
        for rival in &mut self.rivals {
            changed |= rival.tick(now);
        }
        changed
    }

    /// Derives what the next frame shows: axes, pictures; and asks for the snapshots that it needs.
    pub fn settle(&mut self) -> Vec<Effect> {
        self.settle_axes();
        self.settle_pictures();
        let usage = if self.ui.view == View::Latent { self.settle_usage() } else { None };
        self.settle_latent().into_iter().chain(usage).chain(self.settle_look()).collect()
    }

    fn settle_latent(&mut self) -> Option<Effect> {
        let wanted = self.wanted_latent()?;
        let needed =
            self.ui.view == View::Latent || (self.ui.view == View::Loss && self.size.0 >= 100);
        let missing = !self.latents.iter().any(|latent| latent.snapshot.step == wanted);
        if needed && missing && self.loading_latent != Some(wanted) {
            self.loading_latent = Some(wanted);
            return Some(Effect::Load(wanted));
        }
        None
    }

    fn settle_axes(&mut self) {
        let main = self.main_panel().cloned();
        let visible: Vec<Panel> =
            main.into_iter().chain(self.shown_panels().into_iter().take(CHARTS).cloned()).collect();
        for panel in visible {
            let mut points: Vec<(u64, f64)> = Vec::new();
            for trace in self.traces(&panel) {
                let series = trace.series;
                let values = series.values.iter().map(|&value| self.scaled(f64::from(value)));
                let points_of = series.steps.iter().copied().zip(values);
                points.extend(points_of.filter(|(step, _)| {
                    self.ui.zoom.is_none_or(|(from, to)| (from..=to).contains(step))
                }));
            }
            let Some(bulk) = axis::bulk(&mut points) else {
                self.axes.remove(&panel.name);
                continue;
            };
            let held = self.axes.get(&panel.name).map(|axis| axis.range);
            let range = Range::hold(held, &bulk);
            let axis = Axis {
                range,
                above: (bulk.all.hi > range.hi).then(|| self.unscaled(bulk.all.hi)),
                below: (bulk.all.lo < range.lo).then(|| self.unscaled(bulk.all.lo)),
            };
            self.axes.insert(panel.name, axis);
        }
    }

    fn settle_pictures(&mut self) {
        for (tag, list) in self.history.images.iter().take(PICTURES) {
            let upto = self.ui.picture_step.unwrap_or(u64::MAX);
            let at = list.partition_point(|(step, _)| *step <= upto);
            let Some((step, image)) = list.get(at.saturating_sub(1)) else { continue };
            if self.pictures.get(tag).is_none_or(|(shown, _)| shown != step) {
                self.pictures.insert(tag.clone(), (*step, Picture::decode(image)));
            }
        }
        self.pictures.retain(|tag, _| self.history.images.contains_key(tag));
    }

    /// Where a value is on the y axis.
    pub fn scaled(&self, value: f64) -> f64 {
        if !self.ui.log_scale {
            value
        } else if value > 0.0 {
            value.log10()
        } else {
            f64::NAN
        }
    }

    /// The value at a place on the y axis.
    pub fn unscaled(&self, value: f64) -> f64 {
        if self.ui.log_scale { 10f64.powf(value) } else { value }
    }

    /// The y axis of a panel, once a frame has been settled.
    pub fn axis(&self, panel: &str) -> Option<&Axis> {
        self.axes.get(panel)
    }

    /// Forgets the y axes, whose scale changed.
    pub fn reset_axes(&mut self) {
        self.axes.clear();
    }

    /// The panels that the filter lets through.
    pub fn shown_panels(&self) -> Vec<&Panel> {
        self.panels.iter().filter(|panel| self.ui.filter.fits(panel)).collect()
    }

    /// The panel shown large.
    pub fn main_panel(&self) -> Option<&Panel> {
        let named = |name: &String| self.panels.iter().find(|panel| panel.name == *name);
        self.ui.main.as_ref().and_then(named).or(self.panels.first())
    }

    /// The first and last step of the x axis.
    pub fn steps(&self) -> (u64, u64) {
        self.ui.zoom.unwrap_or_else(|| self.all_steps())
    }

    /// The same without zoom. The end moves seldom, and stands once all runs have ended.
    pub fn all_steps(&self) -> (u64, u64) {
        let others = self.rivals.iter().flat_map(|rival| rival.history.scalars.values());
        let ends = self.history.scalars.values().chain(others);
        let ends = ends.filter_map(|series| Some((*series.steps.first()?, *series.steps.last()?)));
        let (first, last) = ends.fold((u64::MAX, 0), |(a, b), (c, d)| (a.min(c), b.max(d)));
        if first == u64::MAX {
            return (0, 1);
        }
        let own = self.status.as_ref().is_none_or(|status| status.state.is_live());
        let live = own || self.rivals.iter().any(Rival::is_live);
        let statuses = self.rivals.iter().map(|rival| rival.status.as_ref());
        let statuses = statuses.chain([self.status.as_ref()]).flatten();
        let total = statuses.map(|status| status.steps_total).max();
        let end = if live { axis::room_to_grow(last, total) } else { last.max(1) };
        // A log that starts late, such as one by wall time, is not pushed to the right edge.
        (if first > end / 2 { first.min(end - 1) } else { 0 }, end)
    }

    /// The newest step that anything tells of.
    pub fn last_step(&self) -> u64 {
        let logged =
            self.history.scalars.values().filter_map(|series| series.last()).map(|(s, _)| s);
        logged.max().unwrap_or(0).max(self.status.as_ref().map_or(0, |status| status.step))
    }

    /// The newest step that a curve has a point at.
    pub fn last_logged(&self) -> u64 {
        let others = self.rivals.iter().flat_map(|rival| rival.history.scalars.values());
        let series = self.history.scalars.values().chain(others);
        series.filter_map(|series| series.steps.last()).copied().max().unwrap_or(0)
    }

    /// Seconds until the run is done, by how long its newest logged steps took its trainer.
    pub fn seconds_left(&self) -> Option<f64> {
        let status = self.status.as_ref().filter(|status| status.state == RunState::Running)?;
        let left = status.steps_total.checked_sub(status.step)?;
        let series =
            self.history.scalars.get("train/loss").or(self.history.scalars.values().next())?;
        // Between what one trainer logged and another, or a fork's parent, any time may have passed.
        let session = series.steps.partition_point(|&step| step <= self.session);
        let from = series.len().saturating_sub(60).max(session);
        let steps = series.steps.last()?.checked_sub(*series.steps.get(from)?)?;
        let seconds = series.wall_times.last()? - series.wall_times.get(from)?;
        (steps > 0 && seconds > 0.0 && !self.lost).then(|| left as f64 * seconds / steps as f64)
    }

    /// The control events, by step.
    pub fn controls(&self) -> &[(u64, String)] {
        self.history.texts.get("control").map_or(&[], |list| list)
    }

    /// The text logged last under a tag.
    pub fn text(&self, tag: &str) -> Option<&str> {
        self.history.texts.get(tag)?.last().map(|(_, text)| text.as_str())
    }

    /// The names of the classes, in order.
    pub fn classes(&self) -> Vec<&str> {
        self.text("data/classes").map_or(Vec::new(), |text| text.lines().collect())
    }

    /// The live scalars that the run logs.
    pub fn knobs(&self) -> Vec<String> {
        let tags = self.history.scalars.keys();
        tags.filter_map(|tag| tag.strip_prefix("knob/")).map(str::to_owned).collect()
    }

    /// The step of the snapshot to be shown.
    pub fn wanted_latent(&self) -> Option<u64> {
        let upto = self.ui.latent_step.unwrap_or(u64::MAX);
        let at = self.snapshots.partition_point(|&step| step <= upto);
        self.snapshots.get(at.saturating_sub(1)).copied()
    }

    /// The snapshot to be shown, or the newest that is there while it is being read.
    pub fn latent(&self) -> Option<&Latent> {
        let wanted = self.wanted_latent();
        let exact = self.latents.iter().find(|latent| Some(latent.snapshot.step) == wanted);
        exact.or(self.latents.last())
    }

    /// The tags of pictures, the chosen one first.
    pub fn picture_tags(&self) -> Vec<&String> {
        let mut tags: Vec<&String> = self.pictures.keys().collect();
        if !tags.is_empty() {
            let by = self.ui.picture % tags.len();
            tags.rotate_left(by);
        }
        tags
    }

    /// The steps at which there are pictures.
    pub fn picture_steps(&self) -> Vec<u64> {
        let lists = self.history.images.values().take(PICTURES);
        let mut steps: Vec<u64> = lists.flatten().map(|(step, _)| *step).collect();
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// The step and value of the least validation loss that is logged, where the status tells no best.
    pub fn best(&self) -> Option<(String, u64, f64)> {
        if let Some(best) = self.status.as_ref().and_then(|status| status.best.as_ref()) {
            return Some((best.tag.clone(), best.step, best.value));
        }
        let panel = self.panels.first()?;
        let (_, tag) = panel.curves.iter().find(|(split, _)| *split == Some(Split::Valid))?;
        let (step, value) = curve::least(self.history.scalars.get(tag)?)?;
        Some((tag.clone(), step, f64::from(value)))
    }
}

#[cfg(test)]
mod tests;
