//! Plain data in and out: no tensor type leaves this crate.

use std::collections::BTreeMap;

/// Numbers in row-major order; `data` holds the product of `shape`.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

impl Array {
    /// Whether no number is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        self.data.iter().all(|x| x.is_finite())
    }
}

/// What a batch holds under one name.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    F32(Array),
    I64 { shape: Vec<usize>, data: Vec<i64> },
}

/// Inputs by the graph's names: `x` `[B, C, H, W]` f32, `label` `[B]` i64. The session supplies
/// `step` and `train`; names that the graph does not declare are ignored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub inputs: BTreeMap<String, Input>,
}

impl Batch {
    /// Adds or replaces an f32 input.
    pub fn with_f32(mut self, name: &str, shape: &[usize], data: Vec<f32>) -> Batch {
        let array = Array { shape: shape.to_vec(), data };
        self.inputs.insert(name.to_owned(), Input::F32(array));
        self
    }

    /// Adds or replaces an i64 input.
    pub fn with_i64(mut self, name: &str, shape: &[usize], data: Vec<i64>) -> Batch {
        let shape = shape.to_vec();
        self.inputs.insert(name.to_owned(), Input::I64 { shape, data });
        self
    }
}

impl Input {
    pub fn shape(&self) -> &[usize] {
        match self {
            Input::F32(array) => &array.shape,
            Input::I64 { shape, .. } => shape,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Input::F32(array) => array.data.len(),
            Input::I64 { data, .. } => data.len(),
        }
    }
}
