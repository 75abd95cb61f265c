//! What elementwise values can be made of again, rather than be kept.

use std::collections::BTreeMap;

use workbench_graph::{Binary, Unary};

use super::fuse::root;
use super::program::{Id, Instr, Kind, Program};
use crate::kernels::map::Map;

/// How to make a value out of a single one of its size.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    /// That one. Whatever else is read is far smaller.
    pub from: Id,
    /// What is computed on the way, the value itself last.
    pub steps: Vec<Id>,
}

/// Longer ones are not kept in mind.
const MAX_STEPS: usize = 16;
/// Operands that are spread are at least so many times smaller.
const SPREAD: usize = 4;

/// The recipe of an elementwise value, by those of what it is computed from.
pub(super) fn recipe(p: &Program, id: Id, recipes: &BTreeMap<Id, Recipe>) -> Option<Recipe> {
    let (mut from, mut steps) = (None, Vec::new());
    for &input in &p.values[id].inputs {
        let source = root(p, input);
        if p.as_constant(source).is_some() || p.elements(source) * SPREAD <= p.elements(id) {
            continue;
        }
        let is_whole = p.elements(source) == p.elements(id) && p.values[source].kind == Kind::Float;
        let base = recipes.get(&source).map_or(source, |recipe| recipe.from);
        if !is_whole || from.is_some_and(|from| from != base) {
            return None;
        }
        from = Some(base);
        steps.extend(recipes.get(&source).into_iter().flat_map(|recipe| &recipe.steps));
    }
    steps.push(id);
    steps.sort_unstable();
    steps.dedup();
    (steps.len() <= MAX_STEPS).then_some(Recipe { from: from?, steps })
}

/// What an elementwise op takes, in additions, about, as vectors go.
pub(super) fn cost(p: &Program, id: Id) -> usize {
    match p.values[id].instr {
        Instr::Map(Map::Unary(op)) => match op {
            Unary::Exp => 6,
            Unary::Sigmoid | Unary::Tanh | Unary::Log => 8,
            Unary::Log1p | Unary::Softplus => 14,
            Unary::Sqrt => 3,
            // Without vectors.
            Unary::Erf | Unary::Sin | Unary::Cos => 100,
            Unary::Neg | Unary::Abs | Unary::Sign | Unary::Floor | Unary::Relu => 1,
        },
        Instr::Map(Map::Binary(Binary::Pow)) => 100,
        Instr::Map(Map::Binary(Binary::Div)) => 3,
        _ => 1,
    }
}
