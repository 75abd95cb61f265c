//! Every shipped experiment is one that starts.

use workbench_tests::{Workbench, repository};

#[test]
fn every_shipped_experiment_checks() {
    let workbench = Workbench::new();
    let entries = std::fs::read_dir(repository().join("experiments")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let mut arguments = vec!["check", file.to_str().unwrap(), "--json", "train.batch_size=8"];
        if name == "mnist-conv"
            && !repository().join("datasets/mnist/train-images-idx3-ubyte.gz").exists()
        {
            // Its files are not in the repository: that is said, and the rest is checked on data that are.
            workbench
                .command(&arguments)
                .exits(2)
                .says(&["the files of `mnist`", "`workbench data fetch mnist`"]);
            arguments.push("dataset.name=digits");
        }
        let checked = workbench.command(&arguments).ok().json();
        assert_eq!(checked["experiment"], name, "a file is called after its experiment");
        assert!(checked["architecture"]["parameters"].as_u64().unwrap() > 0, "{name}");
        assert!(checked["steps_total"].as_u64().unwrap() > 0, "{name}");
    }
    assert!(workbench.names().is_empty(), "a check leaves no run");
}

#[test]
fn a_check_shows_the_layers() {
    let workbench = Workbench::new();
    let checked = workbench.command(&["check", "digits-conv", "train.batch_size=8"]).ok();
    for word in ["encoder.down1", "conv2d", "[B,32,14,14]", "parameters"] {
        assert!(checked.stdout.contains(word), "{word}:\n{}", checked.stdout);
    }
}

#[test]
fn one_line_swaps_the_architecture() {
    let workbench = Workbench::new();
    for (experiment, plugin) in [("digits-mlp", "conv-vae"), ("digits-conv", "mlp-vae")] {
        let swap = format!("architecture.plugin={plugin}");
        let checked =
            workbench.command(&["check", experiment, &swap, "--json", "train.batch_size=8"]).ok();
        assert_eq!(checked.json()["architecture"]["plugin"], plugin);
    }
}
