//! `frames` on what ImageMagick and Pillow write.

use std::fs;
use std::path::Path;

use workbench_host::{Kind, Medium, Role};

use crate::reader::{
    Opened, fixture, open, open_in, refused, refused_in, works_through_the_binary,
};

/// Frame `t` of clip `i` of make.py: a pixel's red, green and blue.
fn pixel(i: usize, t: usize, y: usize, x: usize) -> [u8; 3] {
    let left = if i.is_multiple_of(2) { 1 + t } else { 11 - t };
    match (y, x) {
        (0, 0) => [20 * i as u8; 3],
        (4..8, x) if (left..left + 4).contains(&x) => [250, 30 * i as u8, 250 - 30 * i as u8],
        _ => [40; 3],
    }
}

/// The greatest difference between a clip `[3, T, 12, 16]` and that of number `i`, of frames as `time` says.
fn apart(bytes: &[u8], i: usize, time: impl Fn(usize) -> usize) -> u8 {
    let frames = bytes.len() / 576;
    let at = |at: usize| {
        let (c, t, y, x) = (at / frames / 192, at / 192 % frames, at / 16 % 12, at % 16);
        bytes[at].abs_diff(pixel(i, time(t), y, x)[c])
    };
    (0..bytes.len()).map(at).max().unwrap()
}

/// Frames of one clip of the fixtures by themselves, without and with a sub-folder.
fn alone(name: &str, parameters: &str) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let from = fixture("frames/clips").join(name);
    for copy in ["1", "2"] {
        let to = |file: &Path| folder.path().join(copy).join(file.file_name().unwrap());
        fs::create_dir(folder.path().join(copy)).unwrap();
        match from.is_dir() {
            true => {
                fs::read_dir(&from).unwrap().map(|file| file.unwrap().path()).for_each(|file| {
                    fs::copy(&file, to(&file)).unwrap();
                })
            }
            false => {
                fs::copy(&from, to(&from)).unwrap();
            }
        }
    }
    let given = format!("folder = '.'\ntest_share = 0.5\n{parameters}");
    let data = open_in(folder.path(), "frames", &given).unwrap();
    // Read while the folder is there.
    data.bytes("train", 0);
    data.bytes("test", 0);
    data
}

#[test]
fn every_kind_of_clip_gives_its_frames() {
    for (name, i, by) in [
        ("right/a.gif", 0, 0),
        ("left/b.gif", 1, 0),
        // Each frame is laid over the one before it, which may round.
        ("right/c.webp", 2, 1),
        ("left/d.apng", 3, 0),
        ("right/e.gif", 4, 0),
        ("right/g", 6, 60),
        ("left/h", 7, 0),
    ] {
        let data = alone(name, "frames = 3");
        let image = data.field("image");
        assert_eq!(
            (image.role, &image.dims[..]),
            (Role::Image(Medium::Clip), &[3, 3, 12, 16][..]),
            "{name}"
        );
        let bytes = data.bytes("test", 0);
        let apart = apart(&bytes, i, |t| t);
        assert!(apart <= by, "{name}: {apart}");
    }
    // 1 and 2 come before 10.
    let grey = alone("left/f", "frames = 11\ngrey = true");
    assert_eq!(grey.field("image").dims, [1, 11, 12, 16]);
    let bytes = grey.bytes("test", 0);
    for t in 0..11 {
        let row = &bytes[t * 192 + 5 * 16..][..16];
        let lit: Vec<usize> = (0..16).filter(|&x| row[x] != 40).collect();
        assert_eq!(lit, [11 - t, 12 - t, 13 - t, 14 - t], "frame {t}");
    }
}

#[test]
fn a_stride_and_what_is_short_are_as_asked() {
    let two = alone("right/a.gif", "frames = 4\nstride = 2").bytes("test", 0);
    assert_eq!(apart(&two, 0, |t| 2 * t), 0);
    let of_parts = alone("left/h", "frames = 4\nstride = 3").bytes("test", 0);
    assert_eq!(apart(&of_parts, 7, |t| 3 * t), 0);
    let held = alone("right/e.gif", "frames = 5").bytes("test", 0);
    assert_eq!(apart(&held, 4, |t| t.min(2)), 0);
    let again = alone("right/e.gif", "frames = 8\nshort = 'loop'").bytes("test", 0);
    assert_eq!(apart(&again, 4, |t| t % 3), 0);
    let looped = alone("left/h", "frames = 8\nstride = 4\nshort = 'loop'").bytes("test", 0);
    assert_eq!(apart(&looped, 7, |t| 4 * (t % 3)), 0);
    let data =
        open("frames", "folder = 'frames/clips'\nframes = 5\nshort = 'refuse'\nsize = [12, 16]")
            .unwrap();
    let all = ["train", "test"]
        .into_iter()
        .flat_map(|split| (0..data.len(split).unwrap()).map(move |item| (split, item)));
    let said: Vec<String> = all.filter_map(|(split, item)| data.failure(split, item)).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("right/e.gif: has 3 frames, and 5 are wanted"), "{said:?}");
}

