//! What the host offers to a call.

use workbench_abi as abi;

use crate::config::Value;

/// The host's table, for one call. Functions that an older or stricter host leaves out do nothing.
#[derive(Clone, Copy)]
pub struct HostRef<'h>(&'h abi::Host);

impl<'h> HostRef<'h> {
    /// # Safety
    /// `host` is null or points to a table that is valid for `'h`.
    pub(super) unsafe fn new(host: *const abi::Host) -> Option<HostRef<'h>> {
        // SAFETY: the caller's promise.
        let host = unsafe { host.as_ref() }?;
        (host.struct_size >= size_of::<abi::Host>()).then_some(HostRef(host))
    }

    pub(crate) fn param(self, name: &str) -> Option<Value> {
        let mut value = abi::Value::ZERO;
        // SAFETY: the host's function, with its own context, for the length of the call.
        let status = unsafe { self.0.param?(self.0.ctx, abi::Str::new(name), &mut value) };
        if status != abi::OK {
            return None;
        }
        match value.ty {
            abi::BOOL => Some(Value::Bool(value.i != 0)),
            abi::INT => Some(Value::Int(value.i)),
            abi::FLOAT => Some(Value::Float(value.f)),
            // SAFETY: the host's strings live as long as the call.
            abi::TEXT | abi::PATH => Some(Value::Text(unsafe { value.s.as_str() }?.to_owned())),
            abi::INTS if value.n_ints == 0 => Some(Value::Ints(Vec::new())),
            abi::INTS if !value.ints.is_null() => {
                // SAFETY: the host gives `n_ints` numbers that live as long as the call.
                let ints = unsafe { std::slice::from_raw_parts(value.ints, value.n_ints) };
                Some(Value::Ints(ints.to_vec()))
            }
            abi::TEXTS if value.n_ints == 0 => Some(Value::Texts(Vec::new())),
            abi::TEXTS if !value.as_texts().is_null() => {
                // SAFETY: the host gives `n_ints` texts that live as long as the call.
                let texts = unsafe { std::slice::from_raw_parts(value.as_texts(), value.n_ints) };
                // SAFETY: as above.
                let text = |text: &abi::Str| unsafe { text.as_str() }.map(str::to_owned);
                texts.iter().map(text).collect::<Option<_>>().map(Value::Texts)
            }
            _ => None,
        }
    }

    pub(crate) fn log(self, message: &str) {
        if let Some(log) = self.0.log {
            // SAFETY: the host copies the message.
            unsafe { log(self.0.ctx, abi::INFO, abi::Str::new(message)) };
        }
    }

    pub(super) fn fail(self, message: &str, place: abi::Loc) {
        if let Some(fail) = self.0.fail {
            // SAFETY: the host copies the message and the place.
            unsafe { fail(self.0.ctx, abi::Str::new(message), place) };
        }
    }
}
