//! Groups: runs of the same experiment with several seeds, told as means and deviations.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value, json};
use workbench_runs::{History, RunDir, Status, groups};

use super::runs::state;
use super::show::best;
use crate::console::{self, number};
use crate::context::Context;
use crate::failure::Result;

/// A measure over the runs of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    pub mean: f64,
    /// Of the sample, n − 1; not there for one run.
    pub std: Option<f64>,
    pub n: usize,
}

impl Measure {
    /// `None` for no value.
    pub fn of(values: &[f64]) -> Option<Measure> {
        let n = values.len();
        if n == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let std = (n > 1).then(|| (squares / (n - 1) as f64).sqrt());
        Some(Measure { mean, std, n })
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.std {
            Some(std) => write!(f, "{} ± {}", number(self.mean), number(std)),
            None => f.write_str(&number(self.mean)),
        }
    }
}

/// The group of this name, unless a run is called so.
pub fn find(context: &Context, query: &str) -> Result<Option<(String, Vec<RunDir>)>> {
    if context.runs.join(query).exists() {
        return Ok(None);
    }
    Ok(groups(&workbench_runs::list(&context.runs)?).remove_entry(query))
}

/// The last value of each test measure and the best of each validation measure, over those runs that have it.
pub fn measures(runs: &[RunDir]) -> BTreeMap<String, Measure> {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in runs {
        let history = History::read(run.path()).unwrap_or_default();
        for (tag, series) in &history.scalars {
            let value = if tag.starts_with("test/") {
                series.last().map(|last| last.1)
            } else if tag.starts_with("valid/") {
                best(tag, series)
            } else {
                None
            };
            let value = value.map(f64::from).filter(|value| value.is_finite());
            values.entry(tag.clone()).or_default().extend(value);
        }
    }
    values.into_iter().filter_map(|(tag, values)| Some((tag, Measure::of(&values)?))).collect()
}

/// The table of the groups among some runs, its head first; nothing where there is none.
pub fn table(runs: &[RunDir]) -> Vec<Vec<String>> {
    let groups = groups(runs);
    if groups.is_empty() {
        return Vec::new();
    }
    let head = ["group", "runs", "state", "test loss"].map(str::to_owned).to_vec();
    let rows = groups.iter().map(|(name, members)| {
        let loss = measures(members).get("test/loss").map_or(String::new(), Measure::to_string);
        vec![name.clone(), members.len().to_string(), states(members), loss]
    });
    [head].into_iter().chain(rows).collect()
}

/// `show GROUP`.
pub fn show(name: &str, members: &[RunDir], json: bool) -> Result<()> {
    let measures = measures(members);
    if json {
        let metrics: Map<String, Value> = measures
            .iter()
            .map(|(tag, m)| (tag.clone(), json!({"mean": m.mean, "std": m.std, "n": m.n})))
            .collect();
        let runs: Vec<&str> = members.iter().map(RunDir::name).collect();
        console::json(&json!({"group": name, "runs": runs, "metrics": metrics}));
        return Ok(());
    }
    console::line(format_args!("{name}  {} runs: {}", members.len(), states(members)));
    for run in members {
        console::line(run.path().display());
    }
    if measures.is_empty() {
        return Ok(());
    }
    console::line("");
    let head = ["metric", "mean", "std", "runs"].map(str::to_owned).to_vec();
    let rows = measures.iter().map(|(tag, m)| {
        let std = m.std.map_or(String::new(), number);
        let tag = if tag.starts_with("valid/") { format!("{tag} (best)") } else { tag.clone() };
        vec![tag, number(m.mean), std, m.n.to_string()]
    });
    console::table(&[head].into_iter().chain(rows).collect::<Vec<_>>());
    Ok(())
}

/// `2 finished, 1 running`.
fn states(members: &[RunDir]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in members {
        *counts.entry(state(Status::read(run).ok().flatten().as_ref())).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
    counts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviations_are_of_the_sample() {
        let measure = Measure::of(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((measure.mean, measure.n), (2.5, 4));
        assert!((measure.std.unwrap() - (5.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(measure.to_string(), "2.5 ± 1.291");
        assert_eq!(Measure::of(&[2.0]).unwrap().to_string(), "2");
        assert_eq!(Measure::of(&[]), None);
    }
}
