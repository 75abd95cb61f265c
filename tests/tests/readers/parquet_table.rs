//! `parquet-table` on what pyarrow writes.

use std::fs;

use workbench_host::Kind;

use crate::reader::{
    fixture, open, open_in, picture, refused, refused_in, works_through_the_binary,
};

/// Picture `i` of make.py in colour.
fn coloured(i: usize) -> Vec<u8> {
    let (red, _) = picture(i, 12);
    [red.clone(), red.iter().map(|x| x / 2).collect(), red.iter().map(|x| 255 - x).collect()]
        .concat()
}

#[test]
fn shards_in_a_folder_are_splits_with_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet", "test.parquet"] {
        fs::copy(fixture("parquet").join(name), folder.path().join(name)).unwrap();
    }
    let data = open_in(folder.path(), "parquet-table", "path = '.'").unwrap();
    assert_eq!(data.names(), ["image", "label", "radius", "tilted", "caption"]);
    assert_eq!(data.field("image").dims, [3, 12, 12]);
    assert_eq!((data.len("train"), data.len("test")), (Some(40), Some(8)));
    assert_eq!(data.values("label").1, ["disc", "square", "cross"]);
    assert_eq!(data.values("radius"), (Kind::Real, vec![]));
    assert_eq!(data.values("tilted"), (Kind::Binary, vec!["no", "yes"]));
    for (split, first, n) in [("train", 0, 40), ("test", 40, 8)] {
        // From the end, so that row groups come in another order.
        for item in (0..n).rev() {
            let i = first + item as usize;
            assert_eq!(data.bytes(split, item), coloured(i));
            assert_eq!(data.code(split, item, "label"), (i % 3) as i64);
            assert_eq!(data.code(split, item, "tilted"), (i / 12 % 2) as i64);
            let radius = data.real(split, item, "radius");
            match i % 7 {
                0 => assert!(radius.is_nan()),
                _ => assert_eq!(radius, (2 + i / 3 % 4) as f32 / 2.0),
            }
            assert!(data.caption(split, item).contains(["disc", "square", "cross"][i % 3]));
        }
    }
}

#[test]
fn pictures_may_be_bytes_and_labels_texts() {
    let data = open(
        "parquet-table",
        "path = 'parquet/plain.parquet'\ntest_share = 0.25\nsize = [6]\ngrey = true",
    )
    .unwrap();
    assert_eq!(
        (data.names(), &data.field("image").dims[..]),
        (vec!["image", "label"], &[1, 6, 6][..])
    );
    assert_eq!(data.values("label").1, ["cross", "disc", "square"]);
    assert_eq!((data.len("train"), data.len("test")), (Some(9), Some(3)));
}

#[test]
fn a_mistake_is_named() {
    for (parameters, words) in [
        ("path = 'parquet/none.parquet'", &["none.parquet"][..]),
        ("path = 'csv'", &["no .parquet file"]),
        ("path = 'make.py'", &["make.py", "no Parquet file"]),
        ("path = 'parquet/plain.parquet'\nimage = 'picture'", &["no column `picture`", "`img`"]),
        ("path = 'parquet/test.parquet'\nimage = 'label'", &["does not hold bytes"]),
        (
            "path = 'parquet/test.parquet'\nattributes = 'text: real'",
            &["`text`", "is not a number"],
        ),
        ("path = 'parquet/test.parquet'\nimage = 'text'", &["row 0", "no picture that is read"]),
    ] {
        refused("parquet-table", parameters, words);
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(fixture("parquet/test.parquet")).unwrap();
    for end in [0, 4, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.path().join("a.parquet"), &whole[..end]).unwrap();
        refused_in(folder.path(), "parquet-table", "path = 'a.parquet'", &["a.parquet"]);
    }
}

#[test]
fn the_commands_work_on_it() {
    works_through_the_binary(
        "hub",
        "parquet-table",
        "path = '@parquet/train-00000-of-00002.parquet'",
        &[3, 12, 12],
    );
}
