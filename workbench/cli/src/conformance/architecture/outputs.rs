//! What the architecture marks: all that the workbench draws, logs and samples with.

use workbench_engine::{DeviceKind, OptimizerConfig, Session};
use workbench_graph::{Graph, Mark, MarkKind, Role};

use super::{Architecture, batch, judged, not_finite, size};
use crate::conformance::outcome::Outcome;

pub fn outputs(it: &mut Architecture) -> Outcome {
    judged(|| {
        let graphs = it.graphs()?;
        for (image, graph) in &graphs {
            let fail = |error: workbench_engine::Error| {
                Outcome::failed(format!("{}: {error}", size(image)), "mend what is named")
            };
            let session =
                Session::new(graph.clone(), DeviceKind::Cpu, 7, OptimizerConfig::default());
            let nodes: Vec<_> = graph.marks().iter().map(|mark| mark.node).collect();
            let values = session.and_then(|session| session.values(&nodes, &batch(image, 4, 0)));
            for (mark, value) in graph.marks().iter().zip(values.map_err(fail)?) {
                if let Some(place) = not_finite(&value) {
                    let message = format!(
                        "{}: {} `{}` is {place}, before any training",
                        size(image),
                        kind(mark),
                        mark.name
                    );
                    let help = "bound what it is made of: a log-variance, a logarithm's or a root's argument, a divisor";
                    return Err(Outcome::failed(message, help));
                }
            }
        }
        let Some((_, graph)) = graphs.first() else {
            return Ok(Outcome::skipped("there is no size that it takes"));
        };
        let there: Vec<String> =
            graph.marks().iter().map(|mark| format!("{} {}", kind(mark), mark.name)).collect();
        let there = format!("finite: {}", there.join(", "));
        match missing(graph) {
            Some((what, consequence)) => {
                Ok(Outcome::warning(format!("{there}; not marked: {what}"), consequence))
            }
            None => Ok(Outcome::passed(there)),
        }
    })
}

/// What is not marked, and what there is not for want of it.
fn missing(graph: &Graph) -> Option<(&'static str, &'static str)> {
    let metric = |name: &str| graph.metrics().any(|(known, _)| known == name);
    if graph.is_classifier() {
        return graph.output(Role::Features).is_none().then_some((
            "the features",
            "mark the penultimate layer with g.features(t): without it `eval --judge` can't tell how near images are",
        ));
    }
    if graph.port("z").is_none() {
        return Some((
            "the port z",
            "mark it with g.port(\"z\", …): without it nothing can be decoded, sampled or traversed",
        ));
    }
    if graph.output(Role::Mean).is_none() {
        return Some((
            "the posterior",
            "mark it with g.posterior(mean, log_variance): without it nothing can be encoded, and reconstructions, latent, kl, traversal and interpolation can't be drawn",
        ));
    }
    if graph.output(Role::Image).or(graph.output(Role::Logits)).is_none() {
        return Some((
            "the picture",
            "mark it with g.logits(x) or g.picture(x): without it nothing can be drawn",
        ));
    }
    if !metric("recon") || !metric("kl") {
        return Some((
            "the metrics recon and kl",
            "log them with g.metric: without both there is no ELBO to compare with",
        ));
    }
    None
}

fn kind(mark: &Mark) -> &'static str {
    match mark.kind {
        MarkKind::Output(_) => "output",
        MarkKind::Port => "port",
        MarkKind::Loss { .. } => "loss",
        MarkKind::Metric => "metric",
    }
}
