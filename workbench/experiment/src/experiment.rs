use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::document::{Document, Node, Place, Value};
use crate::source::Source;
use crate::{Error, Every, Length, Schedule, layers, sections};

/// An experiment, validated: every value in its range, every default filled in.
///
/// Two experiments are equal where their settings are, wherever these were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// A file name without tricks, see [`is_name`]; the file's stem where it was left out.
    pub name: String,
    /// Of the initial weights, the noise, the order of the data and every split: equal seeds train equally.
    pub seed: u64,
    /// `[dataset]`
    pub dataset: Dataset,
    /// `[architecture]`
    pub architecture: Architecture,
    /// `[train]`
    pub train: Train,
    /// Live scalars of the architecture, by name. Which it declares, and their ranges, its plugin knows.
    pub knobs: BTreeMap<String, Schedule>,
    /// `[input]`
    pub input: Input,
    /// `[log]`
    pub log: Log,
    /// `[checkpoint]`
    pub checkpoint: Checkpoint,
    /// `[plots]`
    pub plots: Plots,
    /// `[device]`
    pub device: Device,
    pub(crate) written: Written,
}

/// Where the images come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// A card or a plugin: `name` or `plugin`.
    pub source: DatasetSource,
    /// The plugin's own keys, not yet checked.
    pub values: toml::Table,
}

/// What `[dataset]` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatasetSource {
    /// The data set of that name, described by its card.
    Card { name: String },
    /// Read by that plugin, without a card.
    Plugin { plugin: String },
}

/// The network, by its plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// The plugin that records the network.
    pub plugin: String,
    /// The plugin's own keys, not yet checked.
    pub values: toml::Table,
}

/// How it is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// `epochs` or `steps`: the whole run.
    pub length: Length,
    /// Images a step, at least 1.
    pub batch_size: usize,
    /// What turns gradients into steps.
    pub optimizer: Optimizer,
    /// The share of the training split that is cut off for validation, in [0, 1).
    pub validation: f64,
    /// `clip_norm`: gradients are scaled so that their global L2 norm is at most this.
    pub clip: Option<f64>,
    /// The decay a step, in [0, 1), of an exponential moving average of the weights, which measures, draws and is used in
    /// their place; 0 keeps none. Training itself goes on from the weights.
    pub ema: f64,
    /// Training stops when `monitor` has not improved for this many epochs.
    pub patience: Option<u64>,
    /// A tag under `valid/`.
    pub monitor: String,
}

/// Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019).
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer {
    /// Which of the two.
    pub kind: OptimizerKind,
    /// Never below zero, and not zero throughout.
    pub lr: Schedule,
    /// In [0, 1).
    pub beta1: f64,
    /// In [0, 1).
    pub beta2: f64,
    /// Above 0.
    pub eps: f64,
    /// At least 0.
    pub weight_decay: f64,
}

/// The kinds of [`Optimizer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptimizerKind {
    /// `weight_decay` is added to the gradient.
    Adam,
    /// `weight_decay` is decoupled from the gradient.
    AdamW,
}

impl OptimizerKind {
    pub(crate) const WORDS: [(&str, OptimizerKind); 2] =
        [("adam", OptimizerKind::Adam), ("adamw", OptimizerKind::AdamW)];
}

/// What happens to images before they are seen, and how they come there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// How grey values become black and white.
    pub binarize: Binarize,
    /// Bytes become (byte + u) / 256 with u from U[0, 1), drawn anew at every visit (Theis et al. 2016, "A note on the
    /// evaluation of generative models", section 3.1), and not byte / 255. Never with `binarize`.
    pub dequantize: bool,
    /// In training, images are mirrored with probability ½ each way.
    pub flip: Flip,
    /// In training, images are moved by up to so many pixels each way; what comes in repeats the edge.
    pub shift: usize,
    /// Height and width of what is seen of an image: anywhere in training, else its middle.
    pub crop: Option<[usize; 2]>,
    /// `memory_mb`: images whose pixels take more are read anew whenever they are needed. 0: half of the machine's memory.
    pub memory_mb: u64,
    /// Threads that make batches. 0: by the machine.
    pub readers: usize,
    /// What to do with an image that can't be read.
    pub on_bad_item: OnBadItem,
    /// How long one call into a plugin may take, `read_deadline` in seconds: reading 512 items, opening the data,
    /// building the graph. What takes longer hangs.
    pub read_deadline: Duration,
}

/// When each pixel is drawn as 0 or 1, with its grey value as the probability of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binarize {
    /// Never: grey values stay.
    None,
    /// Once, by the seed.
    Static,
    /// Anew at every visit.
    Dynamic,
}

impl Binarize {
    pub(crate) const WORDS: [(&str, Binarize); 3] =
        [("none", Binarize::None), ("static", Binarize::Static), ("dynamic", Binarize::Dynamic)];
}

/// Along which sides images are mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flip {
    /// Never.
    None,
    /// Left becomes right.
    Horizontal,
    /// Top becomes bottom.
    Vertical,
    /// Each, one without the other too.
    Both,
}

