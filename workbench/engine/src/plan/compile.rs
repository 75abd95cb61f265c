//! From a program to a list of kernels with their places in memory.

use std::collections::BTreeMap;

use super::fuse::{self, Shape, Unit, root};
use super::kernel::{Epilogue, Kernel, Place, Slot, Work};
use super::memory::Memory;
use super::program::{Id, Instr, Kind, Program};
use crate::kernels::map::{Access, Arg, Code, Step, Store};
use crate::kernels::movement::{merge, spread, strides};
use crate::kernels::place::Lanes;
use crate::kernels::{product, reduce};

/// A program that can run: kernels in order, and where its results are afterwards.
pub(crate) struct Compiled {
    pub kernels: Vec<Kernel>,
    /// The values that were wanted, in their order.
    pub results: Vec<Slot>,
    /// Numbers that the arena must hold.
    pub arena: usize,
}

/// Lays out what computes the wanted values.
pub(crate) fn compile(p: &Program, wanted: &[Id]) -> Compiled {
    // A wanted value that is an alias of a constant would have no place of its own.
    let roots: Vec<Id> = wanted.iter().map(|&id| root(p, id)).collect();
    let units = fuse::fuse(p, &roots);
    let mut compiler =
        Compiler { p, memory: Memory::default(), slots: BTreeMap::new(), last: BTreeMap::new() };
    for (time, unit) in units.iter().enumerate() {
        for source in unit.sources(p) {
            compiler.last.insert(source, time);
        }
    }
    roots.iter().for_each(|&id| {
        compiler.last.insert(id, usize::MAX);
    });
    let scratch = units.iter().map(|unit| compiler.scratch(unit)).max().unwrap_or(0);
    let scratch = Slot { place: Place::Arena(compiler.memory.take(scratch)), len: scratch };
    let mut kernels = Vec::new();
    for (time, unit) in units.iter().enumerate() {
        // Constants that a kernel reads as numbers in memory.
        for &member in &unit.members {
            for &input in &p.values[member].inputs {
                kernels.extend(compiler.constant(unit, root(p, input)));
            }
        }
        let made: Vec<Id> = unit
            .members
            .iter()
            .filter(|id| !unit.copies.contains(id))
            .chain(&unit.sums)
            .copied()
            .filter(|&id| compiler.is_stored(id, time))
            .collect();
        for &id in &made {
            compiler.allocate(id);
        }
        let work = compiler.work(unit, &made, scratch);
        let own = unit.members.iter().find(|id| !unit.copies.contains(id));
        let first = &p.values[*own.unwrap_or(&unit.members[0])];
        let last = &p.values[unit.members[unit.members.len() - 1]];
        kernels.push(Kernel {
            work,
            origin: first.origin.or(last.origin),
            backward: last.backward,
        });
        let gone: Vec<Id> = compiler.slots.keys().copied().collect();
        for id in gone {
            if compiler.last.get(&id).is_none_or(|&last| last <= time) {
                compiler.free(id);
            }
        }
    }
    for &id in &roots {
        if let Some(value) = p.as_constant(id)
            && !compiler.slots.contains_key(&id)
        {
            kernels.push(compiler.fill(id, value));
        }
    }
    let results = roots.iter().map(|&id| compiler.slot(id)).collect();
    Compiled { kernels, results, arena: compiler.memory.len() }
}

struct Compiler<'a> {
    p: &'a Program,
    memory: Memory,
    /// Where values in the arena are.
    slots: BTreeMap<Id, Slot>,
    /// The unit that uses a value last.
    last: BTreeMap<Id, usize>,
}

