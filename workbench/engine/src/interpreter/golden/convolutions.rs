use candle_core::{Device, Tensor, Var};
use workbench_graph::{ConvGeometry, Op};

use super::{assert_near, at, check, indices, random};

/// What a geometry is tried on.
struct Case {
    x: &'static [usize],
    /// `[O, C / groups, …]` for a convolution, `[C, O / groups, …]` for a transposed one.
    weight: &'static [usize],
    stride: &'static [usize],
    pad: &'static [usize],
    dilation: &'static [usize],
    groups: usize,
    out_pad: &'static [usize],
}

impl Case {
    fn geometry(&self) -> ConvGeometry {
        ConvGeometry {
            stride: self.stride.to_vec(),
            pad: self.pad.to_vec(),
            dilation: self.dilation.to_vec(),
            groups: self.groups,
        }
    }

    /// The pixel that a tap sees from an output pixel of the (plain) convolution.
    fn sees(&self, out: &[usize], tap: &[usize], size: &[usize]) -> Option<Vec<usize>> {
        (0..out.len())
            .map(|i| {
                let place = out[i] * self.stride[i] + tap[i] * self.dilation[i];
                place.checked_sub(self.pad[i]).filter(|&at| at < size[i])
            })
            .collect()
    }

    fn conv(&self, x: &[f64], w: &[f64]) -> Vec<f64> {
        let size = &self.x[2..];
        let reach = |i: usize| self.dilation[i] * (self.weight[2 + i] - 1) + 1;
        let out =
            (0..size.len()).map(|i| (size[i] + 2 * self.pad[i] - reach(i)) / self.stride[i] + 1);
        let dims: Vec<usize> = [self.x[0], self.weight[0]].into_iter().chain(out).collect();
        indices(&dims)
            .map(|i| {
                let group = i[1] / (self.weight[0] / self.groups);
                indices(&self.weight[1..])
                    .filter_map(|k| {
                        let seen = self.sees(&i[2..], &k[1..], size)?;
                        let channel = group * self.weight[1] + k[0];
                        let from = [&[i[0], channel], &seen[..]].concat();
                        let tap = [&[i[1]], &k[..]].concat();
                        Some(at(x, self.x, &from) * at(w, self.weight, &tap))
                    })
                    .sum()
            })
            .collect()
    }

    fn conv_transpose(&self, x: &[f64], w: &[f64]) -> Vec<f64> {
        let size: Vec<usize> = (0..self.x.len() - 2)
            .map(|i| {
                let reach = self.dilation[i] * (self.weight[2 + i] - 1) + 1;
                (self.x[2 + i] - 1) * self.stride[i] + reach + self.out_pad[i] - 2 * self.pad[i]
            })
            .collect();
        let channels = self.weight[1] * self.groups;
        let dims = [&[self.x[0], channels], &size[..]].concat();
        let mut y = vec![0.0; dims.iter().product()];
        for (i, x) in indices(self.x).zip(x) {
            let group = i[1] / (self.x[1] / self.groups);
            for k in indices(&self.weight[1..]) {
                if let Some(seen) = self.sees(&i[2..], &k[1..], &size) {
                    let channel = group * self.weight[1] + k[0];
                    let to = [&[i[0], channel], &seen[..]].concat();
                    let flat = to.iter().zip(&dims).fold(0, |flat, (i, n)| flat * n + i);
                    y[flat] += x * at(w, self.weight, &[&[i[1]], &k[..]].concat());
                }
            }
        }
        y
    }
}

macro_rules! case {
    ($x:expr, $weight:expr, $stride:expr, $pad:expr, $dilation:expr, $groups:expr, $out_pad:expr) => {
        Case {
            x: &$x,
            weight: &$weight,
            stride: &$stride,
            pad: &$pad,
            dilation: &$dilation,
            groups: $groups,
            out_pad: &$out_pad,
        }
    };
}

#[test]
fn convolutions() {
    for case in [
        case!([2, 3, 5, 5], [4, 3, 3, 3], [1, 1], [1, 1], [1, 1], 1, [0, 0]),
        case!([2, 2, 8, 8], [3, 2, 4, 4], [2, 2], [1, 1], [1, 1], 1, [0, 0]),
        case!([1, 2, 7, 10], [3, 2, 3, 3], [3, 3], [0, 0], [1, 1], 1, [0, 0]),
        case!([2, 2, 6, 9], [2, 2, 3, 2], [2, 1], [0, 1], [1, 2], 1, [0, 0]),
        case!([2, 4, 5, 7], [6, 2, 3, 3], [2, 2], [1, 1], [1, 1], 2, [0, 0]),
        case!([1, 3, 6, 5], [3, 1, 3, 3], [1, 2], [2, 1], [2, 1], 3, [0, 0]),
        case!([2, 3, 4, 3], [2, 3, 1, 1], [1, 1], [0, 0], [1, 1], 1, [0, 0]),
        case!([2, 2, 3, 4], [2, 2, 3, 4], [1, 1], [0, 0], [1, 1], 1, [0, 0]),
        case!([1, 1, 2, 2], [1, 1, 2, 2], [1, 1], [3, 3], [1, 1], 1, [0, 0]),
        case!([2, 3, 11], [4, 3, 3], [2], [1], [2], 1, [0]),
        case!([1, 4, 8], [4, 2, 4], [3], [2], [1], 2, [0]),
        case!([2, 2, 4, 3, 5], [3, 2, 3, 3, 3], [1; 3], [1; 3], [1; 3], 1, [0; 3]),
        case!([1, 2, 6, 4, 5], [2, 2, 2, 3, 2], [2, 1, 3], [0, 1, 1], [2, 1, 2], 1, [0; 3]),
        case!([2, 4, 3, 4, 4], [4, 2, 2, 2, 3], [1, 2, 2], [1, 0, 1], [1, 2, 1], 2, [0; 3]),
    ] {
        let operands = [random(case.x, 1), random(case.weight, 2)];
        check(&Op::Conv(case.geometry()), &operands, None, |x| case.conv(&x[0], &x[1]));
    }
}

