//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Train, watch, compare and use variational autoencoders from the terminal.
///
/// Without a command: the home screen, with runs, experiments, data sets and plugins.
#[derive(Parser)]
#[command(name = "workbench", version, about)]
pub struct Arguments {
    #[command(flatten)]
    pub places: Places,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Args, Clone)]
pub struct Places {
    /// The folder with plugins/, datasets/ and experiments/ [default: the nearest one above]
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Where runs are [default: runs/ under the root]
    #[arg(long, global = true, value_name = "DIR")]
    pub runs: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Train a model as an experiment file says
    Train(Train),
    /// Go on with a run from its newest good checkpoint
    Resume(Resume),
    /// Begin a new run from a checkpoint of another, with settings changed
    ///
    /// The other run is only read, and may be training, finished, stopped or failed; the fork does not need it
    /// afterwards. With nothing changed, the fork is to the bit what the other run is after that step.
    ///
    /// Anything may change that leaves the parameters their names and shapes. The step counts on: schedules, and the
    /// order of the data, are those of the new settings at that step. The optimizer's state carries on, between adam and
    /// adamw too. What was set by request while the other run trained carries on, unless it is given here. The best value
    /// and the epochs without improvement carry on, unless the data, the architecture, its knobs, the seed, the
    /// validation share or the monitor changed.
    Fork(Fork),
    /// Show the dashboard of a run, or of any folder with a TensorBoard log
    Attach(Attach),
    /// Show the dashboard of several runs, drawn over one another
    ///
    /// The first is the run that the dashboard is of; `c` there lists the runs beside it, to draw more of them or fewer.
    Compare(Compare),
    /// Say what an experiment will do, without starting it
    Check(Check),
    /// Measure how fast an experiment trains, phase by phase
    ///
    /// Takes whole training steps on batches of the experiment's own data, made ahead on other threads as in a run, and
    /// reads the loss back at each. Nothing is written: there is no run. Images a second are those of the median step.
    /// GFLOP/s count products alone, and are compared with a large product measured on this machine, on the same threads.
    /// Memory is the most that the process held until the last step, the data set included.
    Bench(Bench),
    /// List the runs
    Runs {
        #[command(flatten)]
        json: Json,
    },
    /// Show one run: state, metrics, checkpoints, figures; or a group of seeds: means and deviations
    Show {
        #[command(flatten)]
        run: Run,
        #[command(flatten)]
        json: Json,
    },
    /// Remove runs for good
    Remove(Remove),
    /// Free space in finished runs: older checkpoints, most of the latent snapshots
    Prune(Prune),
    /// Print a run's event log as lines
    Log {
        #[command(flatten)]
        run: Run,
        /// Wait for more, until the run ends
        #[arg(long)]
        follow: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Ask a run to save and end; it can go on later
    Stop(Run),
    /// Ask a run to wait
    Pause(Run),
    /// Ask a paused run to go on
    Continue(Run),
    /// Ask a run for a checkpoint now
    Save(Run),
    /// Set a knob of a run, or its learning rate (lr)
    Set {
        #[command(flatten)]
        run: Run,
        /// Such as beta=2 or lr=3e-4
        #[arg(value_name = "KNOB=VALUE")]
        assignment: String,
    },
    /// Draw a figure of a run
    Plot(Plot),
    /// Draw pictures from a trained model
    Sample(Sample),
    /// Move through a model's latent space with sliders, and see what it draws
    ///
    /// Starts from a test image, a random code, or a point of the latent space; a strip leads from one code to
    /// another. What is saved goes to explore/ in the run directory: the picture and the strip (PNG), the code (JSON and
    /// CSV); the paths are printed at the end. A run that is still training may be explored: its newest checkpoint is
    /// loaded as it comes. `?` tells the keys.
    Explore(Explore),
    /// Measure a trained model on a split
    Eval(Eval),
    /// List, show, begin, check and build plugins
    #[command(subcommand)]
    Plugin(Plugin),
    /// List, show, fetch and verify data sets
    #[command(subcommand)]
    Data(Data),
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
    #[command(name = "__look", hide = true)]
    Look(Run),
    #[command(name = "__probe", hide = true)]
    Probe { library: PathBuf },
    #[command(name = "__conformance", hide = true)]
    Conformance,
    #[command(name = "__trainer", hide = true)]
    Trainer { run: PathBuf },
}

#[derive(Args)]
pub struct Json {
    /// One JSON document on stdout, and nothing else there
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Run {
    /// A run directory, its name, a unique part of it, or "latest"
    #[arg(value_name = "RUN")]
    pub run: String,
}

#[derive(Args)]
pub struct Experiment {
    /// An experiment file, or the name of one in experiments/
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: PathBuf,
    /// Settings laid over the file's, such as train.epochs=3
    #[arg(value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

#[derive(Args)]
pub struct Train {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Name the run [default: date, time and the experiment's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where a run of that name exists, go on with it
    #[arg(long, requires = "name")]
    pub or_resume: bool,
    /// Train with each of these seeds, one after the other, as one group of runs NAME-s0, NAME-s1, …
    #[arg(long, value_delimiter = ',', value_name = "0,1,2")]
    pub seeds: Vec<u64>,
    /// Train in this process and print progress
    #[arg(long)]
    pub headless: bool,
    /// Return when the trainer runs in the background, and print the run's path
    #[arg(long, conflicts_with = "headless")]
    pub detach: bool,
    /// Progress as JSON lines on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Resume {
    #[command(flatten)]
    pub run: Run,
    /// Train in this process and print progress
    #[arg(long)]
    pub headless: bool,
    /// Return when the trainer runs in the background
    #[arg(long, conflicts_with = "headless")]
    pub detach: bool,
    /// Progress as JSON lines on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct Fork {
    #[command(flatten)]
    pub run: Run,
    /// Settings laid over the other run's, such as knobs.beta=4 or train.epochs=30
    #[arg(value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// The step of the checkpoint to begin from, or "best" [default: the newest good one]
    #[arg(long, value_name = "STEP|best")]
    pub at: Option<At>,
    /// Name the fork [default: date, time and the experiment's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Train in this process and print progress
    #[arg(long)]
    pub headless: bool,
    /// Return when the trainer runs in the background, and print the run's path
    #[arg(long, conflicts_with = "headless")]
    pub detach: bool,
    /// Progress as JSON lines on stdout
    #[arg(long)]
    pub json: bool,
}

/// Which of a run's checkpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Step(u64),
    /// That of the best value so far.
    Best,
}

impl std::str::FromStr for At {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<At, Self::Err> {
        match text {
            "best" => Ok(At::Best),
            step => step.parse().map(At::Step).map_err(|_| "a step, or `best`, is wanted"),
        }
    }
}

#[derive(Args)]
pub struct Remove {
    /// Run directories, names, unique parts of names, or "latest"
    #[arg(value_name = "RUN", required = true)]
    pub named: Vec<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Args)]
pub struct Prune {
    /// Run directories, names, unique parts of names, or "latest" [default: all finished runs]
    #[arg(value_name = "RUN")]
    pub named: Vec<String>,
    /// Keep so many of the newest checkpoints; the best one stays in any case
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: u32,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Args, Default)]
pub struct Attach {
    /// A run, as elsewhere, or a folder with a TensorBoard log [default: the newest run]
    #[arg(value_name = "RUN|DIR")]
    pub run: Option<String>,
    #[command(flatten)]
    pub screen: Screen,
}

/// How a screen looks, and what it takes of the terminal.
#[derive(Args, Clone, Default)]
pub struct Screen {
    /// truecolor, 256, 16 or none, and dark or light: `light,256` [default: what the terminal can do and tells]
    #[arg(long, value_name = "T")]
    pub theme: Option<String>,
    /// Draw with ASCII alone
    #[arg(long)]
    pub ascii: bool,
    /// How pictures are drawn: blocks, sixel, kitty, iterm2, or auto, which asks the terminal [default: blocks]
    #[arg(long, value_name = "P")]
    pub pictures: Option<String>,
    /// Take the mouse: what is shown can be clicked and dragged (the key M takes it or leaves it, too)
    #[arg(long)]
    pub mouse: bool,
}

#[derive(Args)]
pub struct Compare {
    /// Runs, as elsewhere, groups of seeds by their names, or folders with a TensorBoard log
    #[arg(value_name = "RUN|DIR", required = true)]
    pub named: Vec<String>,
    #[command(flatten)]
    pub screen: Screen,
}

#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    pub experiment: Experiment,
    /// Print the experiment as resolved: every default filled in
    #[arg(long)]
    pub resolved: bool,
    /// Draw what the architecture sees of some items, measured and in training, as a PNG
    #[arg(long, value_name = "FILE", conflicts_with = "resolved")]
    pub batch: Option<PathBuf>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Args)]
