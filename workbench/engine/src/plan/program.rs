//! The program of a plan: a graph for one batch size, as values that are computed once each.
//!
//! The builder simplifies as it goes. What was computed already is not computed again; permutations move outwards
//! through elementwise ops until they meet their inverse or something that needs the order, which is how activations
//! come to lie channels last from one convolution to the next.

use std::collections::HashMap;

use workbench_graph::{Binary, Distribution, Pooling, Unary};

use crate::geometry::Geometry;
use crate::kernels::map::Map;
use crate::kernels::reduce::Fold;

/// Ops that are looked through for sums that are there.
const MAX_DEPTH: usize = 6;

/// A value's place in [`Program::values`]; what it is computed from comes before it.
pub(crate) type Id = usize;

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub instr: Instr,
    pub inputs: Vec<Id>,
    pub dims: Vec<usize>,
    pub kind: Kind,
    /// The graph's node that it is computed for.
    pub origin: Option<usize>,
    /// Whether it is part of the gradient.
    pub backward: bool,
    /// Whether its elements lie channels last, as convolutions leave them.
    pub channels_last: bool,
}

/// What elements are: f32, or i64 for all whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Float,
    Integer,
}

/// What a value is computed by. Numbers are kept as bits, so that equal instructions can be told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Instr {
    Input(usize),
    Param(usize),
    Knob(usize),
    /// A node whose value is given.
    Override(usize),
    Const(u32),
    Rand {
        distribution: Distribution,
        node: usize,
    },
    Iota {
        axis: usize,
    },
    Map(Map),
    /// Without the axes that are reduced.
    Reduce {
        fold: Fold,
        axes: Vec<usize>,
    },
    /// Another shape of the same elements.
    Reshape,
    /// The same, through which no gradient flows.
    Detach,
    Permute {
        axes: Vec<usize>,
    },
    Slice {
        axis: usize,
        start: usize,
    },
    Concat {
        axis: usize,
    },
    Pad {
        axis: usize,
        before: usize,
        value: u32,
    },
    ToFloat,
    ToInteger,
    /// The last eight bits' worth, 0 … 255.
    ToByte,
    EqualIntegers,
    CumSum {
        axis: usize,
        from_last: bool,
    },
    ArgMax {
        axis: usize,
    },
    ArgSort {
        axis: usize,
        descending: bool,
    },
    Gather {
        axis: usize,
    },
    /// Of a gradient and an index: the transpose of `Gather`.
    Scatter {
        axis: usize,
    },
    Take {
        axis: usize,
    },
    /// Of a gradient and an index: the transpose of `Take`.
    Put {
        axis: usize,
    },
    /// `[…, M, K] × […, K, N]`, either side transposed in its last two axes; leading axes broadcast.
    MatMul {
        transposed: [bool; 2],
    },
    /// Channels last, of X and the weight `[G, taps · C / G, F / G]`.
    Conv(Geometry),
    /// X from Y and the weight.
    ConvInput(Geometry),
    /// The weight's gradient, of X and Y.
    ConvWeight(Geometry),
    /// Of planes `[B, C, …]`.
    Pool {
        pooling: Pooling,
        geometry: Geometry,
    },
    /// Of X and the gradient.
    PoolGradient {
        pooling: Pooling,
        geometry: Geometry,
    },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub values: Vec<Value>,
    known: HashMap<(Instr, Vec<Id>, Vec<usize>), Id>,
    /// What is recorded next is for this node of the graph.
    pub origin: Option<usize>,
    pub backward: bool,
}

impl Program {
    pub fn dims(&self, id: Id) -> &[usize] {
        &self.values[id].dims
    }

    pub fn elements(&self, id: Id) -> usize {
        self.values[id].dims.iter().product()
    }

