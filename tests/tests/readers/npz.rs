//! `npz` on what NumPy writes.

use workbench_host::Kind;

use crate::reader::{
    fixture, open, open_in, picture, refused, refused_in, works_through_the_binary,
};

#[test]
fn arrays_are_found_by_their_usual_names() {
    let data = open("npz", "file = 'npz/shapes.npz'\ntest_share = 0.25").unwrap();
    assert_eq!(data.names(), ["image", "label", "radius", "tilted", "weight", "shape", "caption"]);
    assert_eq!(data.field("image").dims, [1, 12, 12]);
    assert_eq!(
        (data.len("train"), data.len("test"), data.len("valid")),
        (Some(36), Some(12), None)
    );
    assert_eq!(data.values("label").1, ["0", "1", "2"]);
    assert_eq!(data.values("radius"), (Kind::Ordinal, vec!["2", "3", "4", "5"]));
    assert_eq!(data.values("tilted"), (Kind::Binary, vec!["no", "yes"]));
    assert_eq!(data.values("weight"), (Kind::Real, vec![]));
    assert_eq!(data.values("shape"), (Kind::Categorical, vec!["cross", "disc", "square"]));
    let mut seen = Vec::new();
    for (split, n) in [("train", 36), ("test", 12)] {
        for item in 0..n {
            // Which one it is, its caption tells.
            let i = (0..48)
                .find(|&i| picture(i, 12).0 == data.bytes(split, item))
                .expect("one of the pictures");
            let (pixels, shape) = picture(i, 12);
            assert_eq!(data.code(split, item, "label"), shape as i64);
            let name = ["disc", "square", "cross"][shape];
            assert!(data.caption(split, item).contains(name));
            assert_eq!(data.values("shape").1[data.code(split, item, "shape") as usize], name);
            let mean = pixels.iter().map(|&x| f32::from(x)).sum::<f32>() / 144.0;
            assert!((data.real(split, item, "weight") - mean).abs() < 1e-3);
            seen.push(i);
        }
    }
    assert_eq!(seen.len(), 48);
}

#[test]
fn the_layout_of_dsprites_works() {
    let names = "names = 'color, shape: categorical square|ellipse|heart, scale, orientation'";
    let data =
        open("npz", &format!("file = 'npz/sprites.npz'\nattributes = 'latents_classes'\n{names}"))
            .unwrap();
    // The colour is the same everywhere and tells nothing.
    assert_eq!(data.names(), ["image", "shape", "scale", "orientation"]);
    assert_eq!(data.values("shape"), (Kind::Categorical, vec!["square", "ellipse", "heart"]));
    assert_eq!(data.values("scale").0, Kind::Ordinal);
    // Bits are black and white.
    let pixels = data.bytes("train", 0);
    assert!(pixels.contains(&255) && pixels.iter().all(|&x| x == 0 || x == 255));
    let values =
        open("npz", "file = 'npz/sprites.npz'\nattributes = 'latents_values: real'").unwrap();
    assert_eq!(
        values.names()[1..],
        ["latents_values_0", "latents_values_1", "latents_values_2", "latents_values_3"]
    );
}

#[test]
fn every_order_and_type_gives_the_same_pictures() {
    let whole = "test_share = 0.1\nseed = 3";
    let fortran = open("npz", &format!("file = 'npz/fortran.npz'\n{whole}")).unwrap();
    let last = open("npz", &format!("file = 'npz/channels-last.npz'\n{whole}")).unwrap();
    let first = open("npz", &format!("file = 'npz/channels-first.npz'\n{whole}")).unwrap();
    let files = "file = 'npz/images.npy'\nlabels_file = 'npz/labels.npy'\nblack = -1\nwhite = 1";
    let single = open("npz", &format!("{files}\n{whole}")).unwrap();
    assert_eq!(fortran.values("label").1, ["cross", "disc", "square"]);
    for (split, n) in [("train", 22), ("test", 2)] {
        for item in 0..n {
            let colour = last.bytes(split, item);
            let grey = &colour[..144];
            let (_, shape) =
                (0..24).map(|i| picture(i, 12)).find(|(pixels, _)| pixels == grey).unwrap();
            assert!(grey.iter().zip(&colour[288..]).all(|(red, blue)| red + blue == 255));
            let unit: Vec<f32> = grey.iter().map(|&x| f32::from(x) / 255.0).collect();
            assert!(close(&fortran.floats(split, item), &unit, 1e-6));
            assert!(close(&single.floats(split, item), &unit, 1e-6));
            let all: Vec<f32> = colour.iter().map(|&x| f32::from(x) / 255.0).collect();
            assert!(close(&first.floats(split, item), &all, 1e-3), "half precision");
            assert_eq!(last.code(split, item, "label"), shape as i64);
            assert_eq!(single.code(split, item, "label"), shape as i64);
            assert_eq!(fortran.code(split, item, "label"), [1, 2, 0][shape]);
        }
    }
}

/// Ten clips as NumPy writes them, by the shape of one.
fn clips(shape: [usize; 4], value: impl Fn([usize; 5]) -> u8) -> Vec<u8> {
    let [a, b, c, d] = shape;
    let header = format!(
        "{{'descr': '|u1', 'fortran_order': False, 'shape': (10, {a}, {b}, {c}, {d}), }}\n"
    );
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.bytes());
    for at in 0..10 * a * b * c * d {
        file.push(value([
            at / (a * b * c * d),
            at / (b * c * d) % a,
            at / (c * d) % b,
            at / d % c,
            at % d,
        ]));
    }
    file
}

