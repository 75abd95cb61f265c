//! Reverse-mode differentiation of a program: the gradient is more of the same program.
//!
//! A gradient may be smaller than its value: it then stands for itself spread over the value's shape, so that the
//! gradient of a mean is one number until something needs it whole.

use std::collections::BTreeMap;

use workbench_graph::{Binary, Unary};

use super::program::{Id, Instr, Kind, Program, inverse};
use crate::kernels::map::Map;
use crate::kernels::reduce::Fold;

/// The gradients of the mean over all elements of `loss` with respect to `wanted`, each in its value's shape; `None`
/// where the loss does not depend on it.
pub(crate) fn gradients(p: &mut Program, loss: Id, wanted: &[Id]) -> Vec<Option<Id>> {
    p.backward = true;
    let mut needs = vec![false; loss + 1];
    wanted.iter().filter(|&&id| id <= loss).for_each(|&id| needs[id] = true);
    for id in 0..=loss {
        needs[id] |= p.values[id].inputs.iter().any(|&input| needs[input]);
    }
    let mut gradients = Gradients { p, of: BTreeMap::new(), needs };
    if gradients.needs[loss] {
        let seed = 1.0 / gradients.p.elements(loss) as f32;
        let seed = gradients.p.constant(seed);
        gradients.of.insert(loss, seed);
    }
    for id in (0..=loss).rev() {
        if gradients.needs[id]
            && let Some(&gradient) = gradients.of.get(&id)
        {
            gradients.p.origin = gradients.p.values[id].origin;
            gradients.pull(id, gradient);
        }
    }
    let Gradients { p, of, .. } = gradients;
    let result = wanted
        .iter()
        .map(|&id| {
            let gradient = *of.get(&id)?;
            p.origin = p.values[id].origin;
            let dims = p.dims(id).to_vec();
            Some(p.spread(gradient, &dims))
        })
        .collect();
    (p.backward, p.origin) = (false, None);
    result
}

struct Gradients<'a> {
    p: &'a mut Program,
    of: BTreeMap<Id, Id>,
    needs: Vec<bool>,
}