    /// Records a value, unless it is there.
    pub fn push(&mut self, instr: Instr, inputs: &[Id], dims: &[usize], kind: Kind) -> Id {
        let key = (instr, inputs.to_vec(), dims.to_vec());
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = self.values.len();
        self.known.insert(key.clone(), id);
        let (instr, inputs, dims) = key;
        let (origin, backward) = (self.origin, self.backward);
        let channels_last = match instr {
            Instr::Conv(_) | Instr::ConvInput(_) => true,
            Instr::Map(_) | Instr::Slice { .. } | Instr::Concat { .. } | Instr::Pad { .. } => {
                inputs
                    .iter()
                    .any(|&input| self.dims(input) == dims && self.values[input].channels_last)
            }
            _ => false,
        };
        self.values.push(Value { instr, inputs, dims, kind, origin, backward, channels_last });
        id
    }

    pub fn constant(&mut self, value: f32) -> Id {
        self.push(Instr::Const(value.to_bits()), &[], &[], Kind::Float)
    }

    /// The number that every element is.
    pub fn as_constant(&self, id: Id) -> Option<f32> {
        match self.values[id].instr {
            Instr::Const(bits) => Some(f32::from_bits(bits)),
            Instr::Reshape | Instr::Detach => self.as_constant(self.values[id].inputs[0]),
            _ => None,
        }
    }

    pub fn unary(&mut self, op: Unary, x: Id) -> Id {
        self.map(Map::Unary(op), &[x])
    }

