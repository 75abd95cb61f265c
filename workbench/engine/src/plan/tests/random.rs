//! Random graphs over random shapes: plans against the interpreter, values and gradients.

use std::collections::BTreeMap;

use candle_core::Device;
use workbench_graph::{
    Binary, ConvGeometry, DType, Dim, Graph, Init, InputSpec, Location, MarkKind, NodeId, Op,
    Pooling, Reduction, Shape, Unary, Window,
};

use crate::adam::OptimizerConfig;
use crate::feed::Given;
use crate::interpreter::{Interpreted, Noise};
use crate::noise::{self, Key};
use crate::plan::{Fed, Planned};

/// A graph that grows at random.
struct Garden {
    graph: Graph,
    params: Vec<Vec<f32>>,
    /// Nodes to go on from: f32 with the batch first.
    pool: Vec<NodeId>,
    words: Box<dyn Iterator<Item = usize>>,
    seed: u64,
}

impl Garden {
    fn new(seed: u64) -> Garden {
        let words =
            (0..).flat_map(move |draw| noise::uniform(Key::new(seed, "garden", draw, 0), 64));
        let words = Box::new(words.map(|u| (u * 16_777_216.0) as usize));
        Garden { graph: Graph::new(), params: Vec::new(), pool: Vec::new(), words, seed }
    }

    /// A number in `low ..= high`.
    fn pick(&mut self, low: usize, high: usize) -> usize {
        low + self.words.next().unwrap() % (high - low + 1)
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        let index = self.pick(0, choices.len() - 1);
        choices[index].clone()
    }

    fn add(&mut self, op: Op, inputs: &[NodeId], target: Option<Shape>) -> NodeId {
        self.graph.add(op, inputs, target.as_ref(), Location::default()).unwrap()
    }

    fn unary(&mut self, op: Unary, x: NodeId) -> NodeId {
        self.add(Op::Unary(op), &[x], None)
    }

    fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        self.add(Op::Binary(op), &[a, b], None)
    }

    fn constant(&mut self, value: f64) -> NodeId {
        self.add(Op::Const(value), &[], None)
    }

    fn param(&mut self, dims: &[usize]) -> NodeId {
        let index = self.params.len();
        let n = dims.iter().product::<usize>();
        // About as large as keeps sums over what a weight meets near one.
        let fan = (n / dims.first().copied().unwrap_or(1).max(1)).max(1);
        let key = Key::new(self.seed, "params", 0, index as u64);
        let scale = 1.0 / (fan as f32).sqrt();
        self.params.push(noise::normal(key, n).iter().map(|x| x * scale).collect());
        let (name, zero) = (format!("p{index}"), Init::Constant(0.0));
        self.graph.param(&name, dims, zero, "", Location::default()).unwrap()
    }

    fn dims(&self, node: NodeId) -> Vec<usize> {
        self.graph.node(node).shape.0[1..].iter().map(|dim| dim.as_fixed().unwrap()).collect()
    }

    /// One more node.
    fn grow(&mut self) {
        let last = self.pool.len() - 1;
        let from = self.pick(last.saturating_sub(3), last);
        let x = self.pool[from];
        let dims = self.dims(x);
        let node = match self.pick(0, 19) {
            0..=2 => self.smooth(x),
            3 | 4 => self.mixed(x),
            5..=7 if dims.len() >= 2 => self.conv(x),
            8 | 9 if dims.len() >= 2 => self.conv_transpose(x),
            10 if dims.len() >= 2 => self.pooled(x),
            11 => self.linear(x),
            12 => self.moved(x),
            13 => self.reduced(x),
            14 => self.cut(x),
            15 if dims.len() >= 2 => {
                let factors = (1..dims.len()).map(|_| self.pick(1, 2)).collect();
                self.add(Op::Upsample { factors }, &[x], None)
            }
            16 => {
                let axis = self.pick(1, dims.len());
                let sums = self.add(Op::CumSum { axis }, &[x], None);
                self.unary(Unary::Tanh, sums)
            }
            17 => self.normalised(x),
            18 => self.add(Op::StopGradient, &[x], None),
            _ => self.smooth(x),
        };
        let size: usize = self.dims(node).iter().product();
        if size <= 4000 {
            self.pool.push(node);
        }
    }

    fn smooth(&mut self, x: NodeId) -> NodeId {
        let half = self.constant(0.5);
        match self.pick(0, 9) {
            0 => self.unary(Unary::Tanh, x),
            1 => self.unary(Unary::Sigmoid, x),
            2 => self.unary(Unary::Softplus, x),
            3 => self.unary(Unary::Relu, x),
            4 => self.unary(Unary::Sin, x),
            5 => {
                let bounded = self.unary(Unary::Tanh, x);
                self.unary(Unary::Exp, bounded)
            }
            6 => {
                let square = self.binary(Binary::Mul, x, x);
                let log = self.unary(Unary::Log1p, square);
                self.binary(Binary::Mul, log, half)
            }
            7 => {
                let size = self.unary(Unary::Abs, x);
                let shifted = self.binary(Binary::Add, size, half);
                self.unary(Unary::Sqrt, shifted)
            }
            8 => self.unary(Unary::Erf, x),
            _ => {
                let size = self.unary(Unary::Abs, x);
                let shifted = self.binary(Binary::Add, size, half);
                let log = self.unary(Unary::Log, shifted);
                self.binary(Binary::Div, log, shifted)
            }
        }
    }

    /// With something that broadcasts.
    fn mixed(&mut self, x: NodeId) -> NodeId {
        let dims = self.dims(x);
        let same: Vec<NodeId> =
            self.pool.iter().copied().filter(|&node| self.dims(node) == dims).collect();
        let other = match self.pick(0, 3) {
            0 => self.param(&[]),
            1 => {
                let mut channel = vec![1; dims.len()];
                channel[0] = dims[0];
                self.param(&channel)
            }
            2 => self.param(&dims),
            _ => self.one_of(&same),
        };
        let ops = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Max, Binary::Min];
        let op = self.one_of(&ops);
        let pair = if self.pick(0, 1) == 0 { [x, other] } else { [other, x] };
        let value = self.binary(op, pair[0], pair[1]);
        if self.pick(0, 3) == 0 {
            let mask = self.binary(Binary::Lt, pair[0], pair[1]);
            return self.add(Op::Select, &[mask, value, x], None);
        }
        value
    }

    fn conv(&mut self, x: NodeId) -> NodeId {
        let dims = self.dims(x);
        let groups = if dims[0].is_multiple_of(2) { self.pick(1, 2) } else { 1 };
        let filters = groups * self.pick(1, 4);
        let mut weight = vec![filters, dims[0] / groups];
        let mut geometry = ConvGeometry { stride: vec![], pad: vec![], dilation: vec![], groups };
        for &size in &dims[1..] {
            let kernel = self.pick(1, 4.min(size));
            let dilation = if kernel > 1 && 2 * (kernel - 1) < size { self.pick(1, 2) } else { 1 };
            weight.push(kernel);
            geometry.stride.push(self.pick(1, 3));
            geometry.pad.push(self.pick(0, 2));
            geometry.dilation.push(dilation);
        }
        let weight = self.param(&weight);
        let value = self.add(Op::Conv(geometry), &[x, weight], None);
        self.biased(value, filters)
    }

    fn conv_transpose(&mut self, x: NodeId) -> NodeId {
        let dims = self.dims(x);
        let groups = if dims[0].is_multiple_of(2) { self.pick(1, 2) } else { 1 };
        // Few channels are scattered, many gathered.
        let per_group = self.one_of(&[1, 2, 3, 12, 17]);
        let mut weight = vec![dims[0], per_group];
        let mut geometry = ConvGeometry { stride: vec![], pad: vec![], dilation: vec![], groups };
        let mut out_pad = Vec::new();
        for &size in &dims[1..] {
            let kernel = self.pick(1, 4);
            let (stride, dilation) = (self.pick(1, 3), self.pick(1, 2));
            let full = (size - 1) * stride + dilation * (kernel - 1) + 1;
            weight.push(kernel);
            geometry.stride.push(stride);
            geometry.pad.push(self.pick(0, 1.min((full - 1) / 2)));
            geometry.dilation.push(dilation);
            out_pad.push(self.pick(0, stride.max(dilation) - 1));
        }
        let weight = self.param(&weight);
        let value = self.add(Op::ConvTranspose { geometry, out_pad }, &[x, weight], None);
        self.biased(value, per_group * groups)
    }

    /// As architectures do: a bias a channel, often a ReLU.
    fn biased(&mut self, value: NodeId, channels: usize) -> NodeId {
        let rank = self.dims(value).len();
        let mut dims = vec![1; rank];
        dims[0] = channels;
        let value = if self.pick(0, 2) > 0 {
            let bias = self.param(&dims);
            self.binary(Binary::Add, value, bias)
        } else {
            value
        };
        if self.pick(0, 1) == 0 { self.unary(Unary::Relu, value) } else { value }
    }

    fn pooled(&mut self, x: NodeId) -> NodeId {
        let dims = self.dims(x);
        let mut window = Window { kernel: vec![], stride: vec![], pad: vec![] };
        for &size in &dims[1..] {
            let kernel = self.pick(1, 3.min(size));
            window.kernel.push(kernel);
            window.stride.push(self.pick(1, 2));
            window.pad.push(self.pick(0, (kernel - 1).min(1)));
        }
        let pooling = self.one_of(&[Pooling::Max, Pooling::Average]);
        self.add(Op::Pool { pooling, window }, &[x], None)
    }

    fn linear(&mut self, x: NodeId) -> NodeId {
        let dims = self.dims(x);
        let size: usize = dims.iter().product();
        let flat = self.add(Op::Reshape, &[x], Some(Shape::batched(&[size])));
        let to = self.pick(1, 40);
        let value = if self.pick(0, 1) == 0 {
            let weight = self.param(&[size, to]);
            self.add(Op::MatMul, &[flat, weight], None)
        } else {
            let weight = self.param(&[to, size]);
            let turned = self.add(Op::Permute { axes: vec![1, 0] }, &[weight], None);
            self.add(Op::MatMul, &[flat, turned], None)
        };
        let value = self.biased(value, to);
        // Back to an image at times.
        match (to % 2, self.pick(0, 1)) {
            (0, 0) => self.add(Op::Reshape, &[value], Some(Shape::batched(&[2, 1, to / 2]))),
            _ => value,
        }
    }

    fn moved(&mut self, x: NodeId) -> NodeId {
        let rank = self.dims(x).len();
        let turn = self.pick(0, rank - 1);
        let axes = std::iter::once(0).chain((0..rank).map(|i| 1 + (i + turn) % rank)).collect();
        self.add(Op::Permute { axes }, &[x], None)
    }

    fn reduced(&mut self, x: NodeId) -> NodeId {
        let rank = self.dims(x).len();
        let axes: Vec<usize> = (1..=rank).filter(|_| self.pick(0, 1) == 0).collect();
        if axes.is_empty() {
            return self.smooth(x);
        }
        let reductions =
            [Reduction::Mean, Reduction::Max, Reduction::Min, Reduction::LogSumExp, Reduction::Sum];
        let reduction = self.one_of(&reductions);
        let value = self.add(Op::Reduce { reduction, axes, keepdim: true }, &[x], None);
        let bounded = self.unary(Unary::Tanh, value);
        // Over what it was reduced from, as in a normalisation.
        self.binary(Binary::Mul, x, bounded)
    }

    /// x over its own deviation, as in a layer norm, often through a SiLU.
    fn normalised(&mut self, x: NodeId) -> NodeId {
        let rank = self.dims(x).len();
        let mean =
            |axes: Vec<usize>| Op::Reduce { reduction: Reduction::Mean, axes, keepdim: true };
        let axes: Vec<usize> = match self.pick(0, 2) {
            0 => vec![1],
            // As in an instance norm.
            1 if rank > 1 => (2..=rank).collect(),
            _ => (1..=rank).collect(),
        };
        let centre = self.add(mean(axes.clone()), &[x], None);
        let centred = self.binary(Binary::Sub, x, centre);
        let square = self.binary(Binary::Mul, centred, centred);
        let variance = self.add(mean(axes), &[square], None);
        let tenth = self.constant(0.1);
        let shifted = self.binary(Binary::Add, variance, tenth);
        let deviation = self.unary(Unary::Sqrt, shifted);
        let normal = self.binary(Binary::Div, centred, deviation);
        if self.pick(0, 1) == 0 {
            return normal;
        }
        let gate = self.unary(Unary::Sigmoid, normal);
        self.binary(Binary::Mul, normal, gate)
    }

    fn cut(&mut self, x: NodeId) -> NodeId {
        let dims = self.dims(x);
        let axis = self.pick(1, dims.len());
        let size = dims[axis - 1];
        let start = self.pick(0, size - 1);
        let length = self.pick(1, size - start);
        let part = self.add(Op::Slice { axis, start, length }, &[x], None);
        match self.pick(0, 2) {
            0 => part,
            1 => self.add(Op::Concat { axis }, &[part, x], None),
            _ => {
                let (before, after) = (self.pick(0, 2), self.pick(0, 2));
                self.add(Op::Pad { axis, before, after, value: 0.25 }, &[part], None)
            }
        }
    }
}