pub struct Bench {
    #[command(flatten)]
    pub experiment: Experiment,
    /// How many steps to time
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub steps: u64,
    /// How many steps to take before
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    pub warmup: u64,
    /// Also the time and speed of every node of the graph, forward and backward
    #[arg(long)]
    pub profile: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Args)]
pub struct Plot {
    /// A run directory, its name, a unique part of it, or "latest"
    #[arg(value_name = "RUN", required_unless_present = "list")]
    pub run: Option<String>,
    /// What to draw
    #[arg(value_name = "FIGURE", required_unless_present = "list")]
    pub figure: Option<String>,
    /// latent: the step of the snapshot [default: the newest]
    #[arg(long, value_name = "STEP")]
    pub step: Option<u64>,
    /// latent: the dimensions across and up, counted from 1 [default: the first two principal components]
    #[arg(long, value_name = "X,Y", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    pub axes: Vec<u16>,
    /// latent: colour the points by an attribute of the data, by name, by a latent dimension, counted from 1, such as z3,
    /// or by class [default: by class]
    #[arg(long, value_name = "NAME")]
    pub color: Option<String>,
    /// loss: what is above the floor that no model can reach, where the architecture logs one
    #[arg(long)]
    pub above_floor: bool,
    /// Where the PNG goes [default: plots/FIGURE.png in the run directory]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the numbers behind it go
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// List the figures that there are
    #[arg(long)]
    pub list: bool,
}

