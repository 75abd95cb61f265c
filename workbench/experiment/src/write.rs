use std::fmt::Write;

use crate::{
    Binarize, DatasetSource, DeviceKind, Experiment, Flip, Length, Milestones, OnBadItem,
    Optimizer, OptimizerKind, Schedule,
};

impl Experiment {
    /// The experiment as TOML with every default filled in and every override applied. It parses back to an equal one.
    pub fn to_toml(&self) -> String {
        let train = &self.train;
        let mut out = Writer(String::new());
        out.entry("name", text(&self.name));
        out.entry("seed", self.seed.to_string());

        out.table("dataset");
        match &self.dataset.source {
            DatasetSource::Card { name } => out.entry("name", text(name)),
            DatasetSource::Plugin { plugin } => out.entry("plugin", text(plugin)),
        }
        out.entries(&self.dataset.values);
        out.table("architecture");
        out.entry("plugin", text(&self.architecture.plugin));
        out.entries(&self.architecture.values);

        out.table("train");
        let (key, length) = length(train.length, ["epochs", "steps"]);
        out.entry(key, length);
        out.entry("batch_size", train.batch_size.to_string());
        out.entry("optimizer", optimizer(&train.optimizer));
        out.entry("validation", number(train.validation));
        if let Some(norm) = train.clip {
            out.entry("clip_norm", number(norm));
        }
        if train.ema > 0.0 {
            out.entry("ema", number(train.ema));
        }
        if let Some(epochs) = train.patience {
            out.entry("patience", epochs.to_string());
        }
        out.entry("monitor", text(&train.monitor));

        if !self.knobs.is_empty() {
            out.table("knobs");
            for (knob, value) in &self.knobs {
                out.entry(knob, schedule(value));
            }
        }
        out.table("input");
        out.entry("binarize", word(&Binarize::WORDS, self.input.binarize));
        out.entry("dequantize", self.input.dequantize.to_string());
        out.entry("flip", word(&Flip::WORDS, self.input.flip));
        out.entry("shift", self.input.shift.to_string());
        if let Some([height, width]) = self.input.crop {
            out.entry("crop", format!("[{height}, {width}]"));
        }
        out.entry("memory_mb", self.input.memory_mb.to_string());
        out.entry("readers", self.input.readers.to_string());
        out.entry("on_bad_item", word(&OnBadItem::WORDS, self.input.on_bad_item));
        out.entry("read_deadline", number(self.input.read_deadline.as_secs_f64()));
        out.table("log");
        out.entry("every_steps", self.log.every_steps.to_string());
        out.table("checkpoint");
        let (key, every) = self::length(self.checkpoint.every, ["every_epochs", "every_steps"]);
        out.entry(key, every);
        out.entry("keep", self.checkpoint.keep.to_string());
        out.table("plots");
        out.entry("every_epochs", self.plots.every_epochs.to_string());
        out.entry("figures", array(self.plots.figures.iter().map(|figure| text(figure))));
        out.table("device");
        out.entry("kind", word(&DeviceKind::WORDS, self.device.kind));
        out.entry("threads", self.device.threads.to_string());
        out.0
    }
}

struct Writer(String);

impl Writer {
    fn table(&mut self, name: &str) {
        // Writing to a string can't fail.
        let _ = write!(self.0, "\n[{name}]\n");
    }

    fn entry(&mut self, name: &str, value: String) {
        let _ = writeln!(self.0, "{} = {value}", key(name));
    }

    fn entries(&mut self, table: &toml::Table) {
        for (key, value) in table {
            self.entry(key, value.to_string());
        }
    }
}

fn optimizer(optimizer: &Optimizer) -> String {
    inline([
        ("kind", word(&OptimizerKind::WORDS, optimizer.kind)),
        ("lr", schedule(&optimizer.lr)),
        ("beta1", number(optimizer.beta1)),
        ("beta2", number(optimizer.beta2)),
        ("eps", number(optimizer.eps)),
        ("weight_decay", number(optimizer.weight_decay)),
    ])
}

fn schedule(schedule: &Schedule) -> String {
    let kind = |kind: &str, values: &[(&'static str, f64)]| {
        let values = values.iter().map(|(key, value)| (*key, number(*value)));
        std::iter::once(("kind", text(kind))).chain(values).collect::<Vec<_>>()
    };
    let (mut entries, lengths) = match schedule {
        Schedule::Constant(value) => return number(*value),
        Schedule::Linear { from, to, length } => {
            (kind("linear", &[("from", *from), ("to", *to)]), vec![(*length, ["epochs", "steps"])])
        }
        Schedule::Cosine { from, to, warmup, length } => (
            kind("cosine", &[("from", *from), ("to", *to)]),
            vec![(*warmup, ["warmup_epochs", "warmup_steps"]), (*length, ["epochs", "steps"])],
        ),
        Schedule::Cyclic { from, to, period, ratio } => (
            kind("cyclic", &[("from", *from), ("to", *to), ("ratio", *ratio)]),
            vec![(*period, ["epochs", "steps"])],
        ),
        Schedule::Step { from, factor, when } => {
            let mut entries = kind("step", &[("from", *from), ("factor", *factor)]);
            let mut lengths = Vec::new();
            let list = |at: &[u64]| array(at.iter().map(u64::to_string));
            match when {
                Milestones::AtSteps(at) => entries.push(("at", list(at))),
                Milestones::AtEpochs(at) => entries.push(("at_epochs", list(at))),
                Milestones::Every(interval) => {
                    lengths.push((Some(*interval), ["every_epochs", "every_steps"]))
                }
            }
            (entries, lengths)
        }
    };
    entries.extend(lengths.into_iter().filter_map(|(given, keys)| Some(length(given?, keys))));
    inline(entries)
}

fn length(length: Length, [epochs, steps]: [&'static str; 2]) -> (&'static str, String) {
    match length {
        Length::Epochs(count) => (epochs, count.to_string()),
        Length::Steps(count) => (steps, count.to_string()),
    }
}

fn inline<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> =
        entries.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
    format!("{{ {} }}", entries.join(", "))
}

fn array(elements: impl Iterator<Item = String>) -> String {
    format!("[{}]", elements.collect::<Vec<_>>().join(", "))
}

fn word<T: PartialEq>(words: &[(&str, T)], meaning: T) -> String {
    // Each table of words above names every variant.
    words
        .iter()
        .find(|(_, value)| *value == meaning)
        .map(|(word, _)| text(word))
        .unwrap_or_default()
}

fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The shortest digits that read back as the same number, with an exponent where zeros would fill the line.
fn number(number: f64) -> String {
    if number == 0.0 || (1e-4..1e15).contains(&number.abs()) {
        toml::Value::from(number).to_string()
    } else {
        format!("{number:e}")
    }
}

/// A key, bare where it can be; quoted keys have no multi-line form, so that controls are escaped.
fn key(name: &str) -> String {
    if !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    {
        return name.to_owned();
    }
    let escape = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        control if control.is_control() => format!("\\u{:04X}", u32::from(control)),
        other => other.to_string(),
    };
    format!("\"{}\"", name.chars().map(escape).collect::<String>())
}
