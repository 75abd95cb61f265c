//! The CPU's own kernels: what a plan runs.
//!
//! Each is written once over [`pulp`]'s vectors and compiled for every instruction set that it knows; which
//! one runs is decided by what the processor reports, never by timing. Work is cut into tasks by shapes
//! alone, so that every sum has the same order whatever the number of threads.

pub(crate) mod adam;
pub(crate) mod conv;
mod layout;
pub(crate) mod map;
mod math;
pub(crate) mod movement;
pub(crate) mod place;
mod pointer;
pub(crate) mod product;
pub(crate) mod reduce;
mod scratch;
pub(crate) mod threads;
pub(crate) mod window;

pub(crate) use pointer::{Source, Target};
