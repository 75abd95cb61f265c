//! One kernel of a plan, and how it runs.

#![expect(unsafe_code, reason = "kernels read and write places in one arena")]

use workbench_graph::{Distribution, Pooling};

use super::program::Kind;
use crate::geometry::Geometry;
use crate::kernels::conv;
use crate::kernels::map::{self, Code};
use crate::kernels::place::{self, Lanes};
use crate::kernels::product::{self, Finish, Matrix, Size};
use crate::kernels::reduce::{self, Fold, Runs};
use crate::kernels::{Source, Target, movement, window};
use crate::noise::{self, Key};

pub(crate) struct Kernel {
    pub work: Work,
    /// The graph's node that it is for.
    pub origin: Option<usize>,
    pub backward: bool,
}

/// So many elements at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub place: Place,
    pub len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// From this number of the arena on.
    Arena(usize),
    Param(usize),
    Input(usize),
    Knob(usize),
    Override(usize),
}

/// What happens to a product's result as it is stored.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Epilogue {
    pub bias: Option<Slot>,
    pub relu: bool,
    pub gate: Option<Slot>,
}

impl Epilogue {
    fn finish<'a>(&self, c: &Context<'a>) -> Finish<'a> {
        let read = |slot: Slot| c.source(slot).slice();
        let (bias, gate) = (self.bias.map(read), self.gate.map(read));
        Finish { accumulate: false, bias, relu: self.relu, gate }
    }
}

pub(crate) enum Work {
    Fill {
        out: Slot,
        value: f32,
    },
    Map {
        code: Code,
        operands: Vec<Slot>,
        outputs: Vec<Slot>,
    },
    MatMul {
        out: Slot,
        a: Slot,
        b: Slot,
        size: Size,
        transposed: [bool; 2],
        /// The leading axes, and how far apart their products' operands lie.
        lead: Vec<usize>,
        steps: [Vec<usize>; 2],
        epilogue: Epilogue,
        scratch: Slot,
    },
    Conv {
        out: Slot,
        x: Slot,
        weight: Slot,
        geometry: Geometry,
        epilogue: Epilogue,
        scratch: Slot,
    },
    ConvInput {
        out: Slot,
        y: Slot,
        weight: Slot,
        geometry: Geometry,
        epilogue: Epilogue,
        scratch: Slot,
    },
    ConvWeight {
        out: Slot,
        x: Slot,
        y: Slot,
        geometry: Geometry,
        scratch: Slot,
    },
    Reduce {
        out: Slot,
        x: Slot,
        fold: Fold,
        runs: Runs,
        scratch: Slot,
    },
    Rand {
        out: Slot,
        distribution: Distribution,
        node: u64,
    },
    Iota {
        out: Slot,
        size: usize,
        inner: usize,
    },
    Strided {
        out: Slot,
        x: Slot,
        start: usize,
        dims: Vec<usize>,
        steps: Vec<usize>,
        kind: Kind,
    },
    /// Parts as (slot, block, where in the row).
    Place {
        out: Slot,
        parts: Vec<(Slot, usize, usize)>,
        row: usize,
        kind: Kind,
        fill: Option<f32>,
    },
    ToFloat {
        out: Slot,
        x: Slot,
    },
    ToInteger {
        out: Slot,
        x: Slot,
    },
    ToByte {
        out: Slot,
        x: Slot,
        kind: Kind,
    },
    EqualIntegers {
        out: Slot,
        a: Slot,
        b: Slot,
    },
    CumSum {
        out: Slot,
        x: Slot,
        lanes: Lanes,
        from_last: bool,
    },
    ArgMax {
        out: Slot,
        x: Slot,
        lanes: Lanes,
    },
    ArgSort {
        out: Slot,
        x: Slot,
        lanes: Lanes,
        descending: bool,
    },
    Gather {
        out: Slot,
        x: Slot,
        index: Slot,
        dims: [Vec<usize>; 2],
        axis: usize,
        kind: Kind,
    },
    Scatter {
        out: Slot,
        grad: Slot,
        index: Slot,
        dims: [Vec<usize>; 2],
        axis: usize,
    },
    Take {
        out: Slot,
        x: Slot,
        index: Slot,
        lanes: Lanes,
        axis: usize,
        kind: Kind,
    },
    Put {
        out: Slot,
        grad: Slot,
        index: Slot,
        lanes: Lanes,
    },
    Pool {
        out: Slot,
        x: Slot,
        pooling: Pooling,
        geometry: Geometry,
    },
    PoolGradient {
        out: Slot,
        x: Slot,
        grad: Slot,
        pooling: Pooling,
        geometry: Geometry,
    },
}

