//! `voxels` on what trimesh and NumPy write.

use std::fs;

use workbench_host::{Kind, Medium, Role};

use crate::reader::{
    Opened, fixture, open, open_in, refused, refused_in, works_through_the_binary,
};

const SIDE: usize = 12;

/// Voxels number `i` of make.py, `[D, H, W]`: planes from the front, rows from the top.
fn grid(i: usize) -> Vec<u8> {
    let radius = (2 + i / 2 % 3) as f64;
    let filled = |at: usize| {
        let (z, y, x) = (11 - at / SIDE / SIDE, 11 - at / SIDE % SIDE, at % SIDE);
        let [dx, dy, dz] = [x, y, z].map(|at| at as f64 - 5.5);
        let solid = match i % 2 {
            0 => dx.abs().max(dy.abs()).max(dz.abs()) <= radius,
            _ => dx * dx + dy * dy + dz * dz <= radius * radius,
        };
        solid || (x <= i && y == 0 && z == 0)
    };
    (0..SIDE.pow(3)).map(|at| if filled(at) { 255 } else { 0 }).collect()
}

fn items(data: &Opened) -> Vec<(String, Vec<u8>)> {
    let classes: Vec<String> = data.values("label").1.iter().map(|&name| name.to_owned()).collect();
    let all = ["train", "test"]
        .into_iter()
        .flat_map(|split| (0..data.len(split).unwrap()).map(move |item| (split, item)));
    let item = |(split, item)| {
        (classes[data.code(split, item, "label") as usize].clone(), data.bytes(split, item))
    };
    all.map(item).collect()
}

#[test]
fn binvox_files_lie_as_modelnets_do_and_stand_upright() {
    let data = open("voxels", "path = 'voxels/binvox'").unwrap();
    assert_eq!(data.names(), ["image", "label"]);
    assert_eq!(
        (data.field("image").role, &data.field("image").dims[..]),
        (Role::Image(Medium::Volume), &[1, 12, 12, 12][..])
    );
    assert_eq!((data.len("train"), data.len("test")), (Some(6), Some(2)));
    // By class, and within it by number.
    let wanted = [1, 3, 5, 0, 2, 4, 7, 6];
    for ((class, voxels), i) in items(&data).into_iter().zip(wanted) {
        assert_eq!(class, ["box", "ball"][i % 2], "{i}");
        assert!(voxels == grid(i), "{i}");
    }
}

#[test]
fn another_axis_may_point_up_and_sizes_may_differ() {
    // In the z axis the bar on the ground stands at the front, from the left to the right as before.
    let data = open("voxels", "path = 'voxels/binvox'\nup = 'z'").unwrap();
    let voxels = data.bytes("train", 0);
    let bar = |row: &[u8]| row.iter().filter(|&&voxel| voxel == 255).count();
    assert_eq!(bar(&voxels[11 * SIDE..12 * SIDE]), 2, "item 1 has a bar of two voxels");
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.binvox", "b.binvox"] {
        fs::copy(fixture("voxels/long.binvox"), folder.path().join(name)).unwrap();
    }
    // Of 12 by 6 by 8 voxels along x, y and z.
    let half = "path = '.'\ntest_share = 0.5";
    let data = open_in(folder.path(), "voxels", half).unwrap();
    assert_eq!(data.field("image").dims, [1, 8, 6, 12]);
    let whole = grid(2);
    let voxels = data.bytes("train", 0);
    for (at, voxel) in voxels.iter().enumerate() {
        let (d, h, w) = (at / 72, at / 12 % 6, at % 12);
        assert_eq!(*voxel, whole[((d + 2) * SIDE + h + 3) * SIDE + w], "{d} {h} {w}");
    }
    let padded = format!("{half}\nsize = [12]");
    let data = open_in(folder.path(), "voxels", &padded).unwrap();
    let padded = data.bytes("test", 0);
    assert_eq!(padded[(2 * SIDE + 3) * SIDE..][..12], voxels[..12]);
    assert!(padded[..2 * 144].iter().chain(&padded[10 * 144..]).all(|&voxel| voxel == 0));
    // Half of it, by area and by the fullest.
    let small = |more: &str| {
        let data = open("voxels", &format!("path = 'voxels/binvox'\nsize = [6]\n{more}")).unwrap();
        data.bytes("test", 0)
    };
    let (area, max) = (small(""), small("resample = 'max'"));
    let whole = grid(7);
    for at in 0..216 {
        let (d, h, w) = (at / 36, at / 6 % 6, at % 6);
        let eight = (0..8)
            .map(|i| whole[((2 * d + i / 4) * SIDE + 2 * h + i / 2 % 2) * SIDE + 2 * w + i % 2]);
        let filled = eight.filter(|&voxel| voxel == 255).count();
        assert_eq!(usize::from(area[at]), (255 * filled + 4) / 8, "{d} {h} {w}");
        assert_eq!(max[at] == 255, filled > 0);
    }
}

#[test]
fn numpys_grids_are_read_whatever_their_type_and_order() {
    let data = open("voxels", "path = 'voxels/npy'\nempty = 0\ntest_share = 0.34").unwrap();
    let mut left: Vec<(String, Vec<u8>)> =
        (0..6).map(|i| (["box", "ball"][i % 2].to_owned(), grid(i))).collect();
    assert_eq!(data.len("test"), Some(2));
    for item in items(&data) {
        let at = left.iter().position(|wanted| *wanted == item);
        left.remove(at.unwrap_or_else(|| panic!("a {} is none of those left", item.0)));
    }
    assert!(left.is_empty());
}

