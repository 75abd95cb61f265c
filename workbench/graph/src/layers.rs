//! The table of layers, for people.

use crate::{Graph, Op, Shape};

/// One row: a call of a composite, or an op recorded outside of any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Dotted scopes: `encoder.down1`.
    pub name: String,
    pub op: String,
    pub shape: Shape,
    /// How many numbers it trains.
    pub parameters: usize,
}

/// How many numbers the whole graph trains.
pub fn parameter_count(graph: &Graph) -> usize {
    let count = |shape: &[usize]| shape.iter().product::<usize>();
    graph.params().iter().filter(|param| param.trained).map(|param| count(&param.shape)).sum()
}

/// The layers in order of computation.
pub fn layers(graph: &Graph) -> Vec<Layer> {
    let mut rows: Vec<(Option<usize>, Layer)> = Vec::new();
    for node in graph.nodes() {
        let composite = outermost_composite(graph, node.scope);
        if composite.is_none() && node.op.is_source() {
            if let Op::Input(id) = node.op {
                let layer = Layer {
                    name: graph.inputs()[id.0].name.clone(),
                    op: "input".to_owned(),
                    shape: node.shape.clone(),
                    parameters: 0,
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
                };
                rows.push((composite, layer));
            }
        }
    }
    rows.into_iter().map(|(_, layer)| layer).collect()
}

/// The layers as aligned text, with the number of parameters below.
pub fn render_layers(graph: &Graph) -> String {
    let rows: Vec<[String; 4]> = layers(graph)
        .into_iter()
        .map(|layer| {
            let parameters = match layer.parameters {
                0 => String::new(),
                n => grouped(n),
            };
            [layer.name, layer.op, layer.shape.to_string(), parameters]
        })
        .collect();
    let head = ["layer", "op", "output", "parameters"].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), width(3)];
    let mut text = String::new();
    for row in [&head].into_iter().chain(&rows) {
        let line = format!(
            "{:<a$}  {:<b$}  {:<c$}  {:>d$}",
            row[0],
            row[1],
            row[2],
            row[3],
            a = widths[0],
            b = widths[1],
            c = widths[2],
            d = widths[3]
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&format!("{} parameters\n", grouped(parameter_count(graph))));
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
    use crate::{DType, Init, InputSpec, Location, MarkKind, Unary};

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
