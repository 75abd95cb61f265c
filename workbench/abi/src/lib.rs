//! The plugin ABI, version 1: `include/workbench_plugin.h` in Rust.
//!
//! The header is the reference and says what every field means, who owns what and which threads may
//! call; the types here mirror it name by name (`wb_str` is [`Str`]), and a test compares the size
//! and every offset of each struct on both sides. Nothing here calls anything.

#![expect(
    unsafe_code,
    reason = "the ABI's structs hold raw pointers: Sync for the static tables, and the reading of borrowed strings"
)]

mod architecture;
mod base;
mod dataset;
mod host;
mod plugin;

pub use architecture::{
    Architecture, Attr, Builder, INIT_CONSTANT, INIT_NORMAL, INIT_UNIFORM, Init, InitKind, Knob,
    MARK_LOSS, MARK_METRIC, MARK_OUTPUT, MARK_PORT, Mark, Tensor,
};
pub use base::{
    BOOL, DType, ERR, F32, FLOAT, I64, INT, INTS, Loc, MAX_RANK, OK, PANIC, PATH, Param, Shape,
    Status, Str, TEXT, TEXTS, Type, U8, UNSUPPORTED, Value,
};
pub use dataset::{
    BINARY, Buffer, CATEGORICAL, Dataset, Field, Kind, ORDINAL, REAL, ROLE_ATTRIBUTE, ROLE_CAPTION,
    ROLE_CLIP, ROLE_IMAGE, ROLE_LABEL, ROLE_VOLUME, Role,
};
pub use host::{DEBUG, Host, INFO, Level, WARN};
pub use plugin::{HEADER, MAGIC, MAJOR, MINOR, OPSET, Plugin, SYMBOL, SYMBOL_PREFIX};
