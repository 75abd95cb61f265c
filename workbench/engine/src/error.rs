//! What can go wrong while a graph runs.

use workbench_graph::{Graph, NodeId, Op};

/// Why the engine can't do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the architecture can't run: {0}")]
    Graph(String),
    #[error(
        "device kind `{kind}` is not in this build; build with `--features {kind}`, or use `cpu`"
    )]
    NotCompiled { kind: &'static str },
    #[error("device `{kind}` can't be used: {message}")]
    Device { kind: &'static str, message: String },
    #[error("optimizer: {0}")]
    Optimizer(String),
    #[error("the graph needs input `{name}` for this, and it was not given")]
    MissingInput { name: String },
    #[error("input `{name}`: {message}")]
    Input { name: String, message: String },
    #[error("knob `{name}`: {message}")]
    Knob { name: String, message: String },
    /// The architecture marks no such node.
    #[error("the architecture marks no {what}, which this needs")]
    NotMarked { what: &'static str },
    #[error("parameter `{name}`: {message}")]
    Parameter { name: String, message: String },
    #[error("optimizer state `{name}`: {message}")]
    OptimizerState { name: String, message: String },
    /// A loss or a gradient that is NaN or infinite; parameters and step are as before.
    #[error("{}", non_finite(*step, what, node.as_deref()))]
    NonFinite {
        step: u64,
        /// The loss's name, or the parameter whose gradient is not finite.
        what: String,
        /// The first node in graph order whose value is not finite: op, scope, place in the plugin.
        node: Option<String>,
    },
    #[error("can't compute {node}: {message}")]
    Node { node: String, message: String },
    #[error("the tensor library failed: {0}")]
    Backend(String),
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Error {
        Error::Backend(error.to_string())
    }
}

fn non_finite(step: u64, what: &str, node: Option<&str>) -> String {
    let place = match node {
        Some(node) => format!("the first value that is not finite is that of {node}"),
        None => "every value of the forward pass is finite".to_owned(),
    };
    format!(
        "the loss or gradient `{what}` is not finite at step {step}; {place}; try a smaller learning rate, clipping of the \
         gradient norm, or bounds on the log-variance"
    )
}

/// A node in words: `` `log` of encoder.mean (at plugins/x/src/lib.rs:65:21) ``.
pub(crate) fn describe(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    let mut text = match &node.op {
        Op::Param(param) => {
            let param = &graph.params()[param.0];
            let kind = if param.trained { "parameter" } else { "buffer" };
            format!("{kind} `{}`", param.name)
        }
        Op::Input(input) => format!("input `{}`", graph.inputs()[input.0].name),
        Op::Knob(knob) => format!("knob `{}`", graph.knobs()[knob.0].name),
        op => format!("`{}`", op.name()),
    };
    let path = graph.path(node.scope);
    if !path.is_empty() && !matches!(node.op, Op::Param(_)) {
        text.push_str(&format!(" of {path}"));
    }
    if !node.location.file.is_empty() {
        text.push_str(&format!(" (at {})", node.location));
    }
    text
}
