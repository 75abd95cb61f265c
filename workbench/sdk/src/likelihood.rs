//! How likely a picture is, given what a decoder makes of a code.

use std::f64::consts::{LN_2, PI};

use crate::{Config, Dim, Graph, Param, Result, Tensor, bce_with_logits, ensure, param};

/// p(x | z), the distribution of pixels about what the decoder says of them.
///
/// [`Likelihood::from_config`] reads it, [`Likelihood::outputs`] says how many channels the decoder is to give,
/// and [`Likelihood::recon`] marks the picture and returns −log p(x | z).
pub enum Likelihood {
    /// Black and white pixels, of which the decoder gives the logits. Grey values count as probabilities of white.
    Bernoulli,
    /// N(μ, σ²) with one σ for all pixels (Rybkin et al. 2021, "Simple and effective VAE training with calibrated
    /// decoders"): the decoder gives μ.
    Gaussian(Scale),
    /// Laplace(μ, b) with one b for all pixels.
    Laplace(Scale),
    /// A mixture of logistics in each pixel, over bytes (Salimans et al. 2017, "PixelCNN++", section 2.1): its
    /// colours share the mixture's weights, and each depends on those before it, as there in section 2.2.
    LogisticMixture { components: usize },
}

/// Where the width of a Gaussian or Laplace comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The best one for each batch: the root of its mean squared error (Rybkin et al. 2021, eq. 5), or its mean absolute one.
    /// Evaluation uses the running mean of training.
    Optimal,
    /// A trained parameter.
    Learned,
}

/// The least log σ: without it, a decoder that hits every pixel would have an infinite likelihood.
const LEAST_LOG_SCALE: f64 = -6.0;
/// What a new batch weighs in the running scale.
const MOMENTUM: f64 = 0.01;
/// A decoder's outputs are about N(0, 1) at the start, and pixels lie in 0..1.
const CENTRE: f64 = 0.5;
const SPREAD: f64 = 0.25;

impl Likelihood {
    /// Declares `likelihood`.
    pub const LIKELIHOOD: Param = param::text(
        "likelihood",
        "Of pixels: auto is bernoulli for grey pictures, and gaussian for colour.",
        "auto",
    )
    .choices(&[
        param::choice("auto"),
        param::choice("bernoulli"),
        param::choice("gaussian"),
        param::choice("laplace"),
        param::choice("logistic-mixture"),
    ]);
    /// Declares `scale`.
    pub const SCALE: Param = param::text(
        "scale",
        "Width of gaussian and laplace: the best one for each batch, or a trained parameter.",
        "optimal",
    )
    .choices(&[param::choice("optimal"), param::choice("learned")]);
    /// Declares `components`.
    pub const COMPONENTS: Param =
        param::int("components", "Logistics in the mixture of a pixel.", 5).range(1, 64);

    /// All three.
    pub const PARAMS: &[Param] =
        &[Likelihood::LIKELIHOOD, Likelihood::SCALE, Likelihood::COMPONENTS];

    /// Reads the three parameters above; `"auto"` is resolved by the channels of `x`.
    ///
    /// # Errors
    /// They are not declared, or do not go with the images.
    pub fn from_config(config: &Config, x: Tensor) -> Result<Likelihood> {
        let (name, scale): (String, String) = (config.get("likelihood")?, config.get("scale")?);
        let scale = if scale == "learned" { Scale::Learned } else { Scale::Optimal };
        let channels = x.size(1);
        Ok(match name.as_str() {
            "auto" if channels > 1 => Likelihood::Gaussian(scale),
            "auto" | "bernoulli" => Likelihood::Bernoulli,
            "gaussian" => Likelihood::Gaussian(scale),
            "laplace" => Likelihood::Laplace(scale),
            _ => {
                ensure!(
                    channels <= 4,
                    "likelihood = \"logistic-mixture\" takes pictures of up to 4 channels, and these have {channels}"
                );
                Likelihood::LogisticMixture { components: config.get("components")? }
            }
        })
    }

