//! The SDK's composites, traced over the plugin ABI and run: values and gradients against f64.

mod traced;

use std::collections::BTreeMap;

use traced::check::{Numbers, all_near, check, evaluated, near, observe, randomise, step, weight};
use traced::{Build, open};
use workbench_engine::noise::{self, Key};
use workbench_engine::{Batch, Controls, Input};
use workbench_sdk::{Dim, Graph, Tensor, attention};

fn nothing() -> Batch {
    Batch::default()
}

/// Φ by Simpson's rule on the density.
fn normal_cdf(x: f64) -> f64 {
    let density = |t: f64| (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (n, step) = (400, x / 400.0);
    let weight = |i: i32| if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    let sum: f64 = (0..=n).map(|i| weight(i) * density(f64::from(i) * step)).sum();
    0.5 + sum * step / 3.0
}

#[test]
fn activations() {
    fn each(numbers: &Numbers, f: impl Fn(f64) -> f64) -> Vec<f64> {
        numbers["p"].iter().map(|&x| f(x)).collect()
    }
    let silu: Build = |g| observe(g, g.parameter("p", &[9], 1.0).silu());
    check("silu", silu, &nothing(), |p| each(p, |x| x / (1.0 + (-x).exp())));
    let gelu: Build = |g| observe(g, g.parameter("p", &[9], 1.0).gelu());
    check("gelu", gelu, &nothing(), |p| each(p, |x| x * normal_cdf(x)));
    let leaky: Build = |g| observe(g, g.parameter("p", &[9], 1.0).leaky_relu(0.2));
    check("leaky_relu", leaky, &nothing(), |p| each(p, |x| if x > 0.0 { x } else { 0.2 * x }));
}

/// Each group of places made to have mean 0 and variance 1.
fn standardise(x: &[f64], group: impl Fn(usize) -> usize) -> Vec<f64> {
    let mut groups: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    x.iter().enumerate().for_each(|(i, x)| groups.entry(group(i)).or_default().push(*x));
    let moments = |same: Vec<f64>| {
        let n = same.len() as f64;
        let mean = same.iter().sum::<f64>() / n;
        (mean, same.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
    };
    let moments: BTreeMap<usize, (f64, f64)> =
        groups.into_iter().map(|(group, same)| (group, moments(same))).collect();
    let standard = |(i, x): (usize, &f64)| {
        let (mean, variance) = moments[&group(i)];
        (x - mean) / (variance + 1e-5).sqrt()
    };
    x.iter().enumerate().map(standard).collect()
}

/// With the scale and shift of place `which(i)`.
fn scaled(
    normal: Vec<f64>,
    numbers: &Numbers,
    name: &str,
    which: impl Fn(usize) -> usize,
) -> Vec<f64> {
    let (weight, bias) = (&numbers[&format!("{name}.weight")], &numbers[&format!("{name}.bias")]);
    normal.iter().enumerate().map(|(i, x)| x * weight[which(i)] + bias[which(i)]).collect()
}

#[test]
fn layer_norms() {
    let last: Build = |g| observe(g, g.parameter("p", &[2, 3, 4], 1.0).layer_norm("norm", 1));
    check("one axis", last, &nothing(), |n| {
        scaled(standardise(&n["p"], |i| i / 4), n, "norm", |i| i % 4)
    });
    let three: Build = |g| observe(g, g.parameter("p", &[2, 3, 2, 2], 1.0).layer_norm("norm", 3));
    check("three axes", three, &nothing(), |n| {
        scaled(standardise(&n["p"], |i| i / 12), n, "norm", |i| i % 12)
    });
}

#[test]
fn group_norms() {
    let pictures: Build =
        |g| observe(g, g.parameter("p", &[2, 6, 2, 2], 1.0).group_norm("norm", 3));
    check("pictures", pictures, &nothing(), |n| {
        scaled(standardise(&n["p"], |i| i / 8), n, "norm", |i| i / 4 % 6)
    });
    let vectors: Build = |g| observe(g, g.parameter("p", &[3, 6], 1.0).group_norm("norm", 2));
    check("vectors", vectors, &nothing(), |n| {
        scaled(standardise(&n["p"], |i| i / 3), n, "norm", |i| i % 6)
    });
}

/// Channels mixed in each place: `[B, C, …]` of so many places, as a convolution of kernel 1 does it.
fn mixed(x: &[f64], numbers: &Numbers, name: &str, channels: usize, places: usize) -> Vec<f64> {
    let (weight, bias) = (&numbers[&format!("{name}.weight")], &numbers[&format!("{name}.bias")]);
    let value = |i: usize| {
        let (item, to, place) = (i / (channels * places), i / places % channels, i % places);
        let from = |c: usize| weight[to * channels + c] * x[(item * channels + c) * places + place];
        bias[to] + (0..channels).map(from).sum::<f64>()
    };
    (0..x.len()).map(value).collect()
}

/// A pre-activation block as in [`workbench_sdk::ResStack`], between two convolutions, so that channels lie last.
fn block<'g>(g: &'g Graph, dims: &[usize], groups: usize) -> Tensor<'g> {
    let (x, channels) = (g.parameter("p", dims, 1.0), dims[1]);
    let h = *x.conv("before", channels, 1).output();
    h + *h.group_norm("norm", groups).silu().conv("after", channels, 1).output()
}

