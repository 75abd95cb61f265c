//! The crate from outside: what is read, what is refused and in which words, and what is written back.

mod files;
mod hostile;
mod messages;
mod overrides;
mod reading;
mod round_trip;

use proptest::test_runner::{Config, RngSeed};
use workbench_experiment::{Error, Experiment};

/// The example of the interface, which sets everything that has a default to it.
const FULL: &str = r#"name = "digits-conv"
seed = 7

[dataset]
name = "digits"

[architecture]
plugin = "conv-vae"
latent = 20

[train]
epochs = 20
batch_size = 128
optimizer = { kind = "adam", lr = 1e-3 }
validation = 0.1

[knobs]
beta = 1.0

[input]
binarize = "none"
dequantize = false
flip = "none"
shift = 0
memory_mb = 0
readers = 0
on_bad_item = "stop"
read_deadline = 300

[log]
every_steps = 10

[checkpoint]
every_epochs = 1
keep = 3

[plots]
every_epochs = 1
figures = ["loss", "latent", "reconstructions", "samples"]

[device]
kind = "cpu"
threads = 0
"#;

/// The least that an experiment says.
const LEAST: &str = "[dataset]\nname = \"digits\"\n[architecture]\nplugin = \"mlp-vae\"\n";

fn parse(text: &str, overrides: &[&str]) -> Result<Experiment, Error> {
    let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
    Experiment::parse("experiments/least.toml", text, &overrides)
}

fn good(text: &str, overrides: &[&str]) -> Experiment {
    parse(text, overrides).unwrap_or_else(|error| panic!("{error}"))
}

/// The message for the least experiment with these lines after it.
fn refused(lines: &str) -> String {
    let text = format!("{LEAST}{lines}");
    match parse(&text, &[]) {
        Ok(experiment) => panic!("{experiment:?} was read from\n{text}"),
        Err(error) => error.to_string(),
    }
}

/// So many generated cases, the same ones every time.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(20), ..Config::default() }
}
