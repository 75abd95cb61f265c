//! TOML → a validated [`Experiment`].
//!
//! The way of an experiment file: its text and the files it `extends` are parsed with spans (`source`, `nesting`, `document`), laid
//! over each other and under the command line's `key=value` (`layers`, `overrides`), and read once with every check (`reader`,
//! `sections`, `schedule_reader`). Where each value was written is kept, so that an error, also one found much later by a plugin,
//! points at its line: [`Experiment::blame`].

mod document;
mod error;
mod experiment;
mod layers;
mod length;
mod nearest;
mod nesting;
mod overrides;
mod reader;
mod schedule;
mod schedule_reader;
mod sections;
mod source;
mod write;

pub use error::Error;
pub use experiment::{
    Architecture, Binarize, Checkpoint, Dataset, DatasetSource, Device, DeviceKind, Experiment,
    Flip, Input, Log, OnBadItem, Optimizer, OptimizerKind, Plots, Train, is_name,
};
pub use length::{Every, Length};
pub use nearest::nearest;
pub use schedule::{Milestones, Position, Schedule};
