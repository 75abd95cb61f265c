//! Which values are computed together: elementwise ops in one pass, a bias and a ReLU with the product before them.
//!
//! What one pass makes out of one value in memory and a few numbers, another makes again rather than read it: a group
//! normalisation and its SiLU leave nothing behind but what they were computed from.

use std::collections::{BTreeMap, BTreeSet};

use workbench_graph::{Binary, Unary};

use super::program::{Id, Instr, Kind, Program};
use super::recipe::{Recipe, cost, recipe};
use crate::kernels::map::{MAX_SUMS, Map, Summed};
use crate::kernels::reduce::{Fold, runs};

/// What is computed in one go.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// In order of computation.
    pub members: Vec<Id>,
    /// Members that another unit computes too, and writes to memory where it is needed there.
    pub copies: Vec<Id>,
    /// The values in memory, or of the unit itself, that members read.
    reads: Vec<Id>,
    /// Sums of a member, taken along the way.
    pub sums: Vec<Id>,
    /// What those are sums of.
    pub summed: Summed,
    pub shape: Shape,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// One op.
    Single,
    /// Elementwise ops over so many elements.
    Map { elements: usize },
    /// A product whose result is the last member: perhaps with a bias, a ReLU, and the gate of another ReLU's gradient.
    Product { bias: Option<Id>, relu: bool, gate: Option<Id> },
}

/// More steps than this in one pass would leave the first-level cache.
const MAX_STEPS: usize = 48;
/// What making a value again may cost in another pass of the same direction, and in the backward pass (see
/// [`cost`]). An exponential takes about as long as memory does to take in a value and to give it back.
const MAX_COST_AT_ONCE: usize = 4;
const MAX_COST: usize = 16;
/// Units that are looked through before a merge is given up.
const MAX_VISITED: usize = 4000;
/// Rows longer than this are not summed along the way unless there are several: a task takes whole rows.
const MAX_ROW: usize = 1 << 16;
/// Blocks that are summed down their columns along the way are at least so many, and at least so large.
const MIN_BLOCKS: usize = 8;
const MIN_BLOCK: usize = 256;

impl Unit {
    fn new(members: Vec<Id>, reads: Vec<Id>, shape: Shape) -> Unit {
        Unit { members, copies: Vec::new(), reads, sums: Vec::new(), summed: Summed::NONE, shape }
    }

    fn empty() -> Unit {
        Unit::new(Vec::new(), Vec::new(), Shape::Single)
    }

    /// The values that are read from memory.
    pub fn sources(&self, p: &Program) -> Vec<Id> {
        let readers = self.members.iter().chain(&self.sums);
        let inputs = readers.flat_map(|&id| &p.values[id].inputs);
        let sources = inputs.map(|&input| root(p, input));
        sources.filter(|id| !self.members.contains(id)).collect()
    }
}

/// The value that holds an alias's elements.
pub(crate) fn root(p: &Program, mut id: Id) -> Id {
    while matches!(p.values[id].instr, Instr::Reshape | Instr::Detach) {
        id = p.values[id].inputs[0];
    }
    id
}

/// Whether a value is there before anything is computed.
pub(crate) fn is_given(instr: &Instr) -> bool {
    matches!(
        instr,
        Instr::Input(_) | Instr::Param(_) | Instr::Knob(_) | Instr::Override(_) | Instr::Const(_)
    )
}

/// Cuts what the wanted values need into units, in an order in which they can run.
pub(crate) fn fuse(p: &Program, wanted: &[Id]) -> Vec<Unit> {
    let mut live = vec![false; p.values.len()];
    wanted.iter().for_each(|&id| live[id] = true);
    for id in (0..p.values.len()).rev() {
        if live[id] {
            p.values[id].inputs.iter().for_each(|&input| live[input] = true);
        }
    }
    let mut users: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
    for (id, value) in p.values.iter().enumerate().filter(|(id, _)| live[*id]) {
        for &input in &value.inputs {
            users.entry(input).or_default().push(id);
        }
    }
    let kept: BTreeSet<Id> = wanted.iter().copied().collect();
    let of = vec![None; p.values.len()];
    let mut fusion = Fusion { p, users, kept, units: Vec::new(), of, recipes: BTreeMap::new() };
    for id in (0..p.values.len()).filter(|&id| live[id]) {
        fusion.place(id);
    }
    fusion.ordered()
}

