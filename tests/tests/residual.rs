//! The residual stack on sizes that do not halve evenly, with attention: traced, trained, resumed and drawn.

use workbench_tests::Workbench;

fn experiment(size: &str, attention: usize) -> String {
    format!(
        r#"
name = "residual"
[dataset]
plugin = "noise"
{size}
items = 24
[architecture]
plugin = "conv-vae"
encoder = "resnet"
latent = 3
channels = [4, 6]
blocks = 1
attention = [{attention}]
[train]
steps = 3
batch_size = 8
validation = 0
[plots]
figures = ["reconstructions"]
"#
    )
}

/// Trains it, and gives the sizes of what it draws: `(n, channels, …)`.
fn drawn(size: &str, attention: usize) -> String {
    let (workbench, folder) = (Workbench::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("residual.toml");
    std::fs::write(&file, experiment(size, attention)).unwrap();
    workbench.command(&["train", file.to_str().unwrap(), "--name", "one", "--headless"]).ok();
    let shown = workbench.command(&["show", "one", "--json"]).ok().json();
    assert_eq!(shown["state"], "finished");
    let file = folder.path().join("drawn.npy");
    workbench.command(&["sample", "one", "-n", "2", "-o", file.to_str().unwrap()]).ok();
    let npy = std::fs::read(&file).unwrap();
    let mut numbers = npy[128..].chunks_exact(4).map(|x| f32::from_le_bytes(x.try_into().unwrap()));
    assert!(numbers.all(f32::is_finite));
    let header = String::from_utf8_lossy(&npy[..128]).into_owned();
    let shape = header.split("'shape': ").nth(1).and_then(|rest| rest.split(')').next());
    shape.unwrap_or_else(|| panic!("{header}")).to_owned()
}

#[test]
fn pictures_of_odd_sizes() {
    // 37×50, 19×25, 10×13: pixels attend at the last.
    let shape = drawn("channels = 3\nheight = 37\nwidth = 50", 13);
    assert_eq!(shape.trim_end_matches([' ', ',']), "(2, 3, 37, 50");
}

#[test]
fn clips() {
    // 10×32×32, 5×16×16, 3×8×8.
    let shape = drawn("channels = 1\ndepth = 10\nheight = 32\nwidth = 32", 8);
    assert_eq!(shape.trim_end_matches([' ', ',']), "(2, 1, 10, 32, 32");
}
