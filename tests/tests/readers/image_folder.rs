//! `image-folder` on what Pillow writes.

use std::fs;
use std::path::Path;

use workbench_host::Kind;

use crate::reader::{
    fixture, open, open_in, picture, refused, refused_in, works_through_the_binary,
};

const TABLE: &str = "folder = 'image-folder'\ntable = 'image-folder/table.csv'";

#[test]
fn every_format_gives_the_pictures_with_their_table() {
    let data =
        open("image-folder", &format!("{TABLE}\ntest_share = 0.25\nsize = [16, 24]")).unwrap();
    assert_eq!(data.names(), ["image", "label", "radius", "tilted", "caption"]);
    assert_eq!(data.field("image").dims, [3, 16, 24]);
    assert_eq!((data.len("train"), data.len("test")), (Some(36), Some(12)));
    assert_eq!(data.values("label").1, ["cross", "disc", "square"]);
    assert_eq!(data.values("radius"), (Kind::Ordinal, vec!["2", "3", "4", "5"]));
    assert_eq!(data.values("tilted"), (Kind::Binary, vec!["no", "yes"]));
    let mut seen = Vec::new();
    for (split, n) in [("train", 36), ("test", 12)] {
        for item in 0..n {
            let pixels = data.bytes(split, item);
            let class = data.values("label").1[data.code(split, item, "label") as usize];
            let caption = data.caption(split, item);
            assert!(caption.contains(class), "{caption}");
            // The pixels are those of a picture of which the table says the same.
            let alike = (0..48).filter(|&i| told(i) == caption).map(|i| apart(&pixels[..384], i));
            let nearest = alike.min().expect("a picture that is told of so");
            assert!(nearest < 384 * 40, "{split} {item}, {caption}: {nearest}");
            let radius = data.values("radius").1[data.code(split, item, "radius") as usize];
            assert!(caption.ends_with(radius), "{caption} has the radius {radius}");
            assert_eq!(data.code(split, item, "tilted"), i64::from(caption.contains("tilted")));
            // Read again, from memory.
            assert_eq!(pixels, data.bytes(split, item));
            seen.push(caption);
        }
    }
    let mut all: Vec<String> = (0..48).map(told).collect();
    all.sort();
    seen.sort();
    assert_eq!(seen, all);
}

/// The caption of picture `i`.
fn told(i: usize) -> String {
    let tilted = if i / 12 % 2 == 1 { "tilted " } else { "" };
    format!("a {tilted}{} of radius {}", ["disc", "square", "cross"][i % 3], 2 + i / 3 % 4)
}

/// How much the red of a picture differs from that of number `i`, light and dark put right.
fn apart(red: &[u8], i: usize) -> u32 {
    // Below the corner, where the number stands.
    let below = &red[72..];
    let (low, high) = (*below.iter().min().unwrap(), *below.iter().max().unwrap());
    let (pixels, _) = picture(i, 12);
    let scaled = |x: u8| (u32::from(x.saturating_sub(low)) * 255) / u32::from(high - low).max(1);
    // In transparent pictures and grey ones the shape may be the darker part.
    let of = |dark: bool| {
        let at = |at: usize| u32::from(pixels[at / 24 * 3 / 4 * 12 + at % 24 / 2] > 127);
        (0..384)
            .map(|place| (scaled(red[place])).abs_diff(255 * (at(place) ^ u32::from(dark))))
            .sum::<u32>()
    };
    of(false).min(of(true))
}

