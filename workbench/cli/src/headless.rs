//! Progress of training as lines: for people, or as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use workbench_experiment::Experiment;
use workbench_graph::Undrawable;
use workbench_runs::{RunDir, State};
use workbench_trainer::{Observer, Progress};

use crate::console::{self, duration, grouped, number};
use crate::figures::Drawer;

/// Prints what happens, and has the figures drawn.
pub struct Headless {
    run: RunDir,
    json: bool,
    /// Told with every event where the run is one of several seeds.
    seed: Option<u64>,
    drawer: Option<Drawer>,
    printed: Option<Instant>,
    total_steps: u64,
}

/// Between two step lines for people.
const EVERY: Duration = Duration::from_secs(5);

impl Headless {
    pub fn new(
        run: &RunDir,
        experiment: &Experiment,
        classes: &[String],
        lacks: &[Undrawable],
        json: bool,
        seed: Option<u64>,
    ) -> Headless {
        // On a full disk every figure fails at every epoch, in the same words.
        let told = Mutex::new(BTreeSet::new());
        // Training tells of those that the architecture has nothing for, once.
        let is_drawn =
            |name: &&String| !lacks.iter().any(|lack| lack.figures.contains(&name.as_str()));
        let figures: Vec<String> =
            experiment.plots.figures.iter().filter(is_drawn).cloned().collect();
        let drawer = Drawer::start(run, &figures, classes, move |drawn| {
            match (drawn, json) {
                (Ok(path), true) => print(json!({"event": "figure", "path": path}), seed),
                // People are told once, at the end, where the figures are.
                (Ok(_), false) => {}
                (Err(why), _) => {
                    if told.lock().is_ok_and(|mut told| told.insert(why.clone())) {
                        console::warning(why);
                    }
                }
            }
        });
        Headless {
            run: run.clone(),
            json,
            seed,
            drawer: Some(drawer),
            printed: None,
            total_steps: 0,
        }
    }

    fn print_json(&self, progress: &Progress) {
        let event = match progress {
            Progress::Started { step, total_steps, parameters } => json!({
                "event": "start", "run": self.run.name(), "path": self.run.path(), "step": step,
                "steps_total": total_steps, "parameters": parameters,
            }),
            Progress::Step { step, epoch, metrics, images_per_second } => json!({
                "event": "step", "step": step, "epoch": epoch, "metrics": numbers(metrics),
                "images_per_second": images_per_second.round(),
            }),
            Progress::Epoch { step, epoch, metrics, .. } => json!({
                "event": "epoch", "epoch": epoch, "step": step, "metrics": numbers(metrics),
            }),
            Progress::Checkpoint { step, path } => {
                json!({"event": "checkpoint", "step": step, "path": path})
            }
            Progress::Control { step, message } => {
                json!({"event": "control", "step": step, "message": message})
            }
            Progress::Sampler { step, words } => {
                json!({"event": "sampler", "step": step, "message": words})
            }
            Progress::Ended { state, step, metrics } => json!({
                "event": "end", "state": state.name(), "step": step, "metrics": numbers(metrics),
            }),
            Progress::Media { .. } => return,
        };
        print(event, self.seed);
    }

    fn print_line(&mut self, progress: &Progress) {
        match progress {
            Progress::Started { step, total_steps, parameters } => {
                self.total_steps = *total_steps;
                let from = if *step > 0 { format!(" from step {step}") } else { String::new() };
                console::line(format_args!(
                    "training {}{from}: {} steps, {} parameters",
                    self.run.name(),
                    grouped(*total_steps),
                    grouped(*parameters as u64)
                ));
            }
            Progress::Step { step, epoch, metrics, images_per_second } => {
                if self.printed.is_some_and(|at| at.elapsed() < EVERY) {
                    return;
                }
                self.printed = Some(Instant::now());
                console::line(format_args!(
                    "step {step}/{}  epoch {epoch}  {}  {} images/s",
                    self.total_steps,
                    parts(metrics, "train"),
                    grouped(images_per_second.round() as u64)
                ));
            }
            Progress::Epoch { epoch, metrics, seconds_left, .. } => {
                self.printed = Some(Instant::now());
                let left = seconds_left.filter(|left| *left > 0.5).map(duration);
                let left = left.map(|left| format!("  {left} left")).unwrap_or_default();
                console::line(format_args!(
                    "epoch {epoch}  validation {}{left}",
                    parts(metrics, "valid")
                ));
            }
            Progress::Control { step, message } => {
                console::line(format_args!("step {step}  {message}"))
            }
            Progress::Sampler { step, words } => {
                console::line(format_args!("step {step}  sampler: {words}"));
            }
            Progress::Ended { state, step, metrics } => {
                let tested = match metrics.is_empty() {
                    true => String::new(),
                    false => format!("  test {}", parts(metrics, "test")),
                };
                console::line(format_args!("{state} at step {step}{tested}"));
                console::line(self.run.path().display());
                if *state == State::Stopped {
                    console::line(format_args!("go on with: workbench resume {}", self.run.name()));
                }
            }
            Progress::Checkpoint { .. } | Progress::Media { .. } => {}
        }
    }
}

fn print(mut event: Value, seed: Option<u64>) {
    if let (Some(seed), Some(event)) = (seed, event.as_object_mut()) {
        event.insert("seed".to_owned(), seed.into());
    }
    console::json(&event);
}

impl Observer for Headless {
    fn observe(&mut self, progress: Progress) {
        if let (Progress::Media { media, snapshot, .. }, Some(drawer)) = (&progress, &self.drawer) {
            drawer.draw(media, *snapshot);
        }
        if let Progress::Ended { .. } = progress {
            // Nothing is printed after the end, so the last figures come before it.
            self.drawer = None;
        }
        match self.json {
            true => self.print_json(&progress),
            false => self.print_line(&progress),
        }
    }
}

/// "loss 106.7  recon 81.2  kl 25.5": what an image costs, in nats.
fn parts(metrics: &BTreeMap<String, f32>, part: &str) -> String {
    let shown = ["loss", "recon", "kl", "elbo"].into_iter().filter_map(|measure| {
        let value = metrics.get(&format!("{part}/{measure}"))?;
        Some(format!("{measure} {}", number(f64::from(*value))))
    });
    shown.collect::<Vec<_>>().join("  ")
}

/// Metrics as JSON numbers; what is not finite is null, for which JSON has no number.
pub fn numbers(metrics: &BTreeMap<String, f32>) -> Value {
    Value::Object(
        metrics
            .iter()
            .map(|(tag, x)| (tag.clone(), console::json_number(*x)))
            .collect::<Map<_, _>>(),
    )
}

/// Where the figures of a run are, as far as there are any.
pub fn figure_paths(run: &RunDir) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(run.plots()).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_png(path)).collect();
    paths.sort();
    paths
}

fn is_png(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "png")
}
