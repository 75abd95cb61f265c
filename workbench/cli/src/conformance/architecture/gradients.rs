//! Every parameter is trained by something.

use std::collections::BTreeSet;

use workbench_graph::{Graph, NodeId, Op, Param, ParamId};

use super::{Architecture, judged, size};
use crate::conformance::outcome::Outcome;

pub fn gradients(it: &mut Architecture) -> Outcome {
    judged(|| {
        let mut parts = Vec::new();
        let mut left = Vec::new();
        for trained in it.trained()? {
            let graph = trained.session.graph();
            // The first moment is a sum of gradients: all zeros, where all of them were.
            let moments = trained.session.optimizer_state();
            let moments = moments.map_err(|error| Outcome::failed(error.to_string(), ""))?;
            let zero = |param: &&Param| {
                let moment = moments.get(&format!("{}.m", param.name));
                moment.is_none_or(|moment| moment.data.iter().all(|x| *x == 0.0))
            };
            let params: Vec<&Param> = graph.params().iter().filter(|p| p.trained).collect();
            let idle: Vec<&&Param> = params.iter().filter(|param| zero(param)).collect();
            if !idle.is_empty() {
                return Err(without(graph, &idle, trained.image));
            }
            parts.push(format!("{} parameters of {}", params.len(), size(trained.image)));
            if left.is_empty() {
                left = never_updated(graph);
            }
        }
        let message = format!("each has one: {}", parts.join(", "));
        match &left[..] {
            [] => Ok(Outcome::passed(message)),
            names => Ok(Outcome::warning(
                format!("{message}; buffers that no step updates: {}", names.join(", ")),
                "a buffer keeps its first value unless g.update says what it becomes",
            )),
        }
    })
}

fn without(graph: &Graph, idle: &[&&Param], image: &'static [usize]) -> Outcome {
    let used = used_by_losses(graph);
    let words = idle.iter().map(|param| {
        let place = graph.params().iter().position(|known| known.name == param.name);
        let reached = place.is_some_and(|place| used.contains(&place));
        let why = if reached { "its gradient is zero" } else { "no loss depends on it" };
        format!("`{}` (at {}): {why}", param.name, param.location)
    });
    let words: Vec<String> = words.collect();
    Outcome::failed(
        format!("{}: without a gradient are {}", size(image), words.join("; ")),
        "let a loss depend on it other than through stop_gradient, comparisons or a factor of 0; or make it a g.buffer",
    )
}

/// Places of the parameters that a loss is computed from.
fn used_by_losses(graph: &Graph) -> BTreeSet<usize> {
    let mut reached = vec![false; graph.nodes().len()];
    graph.losses().for_each(|(_, _, NodeId(node))| reached[node] = true);
    let mut used = BTreeSet::new();
    for (at, node) in graph.nodes().iter().enumerate().rev() {
        if !reached[at] {
            continue;
        }
        node.inputs.iter().for_each(|input| reached[input.0] = true);
        if let Op::Param(ParamId(param)) = node.op {
            used.insert(param);
        }
    }
    used
}

fn never_updated(graph: &Graph) -> Vec<String> {
    let updated: BTreeSet<usize> = graph.updates().iter().map(|update| update.buffer.0).collect();
    let params = graph.params().iter().enumerate();
    let left = params.filter(|(at, param)| !param.trained && !updated.contains(at));
    left.map(|(_, param)| format!("`{}` (at {})", param.name, param.location)).collect()
}
