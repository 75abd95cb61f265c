//! A [`Dataset`] as a table of functions.

use std::ffi::c_void;

use workbench_abi as abi;

use super::host::HostRef;
use super::panics::run;
use crate::dataset::Slot;
use crate::{Config, Dataset, Error, Field, Item, Result, bail, ensure};

/// The table of a data set, as a constant of the library.
pub const fn dataset_table<D: Dataset>() -> abi::Dataset {
    abi::Dataset {
        struct_size: size_of::<abi::Dataset>(),
        name: abi::Str::new(D::NAME),
        about: abi::Str::new(D::ABOUT),
        params: D::PARAMS.as_ptr().cast(),
        n_params: D::PARAMS.len(),
        param_size: size_of::<abi::Param>(),
        open: Some(open::<D>),
        close: Some(close::<D>),
        field: Some(field::<D>),
        length: Some(length::<D>),
        read: Some(read::<D>),
    }
}

/// What `self` points to: the data set, and its fields, whose strings the host borrows.
struct Opened<D> {
    dataset: D,
    fields: Vec<Field>,
    classes: Vec<Vec<abi::Str>>,
}

// SAFETY: the raw strings in `classes` point into `fields`, which never changes.
unsafe impl<D: Sync> Sync for Opened<D> {}

unsafe extern "C" fn open<D: Dataset>(
    host: *const abi::Host,
    handle: *mut *mut c_void,
) -> abi::Status {
    let body = |host: HostRef<'_>| {
        let dataset = D::open(&Config { host })?;
        let fields = dataset.fields();
        ensure!(
            fields.iter().any(Field::is_image),
            "`{}` declares no image, volume or clip among its fields",
            D::NAME
        );
        let names = |field: &Field| field.classes.iter().map(|name| abi::Str::new(name)).collect();
        let classes = fields.iter().map(names).collect();
        let opened = Box::new(Opened { dataset, fields, classes });
        // SAFETY: the host gives a place for the handle.
        unsafe { handle.write(Box::into_raw(opened).cast()) };
        Ok(abi::OK)
    };
    // SAFETY: the host's table is valid for the call.
    unsafe { run(host, body) }
}

unsafe extern "C" fn close<D: Dataset>(handle: *mut c_void) {
    // SAFETY: `open` made it, and the host closes it once, after every other call.
    let opened = unsafe { Box::from_raw(handle.cast::<Opened<D>>()) };
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(opened)));
    if let Err(payload) = dropped {
        std::mem::forget(payload);
    }
}

unsafe extern "C" fn field<D: Dataset>(
    handle: *mut c_void,
    host: *const abi::Host,
    index: usize,
    out: *mut abi::Field,
) -> abi::Status {
    // SAFETY: the host's table is valid for the call.
    unsafe {
        run(host, |_| {
            let opened = opened::<D>(handle)?;
            let Some(field) = opened.fields.get(index) else {
                return Ok(abi::UNSUPPORTED);
            };
            // SAFETY: the host gives a place for the field, and says how large it is.
            let size = (*out).struct_size;
            ensure!(size >= size_of::<abi::Field>(), "the host's fields are too small");
            ensure!(field.dims.len() <= abi::MAX_RANK, "`{}` has too many dimensions", field.name);
            let mut dim = [0; abi::MAX_RANK];
            for (slot, &n) in dim.iter_mut().zip(&field.dims) {
                *slot = i64::try_from(n)?;
            }
            out.write(abi::Field {
                struct_size: size,
                name: abi::Str::new(&field.name),
                role: field.role,
                kind: field.kind,
                shape: abi::Shape { rank: field.dims.len() as u32, dtype: field.dtype, dim },
                classes: opened.classes[index].as_ptr(),
                n_classes: field.classes.len(),
                min: field.range[0],
                max: field.range[1],
            });
            Ok(abi::OK)
        })
    }
}

unsafe extern "C" fn length<D: Dataset>(
    handle: *mut c_void,
    host: *const abi::Host,
    split: abi::Str,
    items: *mut u64,
) -> abi::Status {
    let body = |_: HostRef<'_>| {
        // SAFETY: the host's string lives as long as the call.
        let split =
            unsafe { split.as_str() }.ok_or_else(|| Error::new("the split is not UTF-8"))?;
        // SAFETY: the host's handle is of this data set.
        match unsafe { opened::<D>(handle)? }.dataset.len(split) {
            Some(n) => {
                // SAFETY: the host gives a place for the number.
                unsafe { items.write(n) };
                Ok(abi::OK)
            }
            None => Ok(abi::UNSUPPORTED),
        }
    };
    // SAFETY: the host's table is valid for the call.
    unsafe { run(host, body) }
}

