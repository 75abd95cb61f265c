//! An [`Architecture`] as a table of functions, and the calls to the host's builder.

use std::cell::Cell;
use std::panic::Location;

use workbench_abi as abi;

use super::host::HostRef;
use super::panics::run;
use crate::{Architecture, Config, Graph, bail};

/// The table of an architecture, as a constant of the library.
pub const fn architecture_table<A: Architecture>() -> abi::Architecture {
    abi::Architecture {
        struct_size: size_of::<abi::Architecture>(),
        name: abi::Str::new(A::NAME),
        about: abi::Str::new(A::ABOUT),
        params: A::PARAMS.as_ptr().cast(),
        n_params: A::PARAMS.len(),
        param_size: size_of::<abi::Param>(),
        knobs: A::KNOBS.as_ptr().cast(),
        n_knobs: A::KNOBS.len(),
        knob_size: size_of::<abi::Knob>(),
        build: Some(build::<A>),
    }
}

unsafe extern "C" fn build<A: Architecture>(
    host: *const abi::Host,
    builder: *const abi::Builder,
) -> abi::Status {
    let body = |host: HostRef<'_>| {
        // SAFETY: the host's builder is valid for the call, which `BuilderRef` does not outlive.
        let Some(builder) = (unsafe { BuilderRef::new(builder) }) else {
            bail!("this plugin was built for a newer workbench; rebuild it");
        };
        let graph = Graph::new(builder);
        A::build(&graph, &Config { host })?;
        match graph.refusal() {
            Some(refusal) => Err(refusal),
            None => Ok(abi::OK),
        }
    };
    // SAFETY: the host's table is valid for the call.
    unsafe { run(host, body) }
}

/// The host's builder, for one `build`.
pub struct BuilderRef {
    builder: abi::Builder,
    /// The line that composites record under: that of the author's call, not of the SDK's inside.
    here: Cell<Option<&'static Location<'static>>>,
}

/// While it lives, nodes carry the line it was made with. The outermost one counts.
pub struct Located<'b> {
    builder: &'b BuilderRef,
    before: Option<&'static Location<'static>>,
}

impl Drop for Located<'_> {
    fn drop(&mut self) {
        self.builder.here.set(self.before);
    }
}

impl BuilderRef {
    /// # Safety
    /// `builder` is null or points to a table; its functions may be called while the value lives.
    unsafe fn new(builder: *const abi::Builder) -> Option<BuilderRef> {
        // SAFETY: the caller's promise; the size comes first, and says whether the rest is there.
        let builder = unsafe {
            if builder.is_null() || (*builder).struct_size < size_of::<abi::Builder>() {
                return None;
            }
            *builder
        };
        Some(BuilderRef { builder, here: Cell::new(None) })
    }

