//! Knobs: live scalars, set under `[knobs]`, on a schedule, or while training.

use workbench_abi as abi;

/// Declares `beta`, the weight of the KL term, as every architecture here has it.
pub const BETA: Knob = beta(1.0);

/// `beta` with a default of its own.
pub const fn beta(default: f64) -> Knob {
    new("beta", "Weight of the KL term.", default).between(0.0, 1e6)
}

/// A declared knob: name, one sentence, default and bounds.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Knob(pub(crate) abi::Knob);

/// A knob of any finite value; [`Knob::between`] bounds it.
pub const fn new(name: &'static str, about: &'static str, default: f64) -> Knob {
    Knob(abi::Knob {
        name: abi::Str::new(name),
        about: abi::Str::new(about),
        fallback: default,
        min: f64::MIN,
        max: f64::MAX,
    })
}

impl Knob {
    /// Inclusive bounds.
    #[must_use]
    pub const fn between(mut self, min: f64, max: f64) -> Knob {
        self.0.min = min;
        self.0.max = max;
        self
    }
}
