use workbench_runs::{AttributeColumn, AttributeKind, Snapshot};

use super::*;
use crate::{Asked, with_attribute};

const N: usize = 600;

fn attribute(name: &str, kind: AttributeKind, values: &[&str]) -> Attribute {
    let values = values.iter().map(|&value| value.into()).collect();
    Attribute { name: name.into(), kind, values, range: None }
}

/// Codes in two dimensions, of variance 0.25 about `centre` of each item.
fn codes(centre: impl Fn(usize) -> [f32; 2]) -> Snapshot {
    let noise = normal(Key::new(1, "test", 0, 0), 2 * N);
    let mean = (0..N).flat_map(|i| {
        let [x, y] = centre(i);
        [x + 0.4 * noise[2 * i], y + 0.4 * noise[2 * i + 1]]
    });
    let (mean, logvar) = (mean.collect(), vec![0.09f32.ln(); 2 * N]);
    Snapshot {
        step: 5,
        dims: 2,
        mean,
        logvar,
        labels: None,
        attributes: Vec::new(),
        items: Vec::new(),
    }
}

fn mean_of(z: &Array, which: impl Fn(usize) -> bool) -> [f32; 2] {
    let rows: Vec<&[f32]> =
        z.data.chunks(2).enumerate().filter(|(i, _)| which(*i)).map(|(_, row)| row).collect();
    [0, 1].map(|dim| rows.iter().map(|row| row[dim]).sum::<f32>() / rows.len() as f32)
}

fn is_near(a: [f32; 2], b: [f32; 2]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.25)
}

#[test]
fn draws_lie_where_the_codes_do_and_repeat() {
    let codes = codes(|i| if i % 3 == 0 { [6.0, 0.0] } else { [-3.0, 1.0] });
    let sampler = fit(&codes, &Asked::default(), 0, 3, Effort::FULL).unwrap();
    let z = sampler.draw(&Batch::default(), 900, 1, 0);
    assert!(is_near(mean_of(&z, |i| z.data[2 * i] > 2.0), [6.0, 0.0]));
    let right = z.data.chunks(2).filter(|z| z[0] > 2.0).count();
    assert!((240..360).contains(&right), "{right}");
    assert_eq!(sampler, fit(&codes, &Asked::default(), 0, 3, Effort::FULL).unwrap());
    // Fewer are the first ones; another draw is another.
    assert_eq!(sampler.draw(&Batch::default(), 7, 1, 0).data, z.data[..14]);
    assert_ne!(sampler.draw(&Batch::default(), 7, 1, 1).data, z.data[..14]);
}

#[test]
fn each_class_has_its_own_and_one_without_items_does_no_harm() {
    let centres = [[0.0, 4.0], [5.0, -5.0]];
    let labels = Some((0..N as i64).map(|i| i % 2).collect());
    let codes = Snapshot { labels, ..codes(|i| centres[i % 2]) };
    let asked = Asked { class: true, ..Asked::default() };
    let sampler = fit(&codes, &asked, 3, 3, Effort::QUICK).unwrap();
    let labels: Vec<i64> = (0..300).map(|i| i % 3).collect();
    let others = Batch::default().with_i64("label", &[300], labels);
    let z = sampler.draw(&others, 300, 1, 0);
    for (class, centre) in centres.into_iter().enumerate() {
        assert!(is_near(mean_of(&z, |i| i % 3 == class), centre), "{class}");
    }
    assert!(is_near(mean_of(&z, |i| i % 3 == 2), [2.5, -0.5]));
    // A model that does not ask for the class has one mixture.
    assert_eq!(fit(&codes, &Asked::default(), 3, 3, Effort::QUICK).unwrap().mixtures.len(), 1);
}

#[test]
fn what_was_never_seen_together_is_drawn_where_both_say() {
    let hair = attribute("hair", AttributeKind::Categorical, &["black", "fair", "red"]);
    let hat = attribute("hat", AttributeKind::Binary, &["no", "yes"]);
    // No item has red hair and a hat.
    let hair_of = |i: usize| (i % 3) as f32;
    let hat_of = |i: usize| if i % 3 == 2 { 0.0 } else { (i / 3 % 2) as f32 };
    let mut codes = codes(|i| [3.0 * hair_of(i), 4.0 * hat_of(i)]);
    codes.attributes = vec![
        AttributeColumn { attribute: hair.clone(), of: (0..N).map(hair_of).collect() },
        AttributeColumn { attribute: hat.clone(), of: (0..N).map(hat_of).collect() },
    ];
    let asked = Asked { attributes: vec!["hair".into(), "hat".into()], ..Asked::default() };
    let sampler = fit(&codes, &asked, 0, 3, Effort::FULL).unwrap();
    let others = with_attribute(Batch::default(), &hair, &[2.0; 400]);
    let others = with_attribute(others, &hat, &[1.0; 400]);
    assert!(is_near(mean_of(&sampler.draw(&others, 400, 1, 0), |_| true), [6.0, 4.0]));
    let unknown = with_attribute(Batch::default(), &hat, &[f32::NAN; 400]);
    assert!(sampler.draw(&unknown, 400, 1, 0).is_finite());
}

#[test]
fn class_and_attribute_together() {
    let size =
        Attribute { range: Some([0.0, 10.0]), ..attribute("size", AttributeKind::Real, &[]) };
    let size_of = |i: usize| (i / 2 % 11) as f32;
    let mut codes = codes(|i| [size_of(i), if i.is_multiple_of(2) { 5.0 } else { -5.0 }]);
    codes.labels = Some((0..N as i64).map(|i| i % 2).collect());
    codes.attributes =
        vec![AttributeColumn { attribute: size.clone(), of: (0..N).map(size_of).collect() }];
    let asked = Asked { class: true, attributes: vec!["size".into()], ..Asked::default() };
    let sampler = fit(&codes, &asked, 2, 3, Effort::FULL).unwrap();
    let others = with_attribute(Batch::default(), &size, &[8.0; 400]);
    let others = others.with_i64("label", &[400], vec![1; 400]);
    let at = mean_of(&sampler.draw(&others, 400, 1, 0), |_| true);
    assert!(is_near(at, [8.0, -5.0]), "{at:?}");
}

#[test]
fn what_cannot_be_fitted_is_said() {
    let why = |codes: &Snapshot| fit(codes, &Asked::default(), 0, 3, Effort::QUICK).unwrap_err();
    let good = codes(|_| [0.0; 2]);
    let empty = Snapshot { mean: Vec::new(), logvar: Vec::new(), ..good.clone() };
    assert!(why(&empty).contains("no codes"));
    let mut bad = good.clone();
    bad.mean[3] = f32::NAN;
    assert!(why(&bad).contains("not finite"));
    let long = Snapshot { dims: 2000, mean: vec![0.0; 2000], logvar: vec![0.0; 2000], ..good };
    assert!(why(&long).contains("1024"));
}
