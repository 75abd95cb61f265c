//! `image-folder` on what ImageMagick writes, compared with what ImageMagick reads.

use std::fs;

use crate::reader::{fixture, open_in};

/// By how much a pixel may differ: what is lossy is decoded with other roundings, and colours are made of four inks, or of
/// half as many chroma samples, in several ways.
fn tolerance(name: &str) -> u8 {
    match name {
        "halved.jpg" | "lossy.webp" => 12,
        "cmyk.jpg" | "jpeg.tif" | "progressive.jpg" | "grey.jpg" => 3,
        "cmyk.tif" | "clear.png" | "clear.bmp" | "clear.webp" | "deep.pgm" | "deep.tif"
        | "deep.png" => 1,
        _ => 0,
    }
}

#[test]
fn every_format_has_the_pixels_that_imagemagick_sees() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = "file,caption\n".to_owned();
    let mut n = 0;
    for entry in fs::read_dir(fixture("magick")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_str().unwrap();
            fs::copy(&path, folder.path().join(name)).unwrap();
            table += &format!("{name},{name}\n");
            n += 1;
        }
    }
    fs::write(folder.path().join("t.csv"), table).unwrap();
    let data = open_in(folder.path(), "image-folder", "folder = '.'\ntable = 't.csv'").unwrap();
    assert_eq!(data.field("image").dims, [3, 16, 24]);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for split in ["train", "test"] {
        for item in 0..data.len(split).unwrap() {
            let name = data.caption(split, item);
            let (pixels, said) = (data.bytes(split, item), said(&name));
            let apart = pixels.iter().zip(&said).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            if apart > tolerance(&name) {
                wrong.push(format!("{name}: by {apart}"));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!((seen, n), (31, 31));
}

/// `[3, 16, 24]`, of a PPM that ImageMagick wrote.
fn said(name: &str) -> Vec<u8> {
    let file = fs::read(fixture("magick/said").join(format!("{name}.ppm"))).unwrap();
    let pixels = file.strip_prefix(b"P6\n24 16\n255\n").expect("a PPM");
    (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied()).collect()
}
