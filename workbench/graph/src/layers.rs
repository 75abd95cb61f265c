//! The table of layers, for people.

use crate::{Graph, NodeId, Op, Shape};

/// One row: a call of a composite, or an op recorded outside of any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Dotted scopes: `encoder.down1`.
    pub name: String,
    pub op: String,
    pub shape: Shape,
    /// How many numbers it trains.
    pub parameters: usize,
    /// What it is made of, in the graph's order.
    pub nodes: Vec<NodeId>,
}

/// One more column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub head: &'static str,
    /// One a layer, in the order of [`layers`].
    pub cells: Vec<String>,
}

/// How many numbers the whole graph trains.
pub fn parameter_count(graph: &Graph) -> usize {
    let count = |shape: &[usize]| shape.iter().product::<usize>();
    graph.params().iter().filter(|param| param.trained).map(|param| count(&param.shape)).sum()
}

/// The layers in order of computation.
pub fn layers(graph: &Graph) -> Vec<Layer> {
    let mut rows: Vec<(Option<usize>, Layer)> = Vec::new();
    for (index, node) in graph.nodes().iter().enumerate() {
        let id = NodeId(index);
        let composite = outermost_composite(graph, node.scope);
        if composite.is_none() && node.op.is_source() {
            if let Op::Input(input) = node.op {
                let layer = Layer {
                    name: graph.inputs()[input.0].name.clone(),
                    op: "input".to_owned(),
                    shape: node.shape.clone(),
                    parameters: 0,
                    nodes: vec![id],
                };
                rows.push((None, layer));
            }
            continue;
        }
        let own = match node.op {
            Op::Param(id) if graph.params()[id.0].trained => {
                graph.params()[id.0].shape.iter().product()
            }
            _ => 0,
        };
        match rows.last_mut() {
            // The nodes of one composite follow each other; the last one is its result.
            Some((last, layer)) if composite.is_some() && *last == composite => {
                layer.parameters += own;
                layer.nodes.push(id);
                if !node.op.is_source() {
                    layer.shape = node.shape.clone();
                }
            }
            _ => {
                let scope = composite.or(node.scope);
                let op = match composite.and_then(|scope| graph.scopes()[scope].composite.clone()) {
                    Some(composite) => composite,
                    None => node.op.name().to_owned(),
                };
                let layer = Layer {
                    name: graph.path(scope),
                    op,
                    shape: node.shape.clone(),
                    parameters: own,
                    nodes: vec![id],
                };
                rows.push((composite, layer));
            }
        }
    }
    rows.into_iter().map(|(_, layer)| layer).collect()
}

/// The layers as aligned text, with the number of parameters and the likelihood below, where it has a name.
pub fn render_layers(graph: &Graph) -> String {
    render_layers_beside(graph, &[])
}

