use workbench_graph::Op;

use super::{Indices, Operand, at, check, check_indexed, indices, operand, random, refused, whole};
use crate::Error;

const AXES: [(&[usize], usize); 6] =
    [(&[5], 0), (&[3, 4, 2], 0), (&[3, 4, 2], 1), (&[3, 4, 2], 2), (&[1, 6], 1), (&[2, 1, 3], 1)];

fn index(dims: &[usize], data: &[i64]) -> Indices {
    assert_eq!(dims.iter().product::<usize>(), data.len());
    Indices { dims: dims.to_vec(), data: data.to_vec() }
}

/// The line along `axis` that `place` lies on.
fn line(x: &[f64], dims: &[usize], axis: usize, place: &[usize]) -> Vec<f64> {
    let on = |i| {
        let mut place = place.to_vec();
        place[axis] = i;
        at(x, dims, &place)
    };
    (0..dims[axis]).map(on).collect()
}

#[test]
fn cumulative_sums() {
    for (dims, axis) in AXES {
        check(&Op::CumSum { axis }, &[random(dims, 1)], None, |x| {
            let sum = |i: Vec<usize>| line(&x[0], dims, axis, &i)[..=i[axis]].iter().sum();
            indices(dims).map(sum).collect()
        });
    }
}

#[test]
fn long_cumulative_sums_keep_their_precision() {
    let x = operand(&[100_000], &[0.1; 100_000]);
    let (value, grads) = &super::both(&Op::CumSum { axis: 0 }, &[x])[0];
    assert!((value[99_999] - 10_000.0).abs() < 0.01, "{}", value[99_999]);
    assert_eq!((grads[0][0], grads[0][99_999]), (100_000.0, 1.0));
}

#[test]
fn the_largest_is_the_first_of_ties() {
    for (dims, axis) in AXES {
        let mut x = random(dims, 2);
        // Few values, so that there are ties on many lines.
        x.data.iter_mut().for_each(|x| *x = x.round());
        let exact: Vec<f64> = x.data.iter().map(|&x| f64::from(x)).collect();
        let mut kept = dims.to_vec();
        kept[axis] = 1;
        let wanted: Vec<i64> = indices(&kept)
            .map(|i| {
                let line = line(&exact, dims, axis, &i);
                let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                line.iter().position(|x| *x == most).unwrap() as i64
            })
            .collect();
        for got in whole(&Op::ArgMax { axis }, &x) {
            assert_eq!(got, wanted, "{dims:?} {axis}");
        }
    }
}

#[test]
fn sorting_is_stable_either_way() {
    let x = operand(&[2, 5], &[2.0, 1.0, 2.0, 0.0, 1.0, -0.0, 0.0, -3.0, 7.0, 0.0]);
    let sorted = |descending| whole(&Op::ArgSort { axis: 1, descending }, &x);
    for got in sorted(false) {
        assert_eq!(got, [3, 1, 4, 0, 2, 2, 0, 1, 4, 3]);
    }
    for got in sorted(true) {
        assert_eq!(got, [0, 2, 1, 4, 3, 3, 0, 1, 4, 2]);
    }
    for (dims, axis) in AXES {
        let x = random(dims, 3);
        let exact: Vec<f64> = x.data.iter().map(|&x| f64::from(x)).collect();
        for got in whole(&Op::ArgSort { axis, descending: false }, &x) {
            for (i, place) in indices(dims).zip(&got) {
                let line = line(&exact, dims, axis, &i);
                let below = line.iter().filter(|x| **x < line[*place as usize]).count();
                assert_eq!(below, i[axis], "{dims:?} {axis}");
            }
        }
    }
}

#[test]
fn what_is_not_a_number_is_the_largest() {
    let x = operand(&[2, 3], &[f32::INFINITY, f32::NAN, f32::NAN, 1.0, f32::NEG_INFINITY, 1.0]);
    for got in whole(&Op::ArgMax { axis: 1 }, &x) {
        assert_eq!(got, [1, 0]);
    }
    for got in whole(&Op::ArgSort { axis: 1, descending: false }, &x) {
        assert_eq!(got, [0, 1, 2, 1, 0, 2]);
    }
    let infinite = operand(&[3], &[f32::NEG_INFINITY; 3]);
    for got in whole(&Op::ArgMax { axis: 0 }, &infinite) {
        assert_eq!(got, [0]);
    }
}