/// Memory for the values of a run. Buffers start on cache lines, so that whole numbers are aligned as well.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Line(#[expect(dead_code, reason = "only its room counts")] [f32; LINE]);

/// Numbers of f32 in a line.
pub(crate) const LINE: usize = 16;

/// Where an arena begins, and how many numbers it holds.
#[derive(Clone, Copy)]
pub(crate) struct Arena(Target);

impl Arena {
    pub fn of(lines: &mut [Line]) -> Arena {
        let len = lines.len() * LINE;
        // SAFETY: lines are f32 one after the other; the run that uses them holds the lock on them.
        Arena(unsafe { Target::new(lines.as_mut_ptr().cast(), len) })
    }

    fn at(self, start: usize, len: usize) -> *mut f32 {
        // SAFETY: only the address is taken; the slots that compilation gave out at one time do not overlap.
        unsafe { self.0.part(start, len) }.as_mut_ptr()
    }
}

/// What one run reads, and the memory that it works in.
pub(crate) struct Context<'a> {
    pub arena: Arena,
    pub params: &'a [Vec<f32>],
    pub inputs: &'a [Option<Fed>],
    pub knobs: &'a [f32],
    pub overrides: &'a [(usize, &'a [f32])],
    pub noise: crate::interpreter::Noise<'a>,
}

/// An input's numbers.
#[derive(Clone, Debug)]
pub(crate) enum Fed {
    Float(Vec<f32>),
    Integer(Vec<i64>),
}

impl Context<'_> {
    /// Numbers at a slot.
    pub fn source(&self, slot: Slot) -> Source {
        match slot.place {
            // SAFETY: the arena holds every slot; a kernel's inputs are not its outputs.
            Place::Arena(start) => unsafe { Source::new(self.arena.at(start, slot.len), slot.len) },
            Place::Param(index) => Source::of(&self.params[index]),
            Place::Knob(index) => Source::of(&self.knobs[index..=index]),
            Place::Input(index) => match &self.inputs[index] {
                Some(Fed::Float(data)) => Source::of(data),
                _ => Source::of(&[]),
            },
            Place::Override(node) => {
                let given = self.overrides.iter().find(|(id, _)| *id == node);
                Source::of(given.map_or(&[], |(_, data)| data))
            }
        }
    }

    fn whole(&self, slot: Slot) -> Source<i64> {
        match slot.place {
            // SAFETY: as for floats; whole numbers have two places each, and start on cache lines.
            Place::Arena(start) => unsafe {
                Source::new(self.arena.at(start, 2 * slot.len).cast(), slot.len)
            },
            Place::Input(index) => match &self.inputs[index] {
                Some(Fed::Integer(data)) => Source::of(data),
                _ => Source::of(&[]),
            },
            _ => Source::of(&[]),
        }
    }

    fn target(&self, slot: Slot) -> Target {
        match slot.place {
            // SAFETY: the arena holds every slot, and only this kernel uses this one now.
            Place::Arena(start) => unsafe { Target::new(self.arena.at(start, slot.len), slot.len) },
            _ => Target::of(&mut []),
        }
    }

    /// A kernel's result, for kernels of one task.
    fn all<'a>(&self, slot: Slot) -> &'a mut [f32] {
        // SAFETY: each kernel asks once for each of its results.
        unsafe { self.target(slot).whole() }
    }

    fn all_whole<'a>(&self, slot: Slot) -> &'a mut [i64] {
        // SAFETY: as above.
        unsafe { self.whole_target(slot).whole() }
    }

    fn whole_target(&self, slot: Slot) -> Target<i64> {
        match slot.place {
            // SAFETY: as above.
            Place::Arena(start) => unsafe {
                Target::new(self.arena.at(start, 2 * slot.len).cast(), slot.len)
            },
            _ => Target::of(&mut []),
        }
    }
}

