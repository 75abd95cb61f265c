//! What every VAE is made of. Each is tagged with its name, so that the engine may run a kernel of its
//! own for the whole.

use crate::Tensor;

/// z = μ + ε · exp(½ log σ²) with ε ~ N(0, 1): a posterior sample that gradients flow through
/// (Kingma & Welling 2014, eq. 10). `[B, D]` each.
#[track_caller]
pub fn reparameterise<'g>(
    mean: impl Into<Tensor<'g>>,
    log_variance: impl Into<Tensor<'g>>,
) -> Tensor<'g> {
    let (mean, log_variance) = (mean.into(), log_variance.into());
    let graph = mean.graph();
    let _here = graph.builder.located(std::panic::Location::caller());
    graph.composite("reparameterise", "", || {
        mean + graph.normal_like(mean) * (0.5 * log_variance).exp()
    })
}

/// −log p(x | z) for Bernoulli pixels, in nats an image: Σ softplus(l) − x · l over all pixels.
/// `[B, …]` → `[B]`. Targets between 0 and 1 are allowed.
#[track_caller]
pub fn bce_with_logits<'g>(
    logits: impl Into<Tensor<'g>>,
    target: impl Into<Tensor<'g>>,
) -> Tensor<'g> {
    let (logits, target) = (logits.into(), target.into());
    let graph = logits.graph();
    let _here = graph.builder.located(std::panic::Location::caller());
    graph.composite("bce_with_logits", "", || (logits.softplus() - target * logits).sum_per_item())
}

/// KL(N(μ, σ²) ‖ N(0, 1)) in nats an image: ½ Σ (μ² + σ² − 1 − log σ²) over dimensions
/// (Kingma & Welling 2014, appendix B). `[B, D]` → `[B]`.
#[track_caller]
pub fn gaussian_kl<'g>(
    mean: impl Into<Tensor<'g>>,
    log_variance: impl Into<Tensor<'g>>,
) -> Tensor<'g> {
    let (mean, log_variance) = (mean.into(), log_variance.into());
    let graph = mean.graph();
    let _here = graph.builder.located(std::panic::Location::caller());
    graph.composite("gaussian_kl", "", || {
        0.5 * (mean * mean + log_variance.exp() - 1.0 - log_variance).sum_per_item()
    })
}
