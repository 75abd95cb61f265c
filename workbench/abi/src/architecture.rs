//! Architectures and the builder that they record on.

use std::ffi::c_void;

use crate::{Host, Loc, Param, Shape, Status, Str, Value};

/// `wb_tensor`: a node; 0 is poisoned.
pub type Tensor = u32;

/// `wb_knob`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    pub name: Str,
    pub about: Str,
    pub fallback: f64,
    pub min: f64,
    pub max: f64,
}

/// `wb_init_kind`.
pub type InitKind = u32;
pub const INIT_CONSTANT: InitKind = 0;
pub const INIT_NORMAL: InitKind = 1;
pub const INIT_UNIFORM: InitKind = 2;

/// `wb_init`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Init {
    pub kind: InitKind,
    pub reserved: u32,
    pub scale: f64,
}

/// `wb_attr`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Attr {
    pub name: Str,
    pub value: Value,
}

/// `wb_mark`.
pub type Mark = u32;
pub const MARK_OUTPUT: Mark = 0;
pub const MARK_PORT: Mark = 1;
pub const MARK_LOSS: Mark = 2;
pub const MARK_METRIC: Mark = 3;

/// `wb_builder`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Builder {
    pub struct_size: usize,
    pub ctx: *mut c_void,
    pub opset: u32,
    pub reserved: u32,
    pub input: Option<unsafe extern "C" fn(*mut c_void, Str, Loc) -> Tensor>,
    pub knob: Option<unsafe extern "C" fn(*mut c_void, Str, Loc) -> Tensor>,
    pub param: Option<
        unsafe extern "C" fn(*mut c_void, Str, *const Shape, *const Init, Str, Loc) -> Tensor,
    >,
    pub op: Option<
        unsafe extern "C" fn(
            *mut c_void,
            Str,
            *const Tensor,
            usize,
            *const Attr,
            usize,
            *const Shape,
            Loc,
        ) -> Tensor,
    >,
    pub mark: Option<unsafe extern "C" fn(*mut c_void, Mark, Str, Str, Tensor, Loc) -> Status>,
    pub shape: Option<unsafe extern "C" fn(*mut c_void, Tensor, *mut Shape) -> Status>,
    pub supports: Option<unsafe extern "C" fn(*mut c_void, Str) -> u32>,
    pub enter: Option<unsafe extern "C" fn(*mut c_void, Str, Str)>,
    pub leave: Option<unsafe extern "C" fn(*mut c_void)>,
    pub fact: Option<unsafe extern "C" fn(*mut c_void, Str, *mut Value) -> Status>,
    pub buffer:
        Option<unsafe extern "C" fn(*mut c_void, Str, *const Shape, *const Init, Loc) -> Tensor>,
    pub update: Option<unsafe extern "C" fn(*mut c_void, Tensor, Tensor, Loc) -> Status>,
}

/// `wb_architecture`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Architecture {
    pub struct_size: usize,
    pub name: Str,
    pub about: Str,
    pub params: *const Param,
    pub n_params: usize,
    pub param_size: usize,
    pub knobs: *const Knob,
    pub n_knobs: usize,
    pub knob_size: usize,
    pub build: Option<unsafe extern "C" fn(*const Host, *const Builder) -> Status>,
}

// SAFETY: the pointers in a declared knob lead to constants of the library.
unsafe impl Sync for Knob {}
// SAFETY: as above.
unsafe impl Send for Knob {}
// SAFETY: a table is a constant of its library, and its functions say which threads may call them.
unsafe impl Sync for Architecture {}
// SAFETY: as above.
unsafe impl Send for Architecture {}
