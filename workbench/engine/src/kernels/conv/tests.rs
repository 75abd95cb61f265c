//! Each way of computing a convolution on random geometries, against its definition in f64.

use super::*;
use crate::noise::{self, Key};

/// Numbers at random, by place in the series.
struct Dice(Box<dyn Iterator<Item = f32>>);

impl Dice {
    fn new(seed: u64) -> Dice {
        let series = move |draw| noise::uniform(Key::new(seed, "convolutions", draw, 0), 64);
        Dice(Box::new((0..).flat_map(series)))
    }

    /// In `low ..= high`.
    fn pick(&mut self, low: usize, high: usize) -> usize {
        low + (self.0.next().unwrap() * (high - low + 1) as f32) as usize
    }

    /// One to three axes of odd and even sizes, strides that the kernel does not reach over, padding beyond the kernel,
    /// groups, and pixels behind the last that any place meets.
    fn geometry(&mut self) -> Geometry {
        let axes = self.pick(1, 3);
        let groups = self.pick(1, 3);
        let [channels, filters] = [0, 0].map(|_| {
            let most = [1, 3, 17, 33][self.pick(0, 3)];
            groups * self.pick(1, most)
        });
        let mut g = Geometry {
            batch: [1, 2, 3, 17, 50][self.pick(0, 4)],
            channels,
            filters,
            groups,
            size: [1; 3],
            out: [1; 3],
            kernel: [1; 3],
            stride: [1; 3],
            pad: [0; 3],
            dilation: [1; 3],
        };
        for axis in 3 - axes..3 {
            g.kernel[axis] = self.pick(1, 4);
            g.stride[axis] = self.pick(1, 4);
            g.dilation[axis] = self.pick(1, 3);
            g.pad[axis] = self.pick(0, 4);
            let reach = (g.kernel[axis] - 1) * g.dilation[axis] + 1;
            let least = reach.saturating_sub(2 * g.pad[axis]).max(1);
            g.size[axis] = least + self.pick(0, if axes == 3 { 5 } else { 13 });
            g.out[axis] = (g.size[axis] + 2 * g.pad[axis] - reach) / g.stride[axis] + 1;
        }
        if g.work() > 1 << 21 {
            g.batch = 1;
        }
        g
    }
}

/// Visits every product: places of X `[B, plane, C]`, of the weight `[G, taps · C / G, F / G]` and of Y
/// `[B, places, F]`.
fn each_product(g: &Geometry, mut each: impl FnMut(usize, usize, usize)) {
    let at = |i: usize, [_, b, c]: [usize; 3]| [i / c / b, i / c % b, i % c];
    let [inner, outer] = [g.group_channels(), g.group_filters()];
    for image in 0..g.batch {
        for place in 0..g.places() {
            for tap in 0..g.taps() {
                let (o, t) = (at(place, g.out), at(tap, g.kernel));
                let seen: Vec<usize> = (0..3)
                    .filter_map(|axis| {
                        let at = o[axis] * g.stride[axis] + t[axis] * g.dilation[axis];
                        at.checked_sub(g.pad[axis]).filter(|&at| at < g.size[axis])
                    })
                    .collect();
                let [z, y, x] = seen[..] else { continue };
                let pixel = (z * g.size[1] + y) * g.size[2] + x;
                for filter in 0..g.filters {
                    let group = filter / outer;
                    for channel in 0..inner {
                        let x = (image * g.plane() + pixel) * g.channels + group * inner + channel;
                        let w = ((group * g.taps() + tap) * inner + channel) * outer;
                        let y = (image * g.places() + place) * g.filters + filter;
                        each(x, w + filter % outer, y);
                    }
                }
            }
        }
    }
}

fn assert_near(label: &str, ours: &[f32], wanted: &[f64]) {
    let largest = wanted.iter().fold(1.0f64, |most, x| most.max(x.abs()));
    for (i, (a, b)) in ours.iter().zip(wanted).enumerate() {
        let near = (f64::from(*a) - b).abs() <= 1e-5 * largest;
        assert!(near, "{label}: element {i} is {a}, not {b}");
    }
}

