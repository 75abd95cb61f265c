//! Shapes with a symbolic batch.

use std::fmt;

/// The shape of a node: `[B, 1, 28, 28]`, `[20]`, or `[]` for a scalar.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shape(pub Vec<Dim>);

/// One dimension: a number, or a multiple of the batch size, which is only known when a batch arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    Fixed(usize),
    /// `k × batch`; `Batch(1)` is the batch itself, printed `B`.
    Batch(usize),
}

/// What a node's elements are. Masks from comparisons are `F32` zeros and ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    U8,
    F32,
    I64,
}

impl Shape {
    /// A shape without a batch dimension.
    pub fn fixed(dims: &[usize]) -> Shape {
        Shape(dims.iter().copied().map(Dim::Fixed).collect())
    }

    /// `[B, dims…]`.
    pub fn batched(dims: &[usize]) -> Shape {
        let mut shape = Shape::fixed(dims);
        shape.0.insert(0, Dim::Batch(1));
        shape
    }

    /// `[]`.
    pub fn scalar() -> Shape {
        Shape(Vec::new())
    }

    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The concrete dimensions for a batch of `batch` items.
    pub fn resolve(&self, batch: usize) -> Vec<usize> {
        self.0.iter().map(|dim| dim.resolve(batch)).collect()
    }

    /// The sizes, where no dimension depends on the batch.
    pub fn as_fixed(&self) -> Option<Vec<usize>> {
        self.0.iter().map(|dim| dim.as_fixed()).collect()
    }

    /// The number of elements as `(factor, power of the batch)`; `None` on overflow.
    ///
    /// `[B, 1, 28, 28]` has `(784, 1)`. Two shapes hold the same number of elements for every batch
    /// size exactly when these are equal.
    pub fn elements(&self) -> Option<(usize, u32)> {
        self.0.iter().try_fold((1usize, 0u32), |(factor, power), dim| match dim {
            Dim::Fixed(n) => Some((factor.checked_mul(*n)?, power)),
            Dim::Batch(k) => Some((factor.checked_mul(*k)?, power + 1)),
        })
    }
}

impl Dim {
    pub fn resolve(self, batch: usize) -> usize {
        match self {
            Dim::Fixed(n) => n,
            Dim::Batch(k) => k * batch,
        }
    }

    pub fn as_fixed(self) -> Option<usize> {
        match self {
            Dim::Fixed(n) => Some(n),
            Dim::Batch(_) => None,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, dim) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Fixed(n) => write!(f, "{n}"),
            Dim::Batch(1) => f.write_str("B"),
            Dim::Batch(k) => write!(f, "{k}B"),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DType::U8 => "u8",
            DType::F32 => "f32",
            DType::I64 => "i64",
        })
    }
}
