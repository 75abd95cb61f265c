//! The training loop: batches, schedules, validation, snapshots, checkpoints, signals and requests.
//!
//! [`Job::train`] turns a session and a data source into a run directory. It knows neither plugins nor figures:
//! data come through [`Source`], and whoever draws or prints listens as an [`Observer`].

mod acceptance;
mod aggregate;
mod ahead;
mod batches;
mod bench;
mod condition;
mod control;
mod error;
mod evaluate;
mod fidelity;
mod figure_items;
mod film;
mod fork;
mod heartbeat;
mod held;
mod holdings;
mod job;
mod kept;
mod knobs;
mod load;
mod media;
mod medium;
mod observer;
mod picture;
mod plan;
mod pool;
mod profiled;
mod rate;
mod reading;
mod readout;
mod restore;
mod sample_rows;
mod sampler;
mod saver;
mod saving;
mod signals;
mod snapshot;
mod source;
mod split;
mod storage;
mod training;
mod transform;
mod volume;

pub use acceptance::{Acceptance, acceptance, acceptance_samples};
pub use aggregate::aggregate;
pub use bench::{Bench, BenchLength, StepTime, bench};
pub use condition::{Asked, Wanted, attribute_of, condition, of_items, with_attribute};
pub use error::Error;
pub use evaluate::evaluate;
pub use fidelity::{Fidelity, fidelity};
pub use fork::{Differences, Forked, fork};
pub use holdings::{Holding, Holdings, holdings};
pub use job::{Job, Outcome, REQUESTS_EVERY};
pub use knobs::knobs;
pub use media::{COLUMNS, Media, Reconstructions, Samples, Traversal};
pub use medium::Medium;
pub use observer::{Observer, Progress};
pub use picture::{grid_png, to_bytes};
pub use plan::Plan;
pub use readout::{Readout, readouts};
pub use restore::load_model;
pub use sample_rows::{SampleCount, SampleRows, sample_rows};
pub use sampler::{
    Drawn, Effort, SampleFrom, Sampler, decoded, draw, draw_for, fit as fit_sampler,
    keep as keep_sampler, kept as kept_sampler,
};
pub use signals::Signals;
pub use snapshot::{active_units, kl_per_dimension, take as snapshot, take_some as snapshot_of};
pub use source::{Items, Pixels, Source, SourceError};
pub use split::{Split, Splits};
pub use transform::{Transform, input_shape};
pub use volume::{Angles, Projection};