fn check(seed: u64) {
    let mut garden = Garden::new(seed);
    let batch = garden.one_of(&[1, 2, 3, 5, 9]);
    let channels = garden.pick(1, 4);
    let spatial = garden.pick(1, 3);
    let mut dims = vec![channels];
    dims.extend((0..spatial).map(|_| garden.pick(2, if spatial == 3 { 5 } else { 9 })));
    let spec = InputSpec { name: "x".into(), shape: Shape::batched(&dims), dtype: DType::F32 };
    let x = garden.graph.input(&spec, Location::default());
    garden.pool.push(x);
    let count = garden.pick(4, 14);
    (0..count).for_each(|_| garden.grow());
    // Everything that was grown counts, so that everything has a gradient.
    let mut loss: Option<NodeId> = None;
    for node in garden.pool.clone() {
        let axes: Vec<usize> = (1..garden.graph.node(node).shape.rank()).collect();
        let op = Op::Reduce { reduction: Reduction::Mean, axes, keepdim: false };
        let weight = garden.param(&[]);
        let turned = garden.unary(Unary::Sin, node);
        let value = garden.add(op, &[turned], None);
        let value = garden.binary(Binary::Mul, value, weight);
        loss = Some(loss.map_or(value, |sum| garden.binary(Binary::Add, sum, value)));
    }
    let loss = loss.unwrap();
    assert_eq!(garden.graph.node(loss).shape.0, [Dim::Batch(1)]);
    let kind = MarkKind::Loss { group: String::new() };
    garden.graph.mark(kind, "loss", loss, Location::default()).unwrap();
    let n = batch * dims.iter().product::<usize>();
    let given = Given {
        batch,
        inputs: vec![Some(Fed::Float(noise::normal(Key::new(seed, "x", 0, 0), n)))],
        knobs: vec![],
        overrides: BTreeMap::new(),
        noise: Noise { seed, purpose: "test", draw: 0 },
    };
    let wanted: Vec<NodeId> = garden.pool.iter().copied().chain([loss]).collect();
    let config = OptimizerConfig::default();
    let params = garden.params.clone();
    let planned = Planned::new(&garden.graph, params.clone(), config);
    let ours = planned.differentiate(&garden.graph, &wanted, &given).unwrap();
    let interpreted = Interpreted::new(&garden.graph, params, Device::Cpu, config).unwrap();
    let [values, gradients] = interpreted.differentiate(&wanted, &given).unwrap();
    for (index, (a, b)) in ours.0.iter().zip(&values).enumerate() {
        let op = &garden.graph.node(wanted[index]).op;
        near(a, b, &format!("seed {seed}, value {index} {op:?}"));
    }
    for (index, (a, b)) in ours.1.iter().zip(&gradients).enumerate() {
        let zeros = vec![0.0; b.len()];
        near(a.as_ref().unwrap_or(&zeros), b, &format!("seed {seed}, gradient {index}"));
    }
    // The loss alone: what lies between need not be in memory.
    let (_, alone) = planned.differentiate(&garden.graph, &[loss], &given).unwrap();
    for (index, (a, b)) in alone.iter().zip(&gradients).enumerate() {
        let zeros = vec![0.0; b.len()];
        let label = format!("seed {seed}, gradient {index} of the loss alone");
        near(a.as_ref().unwrap_or(&zeros), b, &label);
    }
    // Only some of it: as for a decoder.
    let one = [wanted[wanted.len() / 2]];
    let alone = planned.compute(&garden.graph, &one, &given).unwrap();
    near(&alone[0].data, &values[wanted.len() / 2], &format!("seed {seed}, alone"));
}

fn near(a: &[f32], b: &[f32], label: &str) {
    assert_eq!(a.len(), b.len(), "{label}");
    let largest = b.iter().fold(1e-2f32, |m, x| m.max(x.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= 1e-3 * largest, "{label}: element {i} is {a}, not {b}");
    }
}

#[test]
fn random_graphs_agree_with_the_interpreter() {
    (0..150).for_each(check);
}

#[test]
#[ignore = "takes a minute: cargo test --release -p workbench-engine random -- --ignored"]
fn many_random_graphs_agree_with_the_interpreter() {
    (150..6000).for_each(check);
}
