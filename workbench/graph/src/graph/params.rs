//! Named tensors that a checkpoint holds: trained parameters, and buffers with what updates them.

use super::{Graph, NodeId, ParamId};
use crate::{DType, Location, Op, Shape, TraceError, infer};

/// A named tensor, f32: trained, or a buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Scopes and the author's name, joined by dots: `encoder.down1.weight`. The key in checkpoints.
    pub name: String,
    pub shape: Vec<usize>,
    pub init: Init,
    /// Which loss trains it; "" is the main one. Means nothing for a buffer.
    pub group: String,
    /// False for a buffer, such as running statistics: it changes by [`Graph::update`] alone.
    pub trained: bool,
    pub location: Location,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    Constant(f64),
    /// N(0, std²).
    Normal {
        std: f64,
    },
    /// U(−bound, bound).
    Uniform {
        bound: f64,
    },
}

/// What a buffer becomes after a training step: the value that a node had in the step's forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    pub buffer: ParamId,
    pub value: NodeId,
}

impl Graph {
    /// A parameter, made or found by its name within the open scopes.
    ///
    /// # Errors
    /// The name is taken by a buffer or by a parameter of another shape or group, or the shape is
    /// empty or too large.
    pub fn param(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
        group: &str,
        location: Location,
    ) -> Result<NodeId, TraceError> {
        self.named("param", name, shape, init, Some(group), location)
    }

    /// A buffer, made or found by its name within the open scopes: kept in checkpoints as parameters
    /// are, but never trained.
    ///
    /// # Errors
    /// The name is taken by a parameter or by a buffer of another shape, or the shape is empty or too
    /// large.
    pub fn buffer(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
        location: Location,
    ) -> Result<NodeId, TraceError> {
        self.named("buffer", name, shape, init, None, location)
    }

    /// Says what a buffer becomes after each training step: the value of a node in that step's forward
    /// pass. Evaluation leaves buffers as they are, and no gradient flows from here.
    ///
    /// # Errors
    /// The node is not a buffer, the value has another shape or is not f32, or the buffer has an update
    /// already.
    pub fn update(
        &mut self,
        buffer: NodeId,
        value: NodeId,
        location: Location,
    ) -> Result<(), TraceError> {
        let fail = |message: String| TraceError { what: "update".to_owned(), location, message };
        let (Some(node), Some(new)) = (self.nodes.get(buffer.0), self.nodes.get(value.0)) else {
            return Err(fail(format!("there is no node {} or {}", buffer.0, value.0)));
        };
        let (id, param) = match node.op {
            Op::Param(id) if !self.params[id.0].trained => (id, &self.params[id.0]),
            Op::Param(id) => {
                let name = &self.params[id.0].name;
                return Err(fail(format!("`{name}` is a trained parameter, not a buffer")));
            }
            _ => return Err(fail(format!("`{}` is not a buffer", node.op.name()))),
        };
        if new.shape != node.shape || new.dtype != DType::F32 {
            return Err(fail(format!(
                "buffer `{}` is f32 {}, and its new value is {} {}",
                param.name, node.shape, new.dtype, new.shape
            )));
        }
        if self.updates.iter().any(|update| update.buffer == id) {
            return Err(fail(format!(
                "buffer `{}` has an update already; a layer that is used twice needs a name for each use",
                param.name
            )));
        }
        self.updates.push(Update { buffer: id, value });
        Ok(())
    }

