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

impl Fans {
    pub fn linear(inputs: usize, outputs: usize) -> Fans {
        let (inputs, outputs) = (inputs as f64, outputs as f64);
        Fans { fan_in: inputs, fan_out: outputs, pytorch: inputs }
    }

    /// With a kernel as long along each of its axes. Each input meets one in stride^axes of the kernel's
    /// places.
    pub fn conv(inputs: usize, outputs: usize, kernel: usize, stride: usize, axes: u32) -> Fans {
        let area = (kernel as f64).powi(axes as i32);
        let met = area / (stride.max(1) as f64).powi(axes as i32);
        let (inputs, outputs) = (inputs as f64, outputs as f64);
        Fans { fan_in: inputs * area, fan_out: outputs * met, pytorch: inputs * area }
    }

    /// The other way round: each output meets one in stride^axes of the kernel's places.
    pub fn conv_transpose(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
        axes: u32,
    ) -> Fans {
        let turned = Fans::conv(outputs, inputs, kernel, stride, axes);
        Fans { fan_in: turned.fan_out, fan_out: turned.fan_in, pytorch: turned.fan_in }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn close(init: abi::Init, kind: abi::InitKind, scale: f64) {
        assert_eq!(init.kind, kind);
        assert!((init.scale - scale).abs() < 1e-12, "{} is not {scale}", init.scale);
    }

    #[test]
    fn kaiming_keeps_the_size_of_activations_and_heads_start_small() {
        let linear = Fans::linear(784, 400);
        close(
            Scheme::He.weight(Weights::Kaiming, linear),
            abi::INIT_NORMAL,
            (2.0f64 / 784.0).sqrt(),
        );
        close(Scheme::He.bias(linear), abi::INIT_CONSTANT, 0.0);
        let head = Weights::Xavier { gain: 0.5 };
        let expected = 0.5 * (2.0f64 / 276.0).sqrt();
        close(Scheme::He.weight(head, Fans::linear(256, 20)), abi::INIT_NORMAL, expected);
        // 64 channels through a 4x4 kernel of stride 2: an output meets 4 of the 16 places of each.
        let up = Fans::conv_transpose(64, 32, 4, 2, 2);
        close(Scheme::He.weight(Weights::Kaiming, up), abi::INIT_NORMAL, (2.0f64 / 256.0).sqrt());
    }

    #[test]
    fn the_other_scheme_is_pytorchs_own() {
        let bound = |fans| Scheme::PyTorch.weight(Weights::Xavier { gain: 0.5 }, fans);
        close(bound(Fans::linear(784, 400)), abi::INIT_UNIFORM, 1.0 / 28.0);
        close(bound(Fans::conv(32, 64, 4, 2, 2)), abi::INIT_UNIFORM, (1.0f64 / 512.0).sqrt());
        // torch.nn.init takes the fan-in of a transposed convolution from its outputs.
        let up = Fans::conv_transpose(64, 32, 4, 2, 2);
        close(bound(up), abi::INIT_UNIFORM, (1.0f64 / 512.0).sqrt());
        close(Scheme::PyTorch.bias(up), abi::INIT_UNIFORM, (1.0f64 / 512.0).sqrt());
    }
}
