//! Strings, statuses, shapes, values and parameters.

/// `wb_str`: borrowed UTF-8.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Str {
    pub ptr: *const u8,
    pub len: usize,
}

/// `wb_status`.
pub type Status = i32;
pub const OK: Status = 0;
pub const ERR: Status = 1;
pub const PANIC: Status = 2;
pub const UNSUPPORTED: Status = 3;

/// `wb_dtype`.
pub type DType = u32;
pub const U8: DType = 0;
pub const F32: DType = 1;
pub const I64: DType = 2;

pub const MAX_RANK: usize = 8;

/// `wb_loc`: a place in a plugin's source.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Loc {
    pub file: Str,
    pub line: u32,
    pub column: u32,
}

/// `wb_shape`: a dimension of −k is k times the batch.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub rank: u32,
    pub dtype: DType,
    pub dim: [i64; MAX_RANK],
}

/// `wb_type`.
pub type Type = u32;
pub const BOOL: Type = 0;
pub const INT: Type = 1;
pub const FLOAT: Type = 2;
pub const TEXT: Type = 3;
pub const PATH: Type = 4;
pub const INTS: Type = 5;
pub const TEXTS: Type = 6;

/// `wb_value`: the field that `ty` names holds the value.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Value {
    pub ty: Type,
    pub reserved: u32,
    pub i: i64,
    pub f: f64,
    pub s: Str,
    /// In C a union with `texts`: [`Value::as_texts`].
    pub ints: *const i64,
    pub n_ints: usize,
}

/// `wb_param`: a parameter as its plugin declares it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Param {
    pub name: Str,
    pub about: Str,
    pub required: u32,
    pub reserved: u32,
    pub fallback: Value,
    pub min: f64,
    pub max: f64,
    pub choices: *const Str,
    pub n_choices: usize,
}

impl Str {
    pub const EMPTY: Str = Str::new("");

    pub const fn new(text: &str) -> Str {
        Str { ptr: text.as_ptr(), len: text.len() }
    }

    /// The text; `None` where it is not UTF-8, or a length comes without a pointer.
    ///
    /// # Safety
    /// `ptr` is null or points to `len` bytes that live and do not change for `'a`.
    pub unsafe fn as_str<'a>(self) -> Option<&'a str> {
        if self.len == 0 {
            return Some("");
        }
        if self.ptr.is_null() || self.len > isize::MAX as usize {
            return None;
        }
        // SAFETY: not null and not longer than an allocation can be; the rest is the caller's promise.
        let bytes = unsafe { std::slice::from_raw_parts(self.ptr, self.len) };
        std::str::from_utf8(bytes).ok()
    }
}

impl Loc {
    pub const NOWHERE: Loc = Loc { file: Str::EMPTY, line: 0, column: 0 };

    pub fn new(place: &std::panic::Location<'static>) -> Loc {
        Loc { file: Str::new(place.file()), line: place.line(), column: place.column() }
    }
}

impl Value {
    pub const ZERO: Value = Value {
        ty: INT,
        reserved: 0,
        i: 0,
        f: 0.0,
        s: Str::EMPTY,
        ints: std::ptr::null(),
        n_ints: 0,
    };

    pub const fn bool(value: bool) -> Value {
        Value { ty: BOOL, i: value as i64, ..Value::ZERO }
    }

    pub const fn int(value: i64) -> Value {
        Value { i: value, ..Value::ZERO }
    }

    pub const fn float(value: f64) -> Value {
        Value { ty: FLOAT, f: value, ..Value::ZERO }
    }

    pub const fn text(value: &str) -> Value {
        Value { ty: TEXT, s: Str::new(value), ..Value::ZERO }
    }

    pub const fn ints(values: &[i64]) -> Value {
        Value { ty: INTS, ints: values.as_ptr(), n_ints: values.len(), ..Value::ZERO }
    }

    pub const fn texts(values: &[Str]) -> Value {
        Value { ty: TEXTS, ints: values.as_ptr().cast(), n_ints: values.len(), ..Value::ZERO }
    }

    /// `texts`, of which there are `n_ints`, where the type says that there are some.
    pub const fn as_texts(&self) -> *const Str {
        self.ints.cast()
    }
}

// SAFETY: the pointers in a declared parameter lead to constants of the library.
unsafe impl Sync for Param {}
// SAFETY: as above.
unsafe impl Send for Param {}