fn block_reference(n: &Numbers, dims: &[usize], groups: usize) -> Vec<f64> {
    let (channels, places) = (dims[1], dims[2..].iter().product::<usize>());
    let h = mixed(&n["p"], n, "before", channels, places);
    let size = channels / groups * places;
    let normal = h.chunks(size).flat_map(|group| standardise(group, |_| 0)).collect();
    let normal = scaled(normal, n, "norm", |i| i / places % channels);
    let active: Vec<f64> = normal.iter().map(|x| x / (1.0 + (-x).exp())).collect();
    let added = mixed(&active, n, "after", channels, places);
    h.iter().zip(added).map(|(h, added)| h + added).collect()
}

/// Large enough that sums over pixels are taken along the way, and that tiles hold whole and cut rows of channels.
#[test]
fn group_norms_between_convolutions() {
    const PICTURES: [usize; 4] = [9, 8, 9, 8];
    let pictures: Build = |g| observe(g, block(g, &PICTURES, 2));
    check("pictures", pictures, &nothing(), |n| block_reference(n, &PICTURES, 2));
    const VOLUMES: [usize; 5] = [8, 6, 4, 5, 3];
    let volumes: Build = |g| observe(g, block(g, &VOLUMES, 3));
    check("volumes", volumes, &nothing(), |n| block_reference(n, &VOLUMES, 3));
}

#[test]
fn batch_norms_train_on_the_batch() {
    let vectors: Build = |g| observe(g, g.parameter("p", &[5, 3], 1.0).batch_norm("norm"));
    check("vectors", vectors, &nothing(), |n| {
        scaled(standardise(&n["p"], |i| i % 3), n, "norm", |i| i % 3)
    });
    let pictures: Build = |g| observe(g, g.parameter("p", &[2, 3, 2, 2], 1.0).batch_norm("norm"));
    check("pictures", pictures, &nothing(), |n| {
        scaled(standardise(&n["p"], |i| i / 4 % 3), n, "norm", |i| i / 4 % 3)
    });
}

/// Pictures `[n, 2, 2, 2]`.
fn pictures(n: usize, salt: u64) -> Batch {
    let data = noise::normal(Key::new(salt, "pictures", 0, 0), 8 * n);
    Batch::default().with_f32("x", &[n, 2, 2, 2], data)
}

fn channel(batch: &Batch, channel: usize) -> Vec<f64> {
    let Input::F32(array) = &batch.inputs["x"] else { panic!("pictures are f32") };
    let of = |(i, x): (usize, &f32)| (i / 4 % 2 == channel).then_some(f64::from(*x));
    array.data.iter().enumerate().filter_map(of).collect()
}

#[test]
fn running_statistics_follow_the_batches_and_serve_evaluation() {
    let build: Build = |g| {
        let y = g.image().batch_norm("norm");
        // Squares, so that the loss tells the statistics.
        g.loss("loss", (y * y).sum_per_item() + y.sum_per_item());
    };
    let mut session = open(build);
    let (mut mean, mut variance) = ([0.0; 2], [1.0; 2]);
    for salt in 0..3 {
        // Batches of another size each: the correction n / (n − 1) is that of the batch at hand.
        let batch = pictures(2 + salt as usize, salt);
        step(&mut session, &batch);
        for c in 0..2 {
            let x = channel(&batch, c);
            let m = x.iter().sum::<f64>() / x.len() as f64;
            let v = x.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (x.len() - 1) as f64;
            mean[c] = 0.9 * mean[c] + 0.1 * m;
            variance[c] = 0.9 * variance[c] + 0.1 * v;
        }
    }
    let parameters = session.parameters().unwrap();
    all_near(&parameters["norm.running_mean"].data, &mean, "running mean");
    all_near(&parameters["norm.running_variance"].data, &variance, "running variance");

    // One picture alone has no batch to speak of.
    let single = pictures(1, 9);
    let wanted: f64 = (0..2)
        .flat_map(|c| {
            let normal = move |x: f64| (x - mean[c]) / (variance[c] + 1e-5).sqrt();
            channel(&single, c).into_iter().map(normal).collect::<Vec<_>>()
        })
        .map(|y| y * y + y)
        .sum();
    near(evaluated(&session, &single), wanted, 1.0, "evaluation");
    assert_eq!(session.parameters().unwrap(), parameters);
}

