//! The traced computation of an architecture, as plain data.
//!
//! An architecture plugin is called once and records its computation here: nodes with shapes
//! (symbolic in the batch), parameters, knobs, and marks that say what is a loss, a metric, an
//! output or a port. Every node is checked as it is added, so that an error names the plugin's own
//! line. Nothing here computes; the engine does.
//!
//! [`Graph`] is the whole; [`Op`] is the vocabulary (opset 1); [`infer`] gives each op's shape rule.

mod error;
mod graph;
pub mod infer;
mod layers;
mod op;
mod parse;
mod shape;
mod undrawable;

pub use error::{Location, TraceError};
pub use graph::{
    Graph, Init, InputId, InputSpec, Knob, KnobId, Mark, MarkKind, Node, NodeId, Param, ParamId,
    Role, Scope, Update,
};
pub use layers::{Column, Layer, layers, parameter_count, render_layers, render_layers_beside};
pub use op::{Binary, ConvGeometry, Distribution, Op, Pooling, Reduction, Unary, Window};
pub use parse::{Attribute, Attributes, op_from_name, supports};
pub use shape::{DType, Dim, Shape};
pub use undrawable::Undrawable;
