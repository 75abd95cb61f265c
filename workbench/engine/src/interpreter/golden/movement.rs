use workbench_graph::{DType, Distribution, Graph, InputSpec, Knob, Location, NodeId, Op, Shape};

use super::super::{Feed, Model, Noise};
use super::{at, check, indices, random, run};
use candle_core::{Device, Tensor};
use std::collections::BTreeMap;

#[test]
fn reshape_permute_broadcast() {
    check(&Op::Reshape, &[random(&[2, 6], 1)], Some(&[3, 1, 4]), |x| x[0].clone());
    let axes = vec![2, 0, 3, 1];
    check(&Op::Permute { axes }, &[random(&[2, 3, 4, 5], 1)], None, |x| {
        indices(&[4, 2, 5, 3])
            .map(|i| at(&x[0], &[2, 3, 4, 5], &[i[1], i[3], i[0], i[2]]))
            .collect()
    });
    check(&Op::Broadcast, &[random(&[3, 1], 1)], Some(&[2, 3, 4]), |x| {
        indices(&[2, 3, 4]).map(|i| at(&x[0], &[3, 1], &i)).collect()
    });
}

#[test]
fn slice_concat_pad() {
    for (axis, start, length) in [(0, 1, 2), (1, 0, 1), (2, 3, 2), (1, 0, 4)] {
        let op = Op::Slice { axis, start, length };
        let mut dims = vec![3, 4, 5];
        dims[axis] = length;
        check(&op, &[random(&[3, 4, 5], 1)], None, |x| {
            indices(&dims)
                .map(|mut i| {
                    i[axis] += start;
                    at(&x[0], &[3, 4, 5], &i)
                })
                .collect()
        });
    }
    let parts = [random(&[2, 3, 2], 1), random(&[2, 1, 2], 2), random(&[2, 2, 2], 3)];
    check(&Op::Concat { axis: 1 }, &parts, None, |x| {
        indices(&[2, 6, 2])
            .map(|i| match i[1] {
                0..3 => at(&x[0], &[2, 3, 2], &i),
                3 => at(&x[1], &[2, 1, 2], &[i[0], 0, i[2]]),
                _ => at(&x[2], &[2, 2, 2], &[i[0], i[1] - 4, i[2]]),
            })
            .collect()
    });
    for (axis, before, after, value) in
        [(0, 1, 2, 0.0), (1, 0, 3, -1.5), (2, 2, 0, 7.0), (1, 0, 0, 1.0)]
    {
        let op = Op::Pad { axis, before, after, value };
        let mut dims = vec![2, 3, 2];
        dims[axis] += before + after;
        check(&op, &[random(&[2, 3, 2], 1)], None, |x| {
            indices(&dims)
                .map(|mut i| {
                    let inside = (before..before + [2, 3, 2][axis]).contains(&i[axis]);
                    if !inside {
                        return value;
                    }
                    i[axis] -= before;
                    at(&x[0], &[2, 3, 2], &i)
                })
                .collect()
        });
    }
}

#[test]
fn matrix_products_broadcast_their_lead() {
    let cases: [(&[usize], &[usize], &[usize]); 7] = [
        (&[3, 4], &[4, 5], &[3, 5]),
        (&[2, 3, 4], &[4, 5], &[2, 3, 5]),
        (&[3, 4], &[2, 4, 5], &[2, 3, 5]),
        (&[2, 3, 4], &[2, 4, 5], &[2, 3, 5]),
        (&[2, 1, 3, 4], &[3, 4, 2], &[2, 3, 3, 2]),
        (&[1, 1], &[1, 1], &[1, 1]),
        (&[2, 2, 3, 4], &[4, 1], &[2, 2, 3, 1]),
    ];
    for (a_dims, b_dims, dims) in cases {
        let operands = [random(a_dims, 1), random(b_dims, 2)];
        check(&Op::MatMul, &operands, None, |x| {
            indices(dims)
                .map(|i| {
                    let (lead, place) = i.split_at(i.len() - 2);
                    (0..b_dims[b_dims.len() - 2])
                        .map(|k| {
                            let left = [lead, &[place[0], k]].concat();
                            let right = [lead, &[k, place[1]]].concat();
                            // Cut to the rank of the operand, so that broadcasting aligns.
                            let a = at(&x[0], a_dims, &left[left.len() - a_dims.len()..]);
                            a * at(&x[1], b_dims, &right[right.len() - b_dims.len()..])
                        })
                        .sum()
                })
                .collect()
        });
    }
}