struct Fusion<'a> {
    p: &'a Program,
    users: BTreeMap<Id, Vec<Id>>,
    kept: BTreeSet<Id>,
    /// Merged ones are left empty.
    units: Vec<Unit>,
    /// By value, where a unit computes it.
    of: Vec<Option<usize>>,
    /// Of elementwise values that can be made again.
    recipes: BTreeMap<Id, Recipe>,
}

impl Fusion<'_> {
    fn place(&mut self, id: Id) {
        let instr = &self.p.values[id].instr;
        let alias = matches!(instr, Instr::Reshape | Instr::Detach);
        if is_given(instr) || alias || self.of[id].is_some() {
            return;
        }
        match instr {
            Instr::MatMul { .. } | Instr::Conv(_) | Instr::ConvInput(_) => self.product(id),
            Instr::Map(_) if self.p.values[id].kind == Kind::Float => self.map(id),
            Instr::Reduce { fold: Fold::Sum, .. } => self.sum(id),
            _ => self.open(vec![id], Shape::Single),
        }
    }

    fn open(&mut self, members: Vec<Id>, shape: Shape) {
        members.iter().for_each(|&id| self.of[id] = Some(self.units.len()));
        let inputs = members.iter().flat_map(|&id| &self.p.values[id].inputs);
        let reads = inputs.map(|&input| root(self.p, input)).collect();
        self.units.push(Unit::new(members, reads, shape));
    }

    /// The only user of a value, where nothing else wants it.
    fn only_user(&self, id: Id) -> Option<Id> {
        match self.users.get(&id).map(Vec::as_slice) {
            Some([user]) if !self.kept.contains(&id) => Some(*user),
            _ => None,
        }
    }

    fn product(&mut self, id: Id) {
        let mut members = vec![id];
        let (mut bias, mut relu) = (None, false);
        if let Some(user) = self.only_user(id)
            && let Some(operand) = self.bias(id, user)
        {
            bias = Some(operand);
            members.push(user);
        }
        let last = members[members.len() - 1];
        if let Some(user) = self.only_user(last)
            && self.p.values[user].instr == Instr::Map(Map::Unary(Unary::Relu))
        {
            relu = true;
            members.push(user);
        }
        let last = members[members.len() - 1];
        let mut gate = None;
        if let Some(user) = self.only_user(last)
            && let Some((mask, open)) = self.gate(last, user)
        {
            gate = Some(open);
            members.extend([mask, user]);
        }
        self.open(members, Shape::Product { bias, relu, gate });
    }

    /// The mask and the operand of a selection that keeps a value where the operand is above 0, and has zeros elsewhere.
    fn gate(&self, value: Id, selection: Id) -> Option<(Id, Id)> {
        let (p, zero) = (self.p, |id: Id| self.p.as_constant(id) == Some(0.0));
        let [mask, kept, other] = p.values[selection].inputs[..] else { return None };
        let is_selection = p.values[selection].instr == Instr::Map(Map::Select)
            && p.dims(selection) == p.dims(value)
            && kept == value
            && zero(other);
        if !is_selection
            || p.values[mask].instr != Instr::Map(Map::Binary(Binary::Lt))
            || self.only_user(mask) != Some(selection)
            || self.of[mask].is_some()
        {
            return None;
        }
        let [low, open] = p.values[mask].inputs[..] else { return None };
        let fits = zero(low) && p.dims(open) == p.dims(value) && p.as_constant(open).is_none();
        fits.then_some((mask, open))
    }

    /// The other side of an addition that adds a number a column to a product, given before it.
    fn bias(&self, product: Id, sum: Id) -> Option<Id> {
        let value = &self.p.values[sum];
        if value.instr != Instr::Map(Map::Binary(Binary::Add))
            || value.dims != self.p.values[product].dims
        {
            return None;
        }
        let other = *value.inputs.iter().find(|&&input| input != product)?;
        let columns = *value.dims.last()?;
        let last = self.p.dims(other).last().copied();
        let fits = last == Some(columns) && self.p.elements(other) == columns;
        let given = matches!(self.p.values[root(self.p, other)].instr, Instr::Param(_));
        (fits && given).then_some(other)
    }

    fn map(&mut self, id: Id) {
        let elements = self.p.elements(id);
        self.open(vec![id], Shape::Map { elements });
        let inputs = self.p.values[id].inputs.clone();
        let mut candidates: Vec<usize> = Vec::new();
        for &input in &inputs {
            candidates.extend(self.of[root(self.p, input)]);
        }
        // Others that read the same, so that it is read once.
        for &input in &inputs {
            let source = root(self.p, input);
            if self.p.elements(source) == elements {
                candidates.extend(self.readers(source));
            }
        }
        self.join(id, candidates);
        for &input in &inputs {
            self.make_again(root(self.p, input), id);
        }
        if let Some(recipe) = recipe(self.p, id, &self.recipes) {
            self.recipes.insert(id, recipe);
        }
    }

    /// Merges the unit of a value with those that it fits.
    fn join(&mut self, id: Id, candidates: Vec<usize>) {
        for candidate in candidates {
            if let Some(own) = self.of[id]
                && candidate != own
                && self.fits(candidate, own)
            {
                self.merge(candidate, own);
            }
        }
    }

    /// Has the unit of `user` compute a value itself that another one does, where that spares memory's time.
    fn make_again(&mut self, id: Id, user: Id) {
        let (Some(own), Some(recipe)) = (self.of[user], self.recipes.get(&id)) else { return };
        let unit = &self.units[own];
        let crosses = self.p.values[user].backward && !self.p.values[id].backward;
        let most = if crosses { MAX_COST } else { MAX_COST_AT_ONCE };
        let missing = recipe.steps.iter().copied().filter(|step| !unit.members.contains(step));
        let (from, missing): (Id, Vec<Id>) = (recipe.from, missing.collect());
        let cost: usize = missing.iter().map(|&step| cost(self.p, step)).sum();
        if unit.members.contains(&id)
            || self.p.elements(id) != self.p.elements(user)
            || cost > most
            || unit.members.len() + missing.len() > MAX_STEPS
            || (self.is_read_whole(id) && !unit.reads.contains(&from))
        {
            return;
        }
        self.units[own].members.extend(&missing);
        self.units[own].members.sort_unstable();
        self.units[own].copies.extend(missing);
        self.read(own);
        self.join(user, self.readers(from));
    }

    /// Whether a value has to be in memory whatever elementwise passes do.
    fn is_read_whole(&self, id: Id) -> bool {
        let reads = |&user: &Id| match self.p.values[user].instr {
            Instr::Reshape | Instr::Detach => self.is_read_whole(user),
            Instr::Map(_) | Instr::Reduce { fold: Fold::Sum, .. } => false,
            _ => true,
        };
        self.kept.contains(&id) || self.users.get(&id).into_iter().flatten().any(reads)
    }

    /// Units of elementwise ops that read a value, by any of its shapes.
    fn readers(&self, source: Id) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open = vec![source];
        while let Some(id) = open.pop() {
            for &user in self.users.get(&id).into_iter().flatten() {
                match self.p.values[user].instr {
                    Instr::Reshape | Instr::Detach => open.push(user),
                    _ => found.extend(self.of[user]),
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn fits(&self, a: usize, b: usize) -> bool {
        let (first, second) = (&self.units[a], &self.units[b]);
        first.shape == second.shape
            && matches!(first.shape, Shape::Map { .. })
            && (first.summed == second.summed
                || [first.summed, second.summed].contains(&Summed::NONE))
            && first.members.len() + second.members.len() <= MAX_STEPS
            && first.sums.len() + second.sums.len() <= MAX_SUMS
            && !self.reads_sums(first, second)
            && !self.reads_sums(second, first)
            && !self.apart(a, b)
            && !self.apart(b, a)
    }

    /// Whether one unit needs a row's sum of the other: it is only there when the pass is over.
    fn reads_sums(&self, reader: &Unit, unit: &Unit) -> bool {
        reader.reads.iter().any(|id| unit.sums.contains(id))
    }

    /// Whether `to` needs something outside the two that needs `from`.
    fn apart(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.units.len()];
        (seen[from], seen[to]) = (true, true);
        let mut open: Vec<usize> =
            self.needs(to).filter(|&unit| unit != from && unit != to).collect();
        let mut visited = 0;
        while let Some(unit) = open.pop() {
            if std::mem::replace(&mut seen[unit], true) {
                continue;
            }
            visited += 1;
            for need in self.needs(unit) {
                // In a very large graph, what is not known is taken for true.
                if need == from || visited > MAX_VISITED {
                    return true;
                }
                if !seen[need] {
                    open.push(need);
                }
            }
        }
        false
    }

    /// The units that a unit reads from, itself among them.
    fn needs(&self, unit: usize) -> impl Iterator<Item = usize> {
        self.units[unit].reads.iter().filter_map(|&id| self.of[id])
    }

    fn merge(&mut self, from: usize, into: usize) {
        let unit = std::mem::replace(&mut self.units[from], Unit::empty());
        let own = unit.members.iter().filter(|id| !unit.copies.contains(id));
        own.chain(&unit.sums).for_each(|&id| self.of[id] = Some(into));
        let target = &mut self.units[into];
        target.members.extend(unit.members);
        target.members.sort_unstable();
        target.members.dedup();
        target.copies.extend(unit.copies);
        target.sums.extend(unit.sums);
        target.sums.sort_unstable();
        if target.summed == Summed::NONE {
            target.summed = unit.summed;
        }
        self.read(into);
    }

    /// Settles which members are copies, and what is read.
    fn read(&mut self, unit: usize) {
        let target = &mut self.units[unit];
        target.copies.retain(|&id| self.of[id] != Some(unit));
        target.copies.sort_unstable();
        target.copies.dedup();
        let inputs = target.members.iter().flat_map(|&id| &self.p.values[id].inputs);
        let reads = inputs.map(|&input| root(self.p, input));
        target.reads = reads.filter(|id| !target.copies.contains(id)).collect();
        target.reads.sort_unstable();
        target.reads.dedup();
    }

    /// A sum over the last axes, or over those before the last, joins the pass that computes what it sums.
    fn sum(&mut self, id: Id) {
        let value = &self.p.values[id];
        let Instr::Reduce { axes, .. } = &value.instr else { return };
        let source = value.inputs[0];
        let summed = match runs(self.p.dims(source), axes)[..] {
            [(count, true)] if count <= 1 << 12 => Summed { count, columns: 1 },
            [(rows, false), (count, true)] if count <= MAX_ROW && rows >= 4 => {
                Summed { count, columns: 1 }
            }
            [(blocks, false), (count, true), (columns, false)]
                if blocks >= MIN_BLOCKS && count * columns >= MIN_BLOCK =>
            {
                Summed { count, columns }
            }
            _ => Summed::NONE,
        };
        let found = self.of[root(self.p, source)];
        let joins = found.filter(|&unit| {
            let unit = &self.units[unit];
            summed != Summed::NONE
                && unit.shape == Shape::Map { elements: self.p.elements(source) }
                && [summed, Summed::NONE].contains(&unit.summed)
                && unit.sums.len() < MAX_SUMS
        });
        match joins {
            Some(unit) => {
                self.units[unit].sums.push(id);
                self.units[unit].summed = summed;
                self.of[id] = Some(unit);
            }
            None => self.open(vec![id], Shape::Single),
        }
    }

    /// The units in an order in which each comes after what it needs, as early as the program has them.
    fn ordered(self) -> Vec<Unit> {
        let mut done = vec![false; self.units.len()];
        let mut order: Vec<usize> = Vec::new();
        for first in 0..self.units.len() {
            let mut open = vec![first];
            while let Some(&unit) = open.last() {
                let before = open.len();
                if !done[unit] && !self.units[unit].members.is_empty() {
                    open.extend(self.needs(unit).filter(|&need| need != unit && !done[need]));
                }
                if open.len() == before {
                    open.pop();
                    if !done[unit] {
                        done[unit] = true;
                        order.push(unit);
                    }
                }
            }
        }
        self.pruned(order)
    }

    /// The units in order, without what nobody reads since it is made again elsewhere.
    fn pruned(mut self, order: Vec<usize>) -> Vec<Unit> {
        let mut wanted = self.kept;
        let mut units: Vec<Unit> = Vec::new();
        for unit in order.into_iter().rev() {
            let mut unit = std::mem::replace(&mut self.units[unit], Unit::empty());
            if matches!(unit.shape, Shape::Map { .. }) {
                unit.sums.retain(|id| wanted.contains(id));
                let own = unit.members.iter().copied().filter(|id| !unit.copies.contains(id));
                let mut used: BTreeSet<Id> = own.filter(|id| wanted.contains(id)).collect();
                let sources = |&id: &Id| self.p.values[id].inputs.iter().copied();
                used.extend(unit.sums.iter().flat_map(sources).map(|id| root(self.p, id)));
                for &id in unit.members.iter().rev() {
                    if used.contains(&id) {
                        used.extend(sources(&id).map(|id| root(self.p, id)));
                    }
                }
                unit.members.retain(|id| used.contains(id));
                unit.copies.retain(|id| used.contains(id));
            }
            if !unit.members.is_empty() {
                wanted.extend(unit.sources(self.p));
                units.push(unit);
            }
        }
        units.reverse();
        units
    }
}
