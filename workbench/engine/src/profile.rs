//! Where the time of a run goes.

use std::collections::BTreeMap;
use std::time::Duration;

use workbench_graph::NodeId;

/// What one kernel, or kernels of one name for one node of the graph, took.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The node that it is for: that of the last op, where several are computed together.
    pub origin: Option<NodeId>,
    /// The node in words; empty for what is for none.
    pub node: String,
    /// `product`, `conv`, `map`, …
    pub kernel: &'static str,
    /// Whether it is part of the gradient.
    pub backward: bool,
    pub runs: u64,
    pub time: Duration,
    /// Floating-point operations of products, over all runs; other kernels count as none.
    pub flops: u64,
}

/// Costs as they add up, by node, kernel and direction.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// By node, whether backward, and kernel: how often, how long, how many operations.
    costs: BTreeMap<Key, (u64, Duration, u64)>,
}

type Key = (Option<usize>, bool, &'static str);

impl Profile {
    pub fn add(
        &mut self,
        node: Option<usize>,
        backward: bool,
        kernel: &'static str,
        time: Duration,
        flops: u64,
    ) {
        let cost = self.costs.entry((node, backward, kernel)).or_default();
        cost.0 += 1;
        cost.1 += time;
        cost.2 += flops;
    }

    /// In the graph's order, forward before backward.
    pub fn costs(&self, describe: impl Fn(usize) -> String) -> Vec<Cost> {
        let mut costs: Vec<Cost> = self
            .costs
            .iter()
            .map(|(&(node, backward, kernel), &(runs, time, flops))| Cost {
                origin: node.map(NodeId),
                node: node.map_or_else(String::new, &describe),
                kernel,
                backward,
                runs,
                time,
                flops,
            })
            .collect();
        costs.sort_by_key(|cost| cost.backward);
        costs
    }
}
