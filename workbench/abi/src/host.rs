//! What the host offers to every call.

use std::ffi::c_void;

use crate::{Loc, Status, Str, Value};

/// `wb_level`.
pub type Level = u32;
pub const DEBUG: Level = 0;
pub const INFO: Level = 1;
pub const WARN: Level = 2;

/// `wb_host`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Host {
    pub struct_size: usize,
    pub ctx: *mut c_void,
    pub param: Option<unsafe extern "C" fn(*mut c_void, Str, *mut Value) -> Status>,
    pub fail: Option<unsafe extern "C" fn(*mut c_void, Str, Loc)>,
    pub log: Option<unsafe extern "C" fn(*mut c_void, Level, Str)>,
    pub extension: Option<unsafe extern "C" fn(*mut c_void, Str) -> *const c_void>,
}