#[test]
fn stop_gradient_stops_it() {
    let x = random(&[3], 1);
    for (value, grads) in super::both(&Op::StopGradient, std::slice::from_ref(&x)) {
        assert_eq!(value, x.data);
        assert!(grads.iter().flatten().all(|g| *g == 0.0));
    }
}

#[test]
fn sources() {
    let mut graph = Graph::new();
    let place = Location::default;
    let knob =
        Knob { name: "beta".to_owned(), default: 1.0, min: 0.0, max: 10.0, about: String::new() };
    let beta = graph.knob(&knob, place());
    let two = graph.add(Op::Const(2.5), &[], None, place()).unwrap();
    let shape = Shape::fixed(&[2, 3]);
    let iota = Op::Iota { axis: 1 };
    let iota = graph.add(iota, &[], Some(&shape), place()).unwrap();
    let long = Shape::fixed(&[40_000]);
    let rand = |graph: &mut Graph, distribution| {
        let op = Op::Rand(distribution);
        graph.add(op, &[], Some(&long), place()).unwrap()
    };
    let normal = rand(&mut graph, Distribution::Normal);
    let other = rand(&mut graph, Distribution::Normal);
    let uniform = rand(&mut graph, Distribution::Uniform);
    let model = Model::new(graph, Device::Cpu, vec![]).unwrap();
    let all = [beta, two, iota, normal, other, uniform];
    let values = run(&model, &all, BTreeMap::new());
    let read = |id: NodeId| -> Vec<f32> {
        let tensor = values[id.0].as_ref().unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    };
    assert_eq!(read(beta), [0.75]);
    assert_eq!(read(two), [2.5]);
    assert_eq!(read(iota), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
    assert_ne!(read(normal), read(other), "every node has noise of its own");
    assert!(read(uniform).iter().all(|u| (0.0..1.0).contains(u)));
    assert!(read(normal).iter().any(|z| z.abs() > 3.0));
}

#[test]
fn whole_numbers_reach_floats_through_cast_and_eq() {
    let mut graph = Graph::new();
    let place = Location::default;
    let spec =
        InputSpec { name: "label".to_owned(), shape: Shape::batched(&[]), dtype: DType::I64 };
    let label = graph.input(&spec, place());
    let column = Shape::batched(&[1]);
    let column = graph.add(Op::Reshape, &[label], Some(&column), place()).unwrap();
    let classes = graph.add(Op::Iota { axis: 0 }, &[], Some(&Shape::fixed(&[3])), place()).unwrap();
    let classes = graph.add(Op::Cast(DType::I64), &[classes], None, place()).unwrap();
    let eq = Op::Binary(workbench_graph::Binary::Eq);
    let one_hot = graph.add(eq, &[column, classes], None, place()).unwrap();
    let float = graph.add(Op::Cast(DType::F32), &[label], None, place()).unwrap();
    let back = graph.add(Op::Cast(DType::U8), &[float], None, place()).unwrap();
    let joined = graph.add(Op::Concat { axis: 1 }, &[column, column], None, place()).unwrap();
    let swapped = Op::Permute { axes: vec![1, 0] };
    let swapped = graph.add(swapped, &[joined], None, place()).unwrap();
    let model = Model::new(graph, Device::Cpu, vec![]).unwrap();
    let feed = Feed {
        batch: 2,
        inputs: vec![Some(Tensor::new(&[2i64, 0], &Device::Cpu).unwrap())],
        knobs: vec![],
        overrides: BTreeMap::new(),
        noise: Noise { seed: 0, purpose: "golden", draw: 0 },
        differentiate: false,
    };
    let values = model.run(&[one_hot, float, back, swapped], &feed).unwrap();
    let tensor = |id: NodeId| values[id.0].clone().unwrap();
    assert_eq!(tensor(one_hot).to_vec2::<f32>().unwrap(), [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    assert_eq!(tensor(float).to_vec1::<f32>().unwrap(), [2.0, 0.0]);
    assert_eq!(tensor(back).to_vec1::<u8>().unwrap(), [2, 0]);
    assert_eq!(tensor(swapped).to_vec2::<i64>().unwrap(), [[2, 0], [2, 0]]);
    assert!(values[label.0].is_none(), "used-up values are dropped");
}