    /// Its name in experiments.
    pub fn name(&self) -> &'static str {
        match self {
            Likelihood::Bernoulli => "bernoulli",
            Likelihood::Gaussian(_) => "gaussian",
            Likelihood::Laplace(_) => "laplace",
            Likelihood::LogisticMixture { .. } => "logistic-mixture",
        }
    }

    /// How many channels the decoder gives for images `x`, `[B, C, …]`.
    pub fn outputs(&self, x: Tensor) -> usize {
        let channels = x.size(1);
        match *self {
            Likelihood::LogisticMixture { components } => {
                components * (1 + 2 * channels + pairs(channels))
            }
            _ => channels,
        }
    }

    /// Marks the picture, and returns −log p(x | z) in nats an image, as [`Likelihood::nats`] does; of Bernoulli pixels
    /// logs also `floor`: the entropy of grey pixels as probabilities, which no model's `recon` falls below.
    #[track_caller]
    pub fn recon<'g>(&self, g: &'g Graph, decoded: Tensor<'g>, x: Tensor<'g>) -> Tensor<'g> {
        let _here = g.builder.located(std::panic::Location::caller());
        match self {
            Likelihood::Bernoulli => {
                g.named_logits(self.name(), decoded);
                g.metric("floor", g.composite("entropy", "", || entropy(x)));
            }
            _ => g.named_picture(self.name(), g.composite("mean", "", || self.mean(decoded, x))),
        }
        g.composite(self.name(), "likelihood", || self.nats(g, decoded, x))
    }

    /// −log p(x | z) in nats an image, `[B]`: of `decoded`, `[B, outputs, …]` as [`Likelihood::outputs`] says, and
    /// images `x`, `[B, C, …]`. Of Gaussian and Laplace it is a density over pixels in 0..1, so that it is below zero
    /// where the decoder is good; their scale is logged as metric `scale`.
    #[track_caller]
    pub fn nats<'g>(&self, g: &'g Graph, decoded: Tensor<'g>, x: Tensor<'g>) -> Tensor<'g> {
        match *self {
            Likelihood::Bernoulli => bce_with_logits(decoded, x),
            Likelihood::Gaussian(scale) => {
                let error = x - self.mean(decoded, x);
                let squared = error * error;
                let log_scale =
                    scale.log_scale(g, 0.5 * (squared.mean(&all_axes(x)) + 1e-12).log());
                squared.sum_per_item() * 0.5 * (-2.0 * log_scale).exp()
                    + pixels(x) * (log_scale + 0.5 * (2.0 * PI).ln())
            }
            Likelihood::Laplace(scale) => {
                let error = (x - self.mean(decoded, x)).abs();
                let log_scale = scale.log_scale(g, (error.mean(&all_axes(x)) + 1e-12).log());
                error.sum_per_item() * (-log_scale).exp() + pixels(x) * (log_scale + LN_2)
            }
            Likelihood::LogisticMixture { components } => {
                Mixture::of(decoded, x, components).negative_log_likelihood(x)
            }
        }
    }

    /// The mean of p(x | z), `[B, C, …]`: what is drawn. It may leave 0..1.
    #[track_caller]
    pub fn mean<'g>(&self, decoded: Tensor<'g>, x: Tensor<'g>) -> Tensor<'g> {
        match *self {
            Likelihood::Bernoulli => decoded.sigmoid(),
            Likelihood::Gaussian(_) | Likelihood::Laplace(_) => decoded * SPREAD + CENTRE,
            Likelihood::LogisticMixture { components } => {
                Mixture::of(decoded, x, components).mean(x)
            }
        }
    }

    /// Logs `bits_per_dim`: `nats` of `recon + kl`, `[B]`, in bits a dimension of bytes. A density over 0..1 is one over
    /// bytes of width 1/256: log₂ 256 = 8 more bits (Theis et al. 2016, section 3.1); it bounds the probability of
    /// bytes with `input.dequantize = true`. Nothing is logged for Bernoulli pixels, which are no bytes.
    #[track_caller]
    pub fn bits_per_dim<'g>(&self, g: &'g Graph, nats: Tensor<'g>, x: Tensor<'g>) {
        let more = match self {
            Likelihood::Bernoulli => return,
            Likelihood::Gaussian(_) | Likelihood::Laplace(_) => 8.0,
            Likelihood::LogisticMixture { .. } => 0.0,
        };
        g.metric("bits_per_dim", nats / (pixels(x) * LN_2) + more);
    }
}

impl Scale {
    /// log σ, `[]`, not below [`LEAST_LOG_SCALE`]: `optimal` is the batch's best one.
    #[track_caller]
    fn log_scale<'g>(self, g: &'g Graph, optimal: Tensor<'g>) -> Tensor<'g> {
        let log_scale = match self {
            Scale::Learned => g.parameter("log_scale", &[1], 0.0).sum(&[0]),
            Scale::Optimal => {
                // At the optimum the loss is flat in σ: no gradient is lost.
                let batch = optimal.stop_gradient();
                let running = g.buffer("running_log_scale", &[1], 0.0);
                // The first batches count fully: the scale falls fast at the start.
                let weight = (1.0 / (g.input("step") + 1.0)).maximum(MOMENTUM);
                let followed = running.sum(&[0]) + weight * (batch - running.sum(&[0]));
                g.update(running, followed.reshape(&[Dim::Fixed(1)]));
                g.input("train").select(batch, running.sum(&[0]))
            }
        };
        // softplus in place of a hard bound, so that a gradient remains (Rybkin et al. 2021, appendix).
        let bounded = (log_scale - LEAST_LOG_SCALE).softplus() + LEAST_LOG_SCALE;
        g.metric("scale", bounded.exp());
        bounded
    }
}

/// A mixture of logistics in each pixel, over bytes scaled to -1..1. All of it `[B, K, …]`, K its components, but for
/// colours, which are a list.
struct Mixture<'g> {
    /// Before the softmax.
    weights: Tensor<'g>,
    /// By colour.
    means: Vec<Tensor<'g>>,
    log_scales: Vec<Tensor<'g>>,
    /// What a colour's mean gains from each colour before it: of the second from the first, of the third from the first,
    /// from the second, and so on.
    slopes: Vec<Tensor<'g>>,
}

