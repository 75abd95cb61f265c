//! Layers with weights: linear, convolutions, transposed convolutions.

use std::cell::OnceCell;
use std::ops::Deref;
use std::panic::Location;

use crate::init::{Fans, Weights};
use crate::tensor::{Attribute, Dim, Tensor};

/// A layer whose options are still open: `x.conv2d("down1", 32, 4).stride(2).pad(1).relu()`.
///
/// It is recorded when it is first used as the [`Tensor`] that it stands for: by calling any of the
/// tensor's methods, or by handing it on.
pub struct Layer<'g> {
    input: Tensor<'g>,
    name: String,
    kind: Kind,
    outputs: usize,
    kernel: usize,
    stride: usize,
    pad: usize,
    dilation: usize,
    groups: usize,
    out_pad: [i64; 3],
    weights: Weights,
    bias: bool,
    location: &'static Location<'static>,
    /// The scope that was open at the call: its parameters are to be named after that one.
    scope: usize,
    recorded: OnceCell<Tensor<'g>>,
}

/// Convolutions know how many spatial axes they have.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Linear,
    Conv(usize),
    ConvTranspose(usize),
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Linear => "linear",
            Kind::Conv(1) => "conv1d",
            Kind::Conv(2) => "conv2d",
            Kind::Conv(_) => "conv3d",
            Kind::ConvTranspose(1) => "conv_transpose1d",
            Kind::ConvTranspose(2) => "conv_transpose2d",
            Kind::ConvTranspose(_) => "conv_transpose3d",
        }
    }

    fn axes(self) -> usize {
        match self {
            Kind::Linear => 0,
            Kind::Conv(axes) | Kind::ConvTranspose(axes) => axes,
        }
    }
}

/// The layers. Kernels are as long along each axis; stride 1, no padding unless told otherwise.
impl<'g> Tensor<'g> {
    /// A fully connected layer along the last axis: `[B, …, N]` → `[B, …, outputs]`.
    #[track_caller]
    pub fn linear(self, name: &str, outputs: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::Linear, outputs, 1)
    }

    /// A convolution: `[B, C, L]` → `[B, outputs, L']`.
    #[track_caller]
    pub fn conv1d(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::Conv(1), outputs, kernel)
    }

    /// A convolution: `[B, C, H, W]` → `[B, outputs, H', W']`.
    #[track_caller]
    pub fn conv2d(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::Conv(2), outputs, kernel)
    }

    /// A convolution: `[B, C, D, H, W]` → `[B, outputs, D', H', W']`.
    #[track_caller]
    pub fn conv3d(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::Conv(3), outputs, kernel)
    }

    /// A convolution along all axes behind the channels, however many there are: for pictures as
    /// [`Tensor::conv2d`], for volumes and clips as [`Tensor::conv3d`].
    #[track_caller]
    pub fn conv(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::Conv(self.spatial_axes()), outputs, kernel)
    }

    /// The transpose of a convolution, which makes lines longer: `[B, C, L]` → `[B, outputs, L']`.
    #[track_caller]
    pub fn conv_transpose1d(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::ConvTranspose(1), outputs, kernel)
    }

    /// The transpose of a convolution, which makes pictures larger: `[B, C, H, W]` → `[B, outputs, H', W']`.
    #[track_caller]
    pub fn conv_transpose2d(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::ConvTranspose(2), outputs, kernel)
    }

    /// The transpose of a convolution, which makes volumes larger: `[B, C, D, H, W]` →
    /// `[B, outputs, D', H', W']`.
    #[track_caller]
    pub fn conv_transpose3d(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::ConvTranspose(3), outputs, kernel)
    }

    /// The transpose of [`Tensor::conv`].
    #[track_caller]
    pub fn conv_transpose(self, name: &str, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer::new(self, name, Kind::ConvTranspose(self.spatial_axes()), outputs, kernel)
    }

    /// Where there are none, or too many, the host refuses a convolution of a line or a volume in its words.
    fn spatial_axes(self) -> usize {
        self.shape().len().saturating_sub(2).clamp(1, 3)
    }
}