#[test]
fn pixels_are_those_of_the_files() {
    // As they are, in colour: a BMP and a lossless WebP of make.py.
    let folder = tempfile::tempdir().unwrap();
    let numbers = [(12, "bmp"), (6, "webp"), (18, "ppm"), (21, "tif")];
    for (i, ending) in numbers {
        let class = ["disc", "square", "cross"][i % 3];
        let name = format!("{i:03}.{ending}");
        fs::copy(fixture("image-folder").join(class).join(&name), folder.path().join(&name))
            .unwrap();
    }
    let data = open_in(folder.path(), "image-folder", "folder = '.'\ntest_share = 0.25\nseed = 1")
        .unwrap();
    assert_eq!(data.names(), ["image"]);
    let mut left: Vec<Vec<u8>> = numbers.iter().map(|(i, _)| doubled(*i)).collect();
    for (split, n) in [("train", 3), ("test", 1)] {
        for item in 0..n {
            let pixels = data.bytes(split, item);
            let at = left.iter().position(|wanted| *wanted == pixels);
            left.remove(at.unwrap_or_else(|| panic!("{split} {item} is none of those left")));
        }
    }
    assert!(left.is_empty());
}

/// Picture number `i` as make.py colours and enlarges it, `[3, 16, 24]`.
fn doubled(i: usize) -> Vec<u8> {
    let (pixels, _) = picture(i, 12);
    // Pillow's nearest neighbour: the middle of each new pixel, in the old picture.
    let at = |place: usize| {
        let (y, x) = (place / 24, place % 24);
        pixels[((y as f64 + 0.5) * 12.0 / 16.0) as usize * 12 + x / 2]
    };
    let red: Vec<u8> = (0..384).map(at).collect();
    let green = red.iter().map(|x| x / 2);
    let blue = red.iter().map(|x| 255 - x);
    red.iter().copied().chain(green).chain(blue).collect()
}

#[test]
fn a_photograph_is_turned_as_it_was_held() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.jpg", "b.jpg"] {
        fs::copy(fixture("turned.jpg"), folder.path().join(name)).unwrap();
    }
    let data =
        open_in(folder.path(), "image-folder", "folder = '.'\ntest_share = 0.5\ngrey = true")
            .unwrap();
    assert_eq!(data.field("image").dims, [1, 24, 16]);
}

#[test]
fn sizes_crops_and_splits_are_as_asked() {
    let data =
        open("image-folder", "folder = 'image-folder'\nsize = [8]\ngrey = true\nlabels = 'none'")
            .unwrap();
    assert_eq!((data.names(), &data.field("image").dims[..]), (vec!["image"], &[1, 8, 8][..]));
    // One number is both sides.
    let one = open("image-folder", "folder = 'image-folder'\nsize = 9").unwrap();
    assert_eq!(one.field("image").dims, [3, 9, 9]);
    let crop = open("image-folder", "folder = 'image-folder'\ncrop = [10, 12]").unwrap();
    assert_eq!(crop.field("image").dims, [3, 10, 12]);
    let folder = tempfile::tempdir().unwrap();
    for (i, path) in
        ["train/disc/a.png", "train/cross/b.png", "val/disc/c.png", "test/square/d.png"]
            .iter()
            .enumerate()
    {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let from = ["disc/000.png", "cross/026.png", "disc/024.png", "square/025.png"][i];
        fs::copy(fixture("image-folder").join(from), path).unwrap();
    }
    let data = open_in(folder.path(), "image-folder", "folder = '.'").unwrap();
    assert_eq!(
        (data.len("train"), data.len("valid"), data.len("test")),
        (Some(2), Some(1), Some(1))
    );
    assert_eq!(data.values("label").1, ["cross", "disc", "square"]);
    assert_eq!(data.code("test", 0, "label"), 2);
    let table = "file,part,kind\ntrain/disc/a.png,2,x\ntrain/cross/b.png,0,y\nval/disc/c.png,0,x\ntest/square/d.png,1,y\n";
    fs::write(folder.path().join("t.csv"), table).unwrap();
    let told = "folder = '.'\ntable = 't.csv'\nsplit_column = 'part'\nlabels = 'kind'";
    let data = open_in(folder.path(), "image-folder", told).unwrap();
    assert_eq!(
        (data.len("train"), data.len("valid"), data.len("test")),
        (Some(2), Some(1), Some(1))
    );
    assert_eq!(data.code("test", 0, "label"), 0);
}

