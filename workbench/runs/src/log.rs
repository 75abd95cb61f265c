//! The event log, in TensorBoard's own format: CRC-framed records of `tensorflow.Event` messages in
//! `events.out.tfevents.*` files.
//!
//! What is written here, TensorBoard shows; and what PyTorch, Keras or JAX wrote, is read here. A torn
//! tail costs the record it tore.

mod copy;
mod decode;
mod disk;
mod encode;
mod frame;
mod proto;
mod reader;
mod value;
mod writer;

pub use copy::copy;
pub use disk::LogSync;
pub use reader::LogReader;
pub use value::{Event, Histogram, Value};
pub use writer::LogWriter;

/// Whether a file of this name is read as an event log; TensorBoard goes by the same rule.
pub fn is_event_file(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().contains("tfevents")
}

#[cfg(test)]
mod tests;
