//! The graph and how it grows.

mod params;

pub use params::{Init, Param, Update};

use crate::infer::{self, Operand};
use crate::{DType, Location, Op, Shape, TraceError};

/// A traced architecture: nodes in order of computation, and what the host needs to know of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
    inputs: Vec<InputSpec>,
    params: Vec<Param>,
    knobs: Vec<Knob>,
    updates: Vec<Update>,
    marks: Vec<Mark>,
    scopes: Vec<Scope>,
    open: Vec<usize>,
}

/// One recorded operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub op: Op,
    pub inputs: Vec<NodeId>,
    pub shape: Shape,
    pub dtype: DType,
    pub location: Location,
    /// The innermost scope that was open, an index into [`Graph::scopes`].
    pub scope: Option<usize>,
}

/// A node's place in [`Graph::nodes`]; its inputs come before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InputId(pub usize);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamId(pub usize);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KnobId(pub usize);

/// What the host feeds: `x` `[B, C, H, W]` f32 in 0..1, `label` `[B]` i64, `step` and `train` `[]`.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    pub name: String,
    pub shape: Shape,
    pub dtype: DType,
}

/// A live scalar such as β: set in the experiment, on a schedule, or while training.
#[derive(Clone, Debug, PartialEq)]
pub struct Knob {
    pub name: String,
    pub default: f64,
    pub min: f64,
    pub max: f64,
    pub about: String,
}

/// A node that means something to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub kind: MarkKind,
    pub name: String,
    pub node: NodeId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// Something to draw or to use, by its role.
    Output(Role),
    /// A node that the host may override: `z` is how it decodes, samples and traverses.
    Port,
    /// Minimised by the parameters of `group`. `[]`, or `[B]`, whose mean is taken.
    Loss { group: String },
    /// Logged. `[]`, or `[B]`, whose mean is taken.
    Metric,
}

/// What an output is, so that the host knows what to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Pixels in 0..1, `[B, C, H, W]`.
    Image,
    /// Before the sigmoid, `[B, C, H, W]`.
    Logits,
    /// Of the posterior, `[B, D]`.
    Mean,
    /// Of the posterior, `[B, D]`.
    LogVariance,
    /// A posterior sample, `[B, D]`.
    Latent,
    /// What a classifier says of the class or attribute that the mark is named after: logits of its values `[B, K]`, or
    /// the number of a real one, `[B]` or `[B, 1]`, in its own units.
    Prediction,
    /// What predictions are made of, the penultimate layer, `[B, F]`.
    Features,
}

/// A named part of the architecture, or one call of a composite (`linear`, `conv2d`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub name: String,
    pub composite: Option<String>,
    pub parent: Option<usize>,
}

