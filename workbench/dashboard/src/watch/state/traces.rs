//! Which curves a chart draws: of one run its splits, of several runs one split each, or all.

use workbench_runs::{ABOVE_FLOOR, History, Series};

use super::State;
use super::panels::{Panel, Split};

/// One curve of a chart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace<'a> {
    pub tag: &'a str,
    pub split: Option<Split>,
    pub series: &'a Series,
    /// The look of its run where several are drawn; `None` where the splits have looks of their own.
    pub run: Option<usize>,
}

/// Which splits are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Splits {
    /// That of validation, where a run has one; else what it has.
    Valid,
    Train,
    All,
}

impl State {
    /// The splits that are drawn: all of one run, one of several unless it was chosen otherwise.
    pub fn splits(&self) -> Splits {
        let usual = if self.rivals.is_empty() { Splits::All } else { Splits::Valid };
        self.ui.splits.unwrap_or(usual)
    }

    /// The curves of a panel, those of this run first.
    pub fn traces<'a>(&'a self, panel: &'a Panel) -> Vec<Trace<'a>> {
        let several = !self.rivals.is_empty();
        let which = (self.splits(), self.is_above_floor(panel));
        let mut traces = of_run(&self.history, panel, which, several.then_some(0));
        for rival in &self.rivals {
            traces.extend(of_run(&rival.history, panel, which, Some(rival.look)));
        }
        traces
    }

    /// Whether a panel shows what of its values is above the floor: in each run that logs one.
    pub fn is_above_floor(&self, panel: &Panel) -> bool {
        self.ui.above_floor && self.histories().any(|history| has_floor(history, panel))
    }

    /// Whether any run logs a floor.
    pub fn has_floor(&self) -> bool {
        self.panels.iter().any(|panel| self.histories().any(|history| has_floor(history, panel)))
    }

    fn histories(&self) -> impl Iterator<Item = &History> {
        std::iter::once(&self.history).chain(self.rivals.iter().map(|rival| &rival.history))
    }
}

fn above(tag: &str) -> String {
    format!("{tag}{ABOVE_FLOOR}")
}

fn has_floor(history: &History, panel: &Panel) -> bool {
    panel.curves.iter().any(|(_, tag)| history.scalars.contains_key(&above(tag)))
}

fn of_run<'a>(
    history: &'a History,
    panel: &'a Panel,
    (splits, above_floor): (Splits, bool),
    run: Option<usize>,
) -> Vec<Trace<'a>> {
    let trace = |(split, tag): &'a (Option<Split>, String)| {
        let (tag, series) = match above_floor {
            true => history.scalars.get_key_value(&above(tag))?,
            false => history.scalars.get_key_value(tag)?,
        };
        Some(Trace { tag, split: *split, series, run })
    };
    let traces: Vec<Trace> = panel.curves.iter().filter_map(trace).collect();
    let wanted = match splits {
        Splits::All => return traces,
        Splits::Valid => [Some(Split::Valid), Some(Split::Train), None, Some(Split::Test)],
        Splits::Train => [Some(Split::Train), None, Some(Split::Valid), Some(Split::Test)],
    };
    // A single point says less than any curve.
    let of = |least: usize| {
        wanted.iter().find_map(|split| {
            traces.iter().find(|trace| trace.split == *split && trace.series.len() >= least)
        })
    };
    of(2).or(of(1)).copied().into_iter().collect()
}
