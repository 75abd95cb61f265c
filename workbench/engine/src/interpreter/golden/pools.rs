use workbench_graph::{Op, Pooling, Window};

use super::{at, both, check, indices, operand, random};

struct Case {
    x: &'static [usize],
    kernel: &'static [usize],
    stride: &'static [usize],
    pad: &'static [usize],
}

impl Case {
    fn window(&self) -> Window {
        Window {
            kernel: self.kernel.to_vec(),
            stride: self.stride.to_vec(),
            pad: self.pad.to_vec(),
        }
    }

    /// `reduce` of what each window sees; padding is left out.
    fn pool(&self, x: &[f64], reduce: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let size = &self.x[2..];
        let out = (0..size.len())
            .map(|i| (size[i] + 2 * self.pad[i] - self.kernel[i]) / self.stride[i] + 1);
        let dims: Vec<usize> = self.x[..2].iter().copied().chain(out).collect();
        indices(&dims)
            .map(|i| {
                let seen: Vec<f64> = indices(self.kernel)
                    .filter_map(|tap| {
                        let place: Option<Vec<usize>> = (0..size.len())
                            .map(|k| {
                                let at = i[2 + k] * self.stride[k] + tap[k];
                                at.checked_sub(self.pad[k]).filter(|&at| at < size[k])
                            })
                            .collect();
                        Some(at(x, self.x, &[&i[..2], &place?[..]].concat()))
                    })
                    .collect();
                reduce(&seen)
            })
            .collect()
    }
}

macro_rules! case {
    ($x:expr, $kernel:expr, $stride:expr, $pad:expr) => {
        Case { x: &$x, kernel: &$kernel, stride: &$stride, pad: &$pad }
    };
}

const CASES: [Case; 10] = [
    case!([2, 3, 4, 6], [2, 2], [2, 2], [0, 0]),
    // Windows that overlap, and that leave a rest.
    case!([2, 2, 7, 6], [3, 3], [2, 2], [1, 1]),
    case!([1, 2, 5, 5], [3, 2], [1, 1], [0, 1]),
    // Windows with gaps between them.
    case!([1, 2, 7, 8], [2, 1], [3, 2], [0, 0]),
    case!([1, 1, 3, 4], [4, 3], [2, 3], [3, 2]),
    case!([2, 1, 1, 1], [1, 1], [1, 1], [0, 0]),
    case!([2, 3, 9], [3], [2], [1]),
    case!([1, 2, 8], [2], [3], [0]),
    case!([1, 2, 4, 5, 3], [2, 3, 2], [2, 2, 1], [1, 0, 1]),
    case!([1, 1, 2, 2, 2], [2, 2, 2], [2, 2, 2], [0, 0, 0]),
];

#[test]
fn max_pools() {
    for case in CASES {
        let op = Op::Pool { pooling: Pooling::Max, window: case.window() };
        check(&op, &[random(case.x, 1)], None, |x| {
            case.pool(&x[0], |seen| seen.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        });
    }
}

#[test]
fn average_pools_count_their_padding() {
    for case in CASES {
        let op = Op::Pool { pooling: Pooling::Average, window: case.window() };
        let taps = case.kernel.iter().product::<usize>() as f64;
        check(&op, &[random(case.x, 1)], None, |x| {
            case.pool(&x[0], |seen| seen.iter().sum::<f64>() / taps)
        });
    }
}

#[test]
fn padding_is_never_the_largest_and_the_first_of_ties_is() {
    let window = Window { kernel: vec![2], stride: vec![2], pad: vec![1] };
    let op = Op::Pool { pooling: Pooling::Max, window };
    let x = operand(&[1, 1, 5], &[-5.0, -1.0, -1.0, -2.0, -3.0]);
    for (value, grads) in both(&op, std::slice::from_ref(&x)) {
        assert_eq!(value, [-5.0, -1.0, -2.0]);
        assert_eq!(grads[0], [1.0, 1.0, 0.0, 1.0, 0.0]);
    }
    let faulty = operand(&[1, 1, 5], &[f32::NEG_INFINITY, f32::NAN, 3.0, 1.0, 2.0]);
    for (value, _) in both(&op, &[faulty]) {
        assert_eq!((value[0], value[2]), (f32::NEG_INFINITY, 2.0));
        assert!(value[1].is_nan(), "a fault must show");
    }
}

#[test]
fn large_planes_are_split_into_tasks() {
    let x = random(&[4, 8, 64, 64], 1);
    let window = Window { kernel: vec![2; 2], stride: vec![2; 2], pad: vec![0; 2] };
    let op = Op::Pool { pooling: Pooling::Average, window };
    let (value, grads) = &both(&op, std::slice::from_ref(&x))[0];
    for (i, y) in value.iter().enumerate() {
        let corner = i / 32 * 128 + i % 32 * 2;
        let four = [corner, corner + 1, corner + 64, corner + 65].map(|at| x.data[at]);
        assert!((y - four.iter().sum::<f32>() / 4.0).abs() < 1e-5, "{i}");
    }
    assert!(grads[0].iter().all(|g| *g == 0.25));
}

#[test]
fn upsampling() {
    let cases: [(&[usize], &[usize]); 4] = [
        (&[2, 3, 2, 3], &[2, 2]),
        (&[1, 2, 3, 2], &[1, 3]),
        (&[2, 1, 4], &[3]),
        (&[1, 2, 2, 1, 2], &[2, 3, 1]),
    ];
    for (dims, factors) in cases {
        let mut out = dims.to_vec();
        out[2..].iter_mut().zip(factors).for_each(|(size, factor)| *size *= factor);
        check(&Op::Upsample { factors: factors.to_vec() }, &[random(dims, 1)], None, |x| {
            indices(&out)
                .map(|mut i| {
                    i[2..].iter_mut().zip(factors).for_each(|(i, factor)| *i /= factor);
                    at(&x[0], dims, &i)
                })
                .collect()
        });
    }
}