    pub(crate) fn located(&self, location: &'static Location<'static>) -> Located<'_> {
        let before = self.here.get();
        self.here.set(before.or(Some(location)));
        Located { builder: self, before }
    }

    pub(crate) fn input(&self, name: &str, here: &'static Location<'static>) -> abi::Tensor {
        let Some(input) = self.builder.input else {
            return 0;
        };
        // SAFETY: the host's function, with its own context, during `build`; so in all that follow.
        unsafe { input(self.builder.ctx, abi::Str::new(name), self.at(here)) }
    }

    pub(crate) fn knob(&self, name: &str, here: &'static Location<'static>) -> abi::Tensor {
        let Some(knob) = self.builder.knob else {
            return 0;
        };
        // SAFETY: as in `input`.
        unsafe { knob(self.builder.ctx, abi::Str::new(name), self.at(here)) }
    }

    pub(crate) fn param(
        &self,
        name: &str,
        shape: &abi::Shape,
        init: &abi::Init,
        group: &str,
        here: &'static Location<'static>,
    ) -> abi::Tensor {
        let Some(param) = self.builder.param else {
            return 0;
        };
        let (name, group) = (abi::Str::new(name), abi::Str::new(group));
        // SAFETY: as in `input`.
        unsafe { param(self.builder.ctx, name, shape, init, group, self.at(here)) }
    }

    pub(crate) fn buffer(
        &self,
        name: &str,
        shape: &abi::Shape,
        init: &abi::Init,
        here: &'static Location<'static>,
    ) -> abi::Tensor {
        let Some(buffer) = self.builder.buffer else {
            return 0;
        };
        // SAFETY: as in `input`.
        unsafe { buffer(self.builder.ctx, abi::Str::new(name), shape, init, self.at(here)) }
    }

    pub(crate) fn update(
        &self,
        buffer: abi::Tensor,
        value: abi::Tensor,
        here: &'static Location<'static>,
    ) {
        if let Some(update) = self.builder.update {
            // SAFETY: as in `input`. The host keeps a failure.
            unsafe { update(self.builder.ctx, buffer, value, self.at(here)) };
        }
    }

    pub(crate) fn op(
        &self,
        name: &str,
        inputs: &[abi::Tensor],
        attributes: &[abi::Attr],
        target: Option<&abi::Shape>,
        here: &'static Location<'static>,
    ) -> abi::Tensor {
        let Some(op) = self.builder.op else {
            return 0;
        };
        let target = target.map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: as in `input`; the slices live as long as the call.
        unsafe {
            op(
                self.builder.ctx,
                abi::Str::new(name),
                inputs.as_ptr(),
                inputs.len(),
                attributes.as_ptr(),
                attributes.len(),
                target,
                self.at(here),
            )
        }
    }

    pub(crate) fn mark(
        &self,
        kind: abi::Mark,
        name: &str,
        detail: &str,
        node: abi::Tensor,
        here: &'static Location<'static>,
    ) {
        if let Some(mark) = self.builder.mark {
            let (name, detail) = (abi::Str::new(name), abi::Str::new(detail));
            // SAFETY: as in `input`. The host keeps a failure; there is nothing to do about it here.
            unsafe { mark(self.builder.ctx, kind, name, detail, node, self.at(here)) };
        }
    }

    pub(crate) fn shape(&self, node: abi::Tensor) -> Option<abi::Shape> {
        let mut shape = abi::Shape { rank: 0, dtype: abi::F32, dim: [0; abi::MAX_RANK] };
        // SAFETY: as in `input`.
        let status = unsafe { self.builder.shape?(self.builder.ctx, node, &mut shape) };
        (status == abi::OK).then_some(shape)
    }

    pub(crate) fn fact(&self, key: &str) -> i64 {
        self.fact_value(key).map_or(0, |value| value.i)
    }

    pub(crate) fn fact_float(&self, key: &str) -> Option<f64> {
        Some(self.fact_value(key)?.f)
    }

    pub(crate) fn fact_text(&self, key: &str) -> Option<String> {
        // SAFETY: the host's strings live as long as the build.
        unsafe { self.fact_value(key)?.s.as_str() }.map(str::to_owned)
    }

    fn fact_value(&self, key: &str) -> Option<abi::Value> {
        let mut value = abi::Value::ZERO;
        // SAFETY: as in `input`.
        let status =
            unsafe { self.builder.fact?(self.builder.ctx, abi::Str::new(key), &mut value) };
        (status == abi::OK).then_some(value)
    }

    pub(crate) fn enter(&self, name: &str, composite: &str) {
        if let Some(enter) = self.builder.enter {
            // SAFETY: as in `input`.
            unsafe { enter(self.builder.ctx, abi::Str::new(name), abi::Str::new(composite)) };
        }
    }

    pub(crate) fn leave(&self) {
        if let Some(leave) = self.builder.leave {
            // SAFETY: as in `input`.
            unsafe { leave(self.builder.ctx) };
        }
    }

    fn at(&self, here: &'static Location<'static>) -> abi::Loc {
        abi::Loc::new(self.here.get().unwrap_or(here))
    }
}