impl Compiler<'_> {
    /// Numbers of f32 that a value takes.
    fn len(&self, id: Id) -> usize {
        match self.p.values[id].kind {
            Kind::Float => self.p.elements(id),
            Kind::Integer => 2 * self.p.elements(id),
        }
    }

    fn allocate(&mut self, id: Id) {
        let place = self.memory.take(self.len(id));
        self.slots.insert(id, Slot { place: Place::Arena(place), len: self.p.elements(id) });
    }

    fn free(&mut self, id: Id) {
        if let Some(Slot { place: Place::Arena(start), .. }) = self.slots.remove(&id) {
            self.memory.release(start, self.len(id));
        }
    }

    /// Where a value's elements are.
    fn slot(&self, id: Id) -> Slot {
        let id = root(self.p, id);
        let len = self.p.elements(id);
        let place = match self.p.values[id].instr {
            Instr::Input(index) => Place::Input(index),
            Instr::Param(index) => Place::Param(index),
            Instr::Knob(index) => Place::Knob(index),
            Instr::Override(node) => Place::Override(node),
            _ => self.slots[&id].place,
        };
        Slot { place, len }
    }

    /// Whether a value is needed in memory: by another unit, or at the end.
    fn is_stored(&self, id: Id, time: usize) -> bool {
        self.last.get(&id).is_some_and(|&last| last > time)
    }

    /// A kernel that writes a constant to memory, for those that read it from there.
    fn constant(&mut self, unit: &Unit, id: Id) -> Option<Kernel> {
        let value = self.p.as_constant(id)?;
        let inline = matches!(unit.shape, Shape::Map { .. });
        (!inline && !self.slots.contains_key(&id)).then(|| self.fill(id, value))
    }

    fn fill(&mut self, id: Id, value: f32) -> Kernel {
        self.allocate(id);
        let work = Work::Fill { out: self.slot(id), value };
        Kernel { work, origin: None, backward: false }
    }

    /// Numbers of scratch that a unit's kernel takes.
    fn scratch(&self, unit: &Unit) -> usize {
        let value = &self.p.values[unit.members[0]];
        let dims = |place: usize| self.p.dims(value.inputs[place]);
        match &value.instr {
            Instr::MatMul { transposed } => {
                product::scratch_len(self.size(value.inputs[0], *transposed, &value.dims))
            }
            Instr::Conv(g) | Instr::ConvInput(g) | Instr::ConvWeight(g) => g.scratch_len(),
            Instr::Reduce { axes, .. } => reduce::scratch_len(&reduce::runs(dims(0), axes)),
            _ => 0,
        }
    }

    fn size(&self, a: Id, transposed: [bool; 2], dims: &[usize]) -> product::Size {
        let core = self.p.dims(a);
        let k = core[core.len() - if transposed[0] { 2 } else { 1 }];
        product::Size { m: dims[dims.len() - 2], n: dims[dims.len() - 1], k }
    }

    fn work(&self, unit: &Unit, made: &[Id], scratch: Slot) -> Work {
        if let Shape::Map { elements } = unit.shape {
            return self.map(unit, elements, made);
        }
        let id = unit.members[0];
        let value = &self.p.values[id];
        let out = self.slot(unit.members[unit.members.len() - 1]);
        let arg = |place: usize| self.slot(value.inputs[place]);
        let from = |place: usize| self.p.dims(value.inputs[place]);
        let epilogue = match unit.shape {
            Shape::Product { bias, relu, gate } => Epilogue {
                bias: bias.map(|id| self.slot(id)),
                relu,
                gate: gate.map(|id| self.slot(id)),
            },
            _ => Epilogue::default(),
        };
        match &value.instr {
            Instr::MatMul { transposed } => {
                let size = self.size(value.inputs[0], *transposed, &value.dims);
                let lead = &value.dims[..value.dims.len() - 2];
                let steps = |place: usize| {
                    let dims = from(place);
                    let core = dims[dims.len() - 2] * dims[dims.len() - 1];
                    let steps = spread(&dims[..dims.len() - 2], lead);
                    steps.into_iter().map(|step| step * core).collect()
                };
                Work::MatMul {
                    out,
                    a: arg(0),
                    b: arg(1),
                    size,
                    transposed: *transposed,
                    lead: lead.to_vec(),
                    steps: [steps(0), steps(1)],
                    epilogue,
                    scratch,
                }
            }
            Instr::Conv(geometry) => Work::Conv {
                out,
                x: arg(0),
                weight: arg(1),
                geometry: *geometry,
                epilogue,
                scratch,
            },
            Instr::ConvInput(geometry) => Work::ConvInput {
                out,
                y: arg(0),
                weight: arg(1),
                geometry: *geometry,
                epilogue,
                scratch,
            },
            Instr::ConvWeight(geometry) => {
                Work::ConvWeight { out, x: arg(0), y: arg(1), geometry: *geometry, scratch }
            }
            Instr::Reduce { fold, axes } => {
                let runs = reduce::runs(from(0), axes);
                Work::Reduce { out, x: arg(0), fold: *fold, runs, scratch }
            }
            Instr::Rand { distribution, node } => {
                Work::Rand { out, distribution: *distribution, node: *node as u64 }
            }
            Instr::Iota { axis } => {
                let lanes = Lanes::new(&value.dims, *axis);
                Work::Iota { out, size: lanes.size, inner: lanes.inner }
            }
            // Whole numbers that are spread.
            Instr::Map(_) => self.strided(out, id, arg(0), 0, spread(from(0), &value.dims)),
            Instr::Permute { axes } => {
                let own = strides(from(0));
                let steps = axes.iter().map(|&axis| own[axis]).collect();
                self.strided(out, id, arg(0), 0, steps)
            }
            Instr::Slice { axis, start } => {
                let own = strides(from(0));
                let first = start * own[*axis];
                self.strided(out, id, arg(0), first, own)
            }
            Instr::Concat { axis } => {
                let inner: usize = value.dims[axis + 1..].iter().product();
                let row = value.dims[*axis] * inner;
                let mut at = 0;
                let parts = (0..value.inputs.len())
                    .map(|place| {
                        let block = from(place)[*axis] * inner;
                        at += block;
                        (arg(place), block, at - block)
                    })
                    .collect();
                Work::Place { out, parts, row, kind: value.kind, fill: None }
            }
            Instr::Pad { axis, before, value: bits } => {
                let inner: usize = value.dims[axis + 1..].iter().product();
                let block = from(0)[*axis] * inner;
                let parts = vec![(arg(0), block, before * inner)];
                let row = value.dims[*axis] * inner;
                Work::Place { out, parts, row, kind: value.kind, fill: Some(f32::from_bits(*bits)) }
            }
            Instr::ToFloat => Work::ToFloat { out, x: arg(0) },
            Instr::ToInteger => Work::ToInteger { out, x: arg(0) },
            Instr::ToByte => {
                Work::ToByte { out, x: arg(0), kind: self.p.values[value.inputs[0]].kind }
            }
            Instr::EqualIntegers => Work::EqualIntegers { out, a: arg(0), b: arg(1) },
            Instr::CumSum { axis, from_last } => Work::CumSum {
                out,
                x: arg(0),
                lanes: Lanes::new(&value.dims, *axis),
                from_last: *from_last,
            },
            Instr::ArgMax { axis } => {
                Work::ArgMax { out, x: arg(0), lanes: Lanes::new(from(0), *axis) }
            }
            Instr::ArgSort { axis, descending } => Work::ArgSort {
                out,
                x: arg(0),
                lanes: Lanes::new(&value.dims, *axis),
                descending: *descending,
            },
            Instr::Gather { axis } => Work::Gather {
                out,
                x: arg(0),
                index: arg(1),
                dims: [from(0).to_vec(), from(1).to_vec()],
                axis: *axis,
                kind: value.kind,
            },
            Instr::Scatter { axis } => Work::Scatter {
                out,
                grad: arg(0),
                index: arg(1),
                dims: [value.dims.clone(), from(1).to_vec()],
                axis: *axis,
            },
            Instr::Take { axis } => Work::Take {
                out,
                x: arg(0),
                index: arg(1),
                lanes: Lanes::new(from(0), *axis),
                axis: *axis,
                kind: value.kind,
            },
            Instr::Put { axis } => Work::Put {
                out,
                grad: arg(0),
                index: arg(1),
                lanes: Lanes::new(&value.dims, *axis),
            },
            Instr::Pool { pooling, geometry } => {
                Work::Pool { out, x: arg(0), pooling: *pooling, geometry: *geometry }
            }
            Instr::PoolGradient { pooling, geometry } => Work::PoolGradient {
                out,
                x: arg(0),
                grad: arg(1),
                pooling: *pooling,
                geometry: *geometry,
            },
            // Given values and aliases are in no unit.
            Instr::Input(_)
            | Instr::Param(_)
            | Instr::Knob(_)
            | Instr::Override(_)
            | Instr::Const(_)
            | Instr::Reshape
            | Instr::Detach => Work::Fill { out, value: f32::NAN },
        }
    }

    fn strided(&self, out: Slot, id: Id, x: Slot, start: usize, steps: Vec<usize>) -> Work {
        let value = &self.p.values[id];
        Work::Strided { out, x, start, dims: value.dims.clone(), steps, kind: value.kind }
    }

    /// Elementwise ops and the sums of their results as straight-line code.
    fn map(&self, unit: &Unit, elements: usize, made: &[Id]) -> Work {
        let mut code = Code {
            elements,
            operands: Vec::new(),
            steps: Vec::new(),
            tiles: 0,
            stores: Vec::new(),
            summed: unit.summed,
        };
        let mut operands: Vec<(Id, Access)> = Vec::new();
        // Where a step's result is needed last.
        let mut last = vec![0; unit.members.len()];
        let place = |id: Id| unit.members.iter().position(|&member| member == id);
        for (index, &member) in unit.members.iter().enumerate() {
            for &input in &self.p.values[member].inputs {
                if let Some(step) = place(root(self.p, input)) {
                    last[step] = index;
                }
            }
        }
        for &sum in &unit.sums {
            if let Some(step) = place(root(self.p, self.p.values[sum].inputs[0])) {
                last[step] = usize::MAX;
            }
        }
        let mut free: Vec<usize> = Vec::new();
        for (index, &member) in unit.members.iter().enumerate() {
            let value = &self.p.values[member];
            let Instr::Map(map) = value.instr else { continue };
            let mut args = [Arg::None; 3];
            for (slot, &input) in args.iter_mut().zip(&value.inputs) {
                let source = root(self.p, input);
                *slot = if let Some(constant) = self.p.as_constant(source) {
                    Arg::Constant(constant)
                } else if let Some(step) = place(source) {
                    Arg::Step(step)
                } else {
                    let access = access(self.p.dims(input), &value.dims);
                    let known =
                        operands.iter().position(|(id, how)| *id == source && *how == access);
                    Arg::Operand(known.unwrap_or_else(|| {
                        operands.push((source, access));
                        operands.len() - 1
                    }))
                };
            }
            let tile = match made.iter().position(|&id| id == member) {
                Some(output) => {
                    code.stores.push(Store::Elements { step: index, output });
                    usize::MAX
                }
                None => free.pop().unwrap_or_else(|| {
                    code.tiles += 1;
                    code.tiles - 1
                }),
            };
            code.steps.push(Step { map, args, tile });
            // A tile is free once its last reader is past.
            for (step, &end) in last.iter().enumerate().take(index + 1) {
                if end == index && step != index && code.steps[step].tile != usize::MAX {
                    let tile = code.steps[step].tile;
                    if !free.contains(&tile) {
                        free.push(tile);
                    }
                }
            }
        }
        for &sum in &unit.sums {
            let step = place(root(self.p, self.p.values[sum].inputs[0])).unwrap_or(0);
            if let Some(output) = made.iter().position(|&id| id == sum) {
                code.stores.push(Store::Sums { step, output });
            }
        }
        code.operands = operands.iter().map(|(_, access)| access.clone()).collect();
        Work::Map {
            code,
            operands: operands.iter().map(|(id, _)| self.slot(*id)).collect(),
            outputs: made.iter().map(|&id| self.slot(id)).collect(),
        }
    }
}

/// How an operand of the first sizes is read along the second.
fn access(from: &[usize], to: &[usize]) -> Access {
    let (dims, strides) = merge(to, &spread(from, to));
    match (&dims[..], &strides[..]) {
        (_, strides) if strides.iter().all(|&stride| stride == 0) => Access::Scalar,
        ([_], [1]) => Access::Direct,
        _ => Access::Spread { dims, strides },
    }
}