#[test]
fn classes_are_folders_and_a_table_says_more() {
    let data = open(
        "frames",
        "folder = 'frames/clips'\ntable = 'frames/table.csv'\nframes = 4\nsize = [6, 8]\ntest_share = 0.25\nattributes = 'way, length'",
    )
    .unwrap();
    assert_eq!(data.names(), ["image", "label", "way", "length", "caption"]);
    assert_eq!(data.field("image").dims, [3, 4, 6, 8]);
    assert_eq!((data.len("train"), data.len("test")), (Some(6), Some(2)));
    assert_eq!(data.values("label").1, ["left", "right"]);
    assert_eq!(data.values("way"), (Kind::Categorical, vec!["left", "right"]));
    let mut told = 0;
    for (split, n) in [("train", 6), ("test", 2)] {
        for item in 0..n {
            let caption = data.caption(split, item);
            let label = data.values("label").1[data.code(split, item, "label") as usize];
            let way = data.code(split, item, "way");
            assert_eq!(caption.is_empty(), way == -1);
            if !caption.is_empty() {
                assert!(caption.contains(label) && data.values("way").1[way as usize] == label);
                told += 1;
            }
            // From memory.
            assert_eq!(data.bytes(split, item), data.bytes(split, item));
        }
    }
    assert_eq!(told, 4);
    // Every file of a folder is one by itself, or every folder is.
    let files =
        open("frames", "folder = 'image-folder'\nclips = 'files'\nframes = 2\nsize = [8]").unwrap();
    assert_eq!(files.len("train").unwrap() + files.len("test").unwrap(), 48);
    let folders = "folder = 'image-folder'\nclips = 'folders'\nframes = 16\nsize = [8]\ntest_share = 0.34\nshort = 'refuse'";
    let folders = open("frames", folders).unwrap();
    assert_eq!((folders.len("train"), folders.len("test")), (Some(2), Some(1)));
    assert!(folders.failure("train", 0).is_none());
}

#[test]
fn a_mistake_in_the_parameters_is_named() {
    for (parameters, words) in [
        ("folder = 'none'", &["none"][..]),
        ("folder = 'csv'", &["no clip in it", ".gif"]),
        ("folder = 'frames/clips/left/f'", &["pictures lie in the folder itself"]),
        ("folder = 'image-folder'", &["set `clips`", "cross/ holds pictures beside cross/"]),
        ("folder = 'frames/clips'\nframes = 0", &["frames"]),
        (
            "folder = 'frames/clips'\nframes = 1024\nsize = [1024]",
            &["256 MB each", "fewer `frames`"],
        ),
        ("folder = 'frames/clips'\nsize = [1, 2, 3]", &["`size` must be [height, width]"]),
        ("folder = 'frames/clips'\ntable = 'voxels/all.csv'", &["row 1: there is no clip \"0\""]),
    ] {
        refused("frames", parameters, words);
    }
}

#[test]
fn a_clip_that_cant_be_decoded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let whole = fs::read(fixture("frames/clips/right/a.gif")).unwrap();
    write("a.gif", &whole);
    write("b.gif", &whole[..whole.len() / 2]);
    write("c.gif", &bomb(1000));
    write("d.webp", b"no clip");
    write("e/1.pgm", &fs::read(fixture("frames/clips/left/f/frame1.pgm")).unwrap());
    write("e/2.pgm", b"P5 16 12 255\n123");
    let data =
        open_in(folder.path(), "frames", "folder = '.'\ntest_share = 0.2\nsize = [8]\nframes = 8")
            .unwrap();
    let all = (0..4).map(|item| ("train", item)).chain([("test", 0)]);
    let said: Vec<String> = all.filter_map(|(split, item)| data.failure(split, item)).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    for (name, why) in [
        ("b.gif", "damaged"),
        ("c.gif", "too large"),
        ("d.webp", "no picture that is read"),
        ("e: 2.pgm", "damaged"),
    ] {
        assert!(
            said.iter().any(|said| said.contains(name) && said.contains(why)),
            "{name}: {said:?}"
        );
    }
    // The first gives the size of all, so it is looked at before anything is read.
    fs::rename(folder.path().join("c.gif"), folder.path().join("0.gif")).unwrap();
    refused_in(folder.path(), "frames", "folder = '.'", &["0.gif", "too large"]);
}

/// A GIF of a few kilobytes that says that it has so many frames of 65,535 pixels a side.
fn bomb(frames: usize) -> Vec<u8> {
    let mut bytes = b"GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff".to_vec();
    for _ in 0..frames {
        bytes.extend(b",\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02\x44\x01\x00");
    }
    bytes.push(b';');
    bytes
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_folder_is_read() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let clip = fixture("frames/clips/right/a.gif");
    fs::copy(&clip, inside.path().join("a.gif")).unwrap();
    let escape = outside.path().join("b.gif");
    fs::copy(&clip, &escape).unwrap();
    for named in [escape.to_str().unwrap(), "../b.gif", "x/../../b.gif"] {
        fs::write(inside.path().join("t.csv"), format!("file,x\n{named},1\n")).unwrap();
        let told = "folder = '.'\ntable = 't.csv'";
        refused_in(inside.path(), "frames", told, &["leads out of the folder"]);
    }
    std::os::unix::fs::symlink(&escape, inside.path().join("b.gif")).unwrap();
    refused_in(inside.path(), "frames", "folder = '.'", &["b.gif is a link that leads out"]);
    fs::remove_file(inside.path().join("b.gif")).unwrap();
    fs::create_dir(inside.path().join("c")).unwrap();
    fs::write(inside.path().join("c/1.png"), "").unwrap();
    let frame = outside.path().join("secret.png");
    fs::write(&frame, "").unwrap();
    std::os::unix::fs::symlink(&frame, inside.path().join("c/2.png")).unwrap();
    refused_in(inside.path(), "frames", "folder = '.'", &["c/2.png is a link that leads out"]);
}

#[test]
fn the_commands_work_on_it() {
    let parameters = "folder = '@frames/clips'\ntable = '@frames/table.csv'\nframes = 4\nsize = [8]\ncache_mb = 0";
    works_through_the_binary("filmed", "frames", parameters, &[3, 4, 8, 8]);
}
