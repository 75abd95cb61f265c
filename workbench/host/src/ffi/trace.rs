//! Letting an architecture record itself.

use std::ffi::c_void;

use workbench_abi as abi;
use workbench_graph::{
    DType, Dim, Graph, InputSpec, Knob, Location, MarkKind, NodeId, Role, Shape, TraceError,
    op_from_name, supports,
};

use super::borrowed::{attributes, declared, dims, list, location, text};
use super::call::Call;
use super::dataset::{Kind, Medium};
use super::describe::Table;
use crate::load::Owner;
use crate::{ArchitectureInfo, Error, Values};

/// What an architecture will be fed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    /// `[C, H, W]`, or `[C, D, H, W]` of volumes and clips.
    pub image: Vec<usize>,
    pub medium: Medium,
    /// 0: the data have no labels.
    pub classes: usize,
    /// Of the training split.
    pub items: u64,
    pub attributes: Vec<AttributeFacts>,
    /// Bytes of a caption; 0: the data have none.
    pub caption: usize,
}

/// What an architecture is told of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeFacts {
    pub name: String,
    pub kind: Kind,
    /// Names of its values, in order; none of a real one.
    pub values: Vec<String>,
    /// Between which a real one lies, where that is known.
    pub range: Option<[f64; 2]>,
}

/// A byte of a caption has one of so many values.
const ALPHABET: i64 = 256;

/// Calls `build` once and gives what it recorded.
///
/// # Errors
/// The first op that could not be recorded, with the plugin's line; the plugin's own error or panic;
/// a finished graph that can't be trained.
pub(crate) fn trace(
    owner: &Owner,
    info: &ArchitectureInfo,
    table: Table<abi::Architecture>,
    values: &Values,
    task: &Task,
) -> Result<Graph, Error> {
    let mut recorder =
        Recorder { graph: Graph::new(), error: None, inputs: task.inputs(), info, task };
    let builder = abi::Builder {
        struct_size: size_of::<abi::Builder>(),
        ctx: std::ptr::from_mut(&mut recorder).cast(),
        opset: abi::OPSET,
        reserved: 0,
        input: Some(input),
        knob: Some(knob),
        param: Some(param),
        op: Some(op),
        mark: Some(mark),
        shape: Some(shape),
        supports: Some(supports_op),
        enter: Some(enter),
        leave: Some(leave),
        fact: Some(fact),
        buffer: Some(buffer),
        update: Some(update),
    };
    let built = Call::new(owner, values).run("building the graph", |host| match table.build {
        // SAFETY: the plugin's function; both tables and their contexts live as long as the call.
        Some(build) => unsafe { build(host, &builder) },
        None => abi::UNSUPPORTED,
    });
    // What could not be recorded is the cause, also where `build` failed over it afterwards.
    if let Some(source) = recorder.error {
        return Err(Error::Trace { plugin: owner.name.clone(), source });
    }
    let contract = |message| Error::Contract { plugin: owner.name.clone(), message };
    if !built? {
        return Err(contract("build answers \"unsupported\"".to_owned()));
    }
    recorder.graph.check().map_err(contract)?;
    Ok(recorder.graph)
}

impl Task {
    fn inputs(&self) -> Vec<InputSpec> {
        let input = |name: &str, shape, dtype| InputSpec { name: name.to_owned(), shape, dtype };
        let mut inputs = vec![
            input("x", Shape::batched(&self.image), DType::F32),
            input("step", Shape::scalar(), DType::F32),
            input("train", Shape::scalar(), DType::F32),
        ];
        if self.classes > 0 {
            inputs.push(input("label", Shape::batched(&[]), DType::I64));
        }
        for attribute in &self.attributes {
            let dtype = if attribute.kind == Kind::Real { DType::F32 } else { DType::I64 };
            let name = &attribute.name;
            inputs.push(input(&format!("attribute:{name}"), Shape::batched(&[]), dtype));
            inputs.push(input(&format!("known:{name}"), Shape::batched(&[]), DType::F32));
        }
        if self.caption > 0 {
            inputs.push(input("caption", Shape::batched(&[self.caption]), DType::I64));
        }
        inputs
    }