#[derive(Args)]
pub struct Sample {
    #[command(flatten)]
    pub run: Run,
    /// How many pictures; a grid takes 10,000, FILE.npy any number
    #[arg(short, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub n: u64,
    /// Draw codes from a mixture fitted to the codes of training items, or from the prior N(0, I)
    #[arg(long, value_enum, default_value = "fitted", value_name = "SOURCE")]
    pub from: SampleSource,
    /// Of which class, by name or number, where the architecture is conditioned on it [default: each in turn]
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// With an attribute of this value, by name or number ("?": not known), where the architecture is conditioned on it;
    /// may be given for several [default: as the first test items have it]
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
    /// The same seed draws the same pictures
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Where the PNG goes; FILE.gif: volumes turn, clips play; FILE.npy: the numbers, for NumPy
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Where the pixels of pictures go as a table
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    #[command(flatten)]
    pub json: Json,
}

/// From what codes are drawn.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SampleSource {
    Fitted,
    Prior,
}

impl From<SampleSource> for workbench_trainer::SampleFrom {
    fn from(source: SampleSource) -> Self {
        match source {
            SampleSource::Fitted => Self::Fitted,
            SampleSource::Prior => Self::Prior,
        }
    }
}

#[derive(Args)]
pub struct Explore {
    #[command(flatten)]
    pub run: Run,
    /// Where saved files go [default: explore/ in the run directory]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Begin at a point of the newest latent snapshot, by its number from 0, and not at the first test image
    #[arg(long, value_name = "N")]
    pub point: Option<usize>,
    #[command(flatten)]
    pub screen: Screen,
}

#[derive(Args)]
pub struct Eval {
    #[command(flatten)]
    pub run: Run,
    /// Which measures, by name [default: all]
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub metrics: Vec<String>,
    /// train, valid or test
    #[arg(long, default_value = "test")]
    pub split: String,
    /// Judge what the model draws by a run of `classifier` on the same data: eval latest --judge judge-digits
    #[arg(long, value_name = "RUN")]
    pub judge: Option<String>,
    /// With --judge: how many samples, and items moved along each slider
    #[arg(short, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(4..=100_000))]
    pub n: u64,
    /// With --judge: the same seed draws the same samples
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// With --judge: what codes are drawn from
    #[arg(long, value_enum, default_value_t = SampleSource::Fitted)]
    pub from: SampleSource,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Subcommand)]
pub enum Plugin {
    /// Every plugin, with what it offers
    List {
        #[command(flatten)]
        json: Json,
    },
    /// One plugin: its parameters and knobs
    Show {
        name: String,
        #[command(flatten)]
        json: Json,
    },
    /// Begin a plugin: a folder in plugins/ that builds and trains as it stands, and an experiment that uses it
    ///
    /// Writes plugins/NAME and experiments/NAME.toml, and adds a crate to the workspace's members in the top Cargo.toml.
    /// Everything is written, or nothing. plugins/README.md is the guide to what comes next.
    New(NewPlugin),
    /// Try a plugin out: everything that it declares, and everything that it must not do
    ///
    /// In other processes, so that a plugin that crashes or hangs takes nothing with it. Data sets are read in order, at
    /// random, out of range and by eight threads at once, into buffers that show what is written outside of them or not at
    /// all. Architectures are traced for pictures of three sizes and trained for three steps on random ones. Exit code 2
    /// where a check fails.
    Check(PluginCheck),
    /// Build plugins from source where they changed
    ///
    /// Prints what the compiler prints, and each library's path.
    Build(BuildPlugin),
}

