//! Recording the graph: for pictures of several sizes, twice, without labels, with bad values.

use workbench_graph::{Graph, parameter_count};
use workbench_host::Error;

use super::{Architecture, CLASSES, IMAGES, Traced, judged, size};
use crate::conformance::bad_values::trials;
use crate::conformance::outcome::Outcome;
use crate::console::grouped;

pub fn build(it: &mut Architecture) -> Outcome {
    judged(|| {
        let graphs = it.graphs()?;
        let built = graphs.iter().map(|(image, graph)| {
            format!("{} ({} parameters)", size(image), grouped(parameter_count(graph) as u64))
        });
        let built: Vec<String> = built.collect();
        let refused = it.traced.as_ref().map(|traced| &traced.refused[..]).unwrap_or_default();
        let refused: Vec<String> = refused
            .iter()
            .map(|(image, why)| format!("; skipped: {} says {why}", size(image)))
            .collect();
        Ok(Outcome::passed(format!(
            "{}, {}{}",
            it.given.in_words(),
            built.join(", "),
            refused.concat()
        )))
    })
}

/// Records it for each size of pictures.
///
/// # Errors
/// It falls over, or works for none of them.
pub fn trace_all(it: &Architecture) -> Result<Traced, Outcome> {
    let values = it.given.values(&it.info.parameters)?;
    let mut traced = Traced { graphs: Vec::new(), refused: Vec::new() };
    let mut first = None;
    for image in IMAGES {
        match it.trace(&values, image, CLASSES) {
            Ok(graph) => traced.graphs.push((image, graph)),
            Err(error) => {
                if let Some(outcome) = Outcome::of_refusal(&error) {
                    return Err(outcome);
                }
                let told = Outcome::error(&error);
                traced.refused.push((image, told.message.clone()));
                first.get_or_insert(told);
            }
        }
    }
    match first {
        Some(outcome) if traced.graphs.is_empty() => {
            let sizes = IMAGES.map(size).join(", ");
            Err(Outcome::failed(
                format!("it works for none of {sizes}: {}", outcome.message),
                "an architecture should take pictures of any size that its layers can",
            ))
        }
        _ => Ok(traced),
    }
}

/// Recorded twice, it is the same.
pub fn repeatable(it: &mut Architecture) -> Outcome {
    judged(|| {
        let graphs = it.graphs()?;
        let values = it.given.values(&it.info.parameters)?;
        for (image, graph) in &graphs {
            let again =
                it.trace(&values, image, CLASSES).map_err(|error| Outcome::error(&error))?;
            if let Some(difference) = difference(graph, &again) {
                return Err(Outcome::failed(
                    format!("recorded twice for {}, it differs: {difference}", size(image)),
                    "let `build` follow from its configuration alone, without randomness, time or state",
                ));
            }
        }
        Ok(Outcome::passed("recorded twice, every node, parameter and mark is the same"))
    })
}

/// Compared as text: a constant that is not a number equals itself there.
fn difference(one: &Graph, other: &Graph) -> Option<String> {
    fn first<T: std::fmt::Debug>(what: &str, one: &[T], other: &[T]) -> Option<String> {
        let text = |item: Option<&T>| item.map(|item| format!("{item:?}"));
        let n = one.len().max(other.len());
        let at = (0..n).find(|&i| text(one.get(i)) != text(other.get(i)))?;
        let shown = |item: Option<&T>| text(item).unwrap_or_else(|| "nothing".to_owned());
        Some(format!("{what} {at} is {} and {}", shown(one.get(at)), shown(other.get(at))))
    }
    first("parameter", one.params(), other.params())
        .or_else(|| first("node", one.nodes(), other.nodes()))
        .or_else(|| first("mark", one.marks(), other.marks()))
        .or_else(|| first("update", one.updates(), other.updates()))
}

/// Data without classes: taken, or refused in words.
pub fn without_labels(it: &mut Architecture) -> Outcome {
    judged(|| {
        let graphs = it.graphs()?;
        let values = it.given.values(&it.info.parameters)?;
        let Some((image, _)) = graphs.first() else {
            return Ok(Outcome::skipped("there is no size that it takes"));
        };
        match it.trace(&values, image, 0) {
            Ok(_) => Ok(Outcome::passed("data without labels will do")),
            Err(error @ Error::Trace { .. }) => Err(Outcome::failed(
                error.to_string(),
                "ask g.classes() first, and say with ensure! that labels are needed",
            )),
            Err(error) => match Outcome::of_refusal(&error) {
                Some(outcome) => Err(outcome),
                None => Ok(Outcome::skipped(format!("needs labels: {error}"))),
            },
        }
    })
}

/// Values out of range, of the wrong type, or at the edge: refused with words, or built with.
pub fn bad_values(it: &mut Architecture) -> Outcome {
    judged(|| {
        let graphs = it.graphs()?;
        let Some((image, _)) = graphs.first() else {
            return Ok(Outcome::skipped("there is no size that it takes"));
        };
        let declared = &it.info.parameters;
        let (mut refused, mut built) = (0, 0);
        for trial in trials(declared, &std::env::temp_dir(), true) {
            let shown = format!("{} = {}", trial.key, trial.value);
            let values = match it.given.with(declared, Some((&trial.key, &trial.value))) {
                Ok(_) if trial.refused => {
                    return Err(Outcome::failed(
                        format!("{shown} is allowed, and should not be"),
                        "report this: the workbench itself should refuse it",
                    ));
                }
                Ok(values) => values,
                Err(_) => {
                    refused += 1;
                    continue;
                }
            };
            match it.trace(&values, image, CLASSES) {
                Ok(_) => built += 1,
                Err(error) => match Outcome::of_refusal(&error) {
                    Some(outcome) => {
                        let message = format!("with {shown}: {}", outcome.message);
                        return Err(Outcome { message, ..outcome });
                    }
                    None => refused += 1,
                },
            }
        }
        Ok(Outcome::passed(format!(
            "{refused} refused with an error, {built} at the edge of what is allowed built"
        )))
    })
}