#[test]
fn dropout_keeps_the_mean_and_rests_in_evaluation() {
    let build: Build = |g| observe(g, g.parameter("p", &[4000], 1.0).dropout(0.25));
    let mut session = open(build);
    let numbers = randomise(&mut session);
    step(&mut session, &nothing());
    let first = session.parameters().unwrap()["y"].data.clone();
    let moments = session.optimizer_state().unwrap();
    let mut dropped = 0;
    for (i, (y, p)) in first.iter().zip(&numbers["p"]).enumerate() {
        let slope = f64::from(10.0 * moments["p.m"].data[i]);
        if *y == 0.0 {
            dropped += 1;
            assert_eq!(slope, 0.0);
        } else {
            near(*y, p / 0.75, 0.0, "kept");
            assert!((slope - weight(i) / 0.75).abs() < 1e-5, "{i}");
        }
    }
    // Four standard deviations of a binomial around 1000.
    assert!((890..1110).contains(&dropped), "{dropped} of 4000");
    step(&mut session, &nothing());
    assert_ne!(session.parameters().unwrap()["y"].data, first, "each step drops others");
    let wanted: f64 = numbers["p"].iter().enumerate().map(|(i, p)| p * weight(i)).sum();
    near(evaluated(&session, &nothing()), wanted, 100.0, "evaluation");
}

#[test]
fn layers_take_part_in_arithmetic() {
    let build: Build = |g| {
        let p = g.parameter("p", &[2, 3], 1.0);
        observe(g, 2.0 * p.linear("a", 3).no_bias() - p.linear("b", 3).no_bias() / p + p);
    };
    check("layers", build, &nothing(), |n| {
        let product = |name: &str, i: usize| -> f64 {
            let weight = &n[&format!("{name}.weight")];
            (0..3).map(|k| n["p"][i / 3 * 3 + k] * weight[k * 3 + i % 3]).sum()
        };
        let each = |i: usize| 2.0 * product("a", i) - product("b", i) / n["p"][i] + n["p"][i];
        (0..6).map(each).collect()
    });
}

#[test]
fn attention_is_a_weighted_mean_of_the_values() {
    let build: Build = |g| {
        let part = |name: &str, dims: &[usize]| g.parameter(name, dims, 1.0);
        let (q, k, v) = (part("q", &[2, 3, 4]), part("k", &[2, 5, 4]), part("v", &[2, 5, 2]));
        observe(g, attention(q, k, v));
    };
    check("attention", build, &nothing(), |n| {
        let mut out = Vec::new();
        for (b, t) in (0..2).flat_map(|b| (0..3).map(move |t| (b, t))) {
            let fit = |s: usize| -> f64 {
                (0..4).map(|d| n["q"][(b * 3 + t) * 4 + d] * n["k"][(b * 5 + s) * 4 + d]).sum()
            };
            let powers: Vec<f64> = (0..5).map(|s| (fit(s) / 2.0).exp()).collect();
            let total: f64 = powers.iter().sum();
            for e in 0..2 {
                let mean = (0..5).map(|s| powers[s] / total * n["v"][(b * 5 + s) * 2 + e]);
                out.push(mean.sum());
            }
        }
        out
    });
}

fn labels(labels: &[i64]) -> Batch {
    Batch::default().with_i64("label", &[labels.len()], labels.to_vec())
}

/// `[B, N]` summed over the batch, times a parameter, so that something is trained.
fn summed<'g>(g: &'g Graph, y: Tensor<'g>) -> Tensor<'g> {
    y.sum(&[0]) * g.parameter("factor", &[1], 1.0)
}

#[test]
fn embeddings_learn_a_row_a_class() {
    let build: Build = |g| {
        let y = g.input("label").embedding("class", 3, 4);
        observe(g, summed(g, y * y));
    };
    check("embedding", build, &labels(&[2, 0, 2, 2]), |n| {
        let of = |class: usize, i: usize| n["class.weight"][4 * class + i].powi(2);
        (0..4).map(|i| (of(0, i) + 3.0 * of(2, i)) * n["factor"][0]).collect()
    });
    let mut session = open(build);
    let knobs = BTreeMap::new();
    let controls = Controls { lr: 0.1, knobs: &knobs, clip_norm: None };
    let before = session.parameters().unwrap();
    let error = session.train_step(&labels(&[0, 3]), &controls).unwrap_err().to_string();
    assert!(error.contains("`take` of class (at "), "{error}");
    assert!(error.contains("index 3") && error.contains("composites.rs:"), "{error}");
    assert_eq!(session.parameters().unwrap(), before);
}

