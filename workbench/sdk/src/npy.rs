//! NumPy's .npy files: what their headers say and what their numbers are. With the feature `npy`.

mod array;
mod bits;
mod dtype;
mod header;

pub use array::Array;
pub use dtype::{DType, Kind};
pub use header::{Header, read as read_header};
