//! `cifar` on the binary layout, as NumPy and Python's tarfile write it.

use std::fs;

use workbench_host::Kind;

use crate::reader::{fixture, open, picture, refused, refused_in, works_through_the_binary};

/// Picture `i` of make.py, in colour and enlarged to 32x32.
fn enlarged(i: usize) -> Vec<u8> {
    let (pixels, _) = picture(i, 12);
    let middle = |at: usize| ((at as f64 + 0.5) * 12.0 / 32.0) as usize;
    let red: Vec<u8> = (0..1024).map(|at| pixels[middle(at / 32) * 12 + middle(at % 32)]).collect();
    [red.clone(), red.iter().map(|x| x / 2).collect(), red.iter().map(|x| 255 - x).collect()]
        .concat()
}

#[test]
fn ten_classes_are_read_from_a_folder() {
    let data = open("cifar", "path = 'cifar'").unwrap();
    assert_eq!(data.names(), ["image", "label"]);
    assert_eq!(data.field("image").dims, [3, 32, 32]);
    assert_eq!((data.len("train"), data.len("test")), (Some(8), Some(4)));
    assert_eq!(data.values("label").1, ["disc", "square", "cross"]);
    for item in 0..8 {
        assert_eq!(data.bytes("train", item), enlarged(item as usize));
        assert_eq!(data.code("train", item, "label"), item as i64 % 3);
    }
    assert_eq!(data.bytes("test", 3), enlarged(43));
}

#[test]
fn a_hundred_are_read_from_the_archive() {
    let data = open("cifar", "path = 'cifar/hundred.tar.gz'").unwrap();
    assert_eq!(data.names(), ["image", "label", "group"]);
    assert_eq!(data.values("group"), (Kind::Categorical, vec!["round", "angular"]));
    assert_eq!(data.bytes("train", 7), enlarged(7));
    assert_eq!((data.code("train", 5, "label"), data.code("train", 5, "group")), (2, 1));
    assert_eq!((data.code("test", 2, "label"), data.code("test", 2, "group")), (0, 0));
}

#[test]
fn what_is_damaged_or_missing_is_named() {
    refused("cifar", "path = 'csv'", &["none of CIFAR's files"]);
    refused("cifar", "path = 'none'", &["none"]);
    refused("cifar", "path = 'make.py'", &["make.py"]);
    let folder = tempfile::tempdir().unwrap();
    let copy =
        |name: &str| fs::copy(fixture("cifar").join(name), folder.path().join(name)).unwrap();
    copy("data_batch_1.bin");
    refused_in(folder.path(), "cifar", "path = '.'", &["test_batch.bin is missing"]);
    copy("test_batch.bin");
    let mut batch = fs::read(fixture("cifar/data_batch_1.bin")).unwrap();
    batch[0] = 77;
    fs::write(folder.path().join("data_batch_1.bin"), &batch).unwrap();
    refused_in(folder.path(), "cifar", "path = '.'", &["item 0 of `train` has the label 77"]);
    fs::write(folder.path().join("data_batch_1.bin"), &batch[1..]).unwrap();
    refused_in(folder.path(), "cifar", "path = '.'", &["data_batch_1.bin is truncated", "3073"]);
    let packed = fs::read(fixture("cifar/hundred.tar.gz")).unwrap();
    fs::write(folder.path().join("a.tar.gz"), &packed[..packed.len() / 2]).unwrap();
    refused_in(folder.path(), "cifar", "path = 'a.tar.gz'", &["a.tar.gz"]);
}

#[test]
fn the_commands_work_on_it() {
    works_through_the_binary("ten", "cifar", "path = '@cifar'", &[3, 32, 32]);
}