unsafe extern "C" fn read<D: Dataset>(
    handle: *mut c_void,
    host: *const abi::Host,
    split: abi::Str,
    items: *const u64,
    n_items: usize,
    out: *const abi::Buffer,
    n_out: usize,
) -> abi::Status {
    let body = |_: HostRef<'_>| {
        // SAFETY: the host's handle is of this data set.
        let opened = unsafe { opened::<D>(handle)? };
        // SAFETY: the host's string lives as long as the call.
        let split =
            unsafe { split.as_str() }.ok_or_else(|| Error::new("the split is not UTF-8"))?;
        // SAFETY: the host gives `n_items` numbers and `n_out` buffers.
        let (items, out) = unsafe { (slice(items, n_items), slice(out, n_out)) };
        ensure!(out.len() == opened.fields.len(), "the host gave {} buffers", out.len());
        let n = opened.dataset.len(split).unwrap_or(0);
        let buffers: Vec<Filled> = opened
            .fields
            .iter()
            .zip(out)
            .map(|(field, buffer)| Filled::new(field, buffer, items.len()))
            .collect::<Result<_>>()?;
        for (place, &index) in items.iter().enumerate() {
            ensure!(index < n, "there is no item {index} in `{split}`: it has {n}");
            // SAFETY: `place` counts the items that the buffers were checked for, each once.
            let slots = buffers.iter().map(|buffer| unsafe { buffer.slot(place) }).collect();
            let mut item = Item { fields: &opened.fields, slots };
            if let Err(error) = opened.dataset.read(split, index, &mut item) {
                return Err(error.context(format_args!("item {index} of `{split}`")));
            }
        }
        Ok(abi::OK)
    };
    // SAFETY: the host's table is valid for the call.
    unsafe { run(host, body) }
}

/// # Safety
/// `handle` is null, or what [`open`] of the same data set made and nobody has closed.
unsafe fn opened<'a, D: Dataset>(handle: *mut c_void) -> Result<&'a Opened<D>> {
    // SAFETY: the caller's promise; the host does not close it during a call.
    match unsafe { handle.cast::<Opened<D>>().as_ref() } {
        Some(opened) => Ok(opened),
        None => bail!("the host gave no data set"),
    }
}

/// # Safety
/// `n` is 0, or `start` points to `n` values that live for `'a`.
unsafe fn slice<'a, T>(start: *const T, n: usize) -> &'a [T] {
    match n {
        0 => &[],
        // SAFETY: the caller's promise.
        n => unsafe { std::slice::from_raw_parts(start, n) },
    }
}

/// One of the host's buffers, checked: `n` items of one field.
struct Filled<'f> {
    field: &'f Field,
    start: *mut u8,
}

impl<'f> Filled<'f> {
    fn new(field: &'f Field, buffer: &abi::Buffer, n: usize) -> Result<Filled<'f>> {
        let size = match field.dtype {
            abi::U8 => 1,
            abi::F32 => 4,
            _ => 8,
        };
        let start = buffer.data.cast::<u8>();
        ensure!(
            buffer.bytes == n * field.elements() * size && start.align_offset(size) == 0,
            "the host's buffer for `{}` has the wrong size",
            field.name
        );
        Ok(Filled { field, start })
    }

    /// The part of item number `place`.
    ///
    /// # Safety
    /// `place` is below the number of items that the buffer was checked for, and no two slots of one place live at
    /// once.
    unsafe fn slot(&self, place: usize) -> Slot<'f> {
        let n = self.field.elements();
        let at = place * n;
        // SAFETY: the buffer was checked to hold so many items of this type and is aligned for it; the rest is the
        // caller's promise.
        unsafe {
            match self.field.dtype {
                abi::U8 => Slot::U8(std::slice::from_raw_parts_mut(self.start.add(at), n)),
                abi::F32 => {
                    let start = self.start.cast::<f32>().add(at);
                    Slot::F32(std::slice::from_raw_parts_mut(start, n))
                }
                _ => {
                    let start = self.start.cast::<i64>().add(at);
                    Slot::I64(std::slice::from_raw_parts_mut(start, n))
                }
            }
        }
    }
}
