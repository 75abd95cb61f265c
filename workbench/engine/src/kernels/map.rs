//! Elementwise code: several ops in one pass over their operands.
//!
//! The code runs tile by tile: a tile's numbers stay in the first-level cache from op to op, and each op is a loop
//! that the compiler has turned into vectors. Sums over the last axes are taken along the way.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

use pulp::{Arch, Simd, WithSimd};
use workbench_graph::{Binary, Unary};

use super::layout::Layout;
use super::threads::parallel;
use super::{Source, Target, math, scratch};

/// What one step computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Map {
    /// The operand itself, spread to the shape of the result.
    Same,
    Unary(Unary),
    Binary(Binary),
    /// The second where the first is not zero, else the third.
    Select,
}

/// Straight-line code over one iteration space.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// Elements of the iteration space.
    pub elements: usize,
    pub operands: Vec<Access>,
    pub steps: Vec<Step>,
    /// How many tiles hold results on the way.
    pub tiles: usize,
    /// Where results go, by step.
    pub stores: Vec<Store>,
    /// What is summed along the way.
    pub summed: Summed,
}

/// Sums of blocks of the iteration space, each `[count, columns]`, down its columns: of rows, where there is one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summed {
    pub count: usize,
    pub columns: usize,
}

impl Summed {
    pub const NONE: Summed = Summed { count: 1, columns: 1 };

    /// Elements of a block.
    pub fn block(self) -> usize {
        self.count * self.columns
    }
}

/// How an operand is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Access {
    /// As many elements as there are iterations, in their order.
    Direct,
    /// One number for all.
    Scalar,
    /// Sizes of the iteration space, and the operand's strides along them: 0 where it is spread.
    Spread { dims: Vec<usize>, strides: Vec<usize> },
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub map: Map,
    pub args: [Arg; 3],
    /// The tile that the result goes to, unless it goes to memory.
    pub tile: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arg {
    Operand(usize),
    /// The result of an earlier step.
    Step(usize),
    Constant(f32),
    /// Of ops with fewer operands.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Store {
    /// Each element, to the output of this number.
    Elements { step: usize, output: usize },
    /// The sums of each block.
    Sums { step: usize, output: usize },
}

/// Elements of a tile: some of them fit the first-level cache together.
const TILE: usize = 512;
/// Elements that one task computes, about.
const TASK: usize = 1 << 14;

/// Runs the code.
pub(crate) fn run(code: &Code, operands: &[Source], outputs: &[Target]) {
    // Whole blocks a task, so that sums have one order.
    let block = code.summed.block();
    let task = TASK.div_ceil(block) * block;
    let cost = code.elements * code.steps.len();
    if cost < 1 << 15 {
        span(code, operands, outputs, 0, code.elements);
        return;
    }
    parallel(code.elements.div_ceil(task), |index| {
        let from = index * task;
        span(code, operands, outputs, from, task.min(code.elements - from));
    });
}

/// Elements `from .. from + len`; whole blocks where blocks are summed.
fn span(code: &Code, operands: &[Source], outputs: &[Target], from: usize, len: usize) {
    // Constants and scalars are tiles that are filled once; operands that are spread have a tile to be laid out in.
    let constants = code.steps.len() * 3;
    let extra = operands.len() + code.tiles;
    let sums = MAX_SUMS * code.summed.columns;
    scratch::with((extra + constants) * TILE + sums, |tiles| {
        let (sums, tiles) = tiles.split_at_mut(sums);
        let (loaded, rest) = tiles.split_at_mut(operands.len() * TILE);
        let (kept, constants) = rest.split_at_mut(code.tiles * TILE);
        let work = Span { code, operands, outputs, from, len, loaded, kept, constants, sums };
        Arch::new().dispatch(work);
    });
}

struct Span<'a> {
    code: &'a Code,
    operands: &'a [Source],
    outputs: &'a [Target],
    from: usize,
    len: usize,
    loaded: &'a mut [f32],
    kept: &'a mut [f32],
    constants: &'a mut [f32],
    /// Of columns, as far as their block is through.
    sums: &'a mut [f32],
}