    /// The value of a fact, by the key that the ABI gives it.
    fn fact(&self, key: &str) -> Option<abi::Value> {
        let int = |n: usize| Some(abi::Value::int(n as i64));
        match key {
            "classes" => return int(self.classes),
            "items" => return Some(abi::Value::int(self.items as i64)),
            "attributes" => return int(self.attributes.len()),
            "caption" => return int(self.caption),
            "clip" => return int(usize::from(self.medium == Medium::Clip)),
            "caption/alphabet" => return Some(abi::Value::int(ALPHABET)),
            _ => {}
        }
        let (number, of) = key.strip_prefix("attribute/")?.split_once('/')?;
        let attribute = self.attributes.get(number.parse::<usize>().ok()?)?;
        match of {
            "name" => Some(abi::Value::text(&attribute.name)),
            "kind" => Some(abi::Value::int(i64::from(match attribute.kind {
                Kind::Binary => abi::BINARY,
                Kind::Categorical => abi::CATEGORICAL,
                Kind::Ordinal => abi::ORDINAL,
                Kind::Real => abi::REAL,
            }))),
            "values" => int(attribute.values.len()),
            "min" => attribute.range.map(|[min, _]| abi::Value::float(min)),
            "max" => attribute.range.map(|[_, max]| abi::Value::float(max)),
            of => {
                let value = of.strip_prefix("value/")?.parse::<usize>().ok()?;
                attribute.values.get(value).map(|value| abi::Value::text(value))
            }
        }
    }
}

/// The builder's side of one trace.
struct Recorder<'a> {
    graph: Graph,
    /// The first; what follows is its consequence.
    error: Option<TraceError>,
    inputs: Vec<InputSpec>,
    info: &'a ArchitectureInfo,
    task: &'a Task,
}

impl Recorder<'_> {
    fn keep(&mut self, recorded: Result<NodeId, TraceError>) -> abi::Tensor {
        match recorded {
            Ok(node) => node.0 as abi::Tensor + 1,
            Err(error) => {
                self.error.get_or_insert(error);
                0
            }
        }
    }

    fn status(&mut self, done: Result<(), TraceError>) -> abi::Status {
        match done {
            Ok(()) => abi::OK,
            Err(error) => {
                self.error.get_or_insert(error);
                abi::ERR
            }
        }
    }

    /// `None` for a poisoned node, or one that never was.
    fn node(&self, tensor: abi::Tensor) -> Option<NodeId> {
        let index = (tensor as usize).checked_sub(1)?;
        (index < self.graph.nodes().len()).then_some(NodeId(index))
    }

    fn input(&mut self, name: &str, location: Location) -> Result<NodeId, TraceError> {
        match self.inputs.iter().find(|spec| spec.name == name) {
            Some(spec) => Ok(self.graph.input(spec, location)),
            None => {
                let known: Vec<&str> = self.inputs.iter().map(|spec| spec.name.as_str()).collect();
                let message = format!("the data have no `{name}`; there are {}", known.join(", "));
                Err(TraceError { what: "input".to_owned(), location, message })
            }
        }
    }

    fn knob(&mut self, name: &str, location: Location) -> Result<NodeId, TraceError> {
        match self.info.knobs.iter().find(|knob| knob.name == name) {
            Some(knob) => {
                let knob = Knob {
                    name: knob.name.clone(),
                    default: knob.default,
                    min: knob.min,
                    max: knob.max,
                    about: knob.about.clone(),
                };
                Ok(self.graph.knob(&knob, location))
            }
            None => {
                let message = format!("`{name}` is not declared in KNOBS");
                Err(TraceError { what: "knob".to_owned(), location, message })
            }
        }
    }
}

/// The recorder behind `ctx`.
///
/// # Safety
/// `ctx` is what [`trace`] put into the table, during its call to `build`, and no other reference to the
/// recorder is alive: the ABI allows the builder on one thread only.
unsafe fn recorder<'r>(ctx: *mut c_void) -> &'r mut Recorder<'r> {
    // SAFETY: see above.
    unsafe { &mut *ctx.cast::<Recorder>() }
}

// SAFETY of every function below: the contract of [`recorder`] and of [`super::borrowed`]; other pointers are the
// plugin's, are checked for null, and live as long as the call.

