//! Checks of a data set.

mod bounds;
mod fields;
mod opening;
mod preview;
mod range;
mod reading;
mod repeatable;
mod sample;
mod speed;
mod splits;
mod threads;
mod values;
mod written;

use std::time::{Duration, Instant};

use workbench_host::{Breach, Dataset, DatasetInfo, Error, Plugin, Values};

use super::child::Check;
use super::given::Given;
use super::outcome::Outcome;
use super::parameters;
use crate::failure::{Failure, Result};
use reading::Swept;
use sample::sample;

/// In the order in which they are tried. `speed` and `preview` read as training does, into buffers without guards: not
/// where something is written beside them.
pub const CHECKS: &[Check<Data>] = &[
    Check {
        name: "parameters",
        needs: &[],
        run: |data, _| parameters::declared(&data.info.parameters),
    },
    Check { name: "open", needs: &[], run: |data, _| opening::open(data) },
    Check { name: "fields", needs: &["open"], run: |data, _| fields::fields(data) },
    Check { name: "splits", needs: &["fields"], run: |data, _| splits::splits(data) },
    Check { name: "close", needs: &["fields"], run: |data, _| opening::close(data) },
    Check { name: "reading", needs: &["splits"], run: |data, _| reading::reading(data) },
    Check { name: "bounds", needs: &["reading"], run: |data, _| bounds::bounds(data) },
    Check { name: "values", needs: &["reading"], run: |data, _| values::values(data) },
    Check { name: "written", needs: &["reading"], run: |data, _| written::written(data) },
    Check {
        name: "repeatable",
        needs: &["reading", "close"],
        run: |data, _| repeatable::repeatable(data),
    },
    Check {
        name: "threads",
        needs: &["repeatable", "bounds"],
        run: |data, _| threads::threads(data),
    },
    Check { name: "speed", needs: &["bounds"], run: |data, _| speed::speed(data) },
    Check { name: "preview", needs: &["values", "bounds", "close"], run: preview::preview },
    Check { name: "out of range", needs: &["splits"], run: |data, _| range::out_of_range(data) },
    Check { name: "bad values", needs: &["close"], run: |data, _| opening::bad_values(data) },
];

/// Numbers of items, by split.
type Samples = Vec<(&'static str, Vec<u64>)>;

/// A data set under examination.
pub struct Data {
    plugin: Plugin,
    info: DatasetInfo,
    given: Given,
    opened: Option<Dataset>,
    swept: Option<Swept>,
    /// How long one item takes to read.
    pace: Option<Duration>,
}

impl Data {
    pub fn new(plugin: Plugin, given: Given) -> Result<Data> {
        let info = plugin.dataset(&given.item).map_err(Failure::usage)?.clone();
        Ok(Data { plugin, info, given, opened: None, swept: None, pace: None })
    }

    /// Opened anew.
    fn open(&self, values: Values) -> Result<Dataset, Error> {
        self.plugin.open(&self.info.name, values)
    }

    /// Open: for the first time, or as it is.
    fn dataset(&mut self) -> Result<&Dataset, Outcome> {
        if self.opened.is_none() {
            let values = self.given.values(&self.info.parameters)?;
            self.opened = Some(self.open(values).map_err(|error| Outcome::error(&error))?);
        }
        match &self.opened {
            Some(dataset) => Ok(dataset),
            None => Err(Outcome::skipped("it is not open")),
        }
    }
}

impl Data {
    /// The data set, and some items of each of its splits: fewer where reading takes long.
    fn samples(&mut self) -> Result<(&Dataset, Samples), Outcome> {
        let pace = self.pace;
        let dataset = self.dataset()?;
        let splits = lengths(dataset)?;
        let pace = pace.unwrap_or_else(|| {
            let began = Instant::now();
            // What is wrong with it is what the caller finds out.
            let _ = splits.first().map(|(split, _)| dataset.read_guarded(split, &[0], 0));
            began.elapsed()
        });
        self.pace = Some(pace);
        let dataset = self.dataset()?;
        let sampled =
            splits.into_iter().map(|(split, len)| (split, sample(dataset, split, len, pace)));
        Ok((dataset, sampled.collect()))
    }
}

/// The splits that there are, and how many items each has.
fn lengths(dataset: &Dataset) -> Result<Vec<(&'static str, u64)>, Outcome> {
    let mut there = Vec::new();
    for split in ["train", "valid", "test"] {
        if let Some(n) = dataset.len(split).map_err(|error| Outcome::error(&error))? {
            there.push((split, n));
        }
    }
    Ok(there)
}

/// Says what was written outside of the buffers.
fn breach(breaches: &[Breach], doing: &str) -> Option<Outcome> {
    let first = breaches.first()?;
    let (side, edge) = if first.before { ("before", "start") } else { ("behind", "end") };
    let message = format!(
        "{doing}, it writes {} {side} the buffer of `{}`, the nearest {} from its {edge}",
        counted(first.bytes as u64, "byte"),
        first.field,
        counted(first.distance as u64, "byte"),
    );
    let help = "each buffer holds n_items times the field's elements times the size of its type, and no more";
    Some(Outcome::failed(message, help))
}

/// "1 item", "9,000 items".
fn counted(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", crate::console::grouped(n))
}

/// A check's body that stops at the first thing that is wrong.
fn judged(body: impl FnOnce() -> Result<Outcome, Outcome>) -> Outcome {
    body().unwrap_or_else(|wrong| wrong)
}
