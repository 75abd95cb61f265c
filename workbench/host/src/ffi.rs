//! Calls into plugins.

#![expect(
    unsafe_code,
    reason = "the host's FFI module: every foreign call and every borrowed pointer of the ABI is here"
)]

mod borrowed;
mod call;
mod dataset;
mod describe;
mod guarded;
mod library;
mod trace;

pub use dataset::{Column, Dataset, Field, Kind, Medium, Role};
pub use guarded::{Breach, Guarded};
pub use library::Linked;
pub use trace::{AttributeFacts, Task};

pub(crate) use describe::{Described, describe};
pub(crate) use library::open;
pub(crate) use trace::trace;
