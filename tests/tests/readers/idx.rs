//! `idx` on files of three and four dimensions.

use crate::reader::{open, picture, refused, works_through_the_binary};

#[test]
fn three_dimensions_are_grey_and_four_have_channels() {
    let grey =
        open("idx", "images = 'idx/images-idx3.gz'\nlabels = 'idx/labels-idx1'\ntest_count = 6")
            .unwrap();
    assert_eq!(
        (grey.names(), &grey.field("image").dims[..]),
        (vec!["image", "label"], &[1, 12, 12][..])
    );
    assert_eq!((grey.len("train"), grey.len("test")), (Some(10), Some(6)));
    assert_eq!(grey.bytes("test", 5), picture(15, 12).0);
    assert_eq!(grey.code("test", 4, "label"), 14 % 3);
    let colour = open("idx", "images = 'idx/colour-idx4'\ntest_count = 2").unwrap();
    assert_eq!(
        (colour.names(), &colour.field("image").dims[..]),
        (vec!["image"], &[3, 12, 12][..])
    );
    assert_eq!(colour.bytes("train", 5)[..144], picture(5, 12).0);
}

#[test]
fn pictures_that_lie_on_their_side_are_put_right() {
    let lying =
        open("idx", "images = 'idx/colour-idx4'\ntest_count = 2\ntranspose = true").unwrap();
    let upright = open("idx", "images = 'idx/colour-idx4'\ntest_count = 2").unwrap();
    let (lying, upright) = (lying.bytes("test", 1), upright.bytes("test", 1));
    let at = |c: usize, y: usize, x: usize| c * 144 + y * 12 + x;
    for (c, y, x) in (0..3).flat_map(|c| (0..144).map(move |p| (c, p / 12, p % 12))) {
        assert_eq!(lying[at(c, y, x)], upright[at(c, x, y)]);
    }
}

#[test]
fn numbers_of_other_types_are_named() {
    refused(
        "idx",
        "images = 'idx/floats-idx3.gz'\ntest_count = 2",
        &["floats-idx3.gz", "type 0x0d"],
    );
    refused(
        "idx",
        "images = 'idx/labels-idx1'\ntest_count = 2",
        &["images must be [N, H, W] or [N, C, H, W]"],
    );
}

#[test]
fn the_commands_work_on_it() {
    works_through_the_binary(
        "lying",
        "idx",
        "images = '@idx/colour-idx4'\ntest_count = 2",
        &[3, 12, 12],
    );
}
