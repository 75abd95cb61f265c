use workbench_graph::{Op, Reduction};

use super::{both, check, indices, operand, random};

fn exact(reduction: Reduction, values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    match reduction {
        Reduction::Sum => sum,
        Reduction::Mean => sum / values.len() as f64,
        Reduction::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Reduction::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Reduction::LogSumExp => values.iter().map(|x| x.exp()).sum::<f64>().ln(),
    }
}

fn reduce(reduction: Reduction, x: &[f64], dims: &[usize], axes: &[usize]) -> Vec<f64> {
    let mut kept = dims.to_vec();
    axes.iter().for_each(|&axis| kept[axis] = 1);
    indices(&kept)
        .map(|place| {
            let group: Vec<f64> = indices(dims)
                .zip(x)
                .filter(|(i, _)| (0..dims.len()).all(|k| axes.contains(&k) || i[k] == place[k]))
                .map(|(_, x)| *x)
                .collect();
            exact(reduction, &group)
        })
        .collect()
}

#[test]
fn reductions_over_any_axes() {
    let dims = [2, 3, 4, 5];
    let sets: [&[usize]; 9] =
        [&[0], &[3], &[1, 2], &[2, 1], &[0, 3], &[0, 2, 3], &[1, 3], &[3, 0, 1, 2], &[2]];
    for &reduction in Reduction::ALL {
        for axes in sets {
            for keepdim in [false, true] {
                let op = Op::Reduce { reduction, axes: axes.to_vec(), keepdim };
                check(&op, &[random(&dims, 3)], None, |x| reduce(reduction, &x[0], &dims, axes));
            }
        }
        let op = Op::Reduce { reduction, axes: vec![0], keepdim: false };
        check(&op, &[random(&[37], 3)], None, |x| reduce(reduction, &x[0], &[37], &[0]));
    }
}

#[test]
fn extremes_split_the_gradient_among_ties() {
    let x = operand(&[2, 3], &[5.0, 1.0, 5.0, 2.0, 2.0, 2.0]);
    let op = |reduction| Op::Reduce { reduction, axes: vec![1], keepdim: false };
    let third = 1.0 / 3.0;
    for (value, grads) in both(&op(Reduction::Max), std::slice::from_ref(&x)) {
        assert_eq!(value, [5.0, 2.0]);
        assert_eq!(grads[0], [0.5, 0.0, 0.5, third, third, third]);
    }
    for (value, grads) in both(&op(Reduction::Min), &[x]) {
        assert_eq!(value, [1.0, 2.0]);
        assert_eq!(grads[0], [0.0, 1.0, 0.0, third, third, third]);
    }
}

#[test]
fn logsumexp_is_shifted() {
    let op = Op::Reduce { reduction: Reduction::LogSumExp, axes: vec![0], keepdim: false };
    let x = operand(&[3], &[1000.0, 1000.0, -1000.0]);
    for (value, grads) in both(&op, &[x]) {
        assert!((value[0] - 1000.693).abs() < 1e-3);
        assert_eq!(grads[0], [0.5, 0.5, 0.0]);
    }
    let empty = operand(&[2], &[f32::NEG_INFINITY; 2]);
    for (value, _) in both(&op, &[empty]) {
        assert_eq!(value[0], f32::NEG_INFINITY);
    }
}

#[test]
fn long_sums_keep_their_precision() {
    let n = 300_000;
    let x = operand(&[n], &vec![0.1; n]);
    let op = Op::Reduce { reduction: Reduction::Sum, axes: vec![0], keepdim: false };
    let (value, grads) = &both(&op, &[x])[0];
    assert!((value[0] - 30_000.0).abs() < 0.05, "{}", value[0]);
    assert!(grads[0].iter().all(|g| *g == 1.0));
}
