//! What a plugin may ask during one call: its parameters, and where to complain.

use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

use workbench_abi as abi;

use crate::calls::Announced;
use crate::error::Place;
use crate::load::Owner;
use crate::{Error, Value, Values};

/// One call's context. It lives on the caller's stack, so that calls on many threads do not meet.
pub(super) struct Call<'a> {
    owner: &'a Owner,
    values: &'a Values,
    /// The ABI allows `fail` on the call's thread alone; a plugin that does not keep to it must not do worse than
    /// mix up its messages.
    failure: Mutex<Option<(String, Option<Place>)>>,
    /// What lists of texts are given as, by the parameter's name: they must live as long as the call.
    texts: Vec<(&'a str, Vec<abi::Str>)>,
}

impl<'a> Call<'a> {
    pub fn new(owner: &'a Owner, values: &'a Values) -> Call<'a> {
        let texts = values.iter().filter_map(|(name, value)| match value {
            Value::Texts(texts) => {
                Some((name.as_str(), texts.iter().map(|text| abi::Str::new(text)).collect()))
            }
            _ => None,
        });
        Call { owner, values, failure: Mutex::new(None), texts: texts.collect() }
    }

    /// Hands the table to `call`, and turns what comes back into a result: `Ok(false)` is "unsupported".
    pub fn run(
        &self,
        doing: &str,
        call: impl FnOnce(*const abi::Host) -> abi::Status,
    ) -> Result<bool, Error> {
        let host = abi::Host {
            struct_size: size_of::<abi::Host>(),
            ctx: std::ptr::from_ref(self).cast_mut().cast(),
            param: Some(param),
            fail: Some(fail),
            log: Some(log),
            extension: Some(extension),
        };
        let announced = Announced::new(&self.owner.name, doing, &self.owner.library);
        let status = call(&host);
        drop(announced);
        if status == abi::OK {
            return Ok(true);
        }
        if status == abi::UNSUPPORTED {
            return Ok(false);
        }
        let (message, place) = self
            .failure()
            .take()
            .unwrap_or_else(|| (format!("it failed (status {status}) without saying why"), None));
        let (plugin, doing) = (self.owner.name.clone(), doing.to_owned());
        Err(Error::Failed { plugin, doing, message, place, panicked: status == abi::PANIC })
    }

    fn failure(&self) -> MutexGuard<'_, Option<(String, Option<Place>)>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Safety
/// `ctx` is the context that [`Call::run`] put into the table, during its call; the strings are borrowed
/// for this call. The same holds for all four functions.
unsafe extern "C" fn param(ctx: *mut c_void, name: abi::Str, out: *mut abi::Value) -> abi::Status {
    // SAFETY: see above.
    let (call, name) = unsafe { (&*ctx.cast::<Call>(), name.as_str()) };
    let Some((name, value)) = name.and_then(|name| call.values.get_key_value(name)) else {
        return abi::UNSUPPORTED;
    };
    if out.is_null() {
        return abi::ERR;
    }
    let value = match value {
        Value::Bool(value) => abi::Value::bool(*value),
        Value::Int(value) => abi::Value::int(*value),
        Value::Float(value) => abi::Value::float(*value),
        Value::Text(value) => abi::Value::text(value),
        Value::Ints(values) => abi::Value::ints(values),
        Value::Texts(_) => {
            let texts = call.texts.iter().find(|(of, _)| of == name);
            abi::Value::texts(texts.map_or(&[], |(_, texts)| texts))
        }
    };
    // SAFETY: not null, and the plugin's to write to.
    unsafe { out.write(value) };
    abi::OK
}

unsafe extern "C" fn fail(ctx: *mut c_void, message: abi::Str, place: abi::Loc) {
    // SAFETY: see `param`.
    let (call, message, file) =
        unsafe { (&*ctx.cast::<Call>(), message.as_str(), place.file.as_str()) };
    let message = message.unwrap_or("(a message that is not UTF-8)").to_owned();
    let place = file.filter(|file| !file.is_empty()).map(|file| Place {
        file: file.to_owned(),
        line: place.line,
        column: place.column,
    });
    call.failure().get_or_insert((message, place));
}

unsafe extern "C" fn log(ctx: *mut c_void, level: abi::Level, message: abi::Str) {
    // SAFETY: see `param`.
    let (call, message) = unsafe { (&*ctx.cast::<Call>(), message.as_str()) };
    let message = message.unwrap_or("(a message that is not UTF-8)");
    match level {
        abi::WARN => tracing::warn!(plugin = call.owner.name, "{message}"),
        abi::INFO => tracing::info!(plugin = call.owner.name, "{message}"),
        _ => tracing::debug!(plugin = call.owner.name, "{message}"),
    }
}

unsafe extern "C" fn extension(_ctx: *mut c_void, _id: abi::Str) -> *const c_void {
    std::ptr::null()
}