impl Gradients<'_> {
    fn add(&mut self, to: Id, gradient: Id) {
        let sum = match self.of.get(&to) {
            Some(&there) => self.p.binary(Binary::Add, there, gradient),
            None => gradient,
        };
        self.of.insert(to, sum);
    }

    /// The gradient in the shape of its value.
    fn whole(&mut self, gradient: Id, of: Id) -> Id {
        let dims = self.p.dims(of).to_vec();
        self.p.spread(gradient, &dims)
    }

    /// Passes the gradient of a value on to what it was computed from.
    fn pull(&mut self, id: Id, g: Id) {
        let value = self.p.values[id].clone();
        let args = &value.inputs;
        let needs = |place: usize| self.needs[args[place]];
        match &value.instr {
            Instr::Map(Map::Same) => self.spread_back(g, id, args[0]),
            Instr::Map(Map::Unary(op)) => {
                if let Some(gradient) = self.unary(*op, args[0], id, g) {
                    self.spread_back(gradient, id, args[0]);
                }
            }
            Instr::Map(Map::Binary(op)) => {
                for side in 0..2 {
                    if self.needs[args[side]]
                        && let Some(gradient) = self.binary(*op, side, [args[0], args[1]], id, g)
                    {
                        self.spread_back(gradient, id, args[side]);
                    }
                }
            }
            Instr::Map(Map::Select) => {
                let zero = self.p.constant(0.0);
                if needs(1) {
                    let gradient = self.p.map(Map::Select, &[args[0], g, zero]);
                    self.spread_back(gradient, id, args[1]);
                }
                if self.needs[args[2]] {
                    let gradient = self.p.map(Map::Select, &[args[0], zero, g]);
                    self.spread_back(gradient, id, args[2]);
                }
            }
            Instr::Reduce { fold, axes } => self.reduce(*fold, axes, args[0], id, g),
            Instr::Reshape => {
                let gradient = if self.p.elements(g) == 1 {
                    self.p.reshape(g, &[])
                } else {
                    let g = self.whole(g, id);
                    let dims = self.p.dims(args[0]).to_vec();
                    self.p.reshape(g, &dims)
                };
                self.add(args[0], gradient);
            }
            Instr::Permute { axes } => {
                let gradient = if self.p.elements(g) == 1 {
                    g
                } else {
                    let g = self.whole(g, id);
                    self.p.permute(g, &inverse(axes))
                };
                self.add(args[0], gradient);
            }
            Instr::Slice { axis, start } => {
                let (from, to) = (self.p.dims(args[0])[*axis], value.dims[*axis]);
                let g = self.whole(g, id);
                let gradient = self.p.pad(g, *axis, [*start, from - start - to], 0.0);
                self.add(args[0], gradient);
            }
            Instr::Concat { axis } => {
                let g = self.whole(g, id);
                let mut start = 0;
                for &arg in args {
                    let length = self.p.dims(arg)[*axis];
                    if self.needs[arg] {
                        let gradient = self.p.slice(g, *axis, start, length);
                        self.add(arg, gradient);
                    }
                    start += length;
                }
            }
            Instr::Pad { axis, before, .. } => {
                let length = self.p.dims(args[0])[*axis];
                let g = self.whole(g, id);
                let gradient = self.p.slice(g, *axis, *before, length);
                self.add(args[0], gradient);
            }
            Instr::CumSum { axis, from_last } => {
                let g = self.whole(g, id);
                let instr = Instr::CumSum { axis: *axis, from_last: !from_last };
                let gradient = self.p.push(instr, &[g], &value.dims, Kind::Float);
                self.add(args[0], gradient);
            }
            Instr::Gather { axis } if needs(0) => {
                let g = self.whole(g, id);
                let dims = self.p.dims(args[0]).to_vec();
                let instr = Instr::Scatter { axis: *axis };
                let gradient = self.p.push(instr, &[g, args[1]], &dims, Kind::Float);
                self.add(args[0], gradient);
            }
            Instr::Take { axis } if needs(0) => {
                let g = self.whole(g, id);
                let dims = self.p.dims(args[0]).to_vec();
                let instr = Instr::Put { axis: *axis };
                let gradient = self.p.push(instr, &[g, args[1]], &dims, Kind::Float);
                self.add(args[0], gradient);
            }
            Instr::MatMul { transposed } => {
                let g = self.whole(g, id);
                let ([a, b], [ta, tb]) = ([args[0], args[1]], *transposed);
                if self.needs[a] {
                    let gradient = match ta {
                        false => self.p.matmul(g, b, [false, !tb]),
                        true => self.p.matmul(b, g, [tb, true]),
                    };
                    self.sum_leading(gradient, a);
                }
                if self.needs[b] {
                    let gradient = match tb {
                        false => self.p.matmul(a, g, [!ta, false]),
                        true => self.p.matmul(g, a, [true, ta]),
                    };
                    self.sum_leading(gradient, b);
                }
            }
            Instr::Conv(geometry) => {
                let g = self.whole(g, id);
                let (x, weight) = (args[0], args[1]);
                if self.needs[x] {
                    self.product(Instr::ConvInput(*geometry), [g, weight], x);
                }
                if self.needs[weight] {
                    self.product(Instr::ConvWeight(*geometry), [x, g], weight);
                }
            }
            Instr::ConvInput(geometry) => {
                let g = self.whole(g, id);
                let (y, weight) = (args[0], args[1]);
                if self.needs[y] {
                    self.product(Instr::Conv(*geometry), [g, weight], y);
                }
                if self.needs[weight] {
                    self.product(Instr::ConvWeight(*geometry), [g, y], weight);
                }
            }
            Instr::Pool { pooling, geometry } => {
                let g = self.whole(g, id);
                let instr = Instr::PoolGradient { pooling: *pooling, geometry: *geometry };
                self.product(instr, [args[0], g], args[0]);
            }
            // What nothing flows through, and what only gradients are made of.
            _ => {}
        }
    }

    fn product(&mut self, instr: Instr, args: [Id; 2], of: Id) {
        let dims = self.p.dims(of).to_vec();
        let gradient = self.p.push(instr, &args, &dims, Kind::Float);
        self.add(of, gradient);
    }

    fn unary(&mut self, op: Unary, x: Id, y: Id, g: Id) -> Option<Id> {
        let p = &mut *self.p;
        let one = p.constant(1.0);
        let slope = match op {
            Unary::Neg => return Some(p.unary(Unary::Neg, g)),
            Unary::Log => return Some(p.binary(Binary::Div, g, x)),
            Unary::Log1p => {
                let shifted = p.binary(Binary::Add, one, x);
                return Some(p.binary(Binary::Div, g, shifted));
            }
            Unary::Sqrt => {
                let half = p.scale(g, 0.5);
                return Some(p.binary(Binary::Div, half, y));
            }
            Unary::Relu => {
                let zero = p.constant(0.0);
                let passes = p.binary(Binary::Lt, zero, y);
                return Some(p.map(Map::Select, &[passes, g, zero]));
            }
            Unary::Sign | Unary::Floor => return None,
            Unary::Exp => y,
            Unary::Abs => p.unary(Unary::Sign, x),
            Unary::Sin => p.unary(Unary::Cos, x),
            Unary::Cos => {
                let sin = p.unary(Unary::Sin, x);
                p.unary(Unary::Neg, sin)
            }
            Unary::Tanh => {
                let square = p.binary(Binary::Mul, y, y);
                p.binary(Binary::Sub, one, square)
            }
            Unary::Erf => {
                let square = p.binary(Binary::Mul, x, x);
                let power = p.unary(Unary::Neg, square);
                let bell = p.unary(Unary::Exp, power);
                p.scale(bell, std::f32::consts::FRAC_2_SQRT_PI)
            }
            Unary::Sigmoid => {
                let rest = p.binary(Binary::Sub, one, y);
                p.binary(Binary::Mul, y, rest)
            }
            Unary::Softplus => p.unary(Unary::Sigmoid, x),
        };
        Some(self.p.binary(Binary::Mul, g, slope))
    }

    fn binary(&mut self, op: Binary, side: usize, [a, b]: [Id; 2], y: Id, g: Id) -> Option<Id> {
        let p = &mut *self.p;
        Some(match (op, side) {
            (Binary::Add, _) | (Binary::Sub, 0) => g,
            (Binary::Sub, _) => p.unary(Unary::Neg, g),
            (Binary::Mul, 0) => p.binary(Binary::Mul, g, b),
            (Binary::Mul, _) => p.binary(Binary::Mul, g, a),
            (Binary::Div, 0) => p.binary(Binary::Div, g, b),
            (Binary::Div, _) => {
                let product = p.binary(Binary::Mul, g, y);
                let quotient = p.binary(Binary::Div, product, b);
                p.unary(Unary::Neg, quotient)
            }
            (Binary::Pow, 0) => {
                let one = p.constant(1.0);
                let less = p.binary(Binary::Sub, b, one);
                let power = p.binary(Binary::Pow, a, less);
                let slope = p.binary(Binary::Mul, b, power);
                p.binary(Binary::Mul, g, slope)
            }
            (Binary::Pow, _) => {
                let log = p.unary(Unary::Log, a);
                let slope = p.binary(Binary::Mul, y, log);
                p.binary(Binary::Mul, g, slope)
            }
            (Binary::Max | Binary::Min, _) => {
                let (own, other) = if side == 0 { (a, b) } else { (b, a) };
                let wins = match op {
                    Binary::Max => p.binary(Binary::Lt, other, own),
                    _ => p.binary(Binary::Lt, own, other),
                };
                let ties = p.binary(Binary::Eq, own, other);
                let half = p.scale(ties, 0.5);
                let share = p.binary(Binary::Add, wins, half);
                p.binary(Binary::Mul, g, share)
            }
            (Binary::Lt | Binary::Eq, _) => return None,
        })
    }

    fn reduce(&mut self, fold: Fold, axes: &[usize], x: Id, y: Id, g: Id) {
        // With the reduced axes as ones, so that both spread over x.
        let across = |p: &mut Program, id: Id| {
            let lead = p.dims(y).len() - p.dims(id).len();
            let padded: Vec<usize> =
                std::iter::repeat_n(1, lead).chain(p.dims(id).iter().copied()).collect();
            let mut kept = padded.into_iter();
            let dims: Vec<usize> = (0..p.dims(x).len())
                .map(|axis| if axes.contains(&axis) { 1 } else { kept.next().unwrap_or(1) })
                .collect();
            p.reshape(id, &dims)
        };
        let g = across(self.p, g);
        let gradient = match fold {
            Fold::Sum => g,
            Fold::Max | Fold::Min => {
                let best = across(self.p, y);
                let ties = self.p.binary(Binary::Eq, x, best);
                let count = self.p.reduce(Fold::Sum, ties, axes);
                let count = across(self.p, count);
                let share = self.p.binary(Binary::Div, g, count);
                self.p.binary(Binary::Mul, ties, share)
            }
        };
        self.add(x, gradient);
    }

    /// Sums a gradient over what an operand was spread to.
    fn spread_back(&mut self, g: Id, value: Id, operand: Id) {
        if !self.needs[operand] {
            return;
        }
        let to = self.p.dims(value).to_vec();
        let gradient = sum_to(self.p, g, &to, operand);
        self.add(operand, gradient);
    }

    fn sum_leading(&mut self, gradient: Id, operand: Id) {
        let to = self.p.dims(gradient).to_vec();
        let gradient = sum_to(self.p, gradient, &to, operand);
        self.add(operand, gradient);
    }
}

