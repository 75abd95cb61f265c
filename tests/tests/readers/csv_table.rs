//! `csv-table` on what NumPy writes.

use workbench_host::Kind;

use crate::reader::{open, picture, refused, works_through_the_binary};

/// Every second pixel of picture `i`.
fn small(i: usize) -> Vec<u8> {
    let (pixels, _) = picture(i, 12);
    (0..36).map(|at| pixels[at / 6 * 24 + at % 6 * 2]).collect()
}

#[test]
fn rows_are_pictures_with_labels() {
    let data = open("csv-table", "file = 'csv/train.csv'\ntest_file = 'csv/test.csv'").unwrap();
    assert_eq!(
        (data.names(), &data.field("image").dims[..]),
        (vec!["image", "label"], &[1, 6, 6][..])
    );
    assert_eq!((data.len("train"), data.len("test")), (Some(40), Some(8)));
    for item in 0..40 {
        assert_eq!(data.bytes("train", item), small(item as usize));
        assert_eq!(data.code("train", item, "label"), item as i64 % 3);
    }
    assert_eq!(data.bytes("test", 7), small(47));
    let held =
        open("csv-table", "file = 'csv/train.csv'\ntest_share = 0.25\nshape = [1, 4, 9]").unwrap();
    assert_eq!(
        (held.len("train"), held.len("test"), &held.field("image").dims[..]),
        (Some(30), Some(10), &[1, 4, 9][..])
    );
}

#[test]
fn a_file_may_have_no_names_and_other_separators() {
    let plain = "file = 'csv/plain.txt'\nattributes = '36: ordinal'\ntest_share = 0.25";
    let data = open("csv-table", plain).unwrap();
    assert_eq!(data.names(), ["image", "36"]);
    assert_eq!(data.values("36"), (Kind::Ordinal, vec!["2", "3", "4", "5"]));
    let pixels = data.floats("train", 0);
    let near = |i: usize| {
        small(i).iter().zip(&pixels).all(|(a, b)| (f32::from(*a) / 255.0 - b).abs() < 1e-3)
    };
    assert!((0..24).any(near), "{pixels:?}");
}

#[test]
fn a_mistake_is_named() {
    for (parameters, words) in [
        ("file = 'csv/none.csv'", &["none.csv"][..]),
        ("file = 'csv/plain.txt'", &["37 columns of pixels", "shape"]),
        ("file = 'csv/train.csv'\nlabel = 'lable'", &["no column `lable`", "`label`"]),
        ("file = 'csv/train.csv'\nshape = [3, 6, 6]", &["36 columns", "3x6x6"]),
        ("file = 'csv/train.csv'\nwhite = 100.0", &["outside of 0 to 100"]),
        (
            "file = 'csv/train.csv'\ntest_file = 'csv/plain.txt'",
            &["plain.txt", "no column `label`"],
        ),
        ("file = 'image-folder/table.csv'", &["row 1, column `file`", "is not a number"]),
        ("file = 'npz/shapes.npz'", &["shapes.npz"]),
    ] {
        refused("csv-table", parameters, words);
    }
}

#[test]
fn the_commands_work_on_it() {
    works_through_the_binary("rows", "csv-table", "file = '@csv/train.csv'", &[1, 6, 6]);
}