    /// `group`: `None` makes a buffer.
    fn named(
        &mut self,
        what: &str,
        name: &str,
        shape: &[usize],
        init: Init,
        group: Option<&str>,
        location: Location,
    ) -> Result<NodeId, TraceError> {
        let path = self.path(self.open.last().copied());
        let name = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let fail = |message: String| TraceError {
            what: what.to_owned(),
            location: location.clone(),
            message,
        };
        let valid = match init {
            Init::Constant(value) => value.is_finite(),
            Init::Normal { std: scale } | Init::Uniform { bound: scale } => {
                scale.is_finite() && scale >= 0.0
            }
        };
        if !valid {
            return Err(fail(format!("`{name}` has the initialisation {init:?}")));
        }
        let kind = |trained: bool, group: &str| match trained {
            true => format!("in group `{group}`"),
            false => "a buffer".to_owned(),
        };
        let (trained, group) = (group.is_some(), group.unwrap_or_default());
        if let Some(index) = self.params.iter().position(|known| known.name == name) {
            let known = &self.params[index];
            if known.shape != shape || known.group != group || known.trained != trained {
                return Err(fail(format!(
                    "`{name}` is {} {} already (at {}), and is asked for as {} {}; \
                     give it another name or put it into a scope",
                    Shape::fixed(&known.shape),
                    kind(known.trained, &known.group),
                    known.location,
                    Shape::fixed(shape),
                    kind(trained, group),
                )));
            }
            return Ok(self.find_source(&Op::Param(ParamId(index))));
        }
        let elements = Shape::fixed(shape).elements().map_or(0, |(n, _)| n);
        if elements == 0 || elements > infer::MAX_ELEMENTS {
            return Err(fail(format!(
                "`{name}` has shape {}: a {what} holds 1 to {} numbers",
                Shape::fixed(shape),
                infer::MAX_ELEMENTS
            )));
        }
        self.params.push(Param {
            name,
            shape: shape.to_vec(),
            init,
            group: group.to_owned(),
            trained,
            location: location.clone(),
        });
        let op = Op::Param(ParamId(self.params.len() - 1));
        Ok(self.push(op, vec![], Shape::fixed(shape), DType::F32, location))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MarkKind, parameter_count};

    const ZERO: Init = Init::Constant(0.0);

    fn here() -> Location {
        Location::default()
    }

    #[test]
    fn a_buffer_is_named_and_not_trained() {
        let mut graph = Graph::new();
        graph.enter("norm", Some("batch_norm"));
        let weight = graph.param("weight", &[3], ZERO, "", here()).unwrap();
        let mean = graph.buffer("mean", &[3], ZERO, here()).unwrap();
        graph.leave();
        assert_eq!(graph.params()[1].name, "norm.mean");
        assert_eq!(parameter_count(&graph), 3);
        assert_eq!(graph.buffer("norm.mean", &[3], ZERO, here()), Ok(mean));
        let taken = graph.param("norm.mean", &[3], ZERO, "", here()).unwrap_err();
        assert!(taken.message.contains("a buffer already"), "{taken}");
        let taken = graph.buffer("norm.weight", &[3], ZERO, here()).unwrap_err();
        assert!(taken.message.contains("asked for as [3] a buffer"), "{taken}");
        // No loss needs to train a buffer.
        let loss = graph.add(Op::Const(1.0), &[], None, here()).unwrap();
        graph.mark(MarkKind::Loss { group: String::new() }, "loss", loss, here()).unwrap();
        assert_eq!(graph.check(), Ok(()));
        let layer = &crate::layers(&graph)[0];
        assert_eq!((layer.op.as_str(), layer.parameters), ("batch_norm", 3));
        assert_eq!(graph.node(weight).op, Op::Param(ParamId(0)));
    }

    #[test]
    fn an_update_fits_its_buffer_and_comes_once() {
        let mut graph = Graph::new();
        let weight = graph.param("weight", &[3], ZERO, "", here()).unwrap();
        let mean = graph.buffer("mean", &[3], ZERO, here()).unwrap();
        let scalar = graph.add(Op::Const(1.0), &[], None, here()).unwrap();
        let why = |result: Result<(), TraceError>| result.unwrap_err().to_string();
        assert!(why(graph.update(weight, mean, here())).contains("trained parameter"));
        assert!(why(graph.update(scalar, mean, here())).contains("`const` is not a buffer"));
        let wrong = why(graph.update(mean, scalar, here()));
        assert_eq!(wrong, "update: buffer `mean` is f32 [3], and its new value is f32 []");
        assert!(graph.update(mean, NodeId(99), here()).is_err());
        graph.update(mean, weight, here()).unwrap();
        assert_eq!(graph.updates(), [Update { buffer: ParamId(1), value: weight }]);
        assert!(why(graph.update(mean, weight, here())).contains("already"));
    }
}