#[test]
fn one_array_may_hold_all_and_a_table_says_what_they_are() {
    let table =
        "path = 'voxels/all.npy'\ntable = 'voxels/all.csv'\nlabels = 'kind'\ntest_share = 0.25";
    let data = open("voxels", table).unwrap();
    assert_eq!(data.names(), ["image", "label", "radius", "caption"]);
    assert_eq!(data.values("radius"), (Kind::Ordinal, vec!["2", "3", "4"]));
    for (split, n) in [("train", 6), ("test", 2)] {
        for item in 0..n {
            let voxels = data.bytes(split, item);
            let i = (0..8).find(|&i| grid(i) == voxels).expect("one of make.py's");
            assert_eq!(
                data.values("label").1[data.code(split, item, "label") as usize],
                ["box", "ball"][i % 2]
            );
            assert_eq!(data.code(split, item, "radius"), (i / 2 % 3) as i64);
        }
    }
    let two = open("voxels", "path = 'voxels/two-channels.npy'\ntest_share = 0.25").unwrap();
    assert_eq!((two.names(), &two.field("image").dims[..]), (vec!["image"], &[2, 12, 12, 12][..]));
    let voxels = two.bytes("train", 0);
    let (one, other) = voxels.split_at(SIDE.pow(3));
    assert!(one.iter().zip(other).all(|(&a, &b)| a == 255 - b));
    assert!((0..4).any(|i| grid(i) == one));
}

#[test]
fn a_mistake_in_the_parameters_is_named() {
    for (parameters, words) in [
        ("path = 'none'", &["none"][..]),
        ("path = 'csv'", &["no grid in it", ".binvox, .npy"]),
        ("path = 'voxels/all.csv'", &["all.csv", "not a .npy file"]),
        ("path = 'npz/images.npy'", &["images.npy", "[12, 12]", "no volume"]),
        ("path = 'voxels/all.npy'\nlayout = 'cdhw'", &["no volume of that `layout`"]),
        ("path = 'voxels/binvox'\nsize = [4, 4]", &["`size` must be [depth, height, width]"]),
        ("path = 'voxels/npy'\nempty = 7\nfull = 9", &["ball/1.npy", "outside of 7 (empty) to 9"]),
        (
            "path = 'voxels/all.npy'\ntable = 'frames/table.csv'",
            &["row 1: there is no grid \"right/a.gif\""],
        ),
        ("path = 'voxels/all.npy'\nlabels = 'folders'", &["0 is in none"]),
    ] {
        refused("voxels", parameters, words);
    }
}

#[test]
fn a_grid_that_cant_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let whole = fs::read(fixture("voxels/long.binvox")).unwrap();
    write("a.binvox", &whole);
    write("b.binvox", &whole[..whole.len() - 2]);
    write("c.binvox", b"#binvox 1\ndim 4000 4000 4000\ntranslate 0 0 0\nscale 1\ndata\n\x01\xff");
    write("d.binvox", &[&whole[..], &[1, 255].repeat(40)].concat());
    write("e.binvox", b"no grid");
    let array = fs::read(fixture("voxels/npy/box/0.npy")).unwrap();
    write("f.npy", &array[..array.len() - 1]);
    let numbers = fs::read(fixture("voxels/two-channels.npy")).unwrap();
    write("g.npy", &numbers);
    // Looked at before anything is read, to tell what a full voxel is.
    refused_in(folder.path(), "voxels", "path = '.'", &["f.npy", "truncated"]);
    fs::rename(folder.path().join("f.npy"), folder.path().join("h.npy")).unwrap();
    let data =
        open_in(folder.path(), "voxels", "path = '.'\ntest_share = 0.15\nsize = [8]").unwrap();
    let all = (0..6).map(|item| ("train", item)).chain([("test", 0)]);
    let said: Vec<String> = all.filter_map(|(split, item)| data.failure(split, item)).collect();
    assert_eq!(said.len(), 6, "{said:?}");
    for (name, why) in [
        ("b.binvox", "truncated"),
        ("c.binvox", "134217728 in all are read"),
        ("d.binvox", "damaged"),
        ("e.binvox", "in its header"),
        ("h.npy", "truncated"),
        ("g.npy", "no volume"),
    ] {
        assert!(
            said.iter().any(|said| said.contains(name) && said.contains(why)),
            "{name}: {said:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_folder_is_read() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let grid = fixture("voxels/long.binvox");
    fs::copy(&grid, inside.path().join("a.binvox")).unwrap();
    let escape = outside.path().join("b.binvox");
    fs::copy(&grid, &escape).unwrap();
    for named in [escape.to_str().unwrap(), "../b.binvox", "x/../../b.binvox"] {
        fs::write(inside.path().join("t.csv"), format!("file,x\n{named},1\n")).unwrap();
        let told = "path = '.'\ntable = 't.csv'";
        refused_in(inside.path(), "voxels", told, &["leads out of the folder"]);
    }
    std::os::unix::fs::symlink(&escape, inside.path().join("b.binvox")).unwrap();
    refused_in(inside.path(), "voxels", "path = '.'", &["b.binvox is a link that leads out"]);
}

#[test]
fn the_commands_work_on_it() {
    works_through_the_binary(
        "voxel-shapes",
        "voxels",
        "path = '@voxels/binvox'\nsize = [8]\ncache_mb = 0",
        &[1, 8, 8, 8],
    );
}