/// All of a geometry: both directions, by both ways where there are two, and the weight's gradient.
fn check(g: &Geometry, seed: u64) {
    let numbers = |n: usize, salt: u64| noise::normal(Key::new(seed, "numbers", salt, 0), n);
    let x = numbers(g.batch * g.plane() * g.channels, 1);
    let w = numbers(g.groups * g.reach() * g.group_filters(), 2);
    let y = numbers(g.batch * g.places() * g.filters, 3);
    let mut sums = [vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; y.len()]];
    each_product(g, |i, j, k| {
        let [a, b, c] = [x[i], w[j], y[k]].map(f64::from);
        sums[0][i] += b * c;
        sums[1][j] += a * c;
        sums[2][k] += a * b;
    });
    let finished = |sums: &[f64], channels: usize, bias: &[f32], gate: &[f32], relu: bool| {
        let finished = |(i, sum): (usize, &f64)| {
            let sum = sum + f64::from(bias[i % channels]);
            let sum = if relu { sum.max(0.0) } else { sum };
            if gate[i] > 0.0 { sum } else { 0.0 }
        };
        sums.iter().enumerate().map(finished).collect::<Vec<f64>>()
    };
    let mut scratch = vec![f32::NAN; g.scratch_len()];
    let packed = Target::of(&mut scratch);
    for relu in [false, true] {
        let (bias, gate) = (numbers(g.filters, 4), numbers(y.len(), 5));
        let finish = Finish { bias: Some(&bias), gate: Some(&gate), relu, accumulate: false };
        let mut ours = vec![f32::NAN; y.len()];
        forward(g, Target::of(&mut ours), Source::of(&x), Source::of(&w), finish, packed);
        let wanted = finished(&sums[2], g.filters, &bias, &gate, relu);
        assert_near(&format!("forward, {g:?}"), &ours, &wanted);

        let (bias, gate) = (numbers(g.channels, 6), numbers(x.len(), 7));
        let finish = Finish { bias: Some(&bias), gate: Some(&gate), ..finish };
        let wanted = finished(&sums[0], g.channels, &bias, &gate, relu);
        for (way, name) in
            [(gather as fn(_, _, _, _, _, _), "gather"), (scatter::scatter, "scatter")]
        {
            let mut ours = vec![f32::NAN; x.len()];
            way(g, Target::of(&mut ours), Source::of(&y), Source::of(&w), finish, packed);
            assert_near(&format!("{name}, {g:?}"), &ours, &wanted);
        }
    }
    let mut ours = vec![f32::NAN; w.len()];
    weight(g, Target::of(&mut ours), Source::of(&x), Source::of(&y), packed);
    assert_near(&format!("weight, {g:?}"), &ours, &sums[1]);
}

#[test]
fn random_geometries_by_definition() {
    for seed in 0..200 {
        let g = Dice::new(seed).geometry();
        check(&g, seed);
    }
}

#[test]
fn images_that_do_not_fit_the_cache_are_taken_in_bands() {
    let plain = Geometry {
        batch: 2,
        channels: 33,
        filters: 20,
        groups: 1,
        size: [1; 3],
        out: [1; 3],
        kernel: [1; 3],
        stride: [1; 3],
        pad: [0; 3],
        dilation: [1; 3],
    };
    // A long line, a plane, a volume; and rows that would fall on the same cache lines.
    for g in [
        Geometry {
            size: [1, 1, 9001],
            out: [1, 1, 4501],
            kernel: [1, 1, 3],
            stride: [1, 1, 2],
            pad: [0, 0, 1],
            ..plain
        },
        Geometry {
            size: [1, 70, 75],
            out: [1, 35, 38],
            kernel: [1, 4, 3],
            stride: [1, 2, 2],
            pad: [0, 1, 1],
            ..plain
        },
        Geometry {
            channels: 12,
            size: [17, 18, 19],
            out: [17, 9, 9],
            kernel: [3, 4, 4],
            stride: [1, 2, 2],
            pad: [1; 3],
            ..plain
        },
        Geometry {
            channels: 1024,
            filters: 16,
            size: [1, 3, 20],
            out: [1, 2, 9],
            kernel: [1, 2, 3],
            stride: [1, 1, 2],
            ..plain
        },
        Geometry {
            channels: 16,
            filters: 1024,
            size: [1, 3, 20],
            out: [1, 2, 9],
            kernel: [1, 2, 3],
            stride: [1, 1, 2],
            ..plain
        },
    ] {
        check(&g, 1);
    }
}
