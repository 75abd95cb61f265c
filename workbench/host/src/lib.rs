//! Finds, builds, loads and calls plugins: the only place where foreign code is entered.
//!
//! [`Plugins`] is the whole way: a name is found ([`Source`]), built where it is source code, looked
//! at before it is loaded ([`inspect`]), loaded under a path made of its content, never unloaded. What
//! comes out is safe: a [`Plugin`] with its declarations, an open [`Dataset`], a traced graph.

mod build;
pub mod calls;
mod error;
mod ffi;
mod find;
pub mod inspect;
mod load;
mod params;
mod plugins;
mod words;

pub use error::{Error, Place};
pub use ffi::{
    AttributeFacts, Breach, Column, Dataset, Field, Guarded, Kind, Linked, Medium, Role, Task,
};
pub use find::{Origin, Source};
pub use load::Plugin;
pub use params::{
    ArchitectureInfo, DatasetInfo, KnobInfo, ParamError, ParamInfo, ParamType, Value, Values,
};
pub use plugins::{Plugins, Probe, Settings};
pub use words::plain;