impl WithSimd for Span<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Span { code, operands, outputs, from, len, loaded, kept, constants, sums: down } = self;
        for (index, access) in code.operands.iter().enumerate() {
            if *access == Access::Scalar {
                loaded[index * TILE..][..TILE].fill(operands[index].slice()[0]);
            }
        }
        for (index, step) in code.steps.iter().enumerate() {
            for (place, arg) in step.args.iter().enumerate() {
                if let Arg::Constant(x) = arg {
                    constants[(index * 3 + place) * TILE..][..TILE].fill(*x);
                }
            }
        }
        let mut layouts: Vec<Layout> = code.operands.iter().map(Layout::new).collect();
        let (Summed { count: row, columns }, block) = (code.summed, code.summed.block());
        let longest = tile_len(code, &layouts);
        let mut sums = [0f64; MAX_SUMS];
        let mut at = from;
        while at < from + len {
            let end = match columns > 1 || row > TILE {
                true => (at / block + 1) * block,
                false => from + len,
            };
            let n = longest.min(end - at);
            for (index, layout) in layouts.iter_mut().enumerate() {
                let tile = &mut loaded[index * TILE..][..n];
                layout.fill(tile, operands[index].slice(), at);
            }
            for (index, step) in code.steps.iter().enumerate() {
                let read = |place: usize| -> &[f32] {
                    let from: *const f32 = match step.args[place] {
                        Arg::Operand(o) if code.operands[o] == Access::Direct => {
                            operands[o].slice()[at..at + n].as_ptr()
                        }
                        Arg::Operand(o) => loaded[o * TILE..].as_ptr(),
                        Arg::Step(s) => match stored(code, s) {
                            // SAFETY: this task's own part, written by an earlier step.
                            Some(output) => unsafe { outputs[output].part(at, n).as_ptr() },
                            None => kept[code.steps[s].tile * TILE..].as_ptr(),
                        },
                        Arg::Constant(_) => constants[(index * 3 + place) * TILE..].as_ptr(),
                        Arg::None => loaded.as_ptr(),
                    };
                    let n = if step.args[place] == Arg::None { 0 } else { n };
                    // SAFETY: each holds at least n numbers; results are read after they are written.
                    unsafe { std::slice::from_raw_parts(from, n) }
                };
                let to: &mut [f32] = match stored(code, index) {
                    // SAFETY: this task's own part; no operand lies there.
                    Some(output) => unsafe { outputs[output].part(at, n) },
                    // SAFETY: a step's tile is none of those that it reads.
                    None => unsafe {
                        let tile = kept[step.tile * TILE..][..n].as_ptr();
                        std::slice::from_raw_parts_mut(tile.cast_mut(), n)
                    },
                };
                apply(step.map, to, read(0), read(1), read(2));
            }
            let mut summed = 0;
            for store in &code.stores {
                let Store::Sums { step, output } = *store else { continue };
                let values = match stored(code, step) {
                    // SAFETY: as above.
                    Some(output) => unsafe { &*outputs[output].part(at, n) },
                    None => &kept[code.steps[step].tile * TILE..][..n],
                };
                if columns > 1 {
                    let sums = &mut down[summed * columns..][..columns];
                    if at % block == 0 {
                        sums.fill(0.0);
                    }
                    add_rows(sums, values, at % columns);
                    if (at + n) % block == 0 {
                        // SAFETY: blocks are this task's own.
                        let out = unsafe { outputs[output].part(at / block * columns, columns) };
                        out.copy_from_slice(sums);
                    }
                    summed += 1;
                } else if row > TILE {
                    if at % row == 0 {
                        sums[summed] = 0.0;
                    }
                    sums[summed] += f64::from(sum(values));
                    if (at + n) % row == 0 {
                        // SAFETY: rows are this task's own.
                        unsafe { outputs[output].part(at / row, 1)[0] = sums[summed] as f32 };
                    }
                    summed += 1;
                } else {
                    // SAFETY: as above.
                    let out = unsafe { outputs[output].part(at / row, n / row) };
                    for (out, row) in out.iter_mut().zip(values.chunks_exact(row)) {
                        *out = sum(row);
                    }
                }
            }
            at += n;
        }
    }
}

/// Sums of as many different rows are taken in one pass.
pub(crate) const MAX_SUMS: usize = 8;

/// The output that holds a step's elements, where one does.
#[inline(always)]
fn stored(code: &Code, wanted: usize) -> Option<usize> {
    code.stores.iter().find_map(|store| match *store {
        Store::Elements { step, output } if step == wanted => Some(output),
        _ => None,
    })
}

/// Elements of a tile: whole rows of what is summed or spread, as far as one fits.
fn tile_len(code: &Code, layouts: &[Layout]) -> usize {
    let width = match code.summed {
        Summed::NONE => layouts.iter().map(|layout| layout.columns).max().unwrap_or(1),
        Summed { count, columns: 1 } => count,
        Summed { columns, .. } => columns,
    };
    if width > TILE { TILE } else { TILE / width * width }
}