/// The sum of `g`, which stands for its values spread to `to`, over the axes along which `operand` was spread.
fn sum_to(p: &mut Program, g: Id, to: &[usize], operand: Id) -> Id {
    let pad = |dims: &[usize]| -> Vec<usize> {
        let lead = to.len() - dims.len();
        std::iter::repeat_n(1, lead).chain(dims.iter().copied()).collect()
    };
    let (from, own) = (pad(p.dims(g)), pad(p.dims(operand)));
    let mut factor = 1;
    let mut axes = Vec::new();
    for axis in 0..to.len() {
        if own[axis] == 1 && to[axis] != 1 {
            match from[axis] {
                1 => factor *= to[axis],
                _ => axes.push(axis),
            }
        }
    }
    let lead = to.len() - p.dims(operand).len();
    let dims: Vec<usize> =
        (lead..to.len()).map(|axis| if axes.contains(&axis) { 1 } else { from[axis] }).collect();
    let mut sum = p.reshape(g, &from);
    if !axes.is_empty() {
        sum = p.reduce(Fold::Sum, sum, &axes);
    }
    // One number serves every shape.
    sum = if dims.iter().all(|&size| size == 1) {
        p.reshape(sum, &[])
    } else {
        p.reshape(sum, &dims)
    };
    if factor == 1 { sum } else { p.scale(sum, factor as f32) }
}
