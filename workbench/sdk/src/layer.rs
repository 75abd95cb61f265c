//! Layers with weights: linear, convolution, transposed convolution.

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
    out_pad: [i64; 2],
    weights: Weights,
    bias: bool,
    location: &'static Location<'static>,
    /// The scope that was open at the call: its parameters are to be named after that one.
    scope: usize,
    recorded: OnceCell<Tensor<'g>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Linear,
    Conv,
    ConvTranspose,
}

impl<'g> Layer<'g> {
    #[track_caller]
    pub(crate) fn linear(input: Tensor<'g>, name: &str, outputs: usize) -> Layer<'g> {
        Layer::new(input, name, Kind::Linear, outputs, 1)
    }

    #[track_caller]
    pub(crate) fn conv2d(
        input: Tensor<'g>,
        name: &str,
        outputs: usize,
        kernel: usize,
    ) -> Layer<'g> {
        Layer::new(input, name, Kind::Conv, outputs, kernel)
    }

    #[track_caller]
    pub(crate) fn conv_transpose2d(
        input: Tensor<'g>,
        name: &str,
        outputs: usize,
        kernel: usize,
    ) -> Layer<'g> {
        Layer::new(input, name, Kind::ConvTranspose, outputs, kernel)
    }

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

    /// Transposed convolutions: rows added at the bottom and columns at the right, to reach a size that
    /// the stride folds together with a smaller one.
    #[must_use]
    pub fn out_pad(mut self, rows: usize, columns: usize) -> Layer<'g> {
        self.out_pad = [rows as i64, columns as i64];
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
            out_pad: [0; 2],
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
        let composite = match self.kind {
            Kind::Linear => "linear",
            Kind::Conv => "conv2d",
            Kind::ConvTranspose => "conv_transpose2d",
        };
        graph.composite(composite, &self.name, || {
            let (inputs, n) = (self.input.size(1), self.outputs);
            let (shape, op) = match self.kind {
                Kind::Linear => (vec![inputs, n], "matmul"),
                Kind::Conv => (vec![n, inputs, self.kernel, self.kernel], "conv"),
                Kind::ConvTranspose => {
                    (vec![inputs, n, self.kernel, self.kernel], "conv_transpose")
                }
            };
            let fans = self.fans(inputs);
            let scheme = graph.scheme();
            let weight = graph.parameter_with("weight", &shape, scheme.weight(self.weights, fans));
            let geometry = [
                ("stride", Attribute::Int(self.stride as i64)),
                ("pad", Attribute::Int(self.pad as i64)),
                ("out_pad", Attribute::Ints(&self.out_pad)),
            ];
            let attributes = match self.kind {
                Kind::Linear => &geometry[..0],
                Kind::Conv => &geometry[..2],
                Kind::ConvTranspose => &geometry[..],
            };
            let output = graph.op(op, &[self.input, weight], attributes, None);
            if !self.bias {
                return output;
            }
            let bias = graph.parameter_with("bias", &[n], scheme.bias(fans));
            let along_channels = match self.kind {
                Kind::Linear => bias,
                _ => bias.reshape(&[Dim::Fixed(n), Dim::Fixed(1), Dim::Fixed(1)]),
            };
            output + along_channels
        })
    }

    fn fans(&self, inputs: usize) -> Fans {
        match self.kind {
            Kind::Linear => Fans::linear(inputs, self.outputs),
            Kind::Conv => Fans::conv(inputs, self.outputs, self.kernel, self.stride),
            Kind::ConvTranspose => {
                Fans::conv_transpose(inputs, self.outputs, self.kernel, self.stride)
            }
        }
    }
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
