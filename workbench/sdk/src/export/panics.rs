//! Panics end inside the plugin.
//!
//! A panic that leaves an `extern "C"` function aborts the process, and the host can't catch it
//! either. So every entry point runs in [`run`], which turns a panic into a status and tells the host
//! the message and the line.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook};
use std::sync::Once;

use workbench_abi as abi;

use super::host::HostRef;
use crate::Result;

struct Panicked {
    message: String,
    file: String,
    line: u32,
    column: u32,
    /// Where RUST_BACKTRACE asks for one.
    backtrace: Option<String>,
}

thread_local! {
    static LAST: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// Runs an entry point's body; an error or a panic is told to the host.
///
/// # Safety
/// `host` is null or points to a table that is valid for the call.
pub(super) unsafe fn run(
    host: *const abi::Host,
    body: impl FnOnce(HostRef<'_>) -> Result<abi::Status>,
) -> abi::Status {
    keep_panics_off_the_terminal();
    // SAFETY: the caller's promise.
    let Some(host) = (unsafe { HostRef::new(host) }) else {
        return abi::ERR;
    };
    match catch_unwind(AssertUnwindSafe(|| body(host))) {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => {
            host.fail(&error.message, abi::Loc::new(error.location));
            abi::ERR
        }
        Err(payload) => {
            // Dropping what was thrown may panic in turn; it is leaked instead.
            std::mem::forget(payload);
            match LAST.take() {
                Some(last) => {
                    if let Some(backtrace) = last.backtrace {
                        host.log(&format!("panicked: {}\n{backtrace}", last.message));
                    }
                    host.fail(
                        &format!("panicked: {}", last.message),
                        abi::Loc {
                            file: abi::Str::new(&last.file),
                            line: last.line,
                            column: last.column,
                        },
                    );
                }
                None => host.fail("panicked", abi::Loc::NOWHERE),
            }
            abi::PANIC
        }
    }
}

/// The library has its own copy of the standard library, and so its own hook: nothing but this plugin's
/// panics comes here. Without it the message would be written over the dashboard.
fn keep_panics_off_the_terminal() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_hook(Box::new(|info| {
            let location = info.location().unwrap_or(Location::caller());
            let backtrace = Backtrace::capture();
            let panicked = Panicked {
                backtrace: (backtrace.status() == BacktraceStatus::Captured)
                    .then(|| backtrace.to_string()),
                message: info.payload_as_str().unwrap_or("(no message)").to_owned(),
                file: location.file().to_owned(),
                line: location.line(),
                column: location.column(),
            };
            LAST.with_borrow_mut(|last| *last = Some(panicked));
        }));
    });
}
