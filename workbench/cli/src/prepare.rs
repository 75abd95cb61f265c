//! From an experiment file to everything that training needs, each part checked: nothing is started before.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use workbench_engine::{OptimizerConfig, Session};
use workbench_experiment::{DatasetSource, DeviceKind, Experiment, OptimizerKind, nearest};
use workbench_graph::Graph;
use workbench_host::{KnobInfo, Plugin, Plugins, Task, Value};
use workbench_trainer::{Plan, Source, input_shape};

use crate::card::Card;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::figures;
use crate::guard;
use crate::process;
use crate::source::PluginSource;

/// An experiment whose plugins are loaded, whose data are open and whose graph is traced.
pub struct Prepared {
    /// `[C, H, W]` of what the architecture sees: images are cropped to it.
    pub input: Vec<usize>,
    /// Every default filled in, the plugins' too.
    pub experiment: Experiment,
    pub source: PluginSource,
    pub graph: Graph,
    pub plan: Plan,
    pub card: Option<Card>,
    pub reader: Arc<Plugin>,
    pub architecture: Arc<Plugin>,
}

impl Prepared {
    /// # Errors
    /// Exit code 2: whatever is wrong with the experiment, its plugins or its data, at its line.
    pub fn new(context: &Context, mut experiment: Experiment) -> Result<Prepared> {
        process::use_threads(experiment.device.threads);
        guard::start();
        guard::allow(experiment.input.read_deadline);
        for (i, figure) in experiment.plots.figures.iter().enumerate() {
            figures::check(figure).map_err(|(message, help)| {
                Failure::usage(experiment.blame(&format!("plots.figures.{i}"), message, help))
            })?;
        }
        let (reader, card, source) = open_data(context, &mut experiment)?;
        let plan = Plan::of(&experiment, &source)
            .map_err(|error| blame_plan(&experiment, &reader, &error))?;
        let input = input_shape(&experiment, &source)
            .map_err(|error| blame_plan(&experiment, &reader, &error))?;
        let (architecture, graph) =
            trace(context, &mut experiment, &source, &input, plan.train_items)?;
        check_monitor(&experiment, &graph)?;
        Ok(Prepared { input, experiment, source, graph, plan, card, reader, architecture })
    }

    /// A fresh session: parameters as the seed initialises them.
    pub fn session(&self) -> Result<Session> {
        let optimizer = &self.experiment.train.optimizer;
        let config = OptimizerConfig {
            kind: match optimizer.kind {
                OptimizerKind::Adam => workbench_engine::OptimizerKind::Adam,
                OptimizerKind::AdamW => workbench_engine::OptimizerKind::AdamW,
            },
            beta1: optimizer.beta1,
            beta2: optimizer.beta2,
            eps: optimizer.eps,
            weight_decay: optimizer.weight_decay,
            ema: self.experiment.train.ema,
        };
        let device = match self.experiment.device.kind {
            DeviceKind::Cpu => workbench_engine::DeviceKind::Cpu,
            DeviceKind::Cuda => workbench_engine::DeviceKind::Cuda,
            DeviceKind::Metal => workbench_engine::DeviceKind::Metal,
        };
        let session = Session::new(self.graph.clone(), device, self.experiment.seed, config);
        session.map_err(|error| match error {
            workbench_engine::Error::NotCompiled { .. }
            | workbench_engine::Error::Device { .. } => {
                Failure::usage(self.experiment.blame("device.kind", error.to_string(), None))
            }
            other => Failure::usage(other),
        })
    }
}

/// The experiment that an EXPERIMENT argument means: a file, or the name of one in experiments/.
pub fn load_experiment(
    context: &Context,
    given: &Path,
    overrides: &[String],
) -> Result<Experiment> {
    let path = find_experiment(context, given)?;
    Experiment::load(&path, overrides).map_err(Failure::usage)
}