unsafe extern "C" fn input(ctx: *mut c_void, name: abi::Str, place: abi::Loc) -> abi::Tensor {
    // SAFETY: see above.
    let (recorder, name, location) = unsafe { (recorder(ctx), text(name), location(place)) };
    let recorded = recorder.input(name, location);
    recorder.keep(recorded)
}

unsafe extern "C" fn knob(ctx: *mut c_void, name: abi::Str, place: abi::Loc) -> abi::Tensor {
    // SAFETY: see above.
    let (recorder, name, location) = unsafe { (recorder(ctx), text(name), location(place)) };
    let recorded = recorder.knob(name, location);
    recorder.keep(recorded)
}

unsafe extern "C" fn param(
    ctx: *mut c_void,
    name: abi::Str,
    shape: *const abi::Shape,
    init: *const abi::Init,
    group: abi::Str,
    place: abi::Loc,
) -> abi::Tensor {
    // SAFETY: see above.
    let (recorder, name, group, location) =
        unsafe { (recorder(ctx), text(name), text(group), location(place)) };
    // SAFETY: see above.
    let (shape, init) = unsafe { (shape.as_ref(), init.as_ref()) };
    let recorded = declared("param", name, shape, init, &location)
        .and_then(|(dims, init)| recorder.graph.param(name, &dims, init, group, location));
    recorder.keep(recorded)
}

unsafe extern "C" fn buffer(
    ctx: *mut c_void,
    name: abi::Str,
    shape: *const abi::Shape,
    init: *const abi::Init,
    place: abi::Loc,
) -> abi::Tensor {
    // SAFETY: see above.
    let (recorder, name, location) = unsafe { (recorder(ctx), text(name), location(place)) };
    // SAFETY: see above.
    let (shape, init) = unsafe { (shape.as_ref(), init.as_ref()) };
    let recorded = declared("buffer", name, shape, init, &location)
        .and_then(|(dims, init)| recorder.graph.buffer(name, &dims, init, location));
    recorder.keep(recorded)
}

unsafe extern "C" fn update(
    ctx: *mut c_void,
    buffer: abi::Tensor,
    value: abi::Tensor,
    place: abi::Loc,
) -> abi::Status {
    // SAFETY: see above.
    let (recorder, location) = unsafe { (recorder(ctx), location(place)) };
    let updated = match (recorder.node(buffer), recorder.node(value)) {
        (Some(buffer), Some(value)) => recorder.graph.update(buffer, value, location),
        _ => {
            let message = "the buffer or its new value was never recorded".to_owned();
            Err(TraceError { what: "update".to_owned(), location, message })
        }
    };
    recorder.status(updated)
}

unsafe extern "C" fn op(
    ctx: *mut c_void,
    name: abi::Str,
    inputs: *const abi::Tensor,
    n_inputs: usize,
    attrs: *const abi::Attr,
    n_attrs: usize,
    target: *const abi::Shape,
    place: abi::Loc,
) -> abi::Tensor {
    // SAFETY: see above.
    let (recorder, name, location) = unsafe { (recorder(ctx), text(name), location(place)) };
    // SAFETY: see above.
    let (inputs, attrs, target) =
        unsafe { (list(inputs, n_inputs), list(attrs, n_attrs), target.as_ref()) };
    let mut nodes = Vec::with_capacity(inputs.len());
    for &input in inputs {
        match recorder.node(input) {
            Some(node) => nodes.push(node),
            // Poisoned: its own error is kept already, unless the plugin made the number up.
            None => {
                let message = "an operand was never recorded".to_owned();
                return recorder.keep(Err(TraceError { what: name.to_owned(), location, message }));
            }
        }
    }
    let rank = nodes.first().map_or(0, |node| recorder.graph.node(*node).shape.rank());
    let fail = |message| TraceError { what: name.to_owned(), location: location.clone(), message };
    // SAFETY: see above.
    let recorded = unsafe { attributes(attrs) }
        .and_then(|attributes| op_from_name(name, &attributes, rank))
        .and_then(|op| match target.map(dims) {
            Some(None) => Err("the shape asked for has a rank over 8 or a size of 0".to_owned()),
            Some(shape) => Ok((op, shape)),
            None => Ok((op, None)),
        })
        .map_err(fail)
        .and_then(|(op, shape)| recorder.graph.add(op, &nodes, shape.as_ref(), location.clone()));
    recorder.keep(recorded)
}

