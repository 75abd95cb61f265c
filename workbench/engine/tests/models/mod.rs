//! Small architectures, recorded by hand as a plugin would.

use workbench_graph::{
    Binary, ConvGeometry, DType, Distribution, Graph, Init, InputSpec, Knob, Location, MarkKind,
    NodeId, Op, Reduction, Role, Shape, Unary,
};

/// Records nodes, with the line of the caller as their place.
#[derive(Default)]
pub struct Builder {
    pub graph: Graph,
}

#[track_caller]
fn place() -> Location {
    let caller = std::panic::Location::caller();
    Location { file: caller.file().into(), line: caller.line(), column: caller.column() }
}

impl Builder {
    #[track_caller]
    pub fn add(&mut self, op: Op, inputs: &[NodeId], target: Option<Shape>) -> NodeId {
        self.graph.add(op, inputs, target.as_ref(), place()).unwrap()
    }

    #[track_caller]
    pub fn unary(&mut self, op: Unary, x: NodeId) -> NodeId {
        self.add(Op::Unary(op), &[x], None)
    }

    #[track_caller]
    pub fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        self.add(Op::Binary(op), &[a, b], None)
    }

    #[track_caller]
    pub fn scale(&mut self, x: NodeId, factor: f64) -> NodeId {
        let factor = self.add(Op::Const(factor), &[], None);
        self.binary(Binary::Mul, x, factor)
    }

    pub fn input(&mut self, name: &str, shape: Shape, dtype: DType) -> NodeId {
        let spec = InputSpec { name: name.to_owned(), shape, dtype };
        self.graph.input(&spec, place())
    }

    pub fn param(&mut self, name: &str, shape: &[usize], fan_in: usize) -> NodeId {
        let init = match fan_in {
            0 => Init::Constant(0.0),
            n => Init::Normal { std: (2.0 / n as f64).sqrt() },
        };
        self.graph.param(name, shape, init, "", place()).unwrap()
    }

    pub fn linear(&mut self, name: &str, x: NodeId, from: usize, to: usize) -> NodeId {
        self.graph.enter(name, Some("linear"));
        let weight = self.param("weight", &[from, to], from);
        let bias = self.param("bias", &[to], 0);
        let product = self.add(Op::MatMul, &[x, weight], None);
        let result = self.binary(Binary::Add, product, bias);
        self.graph.leave();
        result
    }

    /// Of an image, a volume, …: kernel 4, stride 2, padding 1 along each axis.
    pub fn conv(&mut self, name: &str, x: NodeId, from: usize, to: usize, up: bool) -> NodeId {
        let axes = self.graph.node(x).shape.rank() - 2;
        let geometry = ConvGeometry {
            stride: vec![2; axes],
            pad: vec![1; axes],
            dilation: vec![1; axes],
            groups: 1,
        };
        let (op, first, second) = if up {
            let out_pad = vec![0; axes];
            (Op::ConvTranspose { geometry, out_pad }, from, to)
        } else {
            (Op::Conv(geometry), to, from)
        };
        self.graph.enter(name, Some(&format!("conv{axes}d")));
        let kernel = vec![4; axes];
        let fan_in = from * kernel.iter().product::<usize>();
        let weight = self.param("weight", &[&[first, second], &kernel[..]].concat(), fan_in);
        let bias = self.param("bias", &[&[to], &vec![1; axes][..]].concat(), 0);
        let product = self.add(op, &[x, weight], None);
        let result = self.binary(Binary::Add, product, bias);
        self.graph.leave();
        result
    }

    pub fn sum(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        let op = Op::Reduce { reduction: Reduction::Sum, axes: axes.to_vec(), keepdim: false };
        self.add(op, &[x], None)
    }

    pub fn mark(&mut self, kind: MarkKind, name: &str, node: NodeId) {
        self.graph.mark(kind, name, node, place()).unwrap();
    }

    pub fn beta(&mut self) -> NodeId {
        let knob = Knob {
            name: "beta".to_owned(),
            default: 1.0,
            min: 0.0,
            max: 100.0,
            about: "weight of the KL term".to_owned(),
        };
        self.graph.knob(&knob, place())
    }

    /// Splits `heads` `[B, 2 · latent]`, samples and marks; gives (z, KL an item).
    pub fn posterior(&mut self, heads: NodeId, latent: usize) -> (NodeId, NodeId) {
        let half = |start| Op::Slice { axis: 1, start, length: latent };
        let mean = self.add(half(0), &[heads], None);
        let log_variance = self.add(half(latent), &[heads], None);
        self.mark(MarkKind::Output(Role::Mean), "mean", mean);
        self.mark(MarkKind::Output(Role::LogVariance), "log_variance", log_variance);
        let shape = Shape::batched(&[latent]);
        let noise = self.add(Op::Rand(Distribution::Normal), &[], Some(shape));
        let half_log = self.scale(log_variance, 0.5);
        let deviation = self.unary(Unary::Exp, half_log);
        let shift = self.binary(Binary::Mul, deviation, noise);
        let z = self.binary(Binary::Add, mean, shift);
        self.mark(MarkKind::Port, "z", z);
        // KL = −½ Σ (1 + log σ² − μ² − σ²).
        let square = self.binary(Binary::Mul, mean, mean);
        let variance = self.unary(Unary::Exp, log_variance);
        let one = self.add(Op::Const(1.0), &[], None);
        let a = self.binary(Binary::Add, log_variance, one);
        let b = self.binary(Binary::Add, square, variance);
        let difference = self.binary(Binary::Sub, a, b);
        let sum = self.sum(difference, &[1]);
        (z, self.scale(sum, -0.5))
    }

    /// Marks the loss: BCE with logits, summed over pixels, plus β KL.
    pub fn objective(&mut self, x: NodeId, logits: NodeId, kl: NodeId) {
        self.mark(MarkKind::Output(Role::Logits), "logits", logits);
        let softplus = self.unary(Unary::Softplus, logits);
        let product = self.binary(Binary::Mul, x, logits);
        let pixels = self.binary(Binary::Sub, softplus, product);
        let recon = self.sum(pixels, &[1, 2, 3]);
        let beta = self.beta();
        let weighted = self.binary(Binary::Mul, beta, kl);
        let loss = self.binary(Binary::Add, recon, weighted);
        self.mark(MarkKind::Metric, "recon", recon);
        self.mark(MarkKind::Metric, "kl", kl);
        let group = String::new();
        self.mark(MarkKind::Loss { group }, "loss", loss);
    }
}

