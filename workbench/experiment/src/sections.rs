use std::collections::BTreeMap;
use std::ops::{Bound, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

use crate::document::Document;
use crate::experiment::Written;
use crate::reader::{MOST_STEPS, NAME_RULE, Reader};
use crate::schedule_reader::{Values, schedule};
use crate::{
    Architecture, Binarize, Checkpoint, Dataset, DatasetSource, Device, DeviceKind, Error,
    Experiment, Flip, Input, Length, Log, OnBadItem, Optimizer, OptimizerKind, Plots, Schedule,
    Train, is_name,
};

/// Reads the experiment out of what was written, table by table. `stem` names it where it doesn't name itself.
pub(crate) fn experiment(document: Document, stem: Option<String>) -> Result<Experiment, Error> {
    let mut root = Reader::root(&document);
    let name = root.name("name")?;
    let seed = root.integer("seed", 0..=u64::MAX)?.unwrap_or(0);
    let [dataset, architecture, train, knobs, input, log, checkpoint, plots, device] = [
        "dataset",
        "architecture",
        "train",
        "knobs",
        "input",
        "log",
        "checkpoint",
        "plots",
        "device",
    ]
    .map(|key| root.section(key));
    // First of all, so that a misspelt table is named rather than the one missing in its place.
    root.finish()?;
    let (dataset, architecture) = (self::dataset(dataset?)?, self::architecture(architecture?)?);
    let (train, knobs) = (self::train(train?)?, self::knobs(knobs?)?);
    let (input, log, checkpoint) =
        (self::input(input?)?, self::log(log?)?, self::checkpoint(checkpoint?)?);
    let (plots, device) = (self::plots(plots?)?, self::device(device?)?);
    let name = match (name, stem) {
        (Some(name), _) => name,
        (None, Some(stem)) if is_name(&stem) => stem,
        (None, stem) => {
            let stem = stem.unwrap_or_default();
            let message =
                format!("the experiment needs a `name`: its file's, {stem:?}, can't be one");
            return Err(root.error(message, Some(NAME_RULE.into())));
        }
    };
    let written = Written(Arc::new(document));
    Ok(Experiment {
        name,
        seed,
        dataset,
        architecture,
        train,
        knobs,
        input,
        log,
        checkpoint,
        plots,
        device,
        written,
    })
}

fn dataset(mut table: Reader) -> Result<Dataset, Error> {
    let source = match table.one_of(&["name", "plugin"])? {
        Some("name") => table.name("name")?.map(|name| DatasetSource::Card { name }),
        Some(_) => table.name("plugin")?.map(|plugin| DatasetSource::Plugin { plugin }),
        None => None,
    };
    let source = source.ok_or_else(|| table.missing(&["name", "plugin"]))?;
    Ok(Dataset { source, values: table.rest()? })
}

fn architecture(mut table: Reader) -> Result<Architecture, Error> {
    let plugin = table.name("plugin")?;
    Ok(Architecture { plugin: table.required("plugin", plugin)?, values: table.rest()? })
}

fn train(mut table: Reader) -> Result<Train, Error> {
    let train = Train {
        length: table.length(["epochs", "steps"])?.unwrap_or(Length::Epochs(20)),
        batch_size: small(table.integer("batch_size", 1..=LARGEST_COUNT)?, 128),
        optimizer: optimizer(table.section("optimizer")?)?,
        validation: table.number("validation", 0.0..1.0)?.unwrap_or(0.1),
        clip: table.number("clip_norm", ABOVE_ZERO)?,
        ema: table.number("ema", 0.0..1.0)?.unwrap_or(0.0),
        patience: table.integer("patience", 1..=MOST_STEPS)?,
        monitor: monitor(&mut table)?,
    };
    table.finish()?;
    Ok(train)
}

fn monitor(table: &mut Reader) -> Result<String, Error> {
    let tag = table.text("monitor")?.unwrap_or_else(|| "valid/loss".into());
    let metric = tag.strip_prefix("valid/");
    if metric.is_none_or(str::is_empty) {
        let help = "it is the tag of a validation curve, such as \"valid/loss\" or \"valid/elbo\""
            .to_owned();
        return Err(table.error_at(
            "monitor",
            format!("`train.monitor` can't be {tag:?}"),
            Some(help),
        ));
    }
    Ok(tag)
}

fn optimizer(mut table: Reader) -> Result<Optimizer, Error> {
    let optimizer = Optimizer {
        kind: table.word("kind", &OptimizerKind::WORDS)?.unwrap_or(OptimizerKind::Adam),
        lr: schedule(&mut table, "lr", Values::Positive)?.unwrap_or(Schedule::Constant(1e-3)),
        beta1: table.number("beta1", 0.0..1.0)?.unwrap_or(0.9),
        beta2: table.number("beta2", 0.0..1.0)?.unwrap_or(0.999),
        eps: table.number("eps", ABOVE_ZERO)?.unwrap_or(1e-8),
        weight_decay: table.number("weight_decay", 0.0..)?.unwrap_or(0.0),
    };
    table.finish()?;
    Ok(optimizer)
}

fn knobs(mut table: Reader) -> Result<BTreeMap<String, Schedule>, Error> {
    let mut knobs = BTreeMap::new();
    for key in table.keys() {
        if let Some(schedule) = schedule(&mut table, key, Values::Any)? {
            knobs.insert(key.to_owned(), schedule);
        }
    }
    Ok(knobs)
}

fn input(mut table: Reader) -> Result<Input, Error> {
    let input = Input {
        binarize: table.word("binarize", &Binarize::WORDS)?.unwrap_or(Binarize::None),
        dequantize: table.boolean("dequantize")?.unwrap_or(false),
        flip: table.word("flip", &Flip::WORDS)?.unwrap_or(Flip::None),
        shift: small(table.integer("shift", 0..=LARGEST_SIDE)?, 0),
        crop: crop(&mut table)?,
        memory_mb: table.integer("memory_mb", 0..=MOST_MEMORY)?.unwrap_or(0),
        readers: small(table.integer("readers", 0..=MOST_READERS)?, 0),
        on_bad_item: table.word("on_bad_item", &OnBadItem::WORDS)?.unwrap_or(OnBadItem::Stop),
        read_deadline: Duration::from_secs_f64(
            table.number("read_deadline", READ_DEADLINES)?.unwrap_or(300.0),
        ),
    };
    table.finish()?;
    if input.dequantize && input.binarize != Binarize::None {
        let message =
            "`input.dequantize` and `input.binarize` exclude each other: pixels are numbers, or 0 and 1"
                .to_owned();
        return Err(table.error_at("dequantize", message, Some("keep one of the two".to_owned())));
    }
    Ok(input)
}

fn crop(table: &mut Reader) -> Result<Option<[usize; 2]>, Error> {
    match table.integers("crop", 1..=LARGEST_SIDE)?.as_deref() {
        None => Ok(None),
        Some(&[height, width]) => Ok(Some([height as usize, width as usize])),
        Some(sides) => {
            let numbers = if sides.len() == 1 { "number" } else { "numbers" };
            let message =
                format!("`input.crop` has {} {numbers}, and is a height and a width", sides.len());
            let help = "such as crop = [24, 24]".to_owned();
            Err(table.error_at("crop", message, Some(help)))
        }
    }
}

fn log(mut table: Reader) -> Result<Log, Error> {
    let log = Log { every_steps: table.integer("every_steps", 1..=MOST_STEPS)?.unwrap_or(10) };
    table.finish()?;
    Ok(log)
}

fn checkpoint(mut table: Reader) -> Result<Checkpoint, Error> {
    let checkpoint = Checkpoint {
        every: table.length(["every_epochs", "every_steps"])?.unwrap_or(Length::Epochs(1)),
        keep: small(table.integer("keep", 1..=LARGEST_COUNT)?, 3),
    };
    table.finish()?;
    Ok(checkpoint)
}

fn plots(mut table: Reader) -> Result<Plots, Error> {
    let usual = || ["loss", "latent", "reconstructions", "samples"].map(str::to_owned).to_vec();
    let plots = Plots {
        every_epochs: table.integer("every_epochs", 1..=MOST_STEPS)?.unwrap_or(1),
        figures: table.texts("figures")?.unwrap_or_else(usual),
    };
    table.finish()?;
    Ok(plots)
}

fn device(mut table: Reader) -> Result<Device, Error> {
    let device = Device {
        kind: table.word("kind", &DeviceKind::WORDS)?.unwrap_or(DeviceKind::Cpu),
        threads: small(table.integer("threads", 0..=MOST_THREADS)?, 0),
    };
    table.finish()?;
    Ok(device)
}

const ABOVE_ZERO: (Bound<f64>, Bound<f64>) = (Bound::Excluded(0.0), Bound::Unbounded);

/// Seconds: less than any disk needs, and a month.
const READ_DEADLINES: RangeInclusive<f64> = 0.01..=2_592_000.0;

/// Of images in a batch, and of checkpoints kept: more is a mistake.
const LARGEST_COUNT: u64 = 1 << 24;
const MOST_THREADS: u64 = 4096;
const MOST_READERS: u64 = 256;
/// Of an image, as data sets can have it.
const LARGEST_SIDE: u64 = 1 << 16;
/// Megabytes.
const MOST_MEMORY: u64 = 1 << 40;

/// A count that was checked to be at most [`LARGEST_COUNT`], which any `usize` holds.
fn small(count: Option<u64>, default: usize) -> usize {
    count.map_or(default, |count| count as usize)
}