#[test]
fn clips_have_their_frames_wherever_the_channels_are() {
    let of = |n: usize, c: usize, t: usize, y: usize, x: usize| -> u8 {
        ((n * 31 + c * 83 + t * 57 + y * 7 + x) % 251) as u8
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, file: Vec<u8>| std::fs::write(folder.path().join(name), file).unwrap();
    write("last.npy", clips([5, 8, 6, 3], |[n, t, y, x, c]| of(n, c, t, y, x)));
    write("second.npy", clips([5, 3, 8, 6], |[n, t, c, y, x]| of(n, c, t, y, x)));
    write("first.npy", clips([3, 5, 8, 6], |[n, c, t, y, x]| of(n, c, t, y, x)));
    for name in ["last", "second", "first"] {
        let parameters = format!("file = '{name}.npy'\nwhite = 255\ntest_share = 0.1");
        let data = open_in(folder.path(), "npz", &parameters).unwrap();
        assert_eq!(data.field("image").dims, [3, 5, 8, 6], "{name}");
        let bytes = data.bytes("test", 0);
        let n = (0..10).find(|&n| of(n, 0, 0, 0, 0) == bytes[0]).unwrap();
        for (at, byte) in bytes.iter().enumerate() {
            let (c, t, y, x) = (at / 240, at / 48 % 5, at / 6 % 8, at % 6);
            assert_eq!(*byte, of(n, c, t, y, x), "{name}: {c} {t} {y} {x}");
        }
    }
    let grey = "file = 'last.npy'\nwhite = 255\nlayout = 'thw'";
    refused_in(folder.path(), "npz", grey, &["layout \"thw\""]);
}

#[test]
fn splits_may_be_arrays_or_files() {
    let keras = open("npz", "file = 'npz/keras.npz'").unwrap();
    assert_eq!((keras.len("train"), keras.len("test")), (Some(40), Some(8)));
    assert_eq!(keras.bytes("test", 7), picture(47, 12).0);
    assert_eq!(keras.code("test", 7, "label"), 2);
    let files = open("npz", "file = 'npz/shapes.npz'\ntest_file = 'npz/shapes.npz'").unwrap();
    assert_eq!((files.len("train"), files.len("test")), (Some(48), Some(48)));
    assert_eq!(files.caption("test", 5), files.caption("train", 5));
}

#[test]
fn a_mistake_in_the_parameters_is_named() {
    for (parameters, words) in [
        ("file = 'npz/none.npz'", &["none.npz"][..]),
        ("file = 'make.py'", &["make.py", "neither a .npy nor a .npz file"]),
        ("file = 'npz/shapes.npz'\nimages = 'imags'", &["no array `imags`", "images [48, 12, 12]"]),
        ("file = 'npz/shapes.npz'\nlabels = 'files'\nattributes = 'mask'", &["no array `mask`"]),
        ("file = 'npz/shapes.npz'\nimages = 'captions'", &["captions holds texts"]),
        ("file = 'npz/shapes.npz'\nimages = 'radius'", &["[48]", "shape"]),
        ("file = 'npz/shapes.npz'\nlabels = 'weight'", &["label", "is not a class number"]),
        ("file = 'npz/shapes.npz'\nshape = [1, 12, 13]", &["1x12x13"]),
        ("file = 'npz/shapes.npz'\nlayout = 'chw'", &["layout \"chw\""]),
        ("file = 'npz/shapes.npz'\ntest_share = 0.0", &["leaves nothing to test on"]),
        (
            "file = 'npz/shapes.npz'\nattributes = 'radius: binary'",
            &["radius", "binary absent|present"],
        ),
        ("file = 'npz/shapes.npz'\nattributes = 'radius: tall'", &["`tall` is not binary"]),
        (
            "file = 'npz/shapes.npz'\nlabels_file = 'npz/labels.npy'",
            &["labels has 24 rows", "48 pictures"],
        ),
        ("file = 'npz/sprites.npz'\nattributes = 'metadata'", &["metadata", "type \"|O\""]),
        (
            "file = 'npz/sprites.npz'\nattributes = 'latents_classes'\nnames = 'a,b,c,d,e'",
            &["a name too many, `e`"],
        ),
        ("file = 'npz/images.npy'\nwhite = 0.5", &["outside of 0 to 0.5"]),
    ] {
        if let Ok(data) = open("npz", parameters) {
            // Values are looked at when they are read.
            let said = data.failure("train", 0).unwrap_or_default();
            assert!(words.iter().all(|word| said.contains(word)), "{parameters}: {said}");
        } else {
            refused("npz", parameters, words);
        }
    }
}

#[test]
fn files_cut_short_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["shapes.npz", "fortran.npz", "images.npy"] {
        let whole = std::fs::read(fixture("npz").join(name)).unwrap();
        for end in [0, 1, 5, 60, whole.len() / 2, whole.len() - 1] {
            std::fs::write(folder.path().join(name), &whole[..end]).unwrap();
            refused_in(folder.path(), "npz", &format!("file = '{name}'"), &[name]);
        }
        let longer = [&whole[..], &[0; 7]].concat();
        std::fs::write(folder.path().join(name), longer).unwrap();
        if name.ends_with("npy") {
            refused_in(
                folder.path(),
                "npz",
                &format!("file = '{name}'"),
                &["longer than its header says"],
            );
        }
    }
}

#[test]
fn the_commands_work_on_it() {
    works_through_the_binary("npz-shapes", "npz", "file = '@npz/shapes.npz'", &[1, 12, 12]);
}

fn close(a: &[f32], b: &[f32], by: f32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < by)
}