#[test]
fn classes_become_ones() {
    let build: Build = |g| observe(g, summed(g, g.input("label").one_hot(3)));
    check("one_hot", build, &labels(&[2, 0, 2, 2]), |n| {
        [1.0, 0.0, 3.0].iter().map(|count| count * n["factor"][0]).collect()
    });
}

/// x sorted by gather and argsort, and the nearest of a codebook with straight-through gradients.
#[test]
fn ops_of_places_reach_the_engine() {
    let sorted: Build = |g| {
        let p = g.parameter("p", &[2, 5], 1.0);
        observe(g, p.gather(1, p.argsort(1, true)).cumsum(1));
    };
    check("sorted", sorted, &nothing(), |n| {
        let rows = n["p"].chunks(5).flat_map(|row| {
            let mut row = row.to_vec();
            row.sort_by(|a, b| b.total_cmp(a));
            row.iter()
                .scan(0.0, |sum, x| {
                    *sum += x;
                    Some(*sum)
                })
                .collect::<Vec<f64>>()
        });
        rows.collect()
    });
    let quantised: Build = |g| {
        let (z, book) = (g.parameter("z", &[6, 1], 1.0), g.parameter("book", &[4, 1], 1.0));
        let difference = z - book.reshape(&[Dim::Fixed(1), Dim::Fixed(4)]);
        let nearest = book.take(0, (-(difference * difference)).argmax(1));
        observe(g, nearest * 2.0 + z);
    };
    check("quantised", quantised, &nothing(), |n| {
        let nearest = |z: f64| {
            let by = |a: &&f64, b: &&f64| (*a - z).abs().total_cmp(&(*b - z).abs());
            *n["book"].iter().min_by(by).unwrap()
        };
        n["z"].iter().map(|&z| 2.0 * nearest(z) + z).collect()
    });
}

#[test]
fn pools_and_volumes_reach_the_engine() {
    let pooled: Build = |g| {
        let p = g.parameter("p", &[1, 2, 4, 4], 1.0);
        let halved = p.max_pool(&[2, 2], &[2, 2], &[0, 0]) + p.avg_pool(&[2, 2], &[2, 2], &[0, 0]);
        observe(g, halved.upsample(&[2, 2]));
    };
    check("pooled", pooled, &nothing(), |n| {
        let four = |i: usize| {
            let corner = i / 16 * 16 + i % 16 / 8 * 8 + i % 4 / 2 * 2;
            [corner, corner + 1, corner + 4, corner + 5].map(|at| n["p"][at])
        };
        let both = |x: [f64; 4]| x.iter().sum::<f64>() / 4.0 + x.into_iter().fold(x[0], f64::max);
        (0..32).map(|i| both(four(i))).collect()
    });
    let volumes: Build = |g| {
        let p = g.parameter("p", &[1, 2, 4, 4, 4], 1.0);
        let h = p.conv3d("down", 3, 4).stride(2).pad(1).silu();
        let up = h.conv_transpose3d("up", 1, 4).stride(2).pad(1).out_pad3d(1, 0, 1);
        g.loss("loss", up.sum(&[0, 1, 2, 3, 4]));
        assert_eq!(up.shape(), [1, 1, 5, 4, 5].map(Dim::Fixed));
        let line = p.reshape(&[Dim::Fixed(2), Dim::Fixed(4), Dim::Fixed(16)]);
        let line = line.conv1d("line", 5, 3).stride(2).pad(1).conv_transpose1d("back", 4, 3);
        assert_eq!(line.shape(), [2, 4, 10].map(Dim::Fixed));
        g.metric("line", line.sum(&[0, 1, 2]));
    };
    let mut session = open(volumes);
    assert!(step(&mut session, &nothing()).is_finite());
    let parameters = session.parameters().unwrap();
    assert_eq!(parameters["down.weight"].shape, [3, 2, 4, 4, 4]);
    assert_eq!(parameters["up.weight"].shape, [3, 1, 4, 4, 4]);
}