impl<'g> Layer<'g> {
    /// Convolutions: the step between outputs (between inputs, where transposed).
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Layer<'g> {
        self.stride = stride;
        self
    }

    /// Convolutions: zeros added on each side (taken away, where transposed).
    #[must_use]
    pub fn pad(mut self, pad: usize) -> Layer<'g> {
        self.pad = pad;
        self
    }

    /// Convolutions: the kernel's places are so far apart; 1 is side by side.
    #[must_use]
    pub fn dilation(mut self, dilation: usize) -> Layer<'g> {
        self.dilation = dilation;
        self
    }

    /// Convolutions: input and output channels are divided among so many convolutions of their own; as
    /// many as there are channels is depthwise. It must divide both.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Layer<'g> {
        self.groups = groups;
        self
    }

    /// Transposed convolutions: rows added at the bottom and columns at the right, to reach a size that
    /// the stride folds together with a smaller one. Lines have columns only.
    #[must_use]
    pub fn out_pad(self, rows: usize, columns: usize) -> Layer<'g> {
        self.out_pad3d(0, rows, columns)
    }

    /// Like [`Layer::out_pad`], with planes added at the back.
    #[must_use]
    pub fn out_pad3d(mut self, planes: usize, rows: usize, columns: usize) -> Layer<'g> {
        self.out_pad = [planes as i64, rows as i64, columns as i64];
        self
    }

    /// How the weights start, where the scheme leaves it to the layer.
    #[must_use]
    pub fn weights(mut self, weights: Weights) -> Layer<'g> {
        self.weights = weights;
        self
    }

    /// For the mean and log-variance of a posterior: Xavier with gain 0.5, so that training starts
    /// near the prior.
    #[must_use]
    pub fn head(self) -> Layer<'g> {
        self.weights(Weights::Xavier { gain: 0.5 })
    }

    /// For the logits of the picture, which no ReLU follows: Xavier with gain 1 (half a nat better on the
    /// digits than Kaiming).
    #[must_use]
    pub fn output(self) -> Layer<'g> {
        self.weights(Weights::Xavier { gain: 1.0 })
    }

    /// Without a bias.
    #[must_use]
    pub fn no_bias(mut self) -> Layer<'g> {
        self.bias = false;
        self
    }

    #[track_caller]
    fn new(input: Tensor<'g>, name: &str, kind: Kind, outputs: usize, kernel: usize) -> Layer<'g> {
        Layer {
            input,
            name: name.to_owned(),
            kind,
            outputs,
            kernel,
            stride: 1,
            pad: 0,
            dilation: 1,
            groups: 1,
            out_pad: [0; 3],
            weights: Weights::Kaiming,
            bias: true,
            location: Location::caller(),
            scope: input.graph().open_scope(),
            recorded: OnceCell::new(),
        }
    }

    fn record(&self) -> Tensor<'g> {
        let graph = self.input.graph();
        // The nodes are to carry the line of the author's call, not of its first use.
        let _here = graph.builder.located(self.location);
        if graph.open_scope() != self.scope {
            let why = "a layer is recorded when it is first used, and this one has left the scope that it was made in; \
                       end the scope with the tensor itself, `*layer`";
            return graph.refuse(format!("layer `{}`: {why}", self.name), self.location);
        }
        let axes = self.kind.axes();
        if let Some(why) = self.misfit() {
            return graph.refuse(format!("layer `{}`: {why}", self.name), self.location);
        }
        graph.composite(self.kind.name(), &self.name, || {
            let rank = self.input.shape().len();
            let along = if self.kind == Kind::Linear { rank.saturating_sub(1) } else { 1 };
            let (inputs, n) = (self.input.size(along), self.outputs);
            let (ends, op) = match self.kind {
                Kind::Linear => ([inputs, n], "matmul"),
                Kind::Conv(_) => ([n, inputs / self.groups], "conv"),
                Kind::ConvTranspose(_) => ([inputs, n / self.groups], "conv_transpose"),
            };
            let shape: Vec<usize> =
                ends.into_iter().chain(std::iter::repeat_n(self.kernel, axes)).collect();
            let fans = self.fans(inputs);
            let scheme = graph.scheme();
            let weight = graph.parameter_with("weight", &shape, scheme.weight(self.weights, fans));
            let geometry = [
                ("stride", Attribute::Int(self.stride as i64)),
                ("pad", Attribute::Int(self.pad as i64)),
                ("dilation", Attribute::Int(self.dilation as i64)),
                ("groups", Attribute::Int(self.groups as i64)),
                ("out_pad", Attribute::Ints(&self.out_pad[3 - axes..])),
            ];
            let attributes = match self.kind {
                Kind::Linear => &geometry[..0],
                Kind::Conv(_) => &geometry[..4],
                Kind::ConvTranspose(_) => &geometry[..],
            };
            let output = graph.op(op, &[self.input, weight], attributes, None);
            if !self.bias {
                return output;
            }
            let bias = graph.parameter_with("bias", &[n], scheme.bias(fans));
            let along_channels = match axes {
                0 => bias,
                _ => bias.reshape(&channels_first(n, axes)),
            };
            output + along_channels
        })
    }

    /// Why the groups cannot be made; the host sees shapes only, and would speak of a weight's.
    fn misfit(&self) -> Option<String> {
        let (groups, inputs) = (self.groups, self.input.size(1));
        if self.input.id == 0 || self.kind == Kind::Linear {
            return None;
        }
        let divides = |n: usize| groups > 0 && n.is_multiple_of(groups);
        (!divides(inputs) || !divides(self.outputs)).then(|| {
            let outputs = self.outputs;
            format!("{groups} groups do not divide {inputs} input and {outputs} output channels")
        })
    }

    fn fans(&self, inputs: usize) -> Fans {
        let axes = self.kind.axes() as u32;
        // An output is made of its own group's inputs only.
        let (inputs, outputs) = match self.kind {
            Kind::Linear => return Fans::linear(inputs, self.outputs),
            _ => (inputs / self.groups, self.outputs / self.groups),
        };
        match self.kind {
            Kind::ConvTranspose(_) => {
                Fans::conv_transpose(inputs, outputs, self.kernel, self.stride, axes)
            }
            _ => Fans::conv(inputs, outputs, self.kernel, self.stride, axes),
        }
    }
}

/// `[C, 1, …]` with so many ones: what broadcasts along the channels of `[B, C, …]`.
pub(crate) fn channels_first(channels: usize, axes: usize) -> Vec<Dim> {
    [channels].into_iter().chain(std::iter::repeat_n(1, axes)).map(Dim::Fixed).collect()
}

impl<'g> Deref for Layer<'g> {
    type Target = Tensor<'g>;

    fn deref(&self) -> &Tensor<'g> {
        self.recorded.get_or_init(|| self.record())
    }
}

impl<'g> From<Layer<'g>> for Tensor<'g> {
    fn from(layer: Layer<'g>) -> Tensor<'g> {
        *layer
    }
}