fn find_experiment(context: &Context, given: &Path) -> Result<PathBuf> {
    if given.is_file() {
        return Ok(given.to_owned());
    }
    let folder = context.root.as_ref().map(|root| root.join("experiments"));
    let named = folder.as_ref().map(|folder| folder.join(given).with_extension("toml"));
    match named {
        Some(named) if given.components().count() == 1 && named.is_file() => Ok(named),
        _ => {
            let names: Vec<String> = folder.iter().flat_map(|folder| stems(folder)).collect();
            let stem = given.file_stem().unwrap_or_default().to_string_lossy();
            let near = nearest(&stem, names.iter().map(String::as_str));
            let hint = match near {
                Some(near) => format!("; did you mean experiments/{near}.toml?"),
                None if names.is_empty() => String::new(),
                None => format!("; in experiments/ there are {}", names.join(", ")),
            };
            Err(Failure::usage(format_args!(
                "there is no experiment file {}{hint}",
                given.display()
            )))
        }
    }
}

/// The names of the experiments in a folder.
pub fn stems(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let tomls = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let mut stems: Vec<String> =
        tomls.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    stems.sort();
    stems
}

fn open_data(
    context: &Context,
    experiment: &mut Experiment,
) -> Result<(Arc<Plugin>, Option<Card>, PluginSource)> {
    let (card, reader) = match &experiment.dataset.source {
        DatasetSource::Card { name } => {
            let card = Card::find(context, name).map_err(|error| {
                Failure::usage(experiment.blame("dataset.name", error.to_string(), None))
            })?;
            let missing = card.missing();
            if !missing.is_empty() {
                let message =
                    format!("the files of `{name}` are not all there: {}", missing.join("; "));
                let help = Some(card.remedy());
                return Err(Failure::usage(experiment.blame("dataset.name", message, help)));
            }
            let reader = card.content.reader.clone();
            (Some(card), reader)
        }
        DatasetSource::Plugin { plugin } => (None, plugin.clone()),
    };
    let key = if card.is_some() { "dataset.name" } else { "dataset.plugin" };
    let plugin = get(context, experiment, key, &reader)?;
    let parameters = &plugin.dataset(&reader).map_err(Failure::usage)?.parameters;

    let base = match &card {
        Some(card) => card.folder.clone(),
        None => context.base()?,
    };
    let mut given = card.as_ref().map(|card| card.content.parameters.clone()).unwrap_or_default();
    given.extend(experiment.dataset.values.clone());
    let values = Plugins::check(parameters, &given, &base).map_err(|error| {
        match experiment.dataset.values.contains_key(&error.key) || card.is_none() {
            true => blame_param(experiment, "dataset", &reader, &error),
            false => Failure::usage(format_args!(
                "{}: {error}",
                card.as_ref()
                    .map(|card| card.folder.join("card.toml").display().to_string())
                    .unwrap_or_default()
            )),
        }
    })?;
    if card.is_none() {
        fill_in(&mut experiment.dataset.values, &values);
    }
    let dataset = plugin.open(&reader, values).map_err(Failure::usage)?;
    let classes = card.as_ref().and_then(|card| card.content.classes.clone());
    let source = PluginSource::new(dataset, classes).map_err(Failure::usage)?;
    Ok((plugin, card, source))
}

fn trace(
    context: &Context,
    experiment: &mut Experiment,
    source: &PluginSource,
    input: &[usize],
    items: u64,
) -> Result<(Arc<Plugin>, Graph)> {
    let name = experiment.architecture.plugin.clone();
    let plugin = get(context, experiment, "architecture.plugin", &name)?;
    let info = plugin.architecture(&name).map_err(|error| {
        Failure::usage(experiment.blame("architecture.plugin", error.to_string(), None))
    })?;
    let values =
        Plugins::check(&info.parameters, &experiment.architecture.values, &context.base()?)
            .map_err(|error| blame_param(experiment, "architecture", &name, &error))?;
    check_knobs(experiment, &name, &info.knobs)?;
    fill_in(&mut experiment.architecture.values, &values);
    let task = Task {
        image: input.to_vec(),
        medium: source.host_medium(),
        classes: source.classes().len(),
        items,
        attributes: source.facts(),
        caption: source.caption(),
    };
    let graph = plugin.trace(&name, &values, &task).map_err(Failure::usage)?;
    let knobs = info.knobs.iter().map(|knob| (knob.name.clone(), knob.default));
    for (knob, default) in knobs {
        experiment.knobs.entry(knob).or_insert(workbench_experiment::Schedule::Constant(default));
    }
    Ok((plugin, graph))
}

