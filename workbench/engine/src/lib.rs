//! Runs a traced architecture: training steps, evaluation, encoding, decoding.
//!
//! A [`Session`] holds a graph with its parameters and optimizer, and speaks plain data: [`Batch`]
//! in, [`Measures`] and [`Array`] out. Inside, an interpreter walks the graph node by node on
//! candle, with candle's autograd. All randomness comes from [`noise`], by counter, so that the same
//! seed gives the same bits and a resumed run goes on as if it had never stopped.

mod adam;
mod array;
mod device;
mod error;
mod feed;
mod initialise;
mod interpreter;
pub mod noise;
mod not_finite;
mod session;
mod state;

pub use adam::{OptimizerConfig, OptimizerKind};
pub use array::{Array, Batch, Input};
pub use device::DeviceKind;
pub use error::Error;
pub use session::{Controls, Measures, Posterior, Session};