/// Half of a byte's width, in -1..1.
const HALF: f64 = 1.0 / 255.0;
/// As in PixelCNN++.
const LEAST_LOGISTIC: f64 = -7.0;

impl<'g> Mixture<'g> {
    #[track_caller]
    fn of(decoded: Tensor<'g>, x: Tensor<'g>, components: usize) -> Mixture<'g> {
        let channels = x.size(1);
        let part = |i: usize| decoded.slice(1, i * components, components);
        Mixture {
            weights: part(0),
            means: (0..channels).map(|c| part(1 + c)).collect(),
            // A start of exp(-2): an eighth of the range.
            log_scales: (0..channels)
                .map(|c| (part(1 + channels + c) - 2.0).maximum(LEAST_LOGISTIC))
                .collect(),
            slopes: (0..pairs(channels)).map(|p| part(1 + 2 * channels + p).tanh()).collect(),
        }
    }

    /// The mean of each component's colour, given the colours before it.
    #[track_caller]
    fn conditional(&self, colour: usize, before: &[Tensor<'g>]) -> Tensor<'g> {
        let first = pairs(colour);
        let gains = before.iter().enumerate().map(|(i, value)| self.slopes[first + i] * *value);
        gains.fold(self.means[colour], |mean, gain| mean + gain)
    }

    /// The mixture's mean in 0..1, `[B, C, …]`: each colour given the means of those before it.
    #[track_caller]
    fn mean(&self, x: Tensor<'g>) -> Tensor<'g> {
        let weights = self.weights.softmax(1);
        let mut means: Vec<Tensor<'g>> = Vec::new();
        let mut of_all: Vec<Tensor<'g>> = Vec::new();
        for colour in 0..self.means.len() {
            let mean = self.conditional(colour, &means).maximum(-1.0).minimum(1.0);
            means.push(mean);
            of_all.push((weights * mean).reduce("sum", &[1], true));
        }
        let joined = of_all[0].concat(1, &of_all[1..]);
        joined.reshape_like(x) * 0.5 + 0.5
    }

    #[track_caller]
    fn negative_log_likelihood(&self, x: Tensor<'g>) -> Tensor<'g> {
        let x = x * 2.0 - 1.0;
        let colours: Vec<Tensor<'g>> = (0..self.means.len()).map(|c| x.slice(1, c, 1)).collect();
        let terms = (0..self.means.len()).map(|c| {
            let mean = self.conditional(c, &colours[..c]);
            log_probability(colours[c], mean, self.log_scales[c])
        });
        let log_weights = self.weights - self.weights.reduce("logsumexp", &[1], true);
        let joint = terms.fold(log_weights, |sum, term| sum + term);
        -joint.logsumexp(&[1]).sum_per_item()
    }
}

/// log P of a byte under a discretised logistic: the mass of its interval, open at the ends of the range.
///
/// σ(a) − σ(b) = σ(a) σ(−b) (1 − exp(b − a)): in logarithms it loses nothing where the mass is small, and at an open end the
/// factors of the other side drop out.
#[track_caller]
fn log_probability<'g>(x: Tensor<'g>, mean: Tensor<'g>, log_scale: Tensor<'g>) -> Tensor<'g> {
    let inverse = (-log_scale).exp();
    let centred = x - mean;
    let (a, b) = (inverse * (centred + HALF), inverse * (centred - HALF));
    let (not_lowest, not_highest) = (1.0 - x.lt(-0.999), 1.0 - (-x).lt(-0.999));
    not_lowest * not_highest * log_of_width(2.0 * HALF * inverse)
        - not_highest * (-a).softplus()
        - not_lowest * b.softplus()
}

/// log(1 − exp(−d)) for d > 0.
#[track_caller]
fn log_of_width(d: Tensor) -> Tensor {
    let small = d.lt(0.5);
    // Taylor's series where the difference would lose digits: the next term is d⁴ / 2880.
    let series = d.log() - 0.5 * d + d * d / 24.0;
    small.select(series, (-(-d.maximum(0.5)).exp()).log1p())
}

/// Σ −p log p − (1 − p) log(1 − p) over the pixels, `[B]`.
#[track_caller]
fn entropy(p: Tensor) -> Tensor {
    let q = 1.0 - p;
    -(p * p.maximum(1e-12).log() + q * q.maximum(1e-12).log()).sum_per_item()
}

/// How many numbers an image holds.
fn pixels(x: Tensor) -> f64 {
    (1..x.shape().len()).map(|axis| x.size(axis) as f64).product()
}

/// How many pairs so many colours make.
fn pairs(colours: usize) -> usize {
    colours * colours.saturating_sub(1) / 2
}

fn all_axes(x: Tensor) -> Vec<usize> {
    (0..x.shape().len()).collect()
}