impl Work {
    /// # Errors
    /// An index that is out of range.
    pub fn run(&self, c: &Context) -> Result<(), String> {
        match self {
            Work::Fill { out, value } => c.all(*out).fill(*value),
            Work::Map { code, operands, outputs } => {
                let operands: Vec<Source> = operands.iter().map(|&slot| c.source(slot)).collect();
                let outputs: Vec<Target> = outputs.iter().map(|&slot| c.target(slot)).collect();
                map::run(code, &operands, &outputs);
            }
            Work::MatMul { out, a, b, size, transposed, lead, steps, epilogue, scratch } => {
                let finish = epilogue.finish(c);
                let (x, y) = (c.source(*a).slice(), c.source(*b).slice());
                let side = |data, [rows, columns]: [usize; 2], transposed: bool| match transposed {
                    false => Matrix::rows(data, columns),
                    true => Matrix::rows(data, rows).transposed(),
                };
                let (a, b) = (
                    side(x, [size.m, size.k], transposed[0]),
                    side(y, [size.k, size.n], transposed[1]),
                );
                if lead.iter().product::<usize>() == 1 {
                    product::product(
                        c.target(*out),
                        size.n,
                        *size,
                        a,
                        b,
                        finish,
                        c.target(*scratch),
                    );
                } else {
                    product::batched(c.target(*out), lead, *size, [a, b], steps, finish);
                }
            }
            Work::Conv { out, x, weight, geometry, epilogue, scratch } => {
                let finish = epilogue.finish(c);
                let (x, weight) = (c.source(*x), c.source(*weight));
                conv::forward(geometry, c.target(*out), x, weight, finish, c.target(*scratch));
            }
            Work::ConvInput { out, y, weight, geometry, epilogue, scratch } => {
                let finish = epilogue.finish(c);
                let (y, weight) = (c.source(*y), c.source(*weight));
                conv::input(geometry, c.target(*out), y, weight, finish, c.target(*scratch));
            }
            Work::ConvWeight { out, x, y, geometry, scratch } => {
                let (x, y) = (c.source(*x), c.source(*y));
                conv::weight(geometry, c.target(*out), x, y, c.target(*scratch));
            }
            Work::Reduce { out, x, fold, runs, scratch } => {
                reduce::reduce(*fold, c.target(*out), c.source(*x), runs, c.target(*scratch));
            }
            Work::Rand { out, distribution, node } => {
                let key = Key::new(c.noise.seed, c.noise.purpose, c.noise.draw, *node);
                noise::fill(*distribution, key, c.all(*out));
            }
            Work::Iota { out, size, inner } => {
                for (i, x) in c.all(*out).iter_mut().enumerate() {
                    *x = (i / inner % size) as f32;
                }
            }
            Work::Strided { out, x, start, dims, steps, kind } => match kind {
                Kind::Float => {
                    movement::strided(c.target(*out), c.source(*x), *start, dims, steps);
                }
                Kind::Integer => {
                    movement::strided(c.whole_target(*out), c.whole(*x), *start, dims, steps);
                }
            },
            Work::Place { out, parts, row, kind, fill } => {
                if let Some(value) = fill {
                    c.all(*out).fill(*value);
                }
                for &(x, block, from) in parts {
                    match kind {
                        Kind::Float => {
                            movement::place_blocks(c.target(*out), c.source(x), block, *row, from);
                        }
                        Kind::Integer => {
                            let (out, x) = (c.whole_target(*out), c.whole(x));
                            movement::place_blocks(out, x, block, *row, from);
                        }
                    }
                }
            }
            Work::ToFloat { out, x } => {
                let x = c.whole(*x).slice();
                c.all(*out).iter_mut().zip(x).for_each(|(out, &x)| *out = x as f32);
            }
            Work::ToInteger { out, x } => {
                let x = c.source(*x).slice();
                c.all_whole(*out).iter_mut().zip(x).for_each(|(out, &x)| *out = x as i64);
            }
            Work::ToByte { out, x, kind } => {
                let out = c.all_whole(*out).iter_mut();
                match kind {
                    Kind::Float => {
                        let x = c.source(*x).slice();
                        out.zip(x).for_each(|(out, &x)| *out = i64::from(x as u8));
                    }
                    Kind::Integer => {
                        let x = c.whole(*x).slice();
                        out.zip(x).for_each(|(out, &x)| *out = i64::from(x as u8));
                    }
                }
            }
            Work::EqualIntegers { out, a, b } => {
                let pairs = c.whole(*a).slice().iter().zip(c.whole(*b).slice());
                let out = c.all(*out).iter_mut();
                out.zip(pairs).for_each(|(out, (a, b))| *out = f32::from(u8::from(a == b)));
            }
            Work::CumSum { out, x, lanes, from_last } => {
                place::cumsum(c.target(*out), c.source(*x), *lanes, *from_last);
            }
            Work::ArgMax { out, x, lanes } => {
                place::argmax(c.whole_target(*out), c.source(*x), *lanes);
            }
            Work::ArgSort { out, x, lanes, descending } => {
                place::argsort(c.whole_target(*out), c.source(*x), *lanes, *descending);
            }
            Work::Gather { out, x, index, dims, axis, kind } => {
                let index = c.whole(*index);
                place::check(index, *axis, dims[0][*axis])?;
                let dims = [&dims[0][..], &dims[1][..]];
                match kind {
                    Kind::Float => {
                        place::gather(c.target(*out), c.source(*x), index, dims, *axis);
                    }
                    Kind::Integer => {
                        place::gather(c.whole_target(*out), c.whole(*x), index, dims, *axis);
                    }
                }
            }
            Work::Scatter { out, grad, index, dims, axis } => {
                let dims = [&dims[0][..], &dims[1][..]];
                place::scatter(c.target(*out), c.source(*grad), c.whole(*index), dims, *axis);
            }
            Work::Take { out, x, index, lanes, axis, kind } => {
                let index = c.whole(*index);
                place::check(index, *axis, lanes.size)?;
                match kind {
                    Kind::Float => place::take(c.target(*out), c.source(*x), index, *lanes),
                    Kind::Integer => {
                        place::take(c.whole_target(*out), c.whole(*x), index, *lanes);
                    }
                }
            }
            Work::Put { out, grad, index, lanes } => {
                place::put(c.target(*out), c.source(*grad), c.whole(*index), *lanes);
            }
            Work::Pool { out, x, pooling, geometry } => {
                window::pool(*pooling, geometry, c.target(*out), c.source(*x));
            }
            Work::PoolGradient { out, x, grad, pooling, geometry } => {
                let (x, grad) = (c.source(*x), c.source(*grad));
                window::gradient(*pooling, geometry, c.target(*out), x, grad);
            }
        }
        Ok(())
    }

    /// What it is called in a profile.
    pub fn name(&self) -> &'static str {
        match self {
            Work::Map { .. } => "map",
            Work::MatMul { .. } => "product",
            Work::Conv { .. } => "conv",
            Work::ConvInput { .. } => "conv input",
            Work::ConvWeight { .. } => "conv weight",
            Work::Reduce { .. } => "reduce",
            Work::Rand { .. } => "noise",
            Work::Pool { .. } | Work::PoolGradient { .. } => "pool",
            Work::Strided { .. } | Work::Place { .. } => "move",
            _ => "other",
        }
    }

    /// Floating-point operations of products; other kernels count as none.
    pub fn flops(&self) -> u64 {
        match self {
            Work::MatMul { size, lead, .. } => {
                2 * (size.m * size.n * size.k * lead.iter().product::<usize>()) as u64
            }
            Work::Conv { geometry, .. }
            | Work::ConvInput { geometry, .. }
            | Work::ConvWeight { geometry, .. } => 2 * geometry.work() as u64,
            _ => 0,
        }
    }
}
