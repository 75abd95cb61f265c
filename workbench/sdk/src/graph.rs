//! Where an architecture records itself.

use std::cell::Cell;
use std::panic::Location;

use workbench_abi as abi;

use crate::Error;
use crate::export::BuilderRef;
use crate::init::Scheme;
use crate::tensor::{Attribute, Dim, Tensor, target};

/// The recording. Errors are kept by the host: a tensor that could not be recorded is poisoned, ops on
/// it are too, and the first error, with its line, is what the user sees.
pub struct Graph {
    pub(crate) builder: BuilderRef,
    scheme: Cell<Scheme>,
    /// The serial number of the innermost open scope, and how many there were.
    scope: Cell<usize>,
    scopes: Cell<usize>,
    refusal: Cell<Option<Error>>,
}

impl Graph {
    pub(crate) fn new(builder: BuilderRef) -> Graph {
        Graph {
            builder,
            scheme: Cell::new(Scheme::He),
            scope: Cell::new(0),
            scopes: Cell::new(0),
            refusal: Cell::new(None),
        }
    }

    /// The pictures, `[B, C, H, W]` in 0..1, or volumes or clips, `[B, C, D, H, W]`: input `x`.
    #[track_caller]
    pub fn image(&self) -> Tensor<'_> {
        self.input("x")
    }

    /// What the host feeds by this name: `x`, `label` `[B]` i64, `step` and `train` `[]`; see also
    /// [`Graph::attribute`] and [`Graph::caption`].
    #[track_caller]
    pub fn input(&self, name: &str) -> Tensor<'_> {
        self.tensor(self.builder.input(name, Location::caller()))
    }

    /// A declared knob, `[]`.
    #[track_caller]
    pub fn knob(&self, name: &str) -> Tensor<'_> {
        self.tensor(self.builder.knob(name, Location::caller()))
    }

    /// A number, `[]`.
    #[track_caller]
    pub fn constant(&self, value: f64) -> Tensor<'_> {
        self.op("const", &[], &[("value", Attribute::Float(value))], None)
    }

    /// Fresh N(0, 1) noise of the shape of `like`.
    #[track_caller]
    pub fn normal_like<'g>(&'g self, like: Tensor<'g>) -> Tensor<'g> {
        let normal = [("distribution", Attribute::Text("normal"))];
        self.op("rand", &[], &normal, Some(&like.shape()))
    }

    /// Fresh uniform noise in [0, 1) of the shape of `like`.
    #[track_caller]
    pub fn uniform_like<'g>(&'g self, like: Tensor<'g>) -> Tensor<'g> {
        let uniform = [("distribution", Attribute::Text("uniform"))];
        self.op("rand", &[], &uniform, Some(&like.shape()))
    }

    /// 0, 1, …, n − 1, `[n]`.
    #[track_caller]
    pub fn iota(&self, n: usize) -> Tensor<'_> {
        self.op("iota", &[], &[("axis", Attribute::Int(0))], Some(&[Dim::Fixed(n)]))
    }

    /// A trained tensor of the main group, N(0, std²) at the start. Layers make their own.
    #[track_caller]
    pub fn parameter(&self, name: &str, dims: &[usize], std: f64) -> Tensor<'_> {
        let init = abi::Init { kind: abi::INIT_NORMAL, reserved: 0, scale: std };
        self.parameter_with(name, dims, init)
    }

    #[track_caller]
    pub(crate) fn parameter_with(&self, name: &str, dims: &[usize], init: abi::Init) -> Tensor<'_> {
        let dims: Vec<Dim> = dims.iter().copied().map(Dim::Fixed).collect();
        let shape = target(&dims);
        self.tensor(self.builder.param(name, &shape, &init, "", Location::caller()))
    }

    /// A tensor that is kept in checkpoints under its name and not trained, all `value` at the start:
    /// running statistics, a codebook that follows by averages. [`Graph::update`] changes it.
    #[track_caller]
    pub fn buffer(&self, name: &str, dims: &[usize], value: f64) -> Tensor<'_> {
        let dims: Vec<Dim> = dims.iter().copied().map(Dim::Fixed).collect();
        let init = abi::Init { kind: abi::INIT_CONSTANT, reserved: 0, scale: value };
        self.tensor(self.builder.buffer(name, &target(&dims), &init, Location::caller()))
    }

    /// What a buffer becomes after a training step: the value of a tensor of its shape in that step's
    /// forward pass. Evaluation changes nothing, and no gradient flows from here. Once a buffer.
    #[track_caller]
    pub fn update<'g>(&'g self, buffer: Tensor<'g>, value: impl Into<Tensor<'g>>) {
        let value = value.into();
        // The reason why one of them is poisoned is kept already, here or by the host.
        if buffer.id != 0 && value.id != 0 {
            self.builder.update(buffer.id, value.id, Location::caller());
        }
    }

    /// Names what `record` records: parameters are called `name.…`, and the layer table groups them.
    pub fn scope<T>(&self, name: &str, record: impl FnOnce() -> T) -> T {
        self.enclose(name, "", record)
    }

    /// Like [`Graph::scope`], and says that the nodes together are one `kind` of layer.
    pub fn composite<T>(&self, kind: &str, name: &str, record: impl FnOnce() -> T) -> T {
        self.enclose(name, kind, record)
    }

    /// How the layers that follow are initialised.
    pub fn initialise(&self, scheme: Scheme) {
        self.scheme.set(scheme);
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme.get()
    }

    /// Marks a node that the host may override: `z` is how it decodes, samples and traverses. Use the
    /// tensor that it returns.
    #[track_caller]
    pub fn port<'g>(&'g self, name: &str, tensor: impl Into<Tensor<'g>>) -> Tensor<'g> {
        self.mark(abi::MARK_PORT, name, "", tensor.into())
    }

    /// The posterior's mean and log-variance, `[B, D]` each.
    #[track_caller]
    pub fn posterior<'g>(
        &'g self,
        mean: impl Into<Tensor<'g>>,
        log_variance: impl Into<Tensor<'g>>,
    ) {
        self.mark(abi::MARK_OUTPUT, "mean", "mean", mean.into());
        self.mark(abi::MARK_OUTPUT, "log_variance", "log_variance", log_variance.into());
    }

    /// The decoder's output before the sigmoid, of the shape of [`Graph::image`].
    #[track_caller]
    pub fn logits<'g>(&'g self, logits: impl Into<Tensor<'g>>) {
        self.mark(abi::MARK_OUTPUT, "logits", "logits", logits.into());
    }

    /// The decoder's output in 0..1, of the shape of [`Graph::image`], where there are no logits.
    #[track_caller]
    pub fn picture<'g>(&'g self, picture: impl Into<Tensor<'g>>) {
        self.mark(abi::MARK_OUTPUT, "image", "image", picture.into());
    }

    /// As [`Graph::logits`], with the name of the likelihood, which viewers show.
    #[track_caller]
    pub(crate) fn named_logits<'g>(&'g self, likelihood: &str, logits: Tensor<'g>) {
        self.mark(abi::MARK_OUTPUT, likelihood, "logits", logits);
    }

    /// As [`Graph::picture`], with the name of the likelihood, which viewers show.
    #[track_caller]
    pub(crate) fn named_picture<'g>(&'g self, likelihood: &str, picture: Tensor<'g>) {
        self.mark(abi::MARK_OUTPUT, likelihood, "image", picture);
    }

    /// What a classifier says of an attribute, or of "class", by its name: logits of its values `[B, K]`, in their order,
    /// or the number of a real one, `[B]` or `[B, 1]`, in its own units. `eval --judge` reads it.
    #[track_caller]
    pub fn prediction<'g>(&'g self, name: &str, value: impl Into<Tensor<'g>>) {
        self.mark(abi::MARK_OUTPUT, name, "prediction", value.into());
    }

    /// What predictions are made of, the penultimate layer, `[B, F]`: distances between images are measured in it.
    #[track_caller]
    pub fn features<'g>(&'g self, features: impl Into<Tensor<'g>>) {
        self.mark(abi::MARK_OUTPUT, "features", "features", features.into());
    }

    /// Logs a number: `[]`, or `[B]`, one an image, whose mean is taken.
    #[track_caller]
    pub fn metric<'g>(&'g self, name: &str, value: impl Into<Tensor<'g>>) -> Tensor<'g> {
        self.mark(abi::MARK_METRIC, name, "", value.into())
    }

    /// What training minimises: `[]`, or `[B]`, one an image, whose mean is taken.
    #[track_caller]
    pub fn loss<'g>(&'g self, name: &str, value: impl Into<Tensor<'g>>) {
        self.mark(abi::MARK_LOSS, name, "", value.into());
    }

    /// How many classes the data have; 0 where they have none.
    pub fn classes(&self) -> usize {
        self.builder.fact("classes").try_into().unwrap_or(0)
    }

    /// Whether the images are clips `[B, C, T, H, W]`, whose third axis is time.
    pub fn clips(&self) -> bool {
        self.builder.fact("clip") == 1
    }

    /// How many items the training split holds.
    pub fn items(&self) -> u64 {
        self.builder.fact("items").try_into().unwrap_or(0)
    }

    #[track_caller]
    fn mark<'g>(
        &'g self,
        kind: abi::Mark,
        name: &str,
        detail: &str,
        node: Tensor<'g>,
    ) -> Tensor<'g> {
        if node.id != 0 {
            self.builder.mark(kind, name, detail, node.id, Location::caller());
        }
        node
    }

    #[track_caller]
    pub(crate) fn op<'g>(
        &'g self,
        name: &str,
        inputs: &[Tensor<'g>],
        attributes: &[(&str, Attribute)],
        dims: Option<&[Dim]>,
    ) -> Tensor<'g> {
        let inputs: Vec<abi::Tensor> = inputs.iter().map(|tensor| tensor.id).collect();
        if inputs.contains(&0) {
            // The reason is kept already, here or by the host.
            return self.tensor(0);
        }
        let attributes: Vec<abi::Attr> =
            attributes.iter().map(|(name, value)| value.named(name)).collect();
        let shape = dims.map(target);
        let here = Location::caller();
        let id = self.builder.op(name, &inputs, &attributes, shape.as_ref(), here);
        self.tensor(id)
    }

    /// Which scope is open: 0 for none.
    pub(crate) fn open_scope(&self) -> usize {
        self.scope.get()
    }

    /// A poisoned tensor, and why: the first reason is what `build` fails with.
    pub(crate) fn refuse(
        &self,
        message: String,
        location: &'static Location<'static>,
    ) -> Tensor<'_> {
        let mut refusal = self.refusal.take();
        refusal.get_or_insert(Error { message, location });
        self.refusal.set(refusal);
        self.tensor(0)
    }

    /// Why something was refused here rather than by the host.
    pub(crate) fn refusal(&self) -> Option<Error> {
        self.refusal.take()
    }

    fn tensor(&self, id: abi::Tensor) -> Tensor<'_> {
        Tensor { id, graph: self }
    }

    fn enclose<T>(&self, name: &str, composite: &str, record: impl FnOnce() -> T) -> T {
        let outer = self.scope.get();
        // Composites name nothing but their own nodes: a layer may be used for the first time inside one.
        if composite.is_empty() {
            self.scopes.set(self.scopes.get() + 1);
            self.scope.set(self.scopes.get());
        }
        self.builder.enter(name, composite);
        let recorded = record();
        self.builder.leave();
        self.scope.set(outer);
        recorded
    }
}
