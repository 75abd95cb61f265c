//! Runs a traced architecture: training steps, evaluation, encoding, decoding.
//!
//! A [`Session`] holds a graph with its parameters and optimizer, and speaks plain data: [`Batch`]
//! in, [`Measures`] and [`Array`] out. On the CPU a graph is compiled to a plan of our own kernels; on
//! other devices an interpreter walks it node by node on candle, with candle's autograd, and is what
//! plans are tested against. All randomness comes from [`noise`], by counter, so that the same
//! seed gives the same bits and a resumed run goes on as if it had never stopped.

mod adam;
mod array;
mod backend;
mod device;
mod error;
mod feed;
mod geometry;
mod initialise;
mod interpreter;
mod kernels;
mod layer_times;
pub mod noise;
mod not_finite;
mod peak;
mod plan;
mod profile;
mod session;
mod state;

pub use adam::{OptimizerConfig, OptimizerKind};
pub use array::{Array, Batch, Input};
pub use backend::Path;
pub use device::DeviceKind;
pub use error::Error;
pub use peak::{Peak, measure_peak};
pub use profile::Cost;
pub use session::{Controls, Measures, Posterior, Predictions, Session};