    pub fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        self.map(Map::Binary(op), &[a, b])
    }

    pub fn scale(&mut self, x: Id, factor: f32) -> Id {
        let factor = self.constant(factor);
        self.binary(Binary::Mul, x, factor)
    }

    /// An elementwise op; operands broadcast.
    pub fn map(&mut self, map: Map, args: &[Id]) -> Id {
        let dims = args.iter().fold(Vec::new(), |dims, &arg| broadcast(&dims, self.dims(arg)));
        self.map_to(map, args, &dims)
    }

    /// `x` spread to `dims`.
    pub fn spread(&mut self, x: Id, dims: &[usize]) -> Id {
        if self.dims(x) == dims { x } else { self.map_to(Map::Same, &[x], dims) }
    }

    fn map_to(&mut self, map: Map, args: &[Id], dims: &[usize]) -> Id {
        if let Some(id) = self.simpler(map, args, dims) {
            return id;
        }
        // What is only spread needs no values of its own.
        let args: Vec<Id> = args
            .iter()
            .map(|&arg| match self.values[arg].instr {
                Instr::Map(Map::Same) => self.values[arg].inputs[0],
                _ => arg,
            })
            .collect();
        let Some(order) = self.order_below(&args, dims) else {
            return self.push(Instr::Map(map), &args, dims, Kind::Float);
        };
        // The op in the order that lies below the permutation, and the permutation above it.
        let back = inverse(&order);
        let args: Vec<Id> = args
            .iter()
            .map(|&arg| {
                if self.elements(arg) == 1 {
                    return arg;
                }
                let mut padded = vec![1; dims.len() - self.dims(arg).len()];
                padded.extend_from_slice(self.dims(arg));
                let arg = self.reshape(arg, &padded);
                self.permute(arg, &back)
            })
            .collect();
        let below: Vec<usize> = back.iter().map(|&axis| dims[axis]).collect();
        let value = self.push(Instr::Map(map), &args, &below, Kind::Float);
        self.permute(value, &order)
    }

    /// The permutation of an operand below which an op is better computed: where the others come from there too, or
    /// where the channels lie last.
    fn order_below(&self, args: &[Id], dims: &[usize]) -> Option<Vec<usize>> {
        let (mut order, mut above, mut below) = (None, 0, 0);
        let (mut last_above, mut last_below) = (false, false);
        for &arg in args.iter().filter(|&&arg| self.dims(arg) == dims) {
            match &self.values[arg].instr {
                Instr::Permute { axes } if order.as_ref().is_none_or(|order| order == axes) => {
                    above += 1;
                    last_below |= self.values[self.values[arg].inputs[0]].channels_last;
                    order = Some(axes.clone());
                }
                _ => {
                    below += 1;
                    last_above |= self.values[arg].channels_last;
                }
            }
        }
        // As many elements have to be moved as there are operands that lie otherwise.
        let moves = if last_above == last_below { below <= above } else { last_below };
        order.filter(|_| moves)
    }

    /// A value that is there already and equal, for ops with a neutral operand or constants alone.
    fn simpler(&mut self, map: Map, args: &[Id], dims: &[usize]) -> Option<Id> {
        let constants: Vec<Option<f32>> = args.iter().map(|&arg| self.as_constant(arg)).collect();
        match (map, &constants[..]) {
            (Map::Same, _) if self.dims(args[0]) == dims => return Some(args[0]),
            (Map::Unary(Unary::Neg), [Some(x)]) => return Some(self.constant(-x)),
            (Map::Binary(op), [Some(x), Some(y)]) => {
                let value = match op {
                    Binary::Add => x + y,
                    Binary::Sub => x - y,
                    Binary::Mul => x * y,
                    Binary::Div => x / y,
                    _ => return None,
                };
                return Some(self.constant(value));
            }
            _ => {}
        }
        let kept = match (map, &constants[..]) {
            (Map::Binary(Binary::Mul | Binary::Div), [_, Some(1.0)]) => args[0],
            (Map::Binary(Binary::Add | Binary::Sub), [_, Some(0.0)]) => args[0],
            (Map::Binary(Binary::Mul), [Some(1.0), _]) => args[1],
            (Map::Binary(Binary::Add), [Some(0.0), _]) => args[1],
            _ => return None,
        };
        (self.dims(kept) == dims).then_some(kept)
    }

    pub fn reshape(&mut self, x: Id, dims: &[usize]) -> Id {
        if self.dims(x) == dims {
            return x;
        }
        match self.values[x].instr {
            Instr::Reshape => self.reshape(self.values[x].inputs[0], dims),
            _ => self.push(Instr::Reshape, &[x], dims, self.values[x].kind),
        }
    }

    pub fn detach(&mut self, x: Id) -> Id {
        match self.values[x].instr.clone() {
            Instr::Permute { axes } => {
                let below = self.detach(self.values[x].inputs[0]);
                self.permute(below, &axes)
            }
            _ => self.push(Instr::Detach, &[x], &self.values[x].dims.clone(), self.values[x].kind),
        }
    }

    /// Axis i of the result is axis `axes[i]` of `x`.
    pub fn permute(&mut self, x: Id, axes: &[usize]) -> Id {
        if let Instr::Permute { axes: below } = &self.values[x].instr {
            let axes: Vec<usize> = axes.iter().map(|&axis| below[axis]).collect();
            return self.permute(self.values[x].inputs[0], &axes);
        }
        let from = &self.values[x].dims;
        let dims: Vec<usize> = axes.iter().map(|&axis| from[axis]).collect();
        // Axes of one element may go anywhere: the elements stay in order.
        let long: Vec<usize> = axes.iter().copied().filter(|&axis| from[axis] != 1).collect();
        if long.is_sorted() {
            return self.reshape(x, &dims);
        }
        let kind = self.values[x].kind;
        self.push(Instr::Permute { axes: axes.to_vec() }, &[x], &dims, kind)
    }

    /// `x` without the axes, which are folded.
    pub fn reduce(&mut self, fold: Fold, x: Id, axes: &[usize]) -> Id {
        let from = self.dims(x).to_vec();
        let kept: Vec<usize> = (0..from.len()).filter(|axis| !axes.contains(axis)).collect();
        let dims: Vec<usize> = kept.iter().map(|&axis| from[axis]).collect();
        if axes.iter().all(|&axis| from[axis] == 1) {
            return self.reshape(x, &dims);
        }
        if let Instr::Permute { axes: order } = self.values[x].instr.clone() {
            let below: Vec<usize> = axes.iter().map(|&axis| order[axis]).collect();
            let value = self.reduce(fold, self.values[x].inputs[0], &below);
            // What is left lies in the order below.
            let mut left: Vec<usize> = kept.iter().map(|&axis| order[axis]).collect();
            let wanted = left.clone();
            left.sort_unstable();
            let rank = |axis: &usize| left.iter().position(|other| other == axis).unwrap_or(0);
            let back: Vec<usize> = wanted.iter().map(rank).collect();
            return self.permute(value, &back);
        }
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        if fold == Fold::Sum && self.backward {
            if let Some(sum) = self.known_sum(x, &axes, MAX_DEPTH) {
                return sum;
            }
            if items_first(&from, &axes) {
                let of_item = self.reduce(fold, x, &axes[1..]);
                return self.reduce(fold, of_item, &[0]);
            }
        }
        self.push(Instr::Reduce { fold, axes }, &[x], &dims, Kind::Float)
    }

    /// The sum of `x` over axes, sorted, where it follows from sums that are there: Σ (a · s + t) = s Σ a + n t for what
    /// does not vary along the axes. The gradients of a mean and of a shift are such sums of one value.
    fn known_sum(&mut self, x: Id, axes: &[usize], depth: usize) -> Option<Id> {
        let dims = self.dims(x).to_vec();
        let kept: Vec<usize> =
            (0..dims.len()).filter(|axis| !axes.contains(axis)).map(|axis| dims[axis]).collect();
        let instr = Instr::Reduce { fold: Fold::Sum, axes: axes.to_vec() };
        if let Some(&id) = self.known.get(&(instr, vec![x], kept.clone())) {
            return Some(id);
        }
        let depth = depth.checked_sub(1)?;
        if items_first(&dims, axes) {
            let of_item = self.known_sum(x, &axes[1..], depth)?;
            return Some(self.reduce(Fold::Sum, of_item, &[0]));
        }
        let Value { instr: Instr::Map(map), inputs, .. } = self.values[x].clone() else {
            return None;
        };
        let sum = match (map, &inputs[..]) {
            (Map::Unary(Unary::Neg), &[a]) => {
                let a = self.known_sum(a, axes, depth)?;
                self.unary(Unary::Neg, a)
            }
            (Map::Binary(op @ (Binary::Mul | Binary::Div)), &[a, b]) => {
                let turned = (op == Binary::Mul).then_some([b, a]);
                [Some([a, b]), turned].into_iter().flatten().find_map(|[whole, factor]| {
                    let factor = self.constant_along(factor, axes, dims.len())?;
                    let fits = self.dims(whole) == dims;
                    let sum = if fits { self.known_sum(whole, axes, depth)? } else { return None };
                    Some(self.binary(op, sum, factor))
                })?
            }
            (Map::Binary(op @ (Binary::Add | Binary::Sub)), &[a, b]) => {
                let count: usize = axes.iter().map(|&axis| dims[axis]).product();
                let mut part = |side: Id| match self.constant_along(side, axes, dims.len()) {
                    Some(side) => Some(self.scale(side, count as f32)),
                    None if self.dims(side) == dims => self.known_sum(side, axes, depth),
                    None => None,
                };
                let (a, b) = (part(a)?, part(b)?);
                self.binary(op, a, b)
            }
            _ => return None,
        };
        Some(self.spread(sum, &kept))
    }

    /// An operand of something of so many axes without those along which it does not vary, if they are such.
    fn constant_along(&mut self, x: Id, axes: &[usize], rank: usize) -> Option<Id> {
        let lead = rank - self.dims(x).len();
        let size = |axis: usize| axis.checked_sub(lead).map_or(1, |axis| self.dims(x)[axis]);
        if axes.iter().any(|&axis| size(axis) != 1) {
            return None;
        }
        let kept: Vec<usize> = (lead..rank).filter(|axis| !axes.contains(axis)).map(size).collect();
        Some(self.reshape(x, &kept))
    }

    pub fn slice(&mut self, x: Id, axis: usize, start: usize, length: usize) -> Id {
        let mut dims = self.dims(x).to_vec();
        if dims[axis] == length {
            return x;
        }
        if let Instr::Permute { axes } = self.values[x].instr.clone() {
            let below = self.slice(self.values[x].inputs[0], axes[axis], start, length);
            return self.permute(below, &axes);
        }
        dims[axis] = length;
        let kind = self.values[x].kind;
        self.push(Instr::Slice { axis, start }, &[x], &dims, kind)
    }

    pub fn concat(&mut self, parts: &[Id], axis: usize) -> Id {
        if let [only] = parts {
            return *only;
        }
        let order = |id: Id| match &self.values[id].instr {
            Instr::Permute { axes } => Some(axes.clone()),
            _ => None,
        };
        if let Some(axes) = order(parts[0])
            && parts.iter().all(|&part| order(part).as_ref() == Some(&axes))
        {
            let below: Vec<Id> = parts.iter().map(|&part| self.values[part].inputs[0]).collect();
            let value = self.concat(&below, axes[axis]);
            return self.permute(value, &axes);
        }
        let mut dims = self.dims(parts[0]).to_vec();
        dims[axis] = parts.iter().map(|&part| self.dims(part)[axis]).sum();
        let kind = self.values[parts[0]].kind;
        self.push(Instr::Concat { axis }, parts, &dims, kind)
    }

    pub fn pad(&mut self, x: Id, axis: usize, [before, after]: [usize; 2], value: f32) -> Id {
        let mut dims = self.dims(x).to_vec();
        if before + after == 0 {
            return x;
        }
        if let Instr::Permute { axes } = self.values[x].instr.clone() {
            let below = self.pad(self.values[x].inputs[0], axes[axis], [before, after], value);
            return self.permute(below, &axes);
        }
        dims[axis] += before + after;
        let instr = Instr::Pad { axis, before, value: value.to_bits() };
        self.push(instr, &[x], &dims, Kind::Float)
    }

    /// The product of `a` and `b`, each transposed in its last two axes where told so.
    pub fn matmul(&mut self, a: Id, b: Id, transposed: [bool; 2]) -> Id {
        let ([a, b], transposed) = self.transposed([a, b], transposed);
        let (x, y) = (self.dims(a).to_vec(), self.dims(b).to_vec());
        let core = |dims: &[usize], transposed: bool| {
            let core = [dims[dims.len() - 2], dims[dims.len() - 1]];
            if transposed { [core[1], core[0]] } else { core }
        };
        let [m, k] = core(&x, transposed[0]);
        let [_, n] = core(&y, transposed[1]);
        if y.len() == 2 && x.len() > 2 && !transposed[0] {
            // A shared right side turns the leading axes of the left one into rows of one product.
            let rows = x[..x.len() - 1].iter().product();
            let flat = self.reshape(a, &[rows, k]);
            let value = self.matmul(flat, b, transposed);
            return self.reshape(value, &[&x[..x.len() - 1], &[n]].concat());
        }
        let mut dims = broadcast(&x[..x.len() - 2], &y[..y.len() - 2]);
        dims.extend([m, n]);
        self.push(Instr::MatMul { transposed }, &[a, b], &dims, Kind::Float)
    }

    /// Takes transpositions of the operands into the product.
    fn transposed(&self, mut sides: [Id; 2], mut flags: [bool; 2]) -> ([Id; 2], [bool; 2]) {
        for (side, flag) in sides.iter_mut().zip(&mut flags) {
            let Instr::Permute { axes } = &self.values[*side].instr else { continue };
            let rank = axes.len();
            let lead = (0..rank - 2).all(|axis| axes[axis] == axis);
            if lead && axes[rank - 2] == rank - 1 {
                *side = self.values[*side].inputs[0];
                *flag = !*flag;
            }
        }
        (sides, flags)
    }
}

/// Whether a sum over all axes but the last is taken of each item first: in the pass that computes the item, and in
/// common with sums that are needed of items.
fn items_first(dims: &[usize], axes: &[usize]) -> bool {
    let last = dims.len() - 1;
    last >= 2
        && axes.iter().copied().eq(0..last)
        && dims[0] > 1
        && dims[last] > 1
        && dims[1..last].iter().any(|&size| size > 1)
}

/// NumPy broadcasting of shapes that are known to agree.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let at = |dims: &[usize], axis: usize| match (axis + dims.len()).checked_sub(rank) {
        Some(axis) => dims[axis],
        None => 1,
    };
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (1, size) => size,
            (size, _) => size,
        })
        .collect()
}

pub(crate) fn inverse(axes: &[usize]) -> Vec<usize> {
    let mut back = vec![0; axes.len()];
    for (to, &from) in axes.iter().enumerate() {
        back[from] = to;
    }
    back
}
