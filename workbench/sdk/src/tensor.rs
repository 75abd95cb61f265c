//! Symbolic tensors.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::panic::Location;

use workbench_abi as abi;

use crate::{Graph, Layer};

/// A node of the recording. Copy it freely; nothing is computed.
#[derive(Clone, Copy)]
pub struct Tensor<'g> {
    pub(crate) id: abi::Tensor,
    pub(crate) graph: &'g Graph,
}

/// One dimension of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dim {
    Fixed(usize),
    /// So many times the batch.
    Batch(usize),
}

/// An op's attribute.
pub(crate) enum Attribute<'a> {
    Int(i64),
    Float(f64),
    Text(&'a str),
    Ints(&'a [i64]),
}

impl<'g> Tensor<'g> {
    /// The recording that the tensor belongs to.
    pub fn graph(self) -> &'g Graph {
        self.graph
    }

    /// The shape; empty for a poisoned tensor.
    pub fn shape(self) -> Vec<Dim> {
        let Some(shape) = self.graph.builder.shape(self.id) else {
            return Vec::new();
        };
        let rank = (shape.rank as usize).min(abi::MAX_RANK);
        let dim = |&n: &i64| match usize::try_from(n) {
            Ok(n) => Dim::Fixed(n),
            Err(_) => Dim::Batch(n.unsigned_abs() as usize),
        };
        shape.dim[..rank].iter().map(dim).collect()
    }

    /// The size along an axis; 1 where it is the batch's, or the tensor is poisoned.
    pub fn size(self, axis: usize) -> usize {
        match self.shape().get(axis) {
            Some(Dim::Fixed(n)) => *n,
            _ => 1,
        }
    }

    /// `[B, …]` → `[B, N]`.
    #[track_caller]
    pub fn flatten(self) -> Tensor<'g> {
        let shape = self.shape();
        let n = shape.iter().skip(1).map(|dim| match dim {
            Dim::Fixed(n) => *n,
            Dim::Batch(_) => 1,
        });
        let n = n.product();
        let first = shape.first().copied().unwrap_or(Dim::Batch(1));
        self.reshape(&[first, Dim::Fixed(n)])
    }

    /// The same elements in another shape.
    #[track_caller]
    pub fn reshape(self, shape: &[Dim]) -> Tensor<'g> {
        self.graph.op("reshape", &[self], &[], Some(shape))
    }

    /// `[B, …]` → `[B, dims…]`.
    #[track_caller]
    pub fn unflatten(self, dims: &[usize]) -> Tensor<'g> {
        let batch = self.shape().first().copied().unwrap_or(Dim::Batch(1));
        let shape: Vec<Dim> =
            [batch].into_iter().chain(dims.iter().copied().map(Dim::Fixed)).collect();
        self.reshape(&shape)
    }

    /// The same elements in the shape of another tensor.
    #[track_caller]
    pub fn reshape_like(self, like: impl Into<Tensor<'g>>) -> Tensor<'g> {
        self.reshape(&like.into().shape())
    }

    /// Repeated along axes of size 1 to the shape of another tensor.
    #[track_caller]
    pub fn broadcast_like(self, like: impl Into<Tensor<'g>>) -> Tensor<'g> {
        self.graph.op("broadcast", &[self], &[], Some(&like.into().shape()))
    }

    /// Elements `start .. start + length` along an axis.
    #[track_caller]
    pub fn slice(self, axis: usize, start: usize, length: usize) -> Tensor<'g> {
        let attributes = [
            ("axis", Attribute::Int(axis as i64)),
            ("start", Attribute::Int(start as i64)),
            ("length", Attribute::Int(length as i64)),
        ];
        self.graph.op("slice", &[self], &attributes, None)
    }

    /// `[B, 2 D]` → two `[B, D]`.
    #[track_caller]
    pub fn halves(self) -> (Tensor<'g>, Tensor<'g>) {
        let half = self.size(1) / 2;
        (self.slice(1, 0, half), self.slice(1, half, half))
    }

    /// This tensor and others joined along an axis.
    #[track_caller]
    pub fn concat(self, axis: usize, others: &[Tensor<'g>]) -> Tensor<'g> {
        let all: Vec<Tensor> = [self].into_iter().chain(others.iter().copied()).collect();
        self.graph.op("concat", &all, &[("axis", Attribute::Int(axis as i64))], None)
    }

    /// The axes in another order.
    #[track_caller]
    pub fn permute(self, axes: &[usize]) -> Tensor<'g> {
        let axes = whole(axes);
        self.graph.op("permute", &[self], &[("axes", Attribute::Ints(&axes))], None)
    }

    /// As `f32`: what a label needs before arithmetic.
    #[track_caller]
    pub fn to_f32(self) -> Tensor<'g> {
        self.graph.op("cast", &[self], &[("dtype", Attribute::Text("f32"))], None)
    }

    /// As `i64`: what indices are. Fractions are cut off.
    #[track_caller]
    pub fn to_i64(self) -> Tensor<'g> {
        self.graph.op("cast", &[self], &[("dtype", Attribute::Text("i64"))], None)
    }

    /// `[.., M, K] × [.., K, N] → [.., M, N]`.
    #[track_caller]
    pub fn matmul(self, other: Tensor<'g>) -> Tensor<'g> {
        self.graph.op("matmul", &[self, other], &[], None)
    }

    /// The sum over axes, which are dropped.
    #[track_caller]
    pub fn sum(self, axes: &[usize]) -> Tensor<'g> {
        self.reduce("sum", axes, false)
    }

    /// The mean over axes, which are dropped.
    #[track_caller]
    pub fn mean(self, axes: &[usize]) -> Tensor<'g> {
        self.reduce("mean", axes, false)
    }

    /// log Σ eˣ over axes, which are dropped.
    #[track_caller]
    pub fn logsumexp(self, axes: &[usize]) -> Tensor<'g> {
        self.reduce("logsumexp", axes, false)
    }

    /// The largest element over axes, which are dropped.
    #[track_caller]
    pub fn reduce_max(self, axes: &[usize]) -> Tensor<'g> {
        self.reduce("reduce_max", axes, false)
    }

    /// The sum over all axes but the first: `[B, …]` → `[B]`, one number an image.
    #[track_caller]
    pub fn sum_per_item(self) -> Tensor<'g> {
        let axes: Vec<usize> = (1..self.shape().len()).collect();
        if axes.is_empty() { self } else { self.sum(&axes) }
    }

    /// e to the power of x, normalised to sum to 1 along an axis.
    #[track_caller]
    pub fn softmax(self, axis: usize) -> Tensor<'g> {
        let _here = self.graph.builder.located(Location::caller());
        self.graph
            .composite("softmax", "", || (self - self.reduce("logsumexp", &[axis], true)).exp())
    }

    /// `a` where this mask is not zero, else `b`.
    #[track_caller]
    pub fn select(self, a: Tensor<'g>, b: Tensor<'g>) -> Tensor<'g> {
        self.graph.op("select", &[self, a, b], &[], None)
    }

    /// The identity, through which no gradient flows.
    #[track_caller]
    pub fn stop_gradient(self) -> Tensor<'g> {
        self.graph.op("stop_gradient", &[self], &[], None)
    }

    #[track_caller]
    pub(crate) fn reduce(self, op: &str, axes: &[usize], keepdim: bool) -> Tensor<'g> {
        let axes = whole(axes);
        let attributes =
            [("axes", Attribute::Ints(&axes)), ("keepdim", Attribute::Int(keepdim.into()))];
        self.graph.op(op, &[self], &attributes, None)
    }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        impl<'g> Tensor<'g> {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $name(self) -> Tensor<'g> {
                    self.graph.op(stringify!($name), &[self], &[], None)
                }
            )*
        }
    };
}
unary! {
    /// eˣ.
    exp,
    /// The natural logarithm.
    log,
    /// log(1 + x).
    log1p,
    sqrt, abs, sign, floor, sin, cos, tanh, erf,
    /// 1 / (1 + e⁻ˣ).
    sigmoid,
    /// log(1 + eˣ).
    softplus,
    /// max(x, 0).
    relu,
}