/// The same, with more columns on the right: each line begins as it does without them.
pub fn render_layers_beside(graph: &Graph, columns: &[Column]) -> String {
    let head = ["layer", "op", "output", "parameters"].into_iter();
    let mut rows: Vec<Vec<String>> =
        vec![head.chain(columns.iter().map(|column| column.head)).map(str::to_owned).collect()];
    for (i, layer) in layers(graph).into_iter().enumerate() {
        let parameters = match layer.parameters {
            0 => String::new(),
            n => grouped(n),
        };
        let mut row = vec![layer.name, layer.op, layer.shape.to_string(), parameters];
        row.extend(columns.iter().map(|column| column.cells.get(i).cloned().unwrap_or_default()));
        rows.push(row);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..4 + columns.len()).filter_map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(i, (cell, &width))| match i {
            0..3 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text.push_str(&format!("{} parameters\n", grouped(parameter_count(graph))));
    if let Some(likelihood) = graph.likelihood() {
        text.push_str(&format!("{likelihood} likelihood\n"));
    }
    text
}

fn outermost_composite(graph: &Graph, scope: Option<usize>) -> Option<usize> {
    let mut found = None;
    let mut at = scope;
    while let Some(index) = at {
        if graph.scopes()[index].composite.is_some() {
            found = Some(index);
        }
        at = graph.scopes()[index].parent;
    }
    found
}

/// 1691369 → "1,691,369".
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Init, InputSpec, Location, MarkKind, Role, Unary};

    fn small() -> Graph {
        let mut graph = Graph::new();
        let here = Location::default;
        let spec =
            InputSpec { name: "x".into(), shape: Shape::batched(&[1, 28, 28]), dtype: DType::F32 };
        let x = graph.input(&spec, here());
        let flat = graph.add(Op::Reshape, &[x], Some(&Shape::batched(&[784])), here()).unwrap();
        graph.enter("encoder", None);
        graph.enter("hidden", Some("linear"));
        let init = Init::Normal { std: 0.05 };
        let w = graph.param("weight", &[784, 400], init, "", here()).unwrap();
        let b = graph.param("bias", &[400], Init::Constant(0.0), "", here()).unwrap();
        let h = graph.add(Op::MatMul, &[flat, w], None, here()).unwrap();
        let h = graph.add(Op::Binary(crate::Binary::Add), &[h, b], None, here()).unwrap();
        graph.leave();
        graph.add(Op::Unary(Unary::Relu), &[h], None, here()).unwrap();
        graph.leave();
        graph
    }

    #[test]
    fn a_composite_is_one_row_with_its_parameters() {
        let text = render_layers(&small());
        assert_eq!(
            text,
            "layer           op       output       parameters\n\
             x               input    [B,1,28,28]\n\
             \x20               reshape  [B,784]\n\
             encoder.hidden  linear   [B,400]         314,000\n\
             encoder         relu     [B,400]\n\
             314,000 parameters\n"
        );
    }

    #[test]
    fn more_columns_stand_on_the_right() {
        let graph = small();
        let cells = ["", "", "1.25 ms", "0.5 ms"].map(str::to_owned).to_vec();
        let text = render_layers_beside(&graph, &[Column { head: "time", cells }]);
        let plain = render_layers(&graph);
        assert!(plain.lines().zip(text.lines()).all(|(less, more)| more.starts_with(less)));
        assert!(text.contains("   314,000  1.25 ms\n"), "{text}");
        let [.., linear, relu] = &layers(&graph)[..] else { panic!("{text}") };
        assert_eq!((linear.nodes.len(), relu.nodes.len()), (4, 1));
    }

    #[test]
    fn parameters_are_named_by_scope_and_shared_by_name() {
        let mut graph = small();
        let name = graph.params()[0].name.clone();
        assert_eq!(name, "encoder.hidden.weight");
        let init = Init::Constant(0.0);
        let again = graph.param(&name, &[784, 400], init, "", Location::default());
        assert_eq!(again.map(|id| graph.node(id).op.clone()), Ok(Op::Param(crate::ParamId(0))));
        let other = graph.param(&name, &[784, 20], init, "", Location::default());
        assert!(other.unwrap_err().message.contains("[784,400]"));
    }

    #[test]
    fn the_likelihood_is_the_name_of_the_picture() {
        let named = |name: &str| {
            let mut graph = small();
            let spec = graph.inputs()[0].clone();
            let x = graph.input(&spec, Location::default());
            let logits = MarkKind::Output(Role::Logits);
            graph.mark(logits, name, x, Location::default()).unwrap();
            (graph.likelihood().map(str::to_owned), render_layers(&graph))
        };
        let (likelihood, table) = named("bernoulli");
        assert_eq!(likelihood.as_deref(), Some("bernoulli"));
        assert!(table.ends_with("parameters\nbernoulli likelihood\n"), "{table}");
        let (likelihood, table) = named("logits");
        assert_eq!(likelihood, None);
        assert!(table.ends_with("parameters\n"), "{table}");
    }

    #[test]
    fn a_trace_without_a_loss_is_told_so() {
        let mut graph = small();
        assert!(graph.check().unwrap_err().contains("no loss"));
        let spec = graph.inputs()[0].clone();
        let x = graph.input(&spec, Location::default());
        let loss = MarkKind::Loss { group: String::new() };
        let error = graph.mark(loss, "loss", x, Location::default());
        assert!(error.unwrap_err().message.contains("[B,1,28,28]"));
    }
}
