//! Data sets.

use std::ffi::c_void;

use crate::{Host, Param, Shape, Status, Str};

/// `wb_role`: what a field is.
pub type Role = u32;
pub const ROLE_IMAGE: Role = 0;
pub const ROLE_LABEL: Role = 1;
pub const ROLE_ATTRIBUTE: Role = 2;
pub const ROLE_CAPTION: Role = 3;
pub const ROLE_VOLUME: Role = 4;
pub const ROLE_CLIP: Role = 5;

/// `wb_kind`: how an attribute's values are to be read.
pub type Kind = u32;
pub const BINARY: Kind = 0;
pub const CATEGORICAL: Kind = 1;
pub const ORDINAL: Kind = 2;
pub const REAL: Kind = 3;

/// `wb_field`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub struct_size: usize,
    pub name: Str,
    pub role: Role,
    pub kind: Kind,
    pub shape: Shape,
    pub classes: *const Str,
    pub n_classes: usize,
    pub min: f64,
    pub max: f64,
}

/// `wb_buffer`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    pub data: *mut c_void,
    pub bytes: usize,
}

/// `wb_dataset`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Dataset {
    pub struct_size: usize,
    pub name: Str,
    pub about: Str,
    pub params: *const Param,
    pub n_params: usize,
    pub param_size: usize,
    pub open: Option<unsafe extern "C" fn(*const Host, *mut *mut c_void) -> Status>,
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
    pub field: Option<unsafe extern "C" fn(*mut c_void, *const Host, usize, *mut Field) -> Status>,
    pub length: Option<unsafe extern "C" fn(*mut c_void, *const Host, Str, *mut u64) -> Status>,
    pub read: Option<
        unsafe extern "C" fn(
            *mut c_void,
            *const Host,
            Str,
            *const u64,
            usize,
            *const Buffer,
            usize,
        ) -> Status,
    >,
}

// SAFETY: a table is a constant of its library, and its functions say which threads may call them.
unsafe impl Sync for Dataset {}
// SAFETY: as above.
unsafe impl Send for Dataset {}