impl Graph {
    pub fn new() -> Graph {
        Graph::default()
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    pub fn inputs(&self) -> &[InputSpec] {
        &self.inputs
    }

    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// What buffers become after a training step, in the order in which it was said.
    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    pub fn knobs(&self) -> &[Knob] {
        &self.knobs
    }

    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The first output with this role.
    pub fn output(&self, role: Role) -> Option<NodeId> {
        self.marks.iter().find(|mark| mark.kind == MarkKind::Output(role)).map(|mark| mark.node)
    }

    /// The name of the first output with this role.
    pub fn output_name(&self, role: Role) -> Option<&str> {
        let first = self.marks.iter().find(|mark| mark.kind == MarkKind::Output(role));
        first.map(|mark| mark.name.as_str())
    }

    /// The likelihood of the pixels, which names the output that pictures are decoded to; `None` where that has the name of
    /// its role, `image` or `logits`, which says nothing.
    pub fn likelihood(&self) -> Option<&str> {
        let name = self.output_name(Role::Image).or(self.output_name(Role::Logits))?;
        (!matches!(name, "" | "image" | "logits")).then_some(name)
    }

    pub fn port(&self, name: &str) -> Option<NodeId> {
        self.marks
            .iter()
            .find(|mark| mark.kind == MarkKind::Port && mark.name == name)
            .map(|mark| mark.node)
    }

    /// What a classifier predicts, as (class or attribute, node), in the order in which they were marked.
    pub fn predictions(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.marks
            .iter()
            .filter(|mark| mark.kind == MarkKind::Output(Role::Prediction))
            .map(|mark| (mark.name.as_str(), mark.node))
    }

    /// The losses as (name, group, node), in the order in which they were marked.
    pub fn losses(&self) -> impl Iterator<Item = (&str, &str, NodeId)> {
        self.marks.iter().filter_map(|mark| match &mark.kind {
            MarkKind::Loss { group } => Some((mark.name.as_str(), group.as_str(), mark.node)),
            _ => None,
        })
    }

    pub fn metrics(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.marks
            .iter()
            .filter(|mark| mark.kind == MarkKind::Metric)
            .map(|mark| (mark.name.as_str(), mark.node))
    }

    /// Opens a scope: names of parameters recorded until [`Graph::leave`] are prefixed by its name.
    pub fn enter(&mut self, name: &str, composite: Option<&str>) {
        self.scopes.push(Scope {
            name: name.to_owned(),
            composite: composite.map(str::to_owned),
            parent: self.open.last().copied(),
        });
        self.open.push(self.scopes.len() - 1);
    }

    /// Closes the innermost scope; false where none is open.
    pub fn leave(&mut self) -> bool {
        self.open.pop().is_some()
    }

    /// The names of a scope and those around it, joined by dots; unnamed ones are left out.
    pub fn path(&self, scope: Option<usize>) -> String {
        let mut names = Vec::new();
        let mut at = scope;
        while let Some(index) = at {
            let scope = &self.scopes[index];
            if !scope.name.is_empty() {
                names.push(scope.name.as_str());
            }
            at = scope.parent;
        }
        names.reverse();
        names.join(".")
    }

    /// The input of this name, declared by the host; asked for twice, it is the same node.
    pub fn input(&mut self, spec: &InputSpec, location: Location) -> NodeId {
        if let Some(index) = self.inputs.iter().position(|known| known.name == spec.name) {
            return self.find_source(&Op::Input(InputId(index)));
        }
        self.inputs.push(spec.clone());
        let op = Op::Input(InputId(self.inputs.len() - 1));
        self.push(op, vec![], spec.shape.clone(), spec.dtype, location)
    }

    /// The knob of this name; asked for twice, it is the same node.
    pub fn knob(&mut self, knob: &Knob, location: Location) -> NodeId {
        if let Some(index) = self.knobs.iter().position(|known| known.name == knob.name) {
            return self.find_source(&Op::Knob(KnobId(index)));
        }
        self.knobs.push(knob.clone());
        let op = Op::Knob(KnobId(self.knobs.len() - 1));
        self.push(op, vec![], Shape::scalar(), DType::F32, location)
    }

    /// Records an op on nodes of this graph. `target` is the shape that `Reshape`, `Broadcast`, `Rand`
    /// and `Iota` are asked for; other ops ignore it.
    ///
    /// # Errors
    /// The op's own rule ([`infer::shape`]), with the location.
    pub fn add(
        &mut self,
        op: Op,
        inputs: &[NodeId],
        target: Option<&Shape>,
        location: Location,
    ) -> Result<NodeId, TraceError> {
        let fail = |message: String| TraceError {
            what: op.name().to_owned(),
            location: location.clone(),
            message,
        };
        if let Some(stray) = inputs.iter().find(|id| id.0 >= self.nodes.len()) {
            return Err(fail(format!("there is no node {}", stray.0)));
        }
        let operands: Vec<Operand> = inputs
            .iter()
            .map(|id| Operand { shape: &self.nodes[id.0].shape, dtype: self.nodes[id.0].dtype })
            .collect();
        let (shape, dtype) = infer::shape(&op, &operands, target).map_err(fail)?;
        Ok(self.push(op, inputs.to_vec(), shape, dtype, location))
    }

    /// Says what a node is for.
    ///
    /// # Errors
    /// The name is taken, or the node's shape does not fit the kind.
    pub fn mark(
        &mut self,
        kind: MarkKind,
        name: &str,
        node: NodeId,
        location: Location,
    ) -> Result<(), TraceError> {
        let what = match &kind {
            MarkKind::Output(_) => "output",
            MarkKind::Port => "port",
            MarkKind::Loss { .. } => "loss",
            MarkKind::Metric => "metric",
        };
        let fail = |message: String| TraceError {
            what: what.to_owned(),
            location: location.clone(),
            message,
        };
        let Some(marked) = self.nodes.get(node.0) else {
            return Err(fail(format!("there is no node {}", node.0)));
        };
        // An attribute may be called as another output is.
        let is_prediction = |kind: &MarkKind| *kind == MarkKind::Output(Role::Prediction);
        let same = |mark: &Mark| {
            std::mem::discriminant(&mark.kind) == std::mem::discriminant(&kind)
                && is_prediction(&mark.kind) == is_prediction(&kind)
                && mark.name == name
        };
        if self.marks.iter().any(same) {
            return Err(fail(format!("`{name}` is marked already")));
        }
        infer::marked(&kind, &marked.shape, marked.dtype)
            .map_err(|message| fail(format!("`{name}`: {message}")))?;
        if let MarkKind::Loss { group } = &kind
            && self.losses().any(|(_, known, _)| known == group)
        {
            return Err(fail(format!("group `{group}` has a loss already; add the terms up")));
        }
        self.marks.push(Mark { kind, name: name.to_owned(), node });
        Ok(())
    }

    /// Whether the finished trace can be trained and used.
    ///
    /// # Errors
    /// What is missing, in words for the plugin's author.
    pub fn check(&self) -> Result<(), String> {
        if !self.open.is_empty() {
            return Err("a scope was entered and not left".to_owned());
        }
        if self.losses().next().is_none() {
            return Err(
                "the architecture marks no loss; end `build` with `g.loss(name, value)`".to_owned()
            );
        }
        for param in self.params.iter().filter(|param| param.trained) {
            if !self.losses().any(|(_, group, _)| group == param.group) {
                return Err(format!(
                    "parameter `{}` (at {}) belongs to group `{}`, which has no loss",
                    param.name, param.location, param.group
                ));
            }
        }
        Ok(())
    }

    fn find_source(&self, op: &Op) -> NodeId {
        let place = self.nodes.iter().position(|node| &node.op == op);
        // A source is pushed in the same call that declares it, so that it is always found.
        NodeId(place.unwrap_or_default())
    }

    fn push(
        &mut self,
        op: Op,
        inputs: Vec<NodeId>,
        shape: Shape,
        dtype: DType,
        location: Location,
    ) -> NodeId {
        self.nodes.push(Node {
            op,
            inputs,
            shape,
            dtype,
            location,
            scope: self.open.last().copied(),
        });
        NodeId(self.nodes.len() - 1)
    }
}