macro_rules! binary {
    ($($(#[$doc:meta])* $method:ident = $op:literal),* $(,)?) => {
        impl<'g> Tensor<'g> {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $method(self, other: impl IntoTensor<'g>) -> Tensor<'g> {
                    self.graph.op($op, &[self, other.into_tensor(self.graph)], &[], None)
                }
            )*
        }
    };
}
binary! {
    /// xʸ for x > 0.
    pow = "pow",
    /// The larger of two.
    maximum = "max",
    /// The smaller of two.
    minimum = "min",
    /// 1 where less, else 0.
    lt = "lt",
    /// 1 where equal, else 0.
    equal = "eq",
}

/// A tensor or a number.
pub trait IntoTensor<'g> {
    fn into_tensor(self, graph: &'g Graph) -> Tensor<'g>;
}

impl<'g, T: Into<Tensor<'g>>> IntoTensor<'g> for T {
    fn into_tensor(self, _: &'g Graph) -> Tensor<'g> {
        self.into()
    }
}

impl<'g> IntoTensor<'g> for f64 {
    #[track_caller]
    fn into_tensor(self, graph: &'g Graph) -> Tensor<'g> {
        graph.constant(self)
    }
}

macro_rules! arithmetic {
    ($($trait:ident $method:ident $op:literal),*) => {$(
        impl<'g, T: IntoTensor<'g>> $trait<T> for Tensor<'g> {
            type Output = Tensor<'g>;
            #[track_caller]
            fn $method(self, other: T) -> Tensor<'g> {
                self.graph.op($op, &[self, other.into_tensor(self.graph)], &[], None)
            }
        }

        impl<'g, T: IntoTensor<'g>> $trait<T> for Layer<'g> {
            type Output = Tensor<'g>;
            #[track_caller]
            fn $method(self, other: T) -> Tensor<'g> {
                (*self).$method(other)
            }
        }

        impl<'g> $trait<Layer<'g>> for f64 {
            type Output = Tensor<'g>;
            #[track_caller]
            fn $method(self, other: Layer<'g>) -> Tensor<'g> {
                self.$method(*other)
            }
        }

        impl<'g> $trait<Tensor<'g>> for f64 {
            type Output = Tensor<'g>;
            #[track_caller]
            fn $method(self, other: Tensor<'g>) -> Tensor<'g> {
                other.graph.op($op, &[other.graph.constant(self), other], &[], None)
            }
        }
    )*};
}
arithmetic!(Add add "add", Sub sub "sub", Mul mul "mul", Div div "div");

impl<'g> Neg for Tensor<'g> {
    type Output = Tensor<'g>;
    #[track_caller]
    fn neg(self) -> Tensor<'g> {
        self.graph.op("neg", &[self], &[], None)
    }
}

impl Attribute<'_> {
    pub(crate) fn named(&self, name: &str) -> abi::Attr {
        let value = match self {
            Attribute::Int(value) => abi::Value::int(*value),
            Attribute::Float(value) => abi::Value::float(*value),
            Attribute::Text(value) => abi::Value::text(value),
            Attribute::Ints(values) => abi::Value::ints(values),
        };
        abi::Attr { name: abi::Str::new(name), value }
    }
}

/// Dimensions as they cross the ABI. A rank over 8 is passed on as it is, for the host to refuse.
pub(crate) fn target(dims: &[Dim]) -> abi::Shape {
    let mut shape =
        abi::Shape { rank: dims.len() as u32, dtype: abi::F32, dim: [0; abi::MAX_RANK] };
    for (slot, dim) in shape.dim.iter_mut().zip(dims) {
        *slot = match dim {
            Dim::Fixed(n) => i64::try_from(*n).unwrap_or(i64::MAX),
            Dim::Batch(k) => -i64::try_from(*k).unwrap_or(i64::MAX),
        };
    }
    shape
}

/// Sizes as an attribute holds them.
pub(crate) fn whole(axes: &[usize]) -> Vec<i64> {
    axes.iter().map(|&axis| axis as i64).collect()
}
