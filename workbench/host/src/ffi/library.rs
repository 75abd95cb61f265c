//! Loading a library that was looked at before.

use std::path::Path;

use workbench_abi as abi;

/// Loads the library for good, and gives its table.
///
/// The file must have passed [`crate::inspect::inspect`], under a path made of its content: the
/// loader answers a path that it knows with the library that it has.
///
/// # Errors
/// The loader's own words.
pub(crate) fn open(path: &Path) -> Result<&'static abi::Plugin, String> {
    // SAFETY: the library's constructors run here. It was looked at and is a plugin by its table; that its
    // code does no harm is what a user who installs it trusts.
    let library = unsafe { load(path) }.map_err(|error| words(&error))?;
    // SAFETY: a data symbol; its name says what it points to, and `inspect` has checked magic and version.
    let table = unsafe { library.get::<*const abi::Plugin>(abi::SYMBOL) };
    let table = table.map(|symbol| *symbol).map_err(|error| words(&error));
    // Never unloaded: its threads, thread-locals and strings stay valid.
    std::mem::forget(library);
    let table = table?;
    // SAFETY: the symbol's address, in a library that stays. Only the frozen prefix is read until the size is known.
    unsafe {
        if table.is_null() || ((*table).struct_size as usize) < size_of::<abi::Plugin>() {
            return Err("its plugin table is smaller than version 1 of the ABI says".to_owned());
        }
        Ok(&*table)
    }
}

#[cfg(unix)]
unsafe fn load(path: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // NOW: a missing symbol is an error here, not a crash in the middle of training.
    // SAFETY: the caller's promise.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL).map(Into::into) }
}

#[cfg(not(unix))]
unsafe fn load(path: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: the caller's promise.
    unsafe { libloading::Library::new(path) }
}

fn words(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("is refused by the loader: {source}"),
        None => format!("is refused by the loader: {error}"),
    }
}

/// The table of a plugin whose code is part of this program.
#[derive(Clone, Copy)]
pub struct Linked(&'static abi::Plugin);

impl Linked {
    /// # Safety
    /// The table is one that the SDK's `export_plugin!` would make: its lists are as long as it says, its
    /// strings are constants, its functions keep the contract of the C header.
    pub unsafe fn new(table: &'static abi::Plugin) -> Linked {
        Linked(table)
    }

    pub(crate) fn table(self) -> &'static abi::Plugin {
        self.0
    }
}