#[test]
fn a_mistake_in_the_parameters_is_named() {
    for (parameters, words) in [
        ("folder = 'none'", &["none"][..]),
        ("folder = 'csv'", &["no picture in it", ".png"]),
        ("folder = 'image-folder'\nsize = [1, 2, 3]", &["`size` must be [height, width]"]),
        ("folder = 'image-folder'\nlabels = 'kind'", &["\"kind\"", "no `table`"]),
        (
            "folder = 'image-folder'\ntable = 'csv/train.csv'",
            &["csv/train.csv", "no column `file` of files"],
        ),
        (&format!("{TABLE}\nattributes = 'raduis'"), &["no column `raduis`", "radius"]),
        (&format!("{TABLE}\nattributes = 'caption: real'"), &["caption"]),
        (&format!("{TABLE}\nattributes = 'tilted: real'"), &["`tilted`", "is not a number"]),
        (&format!("{TABLE}\nsplit_column = 'tilted'"), &["not train, valid or test"]),
        ("folder = 'image-folder'\nsplit_column = 'x'", &["without `table`"]),
    ] {
        refused("image-folder", parameters, words);
    }
}

#[test]
fn a_picture_that_cant_be_decoded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(fixture("image-folder/disc/000.png")).unwrap();
    fs::write(folder.path().join("a.png"), &whole).unwrap();
    fs::write(folder.path().join("b.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("c.png"), bomb()).unwrap();
    fs::write(folder.path().join("d.png"), "no picture").unwrap();
    let lists = |parameters: &str| open_in(folder.path(), "image-folder", parameters).unwrap();
    let data = lists("folder = '.'\ntest_share = 0.25\nsize = [8]");
    let all = [("train", 0), ("train", 1), ("train", 2), ("test", 0)];
    let said: Vec<String> =
        all.iter().filter_map(|(split, item)| data.failure(split, *item)).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    for (name, why) in
        [("b.png", "damaged"), ("c.png", "too large"), ("d.png", "no picture that is read")]
    {
        assert!(
            said.iter().any(|said| said.contains(name) && said.contains(why)),
            "{name}: {said:?}"
        );
    }
    // The first gives the size of all, so it is looked at before anything is read.
    fs::rename(folder.path().join("c.png"), folder.path().join("0.png")).unwrap();
    refused_in(folder.path(), "image-folder", "folder = '.'", &["0.png", "too large"]);
}

/// A PNG of a hundred bytes that says that it is 60,000 pixels a side.
fn bomb() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 60_000, 60_000);
    encoder.set_color(png::ColorType::Rgba);
    drop(encoder.write_header().unwrap());
    bytes
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_folder_is_read() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copy = |to: &Path| fs::copy(fixture("image-folder/disc/000.png"), to).unwrap();
    copy(&inside.path().join("a.png"));
    copy(&outside.path().join("b.png"));
    let escape = outside.path().join("b.png");
    for named in [escape.to_str().unwrap(), "../b.png", "x/../../b.png"] {
        fs::write(inside.path().join("t.csv"), format!("file,x\n{named},1\n")).unwrap();
        refused_in(
            inside.path(),
            "image-folder",
            "folder = '.'\ntable = 't.csv'",
            &["leads out of the folder"],
        );
    }
    std::os::unix::fs::symlink(&escape, inside.path().join("b.png")).unwrap();
    refused_in(inside.path(), "image-folder", "folder = '.'", &["b.png is a link that leads out"]);
}

#[test]
fn the_commands_work_on_it() {
    let parameters =
        "folder = '@image-folder'\ntable = '@image-folder/table.csv'\nsize = [16]\ncache_mb = 0";
    works_through_the_binary("drawn", "image-folder", parameters, &[3, 16, 16]);
}
