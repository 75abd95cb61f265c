//! Which items of a split figures show.

use std::collections::{BTreeMap, VecDeque};

use workbench_engine::noise::{Key, permutation};
use workbench_engine::{Batch, Input};
use workbench_runs::Attribute;

use crate::condition::attribute_of;
use crate::{Error, Split, Transform};

/// Items of one split, and a group of each: its class, or else its value of the first attribute that has few.
pub(crate) struct FigureItems {
    pub places: Vec<u32>,
    /// Equal numbers for equal groups; `None` where it is not known, or where there are no groups.
    pub groups: Vec<Option<i64>>,
}

/// Among so many random items those that are shown are looked for: enough that each of ten classes is met.
const CANDIDATES: usize = 256;

/// Up to `n` items, drawn at random by the experiment's seed, so that groups take turns: neither the order of the data nor
/// a common class decides what is seen. The same at every call.
///
/// # Errors
/// Those of [`Split::batch`].
pub(crate) fn figure_items(
    split: &Split,
    n: usize,
    transform: Transform,
) -> Result<FigureItems, Error> {
    let key = Key::new(transform.seed(), "figures", 0, 0);
    let mut order = permutation(key, split.len() as u32);
    let (n, first) = (n.min(order.len()), split.batch(&order[..1], transform)?);
    if groups(&first, split.attributes()).is_none() {
        order.truncate(n);
        return Ok(FigureItems { groups: vec![None; n], places: order });
    }
    // More than are shown, so that there is a choice.
    order.truncate(CANDIDATES.max(n));
    let batch = split.batch(&order, transform)?;
    let groups = groups(&batch, split.attributes()).unwrap_or_else(|| vec![None; order.len()]);
    let chosen = take_turns(&groups, n);
    Ok(FigureItems {
        places: chosen.iter().map(|&at| order[at]).collect(),
        groups: chosen.iter().map(|&at| groups[at]).collect(),
    })
}

/// Pairs of different groups as far as there are any, `most` at most; nothing is in two pairs.
pub(crate) fn pairs(groups: &[Option<i64>], most: usize) -> Vec<[usize; 2]> {
    let mut left: VecDeque<usize> = (0..groups.len()).collect();
    let mut pairs = Vec::new();
    while pairs.len() < most
        && let Some(one) = left.pop_front()
    {
        let other = left.iter().position(|&other| groups[other] != groups[one]).unwrap_or(0);
        let Some(other) = left.remove(other) else { break };
        pairs.push([one, other]);
    }
    pairs
}

/// The group of every item; `None` where the data have neither classes nor an attribute with few values.
fn groups(batch: &Batch, attributes: &[Attribute]) -> Option<Vec<Option<i64>>> {
    if let Some(Input::I64 { data, .. }) = batch.inputs.get("label") {
        return Some(data.iter().map(|&label| Some(label)).collect());
    }
    let attribute = attributes.iter().find(|attribute| !attribute.is_real())?;
    let values = attribute_of(batch, attribute).into_iter();
    Some(values.map(|value| (!value.is_nan()).then_some(value as i64)).collect())
}

/// Places of `n` items: one of each group in turn, in the order of the groups, and of a group in the order of the items.
/// Where there are more groups than that, those that come first.
fn take_turns(groups: &[Option<i64>], n: usize) -> Vec<usize> {
    // What is not known comes last.
    let mut members: BTreeMap<(bool, Option<i64>), VecDeque<usize>> = BTreeMap::new();
    for (at, group) in groups.iter().enumerate() {
        let key = (group.is_none(), *group);
        if members.contains_key(&key) || members.len() < n {
            members.entry(key).or_default().push_back(at);
        }
    }
    let mut chosen = Vec::with_capacity(n);
    while chosen.len() < n && members.values().any(|members| !members.is_empty()) {
        let turn = members.values_mut().filter_map(VecDeque::pop_front);
        chosen.extend(turn.take(n - chosen.len()));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_take_turns_whatever_their_order_and_share() {
        // Sorted by group, as folders are: 40 of 0, 3 of 1, one of which nothing is known, 2 of 2.
        let groups: Vec<Option<i64>> =
            [vec![Some(0); 40], vec![Some(1); 3], vec![None], vec![Some(2); 2]].concat();
        let chosen = take_turns(&groups, 10);
        assert_eq!(chosen, [0, 40, 44, 43, 1, 41, 45, 2, 42, 3]);
        assert_eq!(take_turns(&groups, 100).len(), groups.len(), "all that there are");
        // More groups than places.
        let many: Vec<Option<i64>> = (0..50).rev().map(Some).collect();
        assert_eq!(take_turns(&many, 3), [2, 1, 0]);
        assert!(take_turns(&[], 3).is_empty());
    }

    #[test]
    fn pairs_are_of_different_groups_as_far_as_there_are_any() {
        let groups = [0, 0, 0, 1, 2, 0, 0].map(Some);
        assert_eq!(pairs(&groups, 6), [[0, 3], [1, 4], [2, 5]]);
        assert_eq!(pairs(&groups, 1), [[0, 3]]);
        assert_eq!(pairs(&[None, None], 6), [[0, 1]]);
        assert!(pairs(&[None], 6).is_empty());
    }
}