unsafe extern "C" fn mark(
    ctx: *mut c_void,
    kind: abi::Mark,
    name: abi::Str,
    detail: abi::Str,
    node: abi::Tensor,
    place: abi::Loc,
) -> abi::Status {
    // SAFETY: see above.
    let (recorder, name, detail, location) =
        unsafe { (recorder(ctx), text(name), text(detail), location(place)) };
    let role = match detail {
        "image" => Some(Role::Image),
        "logits" => Some(Role::Logits),
        "mean" => Some(Role::Mean),
        "log_variance" => Some(Role::LogVariance),
        "latent" => Some(Role::Latent),
        "prediction" => Some(Role::Prediction),
        "features" => Some(Role::Features),
        _ => None,
    };
    let kind = match (kind, role) {
        (abi::MARK_OUTPUT, Some(role)) => Ok(MarkKind::Output(role)),
        (abi::MARK_OUTPUT, None) => Err(format!("there is no role `{detail}`")),
        (abi::MARK_PORT, _) => Ok(MarkKind::Port),
        (abi::MARK_LOSS, _) => Ok(MarkKind::Loss { group: detail.to_owned() }),
        (abi::MARK_METRIC, _) => Ok(MarkKind::Metric),
        (other, _) => Err(format!("there is no mark {other}")),
    };
    let marked = match (kind, recorder.node(node)) {
        (Ok(kind), Some(node)) => recorder.graph.mark(kind, name, node, location),
        (Err(message), _) => Err(TraceError { what: "mark".to_owned(), location, message }),
        (_, None) => {
            let message = format!("`{name}` was never recorded");
            Err(TraceError { what: "mark".to_owned(), location, message })
        }
    };
    recorder.status(marked)
}

unsafe extern "C" fn shape(
    ctx: *mut c_void,
    node: abi::Tensor,
    out: *mut abi::Shape,
) -> abi::Status {
    // SAFETY: see above.
    let recorder = unsafe { recorder(ctx) };
    let Some(node) = recorder.node(node).map(|id| recorder.graph.node(id)) else {
        return abi::ERR;
    };
    let mut shape = abi::Shape {
        rank: node.shape.rank() as u32,
        dtype: match node.dtype {
            DType::U8 => abi::U8,
            DType::F32 => abi::F32,
            DType::I64 => abi::I64,
        },
        dim: [0; abi::MAX_RANK],
    };
    for (slot, dim) in shape.dim.iter_mut().zip(&node.shape.0) {
        *slot = match dim {
            Dim::Fixed(n) => *n as i64,
            Dim::Batch(k) => -(*k as i64),
        };
    }
    if out.is_null() {
        return abi::ERR;
    }
    // SAFETY: see above.
    unsafe { out.write(shape) };
    abi::OK
}

unsafe extern "C" fn supports_op(_ctx: *mut c_void, op: abi::Str) -> u32 {
    // SAFETY: see above.
    supports(unsafe { text(op) }).into()
}

unsafe extern "C" fn enter(ctx: *mut c_void, name: abi::Str, composite: abi::Str) {
    // SAFETY: see above.
    let (recorder, name, composite) = unsafe { (recorder(ctx), text(name), text(composite)) };
    recorder.graph.enter(name, (!composite.is_empty()).then_some(composite));
}

unsafe extern "C" fn leave(ctx: *mut c_void) {
    // SAFETY: see above.
    let recorder = unsafe { recorder(ctx) };
    if !recorder.graph.leave() {
        let message = "leave was called more often than enter".to_owned();
        let location = Location::default();
        recorder.error.get_or_insert(TraceError { what: "scope".to_owned(), location, message });
    }
}

unsafe extern "C" fn fact(ctx: *mut c_void, key: abi::Str, out: *mut abi::Value) -> abi::Status {
    // SAFETY: see above.
    let (recorder, key) = unsafe { (recorder(ctx), text(key)) };
    let Some(value) = recorder.task.fact(key) else { return abi::UNSUPPORTED };
    if out.is_null() {
        return abi::ERR;
    }
    // SAFETY: see above.
    unsafe { out.write(value) };
    abi::OK
}
