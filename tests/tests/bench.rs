//! `bench`: how fast an experiment trains. Times are whatever they are; what is told of them must fit together.

use serde_json::Value;
use workbench_tests::Workbench;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// What `bench` says of an experiment.
fn bench(arguments: &[&str]) -> Value {
    let workbench = Workbench::new();
    let told = workbench.command(&[&["bench", "--json"], arguments].concat()).ok().json();
    assert!(workbench.names().is_empty(), "a bench leaves no run");
    told
}

#[test]
fn a_bench_tells_all_that_it_promises() {
    let told = bench(&["bench-mlp28", "--steps", "3", "--warmup", "1"]);
    assert_eq!(told["experiment"], "bench-mlp28");
    assert_eq!(told["architecture"], "mlp-vae");
    assert_eq!(told["batch_size"], 128);
    assert_eq!((&told["steps"], &told["warmup"]), (&3.into(), &1.into()));
    assert_eq!(told["parameters"], 652_824, "PyTorch's model has as many");
    assert_eq!(told["path"], "plan");
    assert!(told["threads"].as_u64().unwrap() >= 1);
    let [p10, median, p90] = ["p10", "median", "p90"].map(|name| number(&told["step_ms"][name]));
    assert!(0.0 < p10 && p10 <= median && median <= p90, "{told}");
    let expected = 128e3 / median;
    assert!((number(&told["images_per_second"]) / expected - 1.0).abs() < 1e-3, "{told}");
    let phases = &told["phases"];
    let parts = ["data_ms", "forward_ms", "backward_ms", "optimizer_ms", "other_ms"];
    let parts = parts.map(|name| number(&phases[name]));
    assert!(parts[1..4].iter().all(|ms| *ms > 0.0), "{told}");
    let mean = number(&told["step_ms"]["mean"]);
    assert!((parts.iter().sum::<f64>() / mean - 1.0).abs() < 0.01, "{told}");
    let (gflops, peak) = (number(&told["gflops"]), number(&told["peak_gflops"]));
    // 3.28 MFLOP an image, of which the products are nearly all.
    let per_image = 1e3 * gflops / number(&told["images_per_second"]);
    assert!((3.1..3.4).contains(&per_image), "{per_image} MFLOP an image: {told}");
    assert!((number(&told["fraction_of_peak"]) * peak / gflops - 1.0).abs() < 1e-3, "{told}");
    if cfg!(target_os = "linux") {
        let memory = number(&told["peak_rss_mb"]);
        assert!((10.0..2000.0).contains(&memory), "{memory} MB");
    }
    assert!(number(&told["batch_made_ms"]) > 0.0 && number(&told["first_step_seconds"]) > 0.0);
    let data = &told["data"];
    let waited = number(&phases["data_ms"]) / mean;
    assert!((number(&data["wait_fraction"]) - waited).abs() < 1e-3, "{told}");
    assert!(number(&data["images_per_second"]) > 0.0 && data["held"] == true, "{told}");
    assert_eq!(data["made_ms"], told["batch_made_ms"]);
    assert!(told.get("profile").is_none());
}

#[test]
fn a_profile_tells_every_node() {
    let small = ["train.batch_size=4", "dataset.items=64", "dataset.floats=true"];
    let arguments = ["bench-conv64", "--steps", "2", "--warmup", "0", "--profile"];
    let told = bench(&[&arguments[..], &small].concat());
    let profile = told["profile"].as_array().unwrap();
    let fast = |node: &str, backward: bool| {
        let of = |row: &&Value| row["node"].as_str().unwrap().contains(node);
        let rows = profile.iter().filter(of).filter(|row| row["backward"] == backward);
        rows.filter(|row| row["gflops"].as_f64() > Some(0.0)).count()
    };
    for layer in ["encoder.down1", "encoder.hidden", "decoder.up1"] {
        assert!(fast(layer, false) >= 1 && fast(layer, true) >= 1, "{layer}: {told}");
    }
    let sum: f64 = profile.iter().map(|row| number(&row["ms"])).sum();
    assert!(sum <= 1.001 * number(&told["step_ms"]["mean"]), "{told}");
    let kernels: Vec<&str> = profile.iter().map(|row| row["kernel"].as_str().unwrap()).collect();
    assert!(kernels.contains(&"optimizer"), "{kernels:?}");
}

#[test]
fn a_bench_takes_any_experiment_and_settings() {
    let told = bench(&[
        "digits-mlp",
        "architecture.hidden=32",
        "device.threads=1",
        "train.batch_size=100",
        // More than two epochs of the 8,100 items: every step is a whole batch.
        "--steps",
        "170",
        "--warmup",
        "2",
    ]);
    assert_eq!((&told["batch_size"], &told["threads"]), (&100.into(), &1.into()));
    assert_eq!(told["steps"], 170);
}

#[test]
fn people_get_a_table() {
    let workbench = Workbench::new();
    let arguments = ["bench", "bench-conv28", "train.batch_size=4", "--steps", "2", "--warmup=0"];
    let told = workbench.command(&arguments).ok().stdout;
    let more = workbench.command(&[&arguments[..], &["--profile"]].concat()).ok().stdout;
    for word in [
        "images/s",
        "forward",
        "backward",
        "optimizer",
        "GFLOP/s",
        "1,691,369 parameters",
        "data alone",
    ] {
        assert!(told.contains(word), "{word}:\n{told}");
    }
    assert!(!told.contains("encoder.down1"), "{told}");
    assert!(more.contains("`conv` of encoder.down1"), "{more}");
}

#[test]
fn what_can_not_be_trained_can_not_be_measured() {
    let workbench = Workbench::new();
    for (arguments, says) in [
        (["bench-nothing", "seed=1"], "no experiment"),
        (["bench-mlp28", "train.batch=3"], "batch_size"),
        (["bench-mlp28", "train.batch_size=5000"], "larger than the 4096 items"),
        (["bench-mlp28", "dataset.width=0"], "width"),
        (["bench-mlp28", "dataset.items=nan"], "items"),
        (["bench-mlp28", "--steps=0"], "1..=1000000"),
    ] {
        workbench.command(&[&["bench"][..], &arguments].concat()).exits(2).says(&[says]);
    }
    let diverges = ["bench", "bench-mlp28", "train.optimizer.lr=1e30", "--steps=5"];
    workbench.command(&diverges).exits(3).says(&["not finite"]);
}

#[test]
fn a_check_says_what_runs_the_model() {
    let workbench = Workbench::new();
    let arguments = ["check", "bench-mlp28", "train.batch_size=8"];
    let checked = workbench.command(&[&arguments[..], &["--json"]].concat()).ok().json();
    assert_eq!(checked["path"], "plan");
    assert!(checked["path_reason"].as_str().unwrap().contains("CPU"));
    let told = workbench.command(&arguments).ok().stdout;
    assert!(told.contains("path          plan: "), "{told}");
}