#[test]
fn gathering() {
    let cases: [(&[usize], usize, Indices); 5] = [
        (&[3, 4], 1, index(&[3, 2], &[0, 3, 3, 3, 1, 2])),
        (&[3, 4], 0, index(&[2, 4], &[2, 2, 0, 1, 2, 0, 0, 1])),
        // More places than the axis has, and fewer on the other axes.
        (&[2, 3, 2], 1, index(&[1, 5, 2], &[0, 0, 1, 2, 2, 2, 1, 0, 0, 0])),
        (&[2, 3, 2], 2, index(&[2, 2, 1], &[1, 0, 0, 1])),
        (&[4], 0, index(&[6], &[3, 3, 3, 0, 1, 0])),
    ];
    for (dims, axis, index) in cases {
        let (x, names) = (random(dims, 1), std::slice::from_ref(&index));
        check_indexed(&Op::Gather { axis }, &[x], names, None, |x| {
            let read = |(mut i, row): (Vec<usize>, &i64)| {
                i[axis] = *row as usize;
                at(&x[0], dims, &i)
            };
            indices(&index.dims).zip(&index.data).map(read).collect()
        });
    }
}

#[test]
fn taking_slices() {
    let cases: [(&[usize], usize, Indices); 5] = [
        (&[5, 3], 0, index(&[4], &[4, 0, 4, 4])),
        (&[5, 3], 0, index(&[2, 1, 2], &[1, 2, 3, 1])),
        (&[2, 4, 3], 1, index(&[2, 2], &[3, 0, 0, 3])),
        (&[2, 4], 1, index(&[5], &[0, 1, 1, 1, 3])),
        (&[3, 2], 0, index(&[], &[2])),
    ];
    for (dims, axis, index) in cases {
        let (x, names) = (random(dims, 1), std::slice::from_ref(&index));
        let lead = axis + index.dims.len();
        let out = [&dims[..axis], &index.dims, &dims[axis + 1..]].concat();
        check_indexed(&Op::Take { axis }, &[x], names, None, |x| {
            let read = |i: Vec<usize>| {
                let name = &i[axis..lead];
                let flat = name.iter().zip(&index.dims).fold(0, |flat, (i, n)| flat * n + i);
                let row = index.data[flat] as usize;
                at(&x[0], dims, &[&i[..axis], &[row], &i[lead..]].concat())
            };
            indices(&out).map(read).collect()
        });
    }
}

#[test]
fn repeated_slices_add_up_their_gradients() {
    let book: Operand = random(&[4, 2], 1);
    let names = index(&[5], &[1, 3, 1, 1, 0]);
    check_indexed(&Op::Take { axis: 0 }, &[book], &[names], None, |x| {
        [1, 3, 1, 1, 0].iter().flat_map(|row| x[0][2 * row..2 * row + 2].to_vec()).collect()
    });
}

#[test]
fn an_index_out_of_range_names_the_node() {
    let x = random(&[3, 4], 1);
    let cases = [
        (Op::Take { axis: 0 }, index(&[2], &[0, 3]), "index 3 (element 1", "axis 0 has 3"),
        (Op::Take { axis: 1 }, index(&[1], &[-1]), "index -1", "axis 1 has 4"),
        (Op::Gather { axis: 1 }, index(&[1, 2], &[2, 4]), "index 4", "axis 1 has 4"),
        (Op::Gather { axis: 0 }, index(&[1, 1], &[i64::MIN]), "out of range", "axis 0 has 3"),
    ];
    for (op, index, what, why) in cases {
        for error in refused(&op, &x, &index) {
            let Error::Node { node, message } = &error else { panic!("{error}") };
            assert_eq!(node, &format!("`{}`", op.name()));
            assert!(message.contains(what) && message.contains(why), "{message}");
        }
    }
}