/// Adds to the sums of columns what lies row by row, from column `first` on.
#[inline(always)]
fn add_rows(sums: &mut [f32], values: &[f32], first: usize) {
    let columns = sums.len();
    if first != 0 || !values.len().is_multiple_of(columns) {
        let (head, rest) = values.split_at((columns - first).min(values.len()));
        sums[first..].iter_mut().zip(head).for_each(|(sum, x)| *sum += x);
        for row in rest.chunks(columns) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        return;
    }
    let wide = add_columns::<32>(sums, values, 0);
    let narrow = add_columns::<8>(sums, values, wide);
    add_columns::<1>(sums, values, narrow);
}

/// So many columns at a time, in registers, from column `first` on; the result is the column after the last.
#[inline(always)]
fn add_columns<const LANES: usize>(sums: &mut [f32], values: &[f32], first: usize) -> usize {
    let columns = sums.len();
    let mut column = first;
    while column + LANES <= columns {
        let mut lanes = [0f32; LANES];
        for row in values.chunks_exact(columns) {
            let row = &row[column..column + LANES];
            lanes.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        sums[column..column + LANES].iter_mut().zip(&lanes).for_each(|(sum, x)| *sum += x);
        column += LANES;
    }
    column
}

/// In lanes, so that the compiler may use vectors, and so that the order is fixed.
#[inline(always)]
pub(super) fn sum(values: &[f32]) -> f32 {
    const LANES: usize = 32;
    let mut lanes = [0f32; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        lanes.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x);
    }
    lanes.iter_mut().zip(chunks.remainder()).for_each(|(sum, x)| *sum += x);
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn apply(map: Map, to: &mut [f32], a: &[f32], b: &[f32], c: &[f32]) {
    macro_rules! one {
        (|$x:ident| $value:expr) => {
            for (to, &$x) in to.iter_mut().zip(a) {
                *to = $value;
            }
        };
    }
    macro_rules! two {
        (|$x:ident, $y:ident| $value:expr) => {
            for ((to, &$x), &$y) in to.iter_mut().zip(a).zip(b) {
                *to = $value;
            }
        };
    }
    match map {
        Map::Same => to.copy_from_slice(&a[..to.len()]),
        Map::Unary(op) => match op {
            Unary::Neg => one!(|x| -x),
            Unary::Exp => one!(|x| math::exp(x)),
            Unary::Log => one!(|x| math::log(x)),
            Unary::Log1p => one!(|x| math::log1p(x)),
            Unary::Sqrt => one!(|x| x.sqrt()),
            Unary::Abs => one!(|x| x.abs()),
            Unary::Sign => one!(|x| truth(x > 0.0) - truth(x < 0.0)),
            Unary::Floor => one!(|x| x.floor()),
            Unary::Sin => one!(|x| x.sin()),
            Unary::Cos => one!(|x| x.cos()),
            Unary::Tanh => one!(|x| math::tanh(x)),
            Unary::Erf => one!(|x| candle_core::cpu::erf::erf_f32(x)),
            Unary::Sigmoid => one!(|x| math::sigmoid(x)),
            Unary::Softplus => one!(|x| math::softplus(x)),
            Unary::Relu => one!(|x| math::relu(x)),
        },
        Map::Binary(op) => match op {
            Binary::Add => two!(|x, y| x + y),
            Binary::Sub => two!(|x, y| x - y),
            Binary::Mul => two!(|x, y| x * y),
            Binary::Div => two!(|x, y| x / y),
            Binary::Pow => two!(|x, y| x.powf(y)),
            // Written so that NaN on either side comes through.
            Binary::Max => two!(|x, y| if x >= y || x.is_nan() { x } else { y }),
            Binary::Min => two!(|x, y| if x <= y || x.is_nan() { x } else { y }),
            Binary::Lt => two!(|x, y| truth(x < y)),
            Binary::Eq => two!(|x, y| truth(x == y)),
        },
        Map::Select => {
            for (((to, &mask), &x), &y) in to.iter_mut().zip(a).zip(b).zip(c) {
                *to = if mask != 0.0 { x } else { y };
            }
        }
    }
}

#[inline(always)]
fn truth(yes: bool) -> f32 {
    if yes { 1.0 } else { 0.0 }
}
