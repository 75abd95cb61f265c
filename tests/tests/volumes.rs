//! Images with three axes behind their channels: trained on, drawn, and written as films and as numbers.

use std::path::Path;

use workbench_tests::Workbench;

const EXPERIMENT: &str = r#"
name = "volumes"
[dataset]
plugin = "noise"
depth = 6
height = 9
width = 8
items = 96
[architecture]
plugin = "conv-vae"
latent = 3
channels = [2, 4]
hidden = 8
[train]
epochs = 1
batch_size = 16
[plots]
figures = ["reconstructions", "samples", "traversal", "interpolation"]
"#;

fn trained() -> (Workbench, tempfile::TempDir) {
    let (workbench, folder) = (Workbench::new(), tempfile::tempdir().unwrap());
    let experiment = folder.path().join("volumes.toml");
    std::fs::write(&experiment, EXPERIMENT).unwrap();
    workbench.command(&["train", experiment.to_str().unwrap(), "--name", "one", "--headless"]).ok();
    (workbench, folder)
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_model_of_volumes_trains_and_draws() {
    let (workbench, folder) = trained();
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert_eq!(shown["state"], "finished");
    let figures = workbench.run("one").files("plots");
    for figure in ["reconstructions", "samples", "traversal", "interpolation"] {
        assert!(figures.contains(&format!("{figure}.png")), "{figures:?}");
    }
    let at = |name: &str| folder.path().join(name);
    for name in ["drawn.png", "drawn.gif", "drawn.npy"] {
        workbench.command(&["sample", "one", "-n", "3", "-o", at(name).to_str().unwrap()]).ok();
    }
    assert!(bytes(&at("drawn.png")).starts_with(b"\x89PNG"));
    // Once around, from 24 sides, over and over.
    let gif = bytes(&at("drawn.gif"));
    assert!(gif.starts_with(b"GIF89a"));
    let frames = gif.windows(3).filter(|bytes| *bytes == [0x21, 0xf9, 4]).count();
    assert!(frames >= 24, "{frames}");
    assert!(gif.windows(11).any(|bytes| bytes == b"NETSCAPE2.0"));
    let npy = bytes(&at("drawn.npy"));
    let header = String::from_utf8_lossy(&npy[..128]).into_owned();
    assert!(header.contains("'shape': (3, 1, 6, 9, 8, )"), "{header}");
    let numbers = npy[128..].chunks_exact(4).map(|x| f32::from_le_bytes(x.try_into().unwrap()));
    assert_eq!(npy.len() - 128, 3 * 6 * 9 * 8 * 4);
    assert!(numbers.into_iter().all(|x| (0.0..=1.0).contains(&x)));
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let (workbench, folder) = trained();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (png, csv) = (at("drawn.png"), at("drawn.csv"));
    let table = ["sample", "one", "-n", "1", "-o", &png, "--csv", &csv];
    workbench.command(&table).exits(2).says(&["--csv", ".npy"]);
    assert!(!Path::new(&png).exists());
    let gif = at("digits.gif");
    let still = ["data", "preview", "digits", "-n", "2", "-o", &gif];
    workbench.command(&still).exits(2).says(&["digits.gif", "pictures", ".png"]);
    assert!(!Path::new(&gif).exists());
}
