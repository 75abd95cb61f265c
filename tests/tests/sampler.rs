//! What samples are drawn from: fitted at the end of training, kept with the run, and fitted anew where it is missing.

use std::fs;

use workbench_tests::{SMALL_MLP, Workbench, with};

#[test]
fn a_sampler_is_kept_used_and_fitted_anew() {
    let workbench = Workbench::in_memory();
    let settings = ["train.epochs=2", "plots.figures=[\"samples\"]", "--name", "one", "--headless"];
    let trained = workbench.command(&with(SMALL_MLP, &settings)).ok();
    assert!(trained.stdout.contains("sampler: "), "{}", trained.stdout);
    let run = workbench.run("one");
    let newest = run.checkpoints().pop().unwrap();
    let kept = run.path().join(format!("sampler/{newest}.safetensors"));
    let before = fs::read(&kept).unwrap();
    let at = |name: &str| workbench.folder().join(name);
    let sample = |name: &str, more: &[&str]| {
        let path = at(name).display().to_string();
        let sample = ["sample", "one", "-n", "300", "-o", &path];
        let sample: Vec<&str> = sample.iter().chain(more).copied().collect();
        let ended = workbench.command(&sample).ok();
        (fs::read(at(name)).unwrap(), ended)
    };
    let (fitted, ended) = sample("fitted.npy", &["--json"]);
    assert_eq!(ended.json()["from"], "fitted");
    let (prior, ended) = sample("prior.npy", &["--from", "prior"]);
    assert!(ended.stderr.contains("samples of the prior"), "{}", ended.stderr);
    assert_ne!(fitted, prior);
    // The same is fitted anew, and kept, where there is none or none that is whole.
    fs::remove_file(&kept).unwrap();
    let (again, ended) = sample("again.npy", &[]);
    assert!(ended.stderr.contains("keeps no sampler for step"), "{}", ended.stderr);
    assert!(fitted == again && fs::read(&kept).unwrap() == before);
    fs::write(&kept, &before[..before.len() / 2]).unwrap();
    let (again, ended) = sample("damaged.npy", &[]);
    assert!(ended.stderr.contains("warning: "), "{}", ended.stderr);
    assert!(fitted == again && fs::read(&kept).unwrap() == before);
    let (again, ended) = sample("kept.npy", &[]);
    assert!(!ended.stderr.contains("keeps no sampler"), "{}", ended.stderr);
    assert_eq!(fitted, again);
    // A grid has an end, a table of numbers has none.
    let many = at("many.png").display().to_string();
    let ended = workbench.command(&["sample", "one", "-n", "20000", "-o", &many]).exits(2);
    assert!(ended.stderr.contains(".npy"), "{}", ended.stderr);
    // One whose checkpoint is gone goes with the next pruning.
    let orphan = run.path().join("sampler/step-00000001.safetensors");
    fs::copy(&kept, &orphan).unwrap();
    workbench.command(&["prune", "one", "--yes"]).ok();
    assert!(!orphan.exists() && kept.exists());
}

#[test]
fn samples_and_codes_are_measured() {
    let workbench = Workbench::in_memory();
    let settings = ["train.epochs=3", "plots.figures=[]", "--name", "one", "--headless"];
    workbench.command(&with(SMALL_MLP, &settings)).ok();
    let measured = workbench.command(&["eval", "one", "--json"]).ok().json();
    let of = |name: &str| {
        let value = measured["metrics"][name].as_f64();
        value.unwrap_or_else(|| panic!("no {name} in {measured}"))
    };
    // The mean KL over the items, taken apart.
    let sum = of("kl_aggregate") + of("mutual_information");
    assert!((sum - of("kl")).abs() < 0.01 * of("kl"), "{measured}");
    assert!(of("mutual_information") > 0.5 && of("mutual_information") <= 1000f64.ln() + 1e-3);
    assert!((8.0..30.0).contains(&of("psnr")), "{measured}");
    assert!((0.05..1.2).contains(&of("gradients")), "{measured}");
    for from in ["fitted", "prior"] {
        for test in ["near_data", "reencoded"] {
            let share = of(&format!("samples/{from}/{test}"));
            assert!((0.0..=1.0).contains(&share), "{measured}");
        }
    }
    assert!(of("samples/fitted/near_data") > 0.9, "{measured}");
    let table = workbench.command(&["eval", "one", "--metrics", "kl_aggregate"]).ok().stdout;
    assert!(table.contains("kl_aggregate") && !table.contains("psnr"), "{table}");
    workbench.command(&["eval", "one", "--metrics", "nothing"]).exits(2).says(&["psnr"]);
}
