//! The run directory: its layout, event log, checkpoints, claim, status, requests and history.
//!
//! A trainer writes a run directory; everything else reads it, from any host, over any file system.
//! So nothing here locks, maps or watches a file: what must survive is written aside, synced and
//! renamed; what grows is read by position and checked record by record.
//!
//! | module | in the run directory |
//! |---|---|
//! | [`run_dir`] | the directory itself, its name, and how a run is found |
//! | [`log`] | `events.out.tfevents.*`, in TensorBoard's format |
//! | [`history`] | nothing: series and pictures folded from the log |
//! | [`above_floor`] | nothing: losses above the value that no model can reach |
//! | [`checkpoint`] | `checkpoints/step-*/` |
//! | [`attributes`] | nothing: what is known of images besides their pixels, as the latents hold it |
//! | [`latents`] | `latents/step-*.safetensors` |
//! | [`sampler`] | `sampler/step-*.safetensors` |
//! | [`status`] | `status.json` |
//! | [`claim`] | `claim.json` |
//! | [`request`] | `requests/` |
//! | [`group`] | `[group]` in `provenance.toml`: runs that belong together |
//! | [`parent`] | `[parent]` in `provenance.toml`: the run that this one was forked from |
//! | [`settings`](mod@settings) | `experiment.toml`: each setting by its path |
//! | [`making`] | nothing: how a directory with much in it is made whole or not at all |
//! | [`remove`](mod@remove), [`prune`](mod@prune) | nothing: what goes, and how |
//! | [`tensors`] | the safetensors files of checkpoints and latents |
//! | [`toml_text`] | TOML files, looked at before they are parsed |
//! | [`durable`] | how a file is written that must survive |

pub mod above_floor;
pub mod attributes;
pub mod checkpoint;
pub mod claim;
pub mod durable;
mod error;
pub mod group;
pub mod history;
pub mod latents;
pub mod log;
pub mod making;
pub mod parent;
mod process;
pub mod prune;
mod read;
pub mod remove;
pub mod request;
pub mod run_dir;
pub mod sampler;
pub mod settings;
pub mod status;
mod step_name;
pub mod tensors;
pub mod toml_text;

pub use above_floor::{ABOVE_FLOOR, add_above_floor};
pub use attributes::{Attribute, AttributeColumn, AttributeKind};
pub use checkpoint::Checkpoint;
pub use claim::{Claim, Fate, Holder, Ticket};
pub use error::Error;
pub use group::{Group, groups};
pub use history::{History, Image, Series};
pub use latents::Snapshot;
pub use log::{Event, Histogram, LogReader, LogSync, LogWriter, Value};
pub use making::Making;
pub use parent::Parent;
pub use prune::{Prunable, prune};
pub use remove::remove;
pub use request::Request;
pub use run_dir::{RunDir, find, list};
pub use sampler::{AboutSampler, KeptSampler};
pub use settings::settings;
pub use status::{Best, Liveness, State, Status, looks_dead};
pub use tensors::{Data, Tensor, Tensors};
