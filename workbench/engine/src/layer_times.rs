//! The table of layers with what each of them costs.

use std::collections::BTreeMap;
use std::time::Duration;

use workbench_graph::{Column, NodeId, layers, render_layers_beside};

use crate::{Cost, Session};

impl Session {
    /// The table of layers with the time that each takes of a step, forward and backward, and its speed, from what was
    /// kept over `steps` steps since [`Session::profile`] began; then what belongs to no layer. What is computed together
    /// counts for the layer of its last op. `None` where no costs are kept, as by the interpreter.
    pub fn layer_times(&self, steps: u64) -> Option<String> {
        let costs = self.costs();
        if costs.is_empty() || steps == 0 {
            return None;
        }
        let layers = layers(self.graph());
        let places: BTreeMap<NodeId, usize> = layers
            .iter()
            .enumerate()
            .flat_map(|(place, layer)| layer.nodes.iter().map(move |&node| (node, place)))
            .collect();
        let mut sums = vec![Sum::default(); layers.len()];
        let mut others: BTreeMap<&str, Sum> = BTreeMap::new();
        for cost in &costs {
            match cost.origin.and_then(|node| places.get(&node)) {
                Some(&place) => sums[place].add(cost),
                None if cost.origin.is_none() => others.entry(cost.kernel).or_default().add(cost),
                None => others.entry("other").or_default().add(cost),
            }
        }
        let column = |head, cell: &dyn Fn(&Sum) -> String| Column {
            head,
            cells: sums.iter().map(cell).collect(),
        };
        let columns = [
            column("time", &|sum| sum.shown_time(steps)),
            column("GFLOP/s", &|sum| sum.shown_speed()),
        ];
        let mut text = render_layers_beside(self.graph(), &columns);
        let all: Vec<String> = others
            .iter()
            .map(|(kernel, sum)| format!("{kernel} {}", sum.shown_time(steps)))
            .collect();
        let mut whole = Sum::default();
        costs.iter().for_each(|cost| whole.add(cost));
        text.push_str(&format!(
            "{} a step, at {} GFLOP/s; beside the layers: {}\n",
            whole.shown_time(steps),
            whole.shown_speed(),
            all.join(", ")
        ));
        Some(text)
    }
}

#[derive(Clone, Default)]
struct Sum {
    time: Duration,
    flops: u64,
}

impl Sum {
    fn add(&mut self, cost: &Cost) {
        self.time += cost.time;
        self.flops += cost.flops;
    }

    fn shown_time(&self, steps: u64) -> String {
        match self.time {
            Duration::ZERO => String::new(),
            time => format!("{:.2} ms", 1e3 * time.as_secs_f64() / steps as f64),
        }
    }

    fn shown_speed(&self) -> String {
        match self.flops {
            0 => String::new(),
            flops => format!("{:.1}", flops as f64 / self.time.as_secs_f64() / 1e9),
        }
    }
}