impl Flip {
    pub(crate) const WORDS: [(&str, Flip); 4] = [
        ("none", Flip::None),
        ("horizontal", Flip::Horizontal),
        ("vertical", Flip::Vertical),
        ("both", Flip::Both),
    ];

    /// Whether left may become right.
    pub fn is_horizontal(self) -> bool {
        matches!(self, Flip::Horizontal | Flip::Both)
    }

    /// Whether top may become bottom.
    pub fn is_vertical(self) -> bool {
        matches!(self, Flip::Vertical | Flip::Both)
    }
}

/// What an image that can't be read does to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnBadItem {
    /// The run stops.
    Stop,
    /// The image is left out.
    Skip,
}

impl OnBadItem {
    pub(crate) const WORDS: [(&str, OnBadItem); 2] =
        [("stop", OnBadItem::Stop), ("skip", OnBadItem::Skip)];
}

/// How often curves are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Log {
    /// Steps between two records of the training curves.
    pub every_steps: u64,
}

/// How often the state of training is kept, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// `every_epochs` or `every_steps`.
    pub every: Every,
    /// How many of the newest are kept, at least 1.
    pub keep: usize,
}

/// Which figures are drawn while training, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plots {
    /// Epochs between two drawings of the figures.
    pub every_epochs: u64,
    /// Names of figures; which there are, the plots know.
    pub figures: Vec<String>,
}

/// Where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// What computes.
    pub kind: DeviceKind,
    /// 0: as many as there are.
    pub threads: usize,
}

/// The kinds of [`Device`]; all but the CPU need a build with the feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
    /// An Apple GPU.
    Metal,
}

impl DeviceKind {
    pub(crate) const WORDS: [(&str, DeviceKind); 3] =
        [("cpu", DeviceKind::Cpu), ("cuda", DeviceKind::Cuda), ("metal", DeviceKind::Metal)];
}

/// What an experiment was read from. It never tells two experiments apart.
#[derive(Debug, Clone)]
pub(crate) struct Written(pub(crate) Arc<Document>);

impl PartialEq for Written {
    fn eq(&self, _: &Written) -> bool {
        true
    }
}

impl Experiment {
    /// Reads an experiment file and what it extends, with `key=value` arguments laid over it, each such as `train.epochs=3`: the
    /// value is TOML, and what isn't TOML is taken as a string.
    ///
    /// # Errors
    /// A file that can't be read, is larger than 1 MiB or isn't TOML; a key that isn't known; a value of the wrong type or outside
    /// its range; what is required and missing; a malformed argument; files that extend each other in a circle.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Experiment, Error> {
        let source = Source::read(path)?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        sections::experiment(layers::resolve(source, Some(path), overrides)?, stem)
    }

    /// Reads an experiment from text as [`Experiment::load`] does; `file_name` is what errors call it. It can't extend a file.
    ///
    /// # Errors
    /// As for [`Experiment::load`], and where there is an `extends`.
    pub fn parse(file_name: &str, text: &str, overrides: &[String]) -> Result<Experiment, Error> {
        let source = Source::from_bytes(file_name, text.as_bytes())?;
        let stem = Path::new(file_name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        sections::experiment(layers::resolve(source, None, overrides)?, stem)
    }

    /// An error that points at the value of a dotted path such as `architecture.latent` or `plots.figures.2`, wherever it was
    /// written (the file, an extended file, the command line). Where it wasn't, at its table's header; else at the file.
    pub fn blame(&self, path: &str, message: impl Into<String>, help: Option<String>) -> Error {
        let (node, _) = self.written.0.find(path);
        self.written.0.error(node.map(|node| &node.at), message, help)
    }

    /// Whether a `key=value` argument set the value of a dotted path such as `knobs.beta`, or a part of it, also where it set
    /// what was there before.
    pub fn is_from_argument(&self, path: &str) -> bool {
        match self.written.0.find(path) {
            (Some(node), true) => has_argument(&self.written.0, node),
            _ => false,
        }
    }

    /// As [`Experiment::blame`], but points at the key: for a key that shouldn't be there.
    pub fn blame_key(&self, path: &str, message: impl Into<String>, help: Option<String>) -> Error {
        let (node, found) = self.written.0.find(path);
        let place = node.map(|node| if found { &node.key } else { &node.at });
        self.written.0.error(place, message, help)
    }
}

/// Whether an argument wrote a value or any part of it.
fn has_argument(document: &Document, node: &Node) -> bool {
    let is_argument = |place: &Place| {
        matches!(document.sources.get(place.source), Some(Source::CommandLine { .. }))
    };
    match &node.value {
        Value::Table(table) => table.values().any(|inner| has_argument(document, inner)),
        _ => is_argument(&node.at),
    }
}

/// Whether a text can name an experiment, a run, a data set or a plugin, and so a folder: 1 to 100 of the characters `A-Z`, `a-z`,
/// `0-9`, `.`, `_` and `-`, the first neither `.` nor `-`.
pub fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=100).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with(['.', '-'])
}
