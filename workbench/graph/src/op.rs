//! The vocabulary: opset 1.

use crate::{DType, InputId, KnobId, ParamId};

/// What a node computes from its inputs.
///
/// Ops whose result shape is not a function of the inputs alone (`Reshape`, `Broadcast`, `Rand`,
/// `Iota`) take it from the node that carries them.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    // Sources.
    Input(InputId),
    Param(ParamId),
    /// A live scalar, `[]`.
    Knob(KnobId),
    /// A constant scalar, `[]`.
    Const(f64),
    /// Fresh noise at every step.
    Rand(Distribution),
    /// 0, 1, 2, … along `axis`, `f32`.
    Iota {
        axis: usize,
    },

    Unary(Unary),
    /// With NumPy broadcasting.
    Binary(Binary),
    /// `select(mask, a, b)`: a where the mask is not zero, else b; all three broadcast.
    Select,
    Reduce {
        reduction: Reduction,
        axes: Vec<usize>,
        keepdim: bool,
    },

    // Movement.
    Reshape,
    Permute {
        axes: Vec<usize>,
    },
    Broadcast,
    /// Elements `start .. start + length` along `axis`.
    Slice {
        axis: usize,
        start: usize,
        length: usize,
    },
    Concat {
        axis: usize,
    },
    /// `value` added before and after along `axis`.
    Pad {
        axis: usize,
        before: usize,
        after: usize,
        value: f64,
    },
    Cast(DType),

    // By place along one axis.
    /// The sum of the elements up to and with each one.
    CumSum {
        axis: usize,
    },
    /// The place of the largest element, i64; the first of ties. NaN counts as largest. No gradient.
    ArgMax {
        axis: usize,
    },
    /// The places of the elements in order, i64; ties stay as they are. NaN counts as largest. No
    /// gradient.
    ArgSort {
        axis: usize,
        descending: bool,
    },
    /// `gather(x, index)`: `out[i][j] = x[i][index[i][j]]` for axis 1, in the shape of the i64
    /// `index`; other axes of `index` may be shorter than those of `x`.
    Gather {
        axis: usize,
    },
    /// `take(x, index)`: the slices of `x` along `axis` that the i64 `index` names; the index's axes
    /// replace this one. Repeated slices add up their gradients.
    Take {
        axis: usize,
    },

    /// `[…, M, K] × […, K, N] → […, M, N]`; leading dimensions broadcast.
    MatMul,
    /// `[B, C, H, W] ⋆ [O, C / groups, kH, kW] → [B, O, H', W']`; rank 3 is the 1-D
    /// convolution, rank 5 the 3-D one. Cross-correlation, as everywhere in deep learning.
    Conv(ConvGeometry),
    /// The transpose of a convolution: `[B, C, H, W], [C, O / groups, kH, kW] → [B, O, H', W']`.
    ConvTranspose {
        geometry: ConvGeometry,
        /// Added to one side of each output dimension, to tell apart the sizes that stride folds.
        out_pad: Vec<usize>,
    },

    /// One number a window of each channel: `[B, C, H, W] → [B, C, H', W']`; 1-D and 3-D likewise.
    Pool {
        pooling: Pooling,
        window: Window,
    },
    /// Each element repeated, `factors` times along each spatial axis: `[B, C, H, W] → [B, C, fH, fW]`;
    /// 1-D and 3-D likewise.
    Upsample {
        factors: Vec<usize>,
    },

    /// The identity, through which no gradient flows.
    StopGradient,
}

/// Per spatial dimension; each vector has as many entries as there are of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    pub stride: Vec<usize>,
    pub pad: Vec<usize>,
    pub dilation: Vec<usize>,
    pub groups: usize,
}

/// Per spatial dimension; each vector has as many entries as there are of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub kernel: Vec<usize>,
    pub stride: Vec<usize>,
    /// Less than the kernel, so that every window sees an element.
    pub pad: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// N(0, 1).
    Normal,
    /// U[0, 1).
    Uniform,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The op's name in the plugin ABI.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)* _ => None }
            }
        }
    };
}

named! {
    /// Elementwise, one operand. The gradient of `abs` and `relu` at 0 is 0; `sign` and `floor` have
    /// gradient 0 everywhere.
    Unary {
        Neg = "neg",
        Exp = "exp",
        Log = "log",
        /// log(1 + x), exact near 0.
        Log1p = "log1p",
        Sqrt = "sqrt",
        Abs = "abs",
        Sign = "sign",
        Floor = "floor",
        Sin = "sin",
        Cos = "cos",
        Tanh = "tanh",
        Erf = "erf",
        Sigmoid = "sigmoid",
        /// log(1 + eˣ), computed so that it neither overflows nor loses small values.
        Softplus = "softplus",
        Relu = "relu",
    }
}

named! {
    /// Elementwise, two operands. Comparisons give `f32` zeros and ones and have gradient 0; where
    /// `max` or `min` meets a tie, each side receives half of the gradient.
    Binary {
        Add = "add",
        Sub = "sub",
        Mul = "mul",
        Div = "div",
        /// aᵇ for a > 0.
        Pow = "pow",
        Max = "max",
        Min = "min",
        Lt = "lt",
        Eq = "eq",
    }
}

named! {
    /// Over any set of axes. `reduce_max` and `reduce_min` split their gradient evenly among ties.
    Reduction {
        Sum = "sum",
        Mean = "mean",
        Max = "reduce_max",
        Min = "reduce_min",
        /// log Σ eˣ, shifted by the maximum.
        LogSumExp = "logsumexp",
    }
}

named! {
    /// What becomes of a window.
    Pooling {
        /// The largest element; padding never is. The first of ties receives the gradient.
        Max = "max_pool",
        /// The sum over the kernel's size; padding counts as zeros.
        Average = "avg_pool",
    }
}

impl Op {
    /// The op's name in the plugin ABI.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Input(_) => "input",
            Op::Param(_) => "param",
            Op::Knob(_) => "knob",
            Op::Const(_) => "const",
            Op::Rand(_) => "rand",
            Op::Iota { .. } => "iota",
            Op::Unary(unary) => unary.name(),
            Op::Binary(binary) => binary.name(),
            Op::Select => "select",
            Op::Reduce { reduction, .. } => reduction.name(),
            Op::Reshape => "reshape",
            Op::Permute { .. } => "permute",
            Op::Broadcast => "broadcast",
            Op::Slice { .. } => "slice",
            Op::Concat { .. } => "concat",
            Op::Pad { .. } => "pad",
            Op::Cast(_) => "cast",
            Op::CumSum { .. } => "cumsum",
            Op::ArgMax { .. } => "argmax",
            Op::ArgSort { .. } => "argsort",
            Op::Gather { .. } => "gather",
            Op::Take { .. } => "take",
            Op::MatMul => "matmul",
            Op::Conv(_) => "conv",
            Op::ConvTranspose { .. } => "conv_transpose",
            Op::Pool { pooling, .. } => pooling.name(),
            Op::Upsample { .. } => "upsample",
            Op::StopGradient => "stop_gradient",
        }
    }

    /// True of the ops that take nothing in: they are not layers.
    pub fn is_source(&self) -> bool {
        matches!(
            self,
            Op::Input(_)
                | Op::Param(_)
                | Op::Knob(_)
                | Op::Const(_)
                | Op::Rand(_)
                | Op::Iota { .. }
        )
    }
}