fn get(context: &Context, experiment: &Experiment, key: &str, name: &str) -> Result<Arc<Plugin>> {
    context.plugins.get(name).map_err(|error| match error {
        workbench_host::Error::NotFound { .. } => {
            Failure::usage(experiment.blame(key, error.to_string(), None))
        }
        other => Failure::usage(other),
    })
}

fn check_knobs(experiment: &Experiment, plugin: &str, declared: &[KnobInfo]) -> Result<()> {
    for (name, schedule) in &experiment.knobs {
        let key = format!("knobs.{name}");
        let Some(knob) = declared.iter().find(|knob| &knob.name == name) else {
            let names: Vec<&str> = declared.iter().map(|knob| knob.name.as_str()).collect();
            let help = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "it has none".to_owned(),
                None => format!("it has {}", names.join(", ")),
            };
            let message = format!("architecture `{plugin}` has no knob `{name}`");
            return Err(Failure::usage(experiment.blame_key(&key, message, Some(help))));
        };
        let (low, high) = schedule.range();
        if low < knob.min || high > knob.max {
            let given = if low == high { format!("{low}") } else { format!("{low} to {high}") };
            let message =
                format!("`{name}` is {given}, and must stay from {} to {}", knob.min, knob.max);
            return Err(Failure::usage(experiment.blame(&key, message, Some(knob.about.clone()))));
        }
    }
    Ok(())
}

/// The tag that judges must be one that validation measures.
fn check_monitor(experiment: &Experiment, graph: &Graph) -> Result<()> {
    let mut measured = vec!["loss"];
    measured.extend(graph.metrics().map(|(name, _)| name));
    measured.extend(graph.losses().map(|(name, ..)| name));
    if measured.contains(&"recon") && measured.contains(&"kl") {
        measured.push("elbo");
    }
    let tag = &experiment.train.monitor;
    match tag.strip_prefix("valid/") {
        Some(measure) if measured.contains(&measure) => Ok(()),
        _ => {
            measured.dedup();
            let message = format!("there is no curve `{tag}` to monitor");
            let there =
                measured.iter().map(|measure| format!("valid/{measure}")).collect::<Vec<_>>();
            let help = format!("there are {}", there.join(", "));
            Err(Failure::usage(experiment.blame("train.monitor", message, Some(help))))
        }
    }
}

fn blame_param(
    experiment: &Experiment,
    table: &str,
    plugin: &str,
    error: &workbench_host::ParamError,
) -> Failure {
    let key = format!("{table}.{}", error.key);
    let message = format!("plugin `{plugin}`: {error}");
    Failure::usage(match error.unknown {
        true => experiment.blame_key(&key, message, error.help.clone()),
        false => experiment.blame(&key, message, error.help.clone()),
    })
}

fn blame_plan(
    experiment: &Experiment,
    reader: &Plugin,
    error: &workbench_trainer::Error,
) -> Failure {
    let key = match error {
        workbench_trainer::Error::BatchTooLarge { .. } => "train.batch_size",
        workbench_trainer::Error::Validation { .. } => "train.validation",
        workbench_trainer::Error::Crop { .. } => "input.crop",
        workbench_trainer::Error::Shift { .. } => "input.shift",
        workbench_trainer::Error::Dequantize => "input.dequantize",
        // The plugin has named itself.
        workbench_trainer::Error::Source(error) => return Failure::usage(error),
        other => return Failure::usage(format_args!("plugin `{}`: {other}", reader.name)),
    };
    Failure::usage(experiment.blame(key, error.to_string(), None))
}

fn fill_in(table: &mut toml::Table, values: &workbench_host::Values) {
    for (name, value) in values {
        let value: Option<toml::Value> = <&Value>::into(value);
        table.extend(value.map(|value| (name.clone(), value)));
    }
}
