//! The SDK's likelihoods, traced over the plugin ABI and run: values and gradients against f64.

mod traced;

use std::f64::consts::PI;

use traced::check::{check, evaluated, near, observe, randomise, step, weight};
use traced::{Build, open};
use workbench_engine::Batch;
use workbench_sdk::{Dim, Graph, Likelihood, Scale, Tensor};

fn nothing() -> Batch {
    Batch::default()
}

/// n bytes over 255, of which 256 in a row are each byte once.
fn bytes<'g>(g: &'g Graph, dims: &[usize]) -> Tensor<'g> {
    let n = dims.iter().product();
    let steps = g.iota(n) * 37.0;
    let dims: Vec<Dim> = dims.iter().copied().map(Dim::Fixed).collect();
    ((steps - (steps / 256.0).floor() * 256.0) / 255.0).reshape(&dims)
}

fn byte(i: usize) -> f64 {
    (37 * i % 256) as f64 / 255.0
}

/// log(1 + eˣ).
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// log σ with its bound below.
fn bounded(log_scale: f64) -> f64 {
    softplus(log_scale + 6.0) - 6.0
}

/// A decoder's output as a mean.
fn mean(raw: f64) -> f64 {
    0.5 + 0.25 * raw
}

#[test]
fn bernoulli_is_the_cross_entropy_and_its_floor_the_entropy() {
    let build: Build = |g| {
        let decoded = g.parameter("p", &[2, 3, 2, 2], 1.0);
        observe(g, Likelihood::Bernoulli.nats(g, decoded, bytes(g, &[2, 3, 2, 2])));
    };
    check("bernoulli", build, &nothing(), |n| {
        let terms = n["p"].iter().enumerate().map(|(i, &l)| softplus(l) - byte(i) * l);
        terms.collect::<Vec<f64>>().chunks(12).map(|item| item.iter().sum()).collect()
    });

    // Of pictures `[B, 2, 2, 2]` the floor is logged, and nothing is where they are black and white.
    let build: Build = |g| {
        let x = g.image();
        let decoded = *x.conv2d("decoder", 2, 1);
        g.loss("loss", Likelihood::Bernoulli.recon(g, decoded, x));
    };
    let session = open(build);
    let floor = |pixels: Vec<f32>| {
        let batch = Batch::default().with_f32("x", &[2, 2, 2, 2], pixels);
        session.evaluate(&batch, &Default::default(), 0).unwrap().values["floor"]
    };
    let entropy = |p: f64| if p == 0.0 || p == 1.0 { 0.0 } else { -p * p.ln() };
    let total: f64 = (0..16).map(|i| entropy(byte(i)) + entropy(1.0 - byte(i))).sum();
    near(floor((0..16).map(|i| byte(i) as f32).collect()), total / 2.0, 1.0, "floor");
    assert_eq!(floor((0..16).map(|i| (i % 2) as f32).collect()), 0.0);
}

#[test]
fn a_gaussian_has_the_best_scale_of_its_batch() {
    let build: Build = |g| {
        let decoded = g.parameter("p", &[1, 3, 2, 2], 1.0);
        let x = bytes(g, &[1, 3, 2, 2]);
        observe(g, Likelihood::Gaussian(Scale::Optimal).nats(g, decoded, x));
    };
    let squared = |p: &[f64]| -> f64 {
        p.iter().enumerate().map(|(i, &l)| (byte(i) - mean(l)).powi(2)).sum()
    };
    let mut session = open(build);
    let numbers = randomise(&mut session);
    // No gradient flows through the scale: at the optimum there is none.
    let log_scale = bounded(0.5 * (squared(&numbers["p"]) / 12.0).ln());
    let reference = |p: &[f64]| {
        0.5 * squared(p) * (-2.0 * log_scale).exp() + 12.0 * (log_scale + 0.5 * (2.0 * PI).ln())
    };
    check("gaussian", build, &nothing(), |n| vec![reference(&n["p"])]);

    // After one step the running scale is that step's, so that evaluation agrees with it.
    step(&mut session, &nothing());
    near(evaluated(&session, &nothing()), weight(0) * reference(&numbers["p"]), 1.0, "evaluation");
}

