//! What `bench` has to tell.

use std::time::Duration;

use serde_json::{Value, json};
use workbench_engine::{Cost, Path, Peak};
use workbench_graph::parameter_count;
use workbench_trainer::Bench;

use crate::console::{self, grouped};
use crate::prepare::Prepared;

/// A bench with all that it is told with.
pub struct Speed<'a> {
    pub prepared: &'a Prepared,
    pub path: Path,
    pub timed: &'a Bench,
    /// Whether the training data lie in memory, and how many threads make batches.
    pub is_held: bool,
    pub readers: usize,
    /// From the start of the command to the end of the first step.
    pub first: Duration,
    /// The most bytes that the process has held; `None` where the system does not say.
    pub memory: Option<u64>,
    pub peak: Peak,
    pub warmup: u64,
}

/// Means over the timed steps, in milliseconds. They add up to `whole`.
struct Phases {
    whole: f64,
    /// Waiting for the batch: what making it on other threads did not hide.
    data: f64,
    /// Of the engine; `None` where it keeps no costs.
    engine: Option<Engine>,
}

struct Engine {
    forward: f64,
    backward: f64,
    optimizer: f64,
    /// Copying inputs and measures, and whatever else is in no kernel.
    other: f64,
}

impl Speed<'_> {
    /// One document, its fields a contract (more may come).
    pub fn to_json(&self, profile: bool) -> Value {
        let experiment = &self.prepared.experiment;
        let phases = self.phases();
        let engine =
            |of: fn(&Engine) -> f64| phases.engine.as_ref().map(|engine| rounded(of(engine)));
        let mut document = json!({
            "experiment": experiment.name,
            "architecture": self.prepared.architecture.name,
            "parameters": parameter_count(&self.prepared.graph),
            "batch_size": experiment.train.batch_size,
            "threads": self.peak.threads,
            "path": self.path.name(),
            "steps": self.timed.steps.len(),
            "warmup": self.warmup,
            "images_per_second": rounded(self.images_per_second()),
            "step_ms": {
                "median": rounded(self.step_ms(0.5)),
                "p10": rounded(self.step_ms(0.1)),
                "p90": rounded(self.step_ms(0.9)),
                "mean": rounded(phases.whole),
            },
            "phases": {
                "data_ms": rounded(phases.data),
                "forward_ms": engine(|engine| engine.forward),
                "backward_ms": engine(|engine| engine.backward),
                "optimizer_ms": engine(|engine| engine.optimizer),
                "other_ms": engine(|engine| engine.other),
            },
            "batch_made_ms": rounded(self.mean_ms(|step| step.made)),
            "data": {
                "wait_fraction": rounded(phases.data / phases.whole),
                "made_ms": rounded(self.mean_ms(|step| step.made)),
                "images_per_second": rounded(self.timed.data_alone),
                "readers": self.readers,
                "held": self.is_held,
            },
            "first_step_seconds": rounded(self.first.as_secs_f64()),
            "peak_rss_mb": self.memory.map(|bytes| rounded(bytes as f64 / 1e6)),
            "gflops": self.gflops().map(rounded),
            "peak_gflops": rounded(self.peak.flops / 1e9),
            "fraction_of_peak": self.fraction().map(rounded),
        });
        if profile {
            let rows = self.timed.costs.iter().map(|cost| {
                json!({
                    "node": cost.node, "kernel": cost.kernel, "backward": cost.backward,
                    "runs_per_step": cost.runs as f64 / self.timed.steps.len() as f64,
                    "ms": rounded(self.per_step(cost)), "share": rounded(self.per_step(cost) / phases.whole),
                    "gflops": speed(cost).map(rounded),
                })
            });
            document["profile"] = rows.collect();
        }
        document
    }

    /// For people.
    pub fn print(&self, profile: bool) {
        let experiment = &self.prepared.experiment;
        let phases = self.phases();
        console::line(format_args!(
            "{}: {}, {} parameters, batches of {}, {} thread(s), {}",
            experiment.name,
            self.prepared.architecture.name,
            grouped(parameter_count(&self.prepared.graph) as u64),
            experiment.train.batch_size,
            self.peak.threads,
            self.path.name()
        ));
        console::line("");
        console::line(format_args!(
            "speed         {} images/s",
            grouped(self.images_per_second().round() as u64)
        ));
        console::line(format_args!(
            "step          {:.2} ms, the median of {} ({:.2} to {:.2} for four in five), after {} to warm up",
            self.step_ms(0.5),
            self.timed.steps.len(),
            self.step_ms(0.1),
            self.step_ms(0.9),
            self.warmup
        ));
        match (self.gflops(), self.fraction()) {
            (Some(gflops), Some(fraction)) => console::line(format_args!(
                "products      {gflops:.1} GFLOP/s, {:.0}% of the {:.1} that a large product reaches here",
                100.0 * fraction,
                self.peak.flops / 1e9
            )),
            _ => console::line("products      not counted by the interpreter"),
        }
        if let Some(bytes) = self.memory {
            console::line(format_args!("memory        {:.0} MB at most", bytes as f64 / 1e6));
        }
        console::line(format_args!(
            "first step    done {:.2} s after the start",
            self.first.as_secs_f64()
        ));
        console::line("");
        console::table(&self.phase_rows(&phases));
        console::line(format_args!(
            "data is waiting for the batch; making one takes {:.2} ms of {}, from {}",
            self.mean_ms(|step| step.made),
            match self.readers {
                1 => "another thread's time".to_owned(),
                n => format!("{n} other threads' time"),
            },
            if self.is_held { "memory" } else { "the data set, read anew" },
        ));
        let alone = self.timed.data_alone;
        console::line(format_args!(
            "data alone    {} images/s, {:.1} times what training takes",
            grouped(alone.round() as u64),
            alone / self.images_per_second()
        ));
        if profile {
            console::line("");
            match self.timed.costs.is_empty() {
                true => console::line("the interpreter keeps no costs by node"),
                false => console::table(&self.profile_rows(phases.whole)),
            }
        }
    }

    fn phase_rows(&self, phases: &Phases) -> Vec<Vec<String>> {
        let mut rows = vec![["phase", "ms a step", "share"].map(str::to_owned).to_vec()];
        let mut add = |name: &str, ms: f64| {
            let share = format!("{:>4.1}%", 100.0 * ms / phases.whole);
            rows.push(vec![name.to_owned(), format!("{ms:>9.3}"), share]);
        };
        add("data", phases.data);
        match &phases.engine {
            Some(engine) => {
                add("forward", engine.forward);
                add("backward", engine.backward);
                add("optimizer", engine.optimizer);
                add("other", engine.other);
            }
            None => add("computing", phases.whole - phases.data),
        }
        rows
    }

    /// Each node's kernels, in the graph's order: forward, then backward.
    fn profile_rows(&self, whole: f64) -> Vec<Vec<String>> {
        let head = ["pass", "node", "kernel", "ms a step", "share", "GFLOP/s"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for cost in &self.timed.costs {
            let ms = self.per_step(cost);
            // Where in the plugin it stands would take half the line; --json has it.
            let node = cost.node.split(" (at ").next().unwrap_or_default();
            rows.push(vec![
                if cost.backward { "backward" } else { "forward" }.to_owned(),
                node.to_owned(),
                cost.kernel.to_owned(),
                format!("{ms:>9.3}"),
                format!("{:>4.1}%", 100.0 * ms / whole),
                speed(cost).map(|gflops| format!("{gflops:>7.1}")).unwrap_or_default(),
            ]);
        }
        rows
    }

    fn phases(&self) -> Phases {
        let whole = self.mean_ms(|step| step.whole);
        let data = self.mean_ms(|step| step.waited);
        let costs = &self.timed.costs;
        let sum = |wanted: fn(&Cost) -> bool| -> f64 {
            costs.iter().filter(|cost| wanted(cost)).map(|cost| self.per_step(cost)).sum()
        };
        let engine = (!costs.is_empty()).then(|| {
            let optimizer = sum(is_optimizer);
            let forward = sum(|cost| !cost.backward && !is_optimizer(cost));
            let backward = sum(|cost| cost.backward && !is_optimizer(cost));
            let other = (whole - data - forward - backward - optimizer).max(0.0);
            Engine { forward, backward, optimizer, other }
        });
        Phases { whole, data, engine }
    }

    fn images_per_second(&self) -> f64 {
        1e3 * self.prepared.experiment.train.batch_size as f64 / self.step_ms(0.5)
    }

    /// The step time that this share of the steps stays under.
    fn step_ms(&self, share: f64) -> f64 {
        let mut times: Vec<f64> =
            self.timed.steps.iter().map(|step| 1e3 * step.whole.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        quantile(&times, share)
    }

    fn mean_ms(&self, of: impl Fn(&workbench_trainer::StepTime) -> Duration) -> f64 {
        let sum: Duration = self.timed.steps.iter().map(of).sum();
        1e3 * sum.as_secs_f64() / self.timed.steps.len().max(1) as f64
    }

    fn per_step(&self, cost: &Cost) -> f64 {
        1e3 * cost.time.as_secs_f64() / self.timed.steps.len().max(1) as f64
    }

    /// Of products alone, over the median step: other operations are not counted.
    fn gflops(&self) -> Option<f64> {
        let costs = &self.timed.costs;
        let flops: u64 = costs.iter().map(|cost| cost.flops).sum();
        let per_step = flops as f64 / self.timed.steps.len().max(1) as f64;
        (!costs.is_empty()).then(|| per_step / self.step_ms(0.5) / 1e6)
    }

    fn fraction(&self) -> Option<f64> {
        Some(1e9 * self.gflops()? / self.peak.flops)
    }
}

fn is_optimizer(cost: &Cost) -> bool {
    matches!(cost.kernel, "optimizer" | "norm")
}

/// GFLOP/s, where it does products.
fn speed(cost: &Cost) -> Option<f64> {
    (cost.flops > 0).then(|| cost.flops as f64 / cost.time.as_secs_f64() / 1e9)
}

/// Of sorted numbers, between the two nearest ones.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * place.fract()
}

/// To five significant digits: more would only be noise.
fn rounded(x: f64) -> f64 {
    format!("{x:.4e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let times = [1.0, 2.0, 3.0, 10.0];
        assert_eq!([0.0, 0.5, 1.0].map(|share| quantile(&times, share)), [1.0, 2.5, 10.0]);
        assert_eq!((quantile(&[4.0], 0.9), quantile(&[], 0.5)), (4.0, 0.0));
        assert_eq!((rounded(17_834.567), rounded(0.012_345_67)), (17_835.0, 0.012_346));
    }
}