#[test]
fn transposed_convolutions() {
    for case in [
        case!([2, 3, 4, 4], [3, 2, 4, 4], [2, 2], [1, 1], [1, 1], 1, [0, 0]),
        case!([2, 3, 4, 5], [3, 2, 3, 3], [1, 1], [1, 1], [1, 1], 1, [0, 0]),
        case!([1, 2, 3, 5], [2, 3, 3, 2], [3, 2], [1, 0], [1, 1], 1, [2, 1]),
        case!([2, 2, 3, 2], [2, 2, 3, 3], [2, 1], [1, 2], [1, 3], 1, [1, 2]),
        case!([2, 4, 3, 4], [4, 3, 3, 3], [2, 2], [1, 1], [1, 1], 2, [1, 0]),
        case!([1, 3, 4, 3], [3, 1, 2, 3], [2, 2], [0, 1], [1, 1], 3, [0, 0]),
        case!([2, 3, 2, 2], [3, 2, 1, 1], [1, 1], [0, 0], [1, 1], 1, [0, 0]),
        case!([1, 1, 2, 2], [1, 1, 2, 2], [1, 1], [0, 0], [3, 3], 1, [2, 2]),
        case!([2, 3, 5], [3, 2, 4], [2], [1], [1], 1, [1]),
        case!([1, 4, 4], [4, 2, 3], [3], [1], [2], 2, [0]),
        case!([2, 2, 2, 3, 2], [2, 3, 2, 2, 2], [2; 3], [0; 3], [1; 3], 1, [0; 3]),
        case!([1, 2, 3, 2, 3], [2, 2, 3, 2, 3], [2, 1, 3], [1, 0, 2], [1, 2, 1], 1, [1, 1, 2]),
        case!([1, 4, 2, 2, 2], [4, 1, 2, 3, 2], [1, 2, 2], [0, 1, 0], [1; 3], 2, [0, 1, 0]),
        // Channels that fill a vector: each phase of the stride is a product of its own.
        case!([2, 2, 3, 3], [2, 12, 4, 4], [2, 2], [1, 1], [1, 1], 1, [0, 0]),
        case!([1, 3, 2, 3], [3, 16, 3, 2], [3, 2], [1, 0], [1, 1], 1, [2, 1]),
        case!([1, 2, 3, 2], [2, 11, 2, 1], [1, 3], [2, 0], [3, 1], 1, [1, 2]),
        case!([1, 4, 3, 2], [4, 12, 2, 3], [2, 2], [1, 1], [1, 1], 2, [1, 0]),
        case!([2, 2, 4], [2, 12, 3], [3], [1], [2], 1, [1]),
        case!([1, 1, 2, 2, 2], [1, 12, 2, 3, 2], [2, 1, 2], [1, 0, 0], [1; 3], 1, [1, 0, 1]),
    ] {
        let operands = [random(case.x, 1), random(case.weight, 2)];
        let op = Op::ConvTranspose { geometry: case.geometry(), out_pad: case.out_pad.to_vec() };
        check(&op, &operands, None, |x| case.conv_transpose(&x[0], &x[1]));
    }
}

/// Where candle's own operations are right, ours agree with them, gradients included.
#[test]
fn ours_agree_with_candle() {
    let (x, w) = (random(&[3, 4, 8, 8], 1), random(&[4, 6, 4, 4], 2));
    let geometry =
        ConvGeometry { stride: vec![2; 2], pad: vec![1; 2], dilation: vec![1; 2], groups: 1 };
    let var = |o: &super::Operand| Var::from_slice(&o.data, o.dims.as_slice(), &Device::Cpu);
    let (x, w) = (var(&x).unwrap(), var(&w).unwrap());
    let swapped = w.transpose(0, 1).unwrap().contiguous().unwrap();
    let down = Var::from_tensor(&swapped.detach()).unwrap();
    let pairs: [(Tensor, Tensor, &Var); 2] = [
        (
            super::super::conv::conv_transpose(&x, &w, &[3, 6, 16, 16], &geometry).unwrap(),
            x.conv_transpose2d(&w, 1, 0, 2, 1).unwrap(),
            &w,
        ),
        (
            super::super::conv::conv(&x, &down, &[3, 6, 4, 4], &geometry).unwrap(),
            x.conv2d(&down, 1, 2, 1, 1).unwrap(),
            &down,
        ),
    ];
    for (ours, theirs, weight) in pairs {
        let read = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let exact = |t: &Tensor| read(t).iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        assert_near(&read(&ours), &exact(&theirs), "value");
        let ours = ours.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        let theirs = theirs.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        for var in [&x, weight] {
            let (a, b) = (ours.get(var).unwrap(), theirs.get(var).unwrap());
            assert_near(&read(a), &exact(b), "gradient");
        }
    }
}