#[derive(Args)]
pub struct NewPlugin {
    /// What it offers
    pub kind: PluginKind,
    /// Of the folder, the plugin and the experiment: lower-case letters, digits and single hyphens
    pub name: String,
    /// What it is written in; C is for data sets
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    pub lang: Language,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PluginKind {
    Dataset,
    Architecture,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    Rust,
    C,
}

#[derive(Args)]
pub struct BuildPlugin {
    /// One of them, or "all"
    #[arg(default_value = "all")]
    pub name: String,
    /// Stay, and build and check again at each save, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// JSON on stdout, and nothing else there: a document, or with --watch a line for each build
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct PluginCheck {
    /// A plugin's name, its folder, a C file, or a built library
    #[arg(value_name = "PATH|NAME")]
    pub plugin: String,
    /// The plugin's parameters; those that have no default must be given (relative paths: from the root)
    #[arg(value_name = "KEY=VALUE")]
    pub values: Vec<String>,
    /// Take the data set's parameters from this data card
    #[arg(long, value_name = "NAME")]
    pub data: Option<String>,
    /// So long may one call into the plugin take
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub deadline: f64,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Subcommand)]
pub enum Data {
    /// Every data set with a card
    List {
        #[command(flatten)]
        json: Json,
    },
    /// One data set: its card, splits and fields
    Show {
        name: String,
        #[command(flatten)]
        json: Json,
    },
    /// Draw items of a data set, or of a data set plugin with its defaults
    Preview(Preview),
    /// Get a data set's files from the addresses in its card
    ///
    /// Each address is tried in turn. What arrives is checked against the card's sizes and checksums before it gets its
    /// name; files that are there and right are not fetched again. Ctrl-C, a lost connection or a crash leaves NAME.part,
    /// from which the next call goes on. Where a licence forbids fetching, the card's instructions are printed (exit code
    /// 2). Proxies: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; certificates of your own: SSL_CERT_FILE.
    Fetch(Fetch),
    /// Compare files with the sizes and checksums of their card
    Verify {
        /// One of them [default: all]
        name: Option<String>,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Args)]
pub struct Fetch {
    /// Of a data card
    pub name: String,
    /// Fetch all of it anew, also what is there and right, and from its start
    #[arg(long)]
    pub force: bool,
    /// Seconds without a byte after which an address is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Args)]
pub struct Preview {
    /// Of a data card, or of a plugin
    pub name: String,
    /// The reader's parameters: of a plugin all that it requires, of a card in place of its own
    #[arg(value_name = "KEY=VALUE")]
    pub values: Vec<String>,
    /// train, valid or test
    #[arg(long, default_value = "train")]
    pub split: String,
    /// Only of this class, by name or number
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Only with an attribute of this value, by name or number ("?": not known); may be given for several
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub attributes: Vec<String>,
    /// How many items
    #[arg(short, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub n: u64,
    /// The same seed picks the same items
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Written as PNG (FILE.gif: volumes turn, clips play; FILE.npy: the numbers), not drawn in the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
        assert!(Arguments::parse_from(["workbench"]).command.is_none());
        let parsed = Arguments::parse_from(["workbench", "--runs", "x", "remove", "a", "b"]);
        // The global --runs and the runs that are named are two things.
        assert_eq!(parsed.places.runs, Some(PathBuf::from("x")));
        assert!(matches!(parsed.command, Some(Command::Remove(r)) if r.named == ["a", "b"]));
        let fork = ["workbench", "fork", "one", "knobs.beta=4", "--at", "best"];
        let Some(Command::Fork(fork)) = Arguments::parse_from(fork).command else { panic!() };
        assert_eq!((fork.overrides.len(), fork.at), (1, Some(At::Best)));
        assert_eq!(("12".parse(), "-1".parse::<At>().is_err()), (Ok(At::Step(12)), true));
        let parsed = Arguments::parse_from(["workbench", "train", "e", "--seeds", "0,1,18"]);
        assert!(matches!(parsed.command, Some(Command::Train(t)) if t.seeds == [0, 1, 18]));
    }
}
