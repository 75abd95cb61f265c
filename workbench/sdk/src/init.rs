//! How weights start.

use workbench_abi as abi;

/// The rule for all layers of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Kaiming normal (He et al. 2015, eq. 10): N(0, 2 / fan-in) and zero biases; heads as they ask.
    He,
    /// PyTorch's default for its layers, for comparisons: weights and biases U(±1/√fan-in), heads too.
    PyTorch,
}

/// What one layer asks for under [`Scheme::He`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weights {
    /// N(0, 2 / fan-in): keeps the size of activations through a ReLU.
    Kaiming,
    /// N(0, gain² · 2 / (fan-in + fan-out)) (Glorot & Bengio 2010): for heads that no ReLU follows.
    Xavier { gain: f64 },
}

/// How many numbers one output, and one input, of a layer touches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fans {
    /// Inputs that make up one output.
    pub fan_in: f64,
    pub fan_out: f64,
    /// What PyTorch calls fan-in: for transposed convolutions it is taken from the weight's second axis.
    pub pytorch: f64,
}

impl Scheme {
    /// By the name used in experiments: "he" or "pytorch".
    pub fn from_name(name: &str) -> Option<Scheme> {
        match name {
            "he" => Some(Scheme::He),
            "pytorch" => Some(Scheme::PyTorch),
            _ => None,
        }
    }

    pub(crate) fn weight(self, asked: Weights, fans: Fans) -> abi::Init {
        match (self, asked) {
            // kaiming_uniform with a = √5 is U(±1/√fan-in).
            (Scheme::PyTorch, _) => uniform(fans.pytorch.powf(-0.5)),
            (Scheme::He, Weights::Kaiming) => normal((2.0 / fans.fan_in).sqrt()),
            (Scheme::He, Weights::Xavier { gain }) => {
                normal(gain * (2.0 / (fans.fan_in + fans.fan_out)).sqrt())
            }
        }
    }

    pub(crate) fn bias(self, fans: Fans) -> abi::Init {
        match self {
            Scheme::PyTorch => uniform(fans.pytorch.powf(-0.5)),
            Scheme::He => abi::Init { kind: abi::INIT_CONSTANT, reserved: 0, scale: 0.0 },
        }
    }
}

fn normal(std: f64) -> abi::Init {
    abi::Init { kind: abi::INIT_NORMAL, reserved: 0, scale: std }
}

fn uniform(bound: f64) -> abi::Init {
    abi::Init { kind: abi::INIT_UNIFORM, reserved: 0, scale: bound }
}