/// Two groups of two channels each way, the kernel's three places two apart, over lines of five.
#[test]
fn convolutions_take_a_dilation_and_groups() {
    // Output channel, input channel and kernel place that meet, with the index of their weight.
    fn meeting(transposed: bool) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        (0..4).flat_map(move |o| {
            (0..2).flat_map(move |i| {
                let c = o / 2 * 2 + i;
                let weight = if transposed { (c * 2 + o % 2) * 3 } else { (o * 2 + i) * 3 };
                (0..3).map(move |k| (o, c, k, weight + k))
            })
        })
    }
    let down: Build = |g| {
        let p = g.parameter("p", &[1, 4, 5], 1.0);
        observe(g, *p.conv1d("c", 4, 3).dilation(2).groups(2).pad(1));
    };
    check("conv1d", down, &nothing(), |n| {
        let mut y: Vec<f64> = (0..12).map(|at| n["c.bias"][at / 3]).collect();
        for (o, c, k, weight) in meeting(false) {
            for t in 0..3 {
                let from = (t + 2 * k).checked_sub(1).filter(|&from| from < 5);
                y[o * 3 + t] +=
                    from.map_or(0.0, |from| n["p"][c * 5 + from] * n["c.weight"][weight]);
            }
        }
        y
    });
    let up: Build = |g| {
        let p = g.parameter("p", &[1, 4, 5], 1.0);
        observe(g, *p.conv_transpose1d("c", 4, 3).dilation(2).groups(2));
    };
    check("conv_transpose1d", up, &nothing(), |n| {
        let mut y: Vec<f64> = (0..36).map(|at| n["c.bias"][at / 9]).collect();
        for (o, c, k, weight) in meeting(true) {
            for t in 0..5 {
                y[o * 9 + t + 2 * k] += n["p"][c * 5 + t] * n["c.weight"][weight];
            }
        }
        y
    });
    let depthwise: Build = |g| {
        let y = g.image().conv2d("each", 4, 1).groups(2).no_bias();
        g.loss("loss", y.sum_per_item());
    };
    assert_eq!(open(depthwise).parameters().unwrap()["each.weight"].shape, [4, 1, 1, 1]);
    let why = traced::trace(|g| {
        // What follows, be it an update, does not hide the reason.
        let y = g.image().conv2d("odd", 3, 1).groups(2).batch_norm("norm");
        g.loss("loss", y.sum_per_item());
    });
    let why = why.unwrap_err().to_string();
    let words = "layer `odd`: 2 groups do not divide 2 input and 3 output channels";
    assert!(why.contains(words) && why.contains("composites.rs:"), "{why}");
}

#[test]
fn composites_are_rows_of_the_layer_table() {
    let build: Build = |g| {
        let y = g.image().batch_norm("norm").gelu().dropout(0.1).group_norm("group", 2);
        g.loss("loss", y.flatten().layer_norm("layer", 1).sum_per_item());
    };
    let graph = traced::trace(build).unwrap();
    let layers = workbench_graph::layers(&graph);
    let rows: Vec<(&str, &str, usize)> = layers
        .iter()
        .map(|layer| (layer.name.as_str(), layer.op.as_str(), layer.parameters))
        .collect();
    let wanted = [
        ("x", "input", 0),
        ("norm", "batch_norm", 4),
        ("", "gelu", 0),
        ("", "dropout", 0),
        ("group", "group_norm", 4),
        ("", "reshape", 0),
        ("layer", "layer_norm", 16),
        ("", "sum", 0),
    ];
    assert_eq!(rows, wanted);
    assert_eq!(workbench_graph::parameter_count(&graph), 24);
    assert_eq!(layers[1].shape.to_string(), "[B,2,2,2]");
}

#[test]
fn mistakes_name_the_authors_line() {
    let why = |build: Build| traced::trace(build).unwrap_err().to_string();
    let twice = why(|g| {
        let y = g.image().batch_norm("norm").batch_norm("norm");
        g.loss("loss", y.sum_per_item());
    });
    assert!(twice.contains("update at ") && twice.contains("composites.rs:"), "{twice}");
    assert!(twice.contains("`norm.running_mean` has an update already"), "{twice}");
    let groups = why(|g| g.loss("loss", g.image().group_norm("norm", 0).sum_per_item()));
    assert!(groups.contains("composites.rs:"), "{groups}");
    let p = why(|g| g.loss("loss", g.image().dropout(1.0).sum_per_item()));
    assert!(p.contains("dropout: p is 1, and must be") && p.contains("composites.rs:"), "{p}");
    let index =
        why(|g| g.loss("loss", g.image().flatten().take(1, g.input("train")).sum_per_item()));
    assert!(index.contains("the indices must be i64"), "{index}");
    let trained = why(|g| {
        let p = g.parameter("p", &[2], 1.0);
        g.update(p, p);
    });
    assert!(trained.contains("`p` is a trained parameter"), "{trained}");
}
