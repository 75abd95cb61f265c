//! A graph compiled for the CPU: the way everything runs there.
//!
//! ```text
//! graph ─lower─► program ─gradient─► program ─fuse─► units ─compile─► kernels with places in one arena
//! ```
//!
//! The graph is known before training begins, so that all decisions are made once: what is computed together, in
//! which layout, where it lies. A run is then a list of kernels; it allocates nothing that grows with the data. The
//! interpreter is what all of it is tested against.

mod compile;
mod fuse;
mod gradient;
mod kernel;
mod lower;
mod memory;
mod planned;
mod program;
mod recipe;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use kernel::Fed;
pub(crate) use planned::Planned;