#[test]
fn a_gaussian_and_a_laplace_may_learn_their_scale() {
    let gaussian: Build = |g| {
        let decoded = g.parameter("p", &[2, 3, 2, 2], 1.0);
        let x = bytes(g, &[2, 3, 2, 2]);
        observe(g, Likelihood::Gaussian(Scale::Learned).nats(g, decoded, x));
    };
    let laplace: Build = |g| {
        let decoded = g.parameter("p", &[2, 3, 2, 2], 1.0);
        let x = bytes(g, &[2, 3, 2, 2]);
        observe(g, Likelihood::Laplace(Scale::Learned).nats(g, decoded, x));
    };
    let each = |p: &[f64], log_density: &dyn Fn(f64) -> f64| -> Vec<f64> {
        let terms = p.iter().enumerate().map(|(i, &l)| -log_density(byte(i) - mean(l)));
        terms.collect::<Vec<f64>>().chunks(12).map(|item| item.iter().sum()).collect()
    };
    check("gaussian", gaussian, &nothing(), |n| {
        let s = bounded(n["log_scale"][0]).exp();
        each(&n["p"], &|e| -0.5 * (e / s).powi(2) - 0.5 * (2.0 * PI * s * s).ln())
    });
    check("laplace", laplace, &nothing(), |n| {
        let b = bounded(n["log_scale"][0]).exp();
        each(&n["p"], &|e| -e.abs() / b - (2.0 * b).ln())
    });
}

/// P of a byte's interval under a logistic over -1..1, open at the ends.
fn mass(x: f64, mean: f64, log_scale: f64) -> f64 {
    // From the nearer side, where the difference keeps its digits.
    let side = if x > mean { -1.0 } else { 1.0 };
    let cdf = |edge: f64| 1.0 / (1.0 + (-side * (edge - mean) / log_scale.exp()).exp());
    let end = |is_open: bool, edge: f64, at_end: f64| if is_open { at_end } else { cdf(edge) };
    let upper = end(x > 0.999, x + 1.0 / 255.0, if side > 0.0 { 1.0 } else { 0.0 });
    let lower = end(x < -0.999, x - 1.0 / 255.0, if side > 0.0 { 0.0 } else { 1.0 });
    side * (upper - lower)
}

#[test]
fn a_mixture_of_logistics_gives_each_byte_its_share() {
    // Two components of three colours: 2 weights, 6 means, 6 log-scales, 6 slopes.
    let build: Build = |g| {
        let decoded = g.parameter("p", &[2, 20, 3, 1], 1.0);
        let x = bytes(g, &[2, 3, 3, 1]);
        observe(g, Likelihood::LogisticMixture { components: 2 }.nats(g, decoded, x));
    };
    check("logistic-mixture", build, &nothing(), |n| {
        let raw = |item: usize, part: usize, k: usize, pixel: usize| {
            n["p"][item * 60 + (2 * part + k) * 3 + pixel]
        };
        let item = |item: usize| -> f64 {
            let pixel = |pixel: usize| -> f64 {
                let x = |c: usize| 2.0 * byte(item * 9 + c * 3 + pixel) - 1.0;
                let total: f64 = (0..2).map(|k| raw(item, 0, k, pixel).exp()).sum();
                let share = |k: usize| {
                    let r = |part: usize| raw(item, part, k, pixel);
                    let means = [
                        r(1),
                        r(2) + r(7).tanh() * x(0),
                        r(3) + r(8).tanh() * x(0) + r(9).tanh() * x(1),
                    ];
                    let colours = (0..3).map(|c| mass(x(c), means[c], r(4 + c) - 2.0));
                    r(0).exp() / total * colours.product::<f64>()
                };
                (0..2).map(share).sum::<f64>().ln()
            };
            -(0..3).map(pixel).sum::<f64>()
        };
        vec![item(0), item(1)]
    });
}

#[test]
fn the_shares_of_all_bytes_sum_to_one() {
    let build: Build = |g| {
        let decoded = g.parameter("p", &[1, 9, 1, 1], 1.0);
        let all: Vec<Dim> = [256, 9, 1, 1].map(Dim::Fixed).to_vec();
        let decoded = decoded.broadcast_like(
            g.constant(0.0).reshape(&[Dim::Fixed(1)]).broadcast_like(g.iota(256 * 9)).reshape(&all),
        );
        let x = bytes(g, &[256, 1, 1, 1]);
        observe(g, Likelihood::LogisticMixture { components: 3 }.nats(g, decoded, x));
    };
    let mut session = open(build);
    randomise(&mut session);
    step(&mut session, &nothing());
    let nats = &session.parameters().unwrap()["y"].data;
    let total: f64 = nats.iter().map(|&nats| (-f64::from(nats)).exp()).sum();
    assert!((total - 1.0).abs() < 1e-3, "{total}");
}
