//! Settings that make the shipped experiments small enough to train within a second or two.

/// Over `digits-mlp`: four latent dimensions, one thread, so that equal seeds give equal bits however many tests run.
pub const SMALL_MLP: &[&str] = &[
    "digits-mlp",
    "device.threads=1",
    "architecture.latent=4",
    "architecture.hidden=32",
    "train.batch_size=32",
    "log.every_steps=10",
];

/// Over `digits-conv`, likewise.
pub const SMALL_CONV: &[&str] = &[
    "digits-conv",
    "device.threads=1",
    "architecture.latent=4",
    "architecture.hidden=32",
    "architecture.channels=[8,8]",
    "train.batch_size=32",
    "log.every_steps=10",
];

/// `train`, an experiment with its settings, and more arguments.
pub fn with<'a>(experiment: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    ["train"].iter().chain(experiment).chain(more).copied().collect()
}