/// A VAE for `[B, 1, side, side]` with one hidden layer.
pub fn mlp(side: usize, hidden: usize, latent: usize) -> Graph {
    let mut b = Builder::default();
    let pixels = side * side;
    let x = b.input("x", Shape::batched(&[1, side, side]), DType::F32);
    let flat = b.add(Op::Reshape, &[x], Some(Shape::batched(&[pixels])));
    let h = b.linear("encoder", flat, pixels, hidden);
    let h = b.unary(Unary::Relu, h);
    let heads = b.linear("posterior", h, hidden, 2 * latent);
    let (z, kl) = b.posterior(heads, latent);
    let h = b.linear("decoder", z, latent, hidden);
    let h = b.unary(Unary::Relu, h);
    let out = b.linear("pixels", h, hidden, pixels);
    let logits = b.add(Op::Reshape, &[out], Some(Shape::batched(&[1, side, side])));
    b.objective(x, logits, kl);
    b.graph
}

/// conv28: 1 → 32 → 64 (kernel 4, stride 2, pad 1), 3136-256-20, mirrored.
pub fn conv28() -> Graph {
    let mut b = Builder::default();
    let x = b.input("x", Shape::batched(&[1, 28, 28]), DType::F32);
    let h = b.conv("down1", x, 1, 32, false);
    let h = b.unary(Unary::Relu, h);
    let h = b.conv("down2", h, 32, 64, false);
    let h = b.unary(Unary::Relu, h);
    let h = b.add(Op::Reshape, &[h], Some(Shape::batched(&[3136])));
    let h = b.linear("encoder", h, 3136, 256);
    let h = b.unary(Unary::Relu, h);
    let heads = b.linear("posterior", h, 256, 40);
    let (z, kl) = b.posterior(heads, 20);
    let h = b.linear("decoder1", z, 20, 256);
    let h = b.unary(Unary::Relu, h);
    let h = b.linear("decoder2", h, 256, 3136);
    let h = b.unary(Unary::Relu, h);
    let h = b.add(Op::Reshape, &[h], Some(Shape::batched(&[64, 7, 7])));
    let h = b.conv("up1", h, 64, 32, true);
    let h = b.unary(Unary::Relu, h);
    let logits = b.conv("up2", h, 32, 1, true);
    b.objective(x, logits, kl);
    b.graph
}
