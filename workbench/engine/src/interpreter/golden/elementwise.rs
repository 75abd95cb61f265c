use workbench_graph::{Binary, DType, Op, Unary};

use super::{Operand, at, between, both, check, indices, operand, random};

/// 2 / √π ∫₀ˣ e^(−t²) dt by its series; exact in f64 for |x| < 3.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..100 {
        let n = f64::from(n);
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn exact(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Exp => x.exp(),
        Unary::Log => x.ln(),
        Unary::Log1p => x.ln_1p(),
        Unary::Sqrt => x.sqrt(),
        Unary::Abs => x.abs(),
        Unary::Sign => x.signum(),
        Unary::Floor => x.floor(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tanh => x.tanh(),
        Unary::Erf => erf(x),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Softplus => (1.0 + x.exp()).ln(),
        Unary::Relu => x.max(0.0),
    }
}

#[test]
fn unary_ops() {
    for &op in Unary::ALL {
        let positive = matches!(op, Unary::Log | Unary::Log1p | Unary::Sqrt);
        let low = if positive { 0.1 } else { -2.5 };
        // Large enough for several tasks would take the differences too long; shapes with odd sizes
        // exercise the edges of the tiles instead.
        for dims in [vec![5, 3], vec![131], vec![]] {
            let x = between(&dims, low, 2.5, 1);
            check(&Op::Unary(op), &[x], None, |x| x[0].iter().map(|&x| exact(op, x)).collect());
        }
    }
}

#[test]
fn unary_gradients_at_their_kinks_and_far_out() {
    let x = operand(&[7], &[0.0, -0.0, 100.0, -100.0, 1e-10, -1e-10, 3.0]);
    let slopes = |op: Unary| both(&Op::Unary(op), std::slice::from_ref(&x)).into_iter();
    for (value, grads) in slopes(Unary::Relu) {
        assert_eq!(value, [0.0, 0.0, 100.0, 0.0, 1e-10, 0.0, 3.0]);
        assert_eq!(grads[0], [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    }
    for (_, grads) in slopes(Unary::Abs) {
        assert_eq!(grads[0], [0.0, 0.0, 1.0, -1.0, 1.0, -1.0, 1.0]);
    }
    for (value, grads) in slopes(Unary::Softplus) {
        assert_eq!(value[2], 100.0);
        // e^(−100) is a denormal number in f32, and neither 0 nor NaN.
        assert!(value[3] >= 0.0 && value[3] < 1e-40);
        assert!(grads[0].iter().all(|g| (0.0..=1.0).contains(g)));
    }
    for (value, _) in slopes(Unary::Log1p) {
        assert!((value[4] - 1e-10).abs() < 1e-16, "{}", value[4]);
        assert!((value[5] + 1e-10).abs() < 1e-16);
    }
    for (value, grads) in slopes(Unary::Sign) {
        assert_eq!(value[..4], [0.0, 0.0, 1.0, -1.0]);
        assert!(grads.iter().flatten().all(|g| *g == 0.0));
    }
    for (_, grads) in slopes(Unary::Floor) {
        assert!(grads.iter().flatten().all(|g| *g == 0.0));
    }
    let nan = operand(&[1], &[f32::NAN]);
    for (value, _) in both(&Op::Unary(Unary::Relu), &[nan]) {
        assert!(value[0].is_nan(), "a fault must show");
    }
}

fn exact2(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => a.powf(b),
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
        Binary::Lt => f64::from(u8::from(a < b)),
        Binary::Eq => f64::from(u8::from(a == b)),
    }
}

#[test]
fn binary_ops_broadcast() {
    let shapes: [(&[usize], &[usize], &[usize]); 9] = [
        (&[3, 4], &[3, 4], &[3, 4]),
        (&[2, 70], &[70], &[2, 70]),
        (&[4], &[3, 4], &[3, 4]),
        (&[2, 3, 2, 2], &[3, 1, 1], &[2, 3, 2, 2]),
        (&[3, 1], &[1, 4], &[3, 4]),
        (&[], &[2, 3], &[2, 3]),
        (&[2, 1, 3], &[4, 1], &[2, 4, 3]),
        (&[1, 1], &[1], &[1, 1]),
        (&[2, 3, 1, 2], &[1, 3, 2, 1], &[2, 3, 2, 2]),
    ];
    for &op in Binary::ALL {
        for (a_dims, b_dims, dims) in shapes {
            let low = if op == Binary::Pow { 0.3 } else { -2.0 };
            let a = between(a_dims, low, 2.0, 1);
            let low = if op == Binary::Div { 0.5 } else { -2.0 };
            let b = between(b_dims, low, 2.0, 2);
            check(&Op::Binary(op), &[a, b], None, |x| {
                indices(dims)
                    .map(|i| exact2(op, at(&x[0], a_dims, &i), at(&x[1], b_dims, &i)))
                    .collect()
            });
        }
    }
}

#[test]
fn large_operands_are_split_into_tasks() {
    let (rows, columns) = (300, 257);
    let (a, b) = (random(&[rows, columns], 1), random(&[columns], 2));
    for (value, grads) in both(&Op::Binary(Binary::Mul), &[a.clone(), b.clone()]) {
        for (i, y) in value.iter().enumerate() {
            assert_eq!(*y, a.data[i] * b.data[i % columns]);
        }
        for (j, grad) in grads[1].iter().enumerate() {
            let sum: f64 = (0..rows).map(|i| f64::from(a.data[i * columns + j])).sum();
            assert!((f64::from(*grad) - sum).abs() < 1e-3);
        }
    }
}

#[test]
fn ties_share_the_gradient() {
    let (a, b) = (operand(&[3], &[1.0, 2.0, 3.0]), operand(&[3], &[1.0, 3.0, 2.0]));
    for (_, grads) in both(&Op::Binary(Binary::Max), &[a.clone(), b.clone()]) {
        assert_eq!(grads, [[0.5, 0.0, 1.0], [0.5, 1.0, 0.0]]);
    }
    for (_, grads) in both(&Op::Binary(Binary::Min), &[a.clone(), b.clone()]) {
        assert_eq!(grads, [[0.5, 1.0, 0.0], [0.5, 0.0, 1.0]]);
    }
    for (value, grads) in both(&Op::Binary(Binary::Eq), &[a, b]) {
        assert_eq!(value, [1.0, 0.0, 0.0]);
        assert!(grads.iter().flatten().all(|g| *g == 0.0));
    }
}

#[test]
fn select_takes_from_either_side() {
    let mask = operand(&[4, 1], &[1.0, 0.0, -2.0, 0.0]);
    let operands: [Operand; 3] = [mask, random(&[3], 1), random(&[4, 3], 2)];
    check(&Op::Select, &operands, None, |x| {
        indices(&[4, 3])
            .map(|i| match [1, 0, 1, 0][i[0]] {
                1 => at(&x[1], &[3], &i),
                _ => at(&x[2], &[4, 3], &i),
            })
            .collect()
    });
    // The side that is not taken may be infinite without harm.
    let hidden = operand(&[4, 3], &[f32::INFINITY; 12]);
    let mask = operand(&[1], &[1.0]);
    for (value, grads) in both(&Op::Select, &[mask, random(&[3], 1), hidden]) {
        assert!(value.iter().chain(grads.iter().flatten()).all(|x| x.is_finite()));
    }
}

#[test]
fn casts_between_floats_keep_the_gradient() {
    check(&Op::Cast(DType::F32), &[random(&[2, 3], 1)], None, |x| x[0].clone());
}
