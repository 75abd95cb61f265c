//! What plots, tables and the dashboard read: series and pictures by tag, folded from the event log and
//! ordered by step, never by time.

mod thin;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::Error;
use crate::log::{Event, Histogram, LogReader, Value};

/// The numbers logged under one tag; three lists of equal length, ascending by step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    pub steps: Vec<u64>,
    pub values: Vec<f32>,
    /// Seconds since 1970, by the writer's clock.
    pub wall_times: Vec<f64>,
}

impl Series {
    /// How many points there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step and value logged last.
    pub fn last(&self) -> Option<(u64, f32)> {
        Some((*self.steps.last()?, *self.values.last()?))
    }
}

/// A picture from the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    pub width: u32,
    pub height: u32,
    /// 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
    pub channels: u8,
    /// A PNG file.
    pub png: Vec<u8>,
}

/// All that a log says. Of two records with the same tag and step the later one holds.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub scalars: BTreeMap<String, Series>,
    pub images: BTreeMap<String, Vec<(u64, Image)>>,
    pub texts: BTreeMap<String, Vec<(u64, String)>>,
    pub histograms: BTreeMap<String, Vec<(u64, Histogram)>>,
    /// Event files that are damaged in the middle: what came after is missing here.
    pub damaged_files: usize,
    /// As many points as a series of a [bounded](History::bounded) history has.
    limit: Option<usize>,
}

impl History {
    /// A history that keeps about `points` points a series at most, and 100 pictures, texts and histograms
    /// a tag. Older points are thinned to the least and the greatest of each stretch, so that spikes stay;
    /// the newest are kept as they are.
    pub fn bounded(points: usize) -> History {
        History { limit: Some(points.max(16)), ..History::default() }
    }

    /// Reads the whole log in a run directory, or in any directory with event files, or one such file.
    ///
    /// # Errors
    /// [`Error::Io`]. Damage is no error: see [`damaged_files`](History::damaged_files).
    pub fn read(log: &Path) -> Result<History, Error> {
        let mut history = History::default();
        let mut reader = LogReader::open(log);
        // Two files that were written side by side interleave: sorted once at the end, not at each point.
        let mut unsorted = BTreeSet::new();
        loop {
            let events = reader.poll()?;
            if events.is_empty() {
                break;
            }
            for event in events {
                if event.session_start {
                    history.sort(&mut unsorted);
                }
                history.add(event, Some(&mut unsorted));
            }
        }
        history.sort(&mut unsorted);
        history.damaged_files = reader.damaged();
        Ok(history)
    }

    /// Adds an event. A session start at step s supersedes all that is there of steps greater than s.
    pub fn fold(&mut self, event: Event) {
        self.add(event, None);
    }

    fn add(&mut self, event: Event, mut unsorted: Option<&mut BTreeSet<String>>) {
        let Event { step, wall_time, values, session_start } = event;
        if session_start {
            self.supersede(step);
        }
        for (tag, value) in values {
            match value {
                Value::Scalar(x) => {
                    self.add_scalar(tag, step, x, wall_time, unsorted.as_deref_mut())
                }
                Value::Image { width, height, channels, png } => {
                    let image = Image { width, height, channels, png };
                    insert(self.images.entry(tag).or_default(), step, image, self.limit);
                }
                Value::Histogram(histogram) => {
                    insert(self.histograms.entry(tag).or_default(), step, histogram, self.limit);
                }
                Value::Text(text) => {
                    insert(self.texts.entry(tag).or_default(), step, text, self.limit)
                }
            }
        }
    }

    fn add_scalar(
        &mut self,
        tag: String,
        step: u64,
        value: f32,
        wall_time: f64,
        unsorted: Option<&mut BTreeSet<String>>,
    ) {
        let Some(series) = self.scalars.get_mut(&tag) else {
            let series =
                Series { steps: vec![step], values: vec![value], wall_times: vec![wall_time] };
            self.scalars.insert(tag, series);
            return;
        };
        if series.steps.last().is_none_or(|&last| last < step) || unsorted.is_some() {
            if let Some(unsorted) = unsorted
                && series.steps.last().is_some_and(|&last| last >= step)
                && !unsorted.contains(&tag)
            {
                unsorted.insert(tag.clone());
            }
            series.steps.push(step);
            series.values.push(value);
            series.wall_times.push(wall_time);
        } else {
            match series.steps.binary_search(&step) {
                Ok(at) => {
                    series.values[at] = value;
                    series.wall_times[at] = wall_time;
                }
                Err(at) => {
                    series.steps.insert(at, step);
                    series.values.insert(at, value);
                    series.wall_times.insert(at, wall_time);
                }
            }
        }
        if let Some(limit) = self.limit
            && series.len() > limit
        {
            thin::thin(series, limit);
        }
    }

    fn supersede(&mut self, step: u64) {
        for series in self.scalars.values_mut() {
            let keep = series.steps.partition_point(|&at| at <= step);
            series.steps.truncate(keep);
            series.values.truncate(keep);
            series.wall_times.truncate(keep);
        }
        self.scalars.retain(|_, series| !series.is_empty());
        truncate(&mut self.images, step);
        truncate(&mut self.texts, step);
        truncate(&mut self.histograms, step);
    }

    /// Brings the series named into order; of equal steps the one added last stays.
    fn sort(&mut self, unsorted: &mut BTreeSet<String>) {
        for tag in std::mem::take(unsorted) {
            let Some(series) = self.scalars.get_mut(&tag) else { continue };
            let mut order: Vec<usize> = (0..series.len()).collect();
            order.sort_by_key(|&at| series.steps[at]);
            let last_of_step = |i: &usize| {
                order.get(i + 1).is_none_or(|&next| series.steps[next] != series.steps[order[*i]])
            };
            let kept: Vec<usize> =
                (0..order.len()).filter(last_of_step).map(|i| order[i]).collect();
            *series = Series {
                steps: kept.iter().map(|&at| series.steps[at]).collect(),
                values: kept.iter().map(|&at| series.values[at]).collect(),
                wall_times: kept.iter().map(|&at| series.wall_times[at]).collect(),
            };
        }
    }
}

/// As many pictures, texts and histograms of a tag as a bounded history keeps.
const MAX_ITEMS: usize = 100;

fn insert<T>(list: &mut Vec<(u64, T)>, step: u64, item: T, limit: Option<usize>) {
    match list.binary_search_by_key(&step, |(at, _)| *at) {
        Ok(at) => list[at].1 = item,
        Err(at) => list.insert(at, (step, item)),
    }
    if limit.is_some() && list.len() > MAX_ITEMS {
        // Every other one goes; the first and the newest stay.
        let newest = list.len() - 1;
        let mut at = 0;
        list.retain(|_| {
            at += 1;
            (at - 1) % 2 == 0 || at - 1 == newest
        });
    }
}

fn truncate<T>(lists: &mut BTreeMap<String, Vec<(u64, T)>>, step: u64) {
    for list in lists.values_mut() {
        list.truncate(list.partition_point(|(at, _)| *at <= step));
    }
    lists.retain(|_, list| !list.is_empty());
}

#[cfg(test)]
mod tests;
