//! The one exported symbol.

use crate::{Architecture, Dataset, Str};

pub const MAGIC: u64 = 0x6e69_676c_7042_5721;
pub const MAJOR: u16 = 1;
pub const MINOR: u16 = 0;
pub const OPSET: u32 = 1;
/// The exported symbol: the major version is in its name, so that it is known before any load.
pub const SYMBOL: &str = "wb_plugin_v1";
/// What the symbol begins with in every version.
pub const SYMBOL_PREFIX: &str = "wb_plugin_v";

/// The C header, for whoever compiles a plugin against this workbench.
pub const HEADER: &str = include_str!("../include/workbench_plugin.h");

/// `wb_plugin`. The first four fields are frozen in every version.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Plugin {
    pub magic: u64,
    pub struct_size: u32,
    pub major: u16,
    pub minor: u16,
    pub name: Str,
    pub version: Str,
    pub datasets: *const *const Dataset,
    pub n_datasets: usize,
    pub architectures: *const *const Architecture,
    pub n_architectures: usize,
}

// SAFETY: the table is a constant of its library.
unsafe impl Sync for Plugin {}
// SAFETY: as above.
unsafe impl Send for Plugin {}
