//! `idx` on files of three and four dimensions.

use workbench_tests::Workbench;

use crate::reader::{fixture, open, picture, refused, works_through_the_binary};

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
fn without_a_test_file_a_share_is_held_out_at_random() {
    let files = "images = 'idx/images-idx3.gz'\nlabels = 'idx/labels-idx1'";
    let held_out = |more: &str| -> Vec<usize> {
        let data = open("idx", &format!("{files}\ntest_share = 0.25\n{more}")).unwrap();
        assert_eq!((data.len("train"), data.len("test")), (Some(12), Some(4)));
        let place = |item: u64| {
            let pixels = data.bytes("test", item);
            let place = (0..16).find(|&place| picture(place, 12).0 == pixels).unwrap();
            assert_eq!(data.code("test", item, "label"), place as i64 % 3);
            place
        };
        (0..4).map(place).collect()
    };
    let first = held_out("");
    assert_ne!(first, [12, 13, 14, 15], "the last ones");
    assert_eq!(first, held_out("seed = 0"));
    assert_ne!(first, held_out("seed = 1"));
    assert_eq!(open("idx", files).unwrap().len("test"), Some(2), "a tenth");
    refused(
        "idx",
        &format!("{files}\ntest_share = 0.0"),
        &["images-idx3.gz", "nothing to test on"],
    );
    refused("idx", &format!("{files}\ntest_count = 16"), &["leaves none to train on"]);
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
fn a_preview_needs_no_card() {
    let workbench = Workbench::new();
    let images = format!("images={}", fixture("idx/images-idx3.gz").display());
    let labels = format!("labels={}", fixture("idx/labels-idx1").display());
    let png = workbench.folder().join("a.png").display().to_string();
    let preview = ["data", "preview", "idx", &images, &labels, "test_count=6", "--split", "test"];
    workbench.command(&[&preview[..], &["-n", "6", "-o", &png]].concat()).ok();
    assert!(std::fs::read(&png).unwrap().starts_with(b"\x89PNG"));
    let drawn = workbench.command(&[&preview[..], &["-n", "6"]].concat()).ok().stdout;
    assert!(drawn.lines().count() > 4, "{drawn}");
    workbench.command(&["data", "preview", "idx"]).exits(2).says(&["`images` is missing"]);
    workbench
        .command(&["data", "preview", "idx", &images, "test_cuont=6"])
        .exits(2)
        .says(&["no parameter `test_cuont`"]);
    // Of a card, what is given takes the place of its own.
    let more =
        ["data", "preview", "digits", "test_count=3", "--split", "test", "-n", "50", "-o", &png];
    workbench.command(&more).ok();
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
