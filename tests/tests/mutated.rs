//! Damaged plugin libraries: the program refuses them, or uses what the damage left whole, and never dies.
//!
//! The same sixty libraries at every run. For a thousand, and what became of them:
//!
//!     cargo test --release -p workbench-tests --test mutated -- --ignored --nocapture

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use workbench_tests::{Ended, Mutator, Workbench, repository, workbench_binary};

#[test]
fn damaged_libraries_are_refused_and_end_nothing() {
    try_out(60);
}

#[test]
#[ignore = "minutes: cargo test --release -p workbench-tests --test mutated -- --ignored --nocapture"]
fn a_thousand_damaged_libraries() {
    try_out(1000);
}

/// `plugin check` tries each in processes of its own, and `plugin show` loads those that survived a first contact.
fn try_out(cases: usize) {
    // A root of its own: copies of what was loaded stay in a root's target folder.
    let place = tempfile::tempdir().unwrap();
    for name in ["plugins", "experiments", "libraries"] {
        fs::create_dir(place.path().join(name)).unwrap();
    }
    let folder = place.path().join("libraries");
    let good = good(&folder);
    let workbench = Workbench::at(place.path()).with("WORKBENCH_PLUGINS", &folder);
    let others = others();
    let began = Instant::now();
    let mut became: BTreeMap<String, usize> = BTreeMap::new();
    for case in 0..cases {
        let name = format!("damaged{case}");
        let path = library(&folder, &name);
        let mut mutator = Mutator::new(case as u64);
        let bytes = match case % 4 {
            0 => truncated(&mut mutator, &good),
            1 => flipped(&mut mutator, &good),
            2 => mutator.damaged(&good),
            _ => other(&mut mutator, &others),
        };
        fs::write(&path, bytes).unwrap();
        let checked = workbench.command(&[
            "plugin",
            "check",
            "--json",
            "--deadline",
            "5",
            path.to_str().unwrap(),
        ]);
        *became.entry(judge(case, &checked)).or_default() += 1;
        let shown = workbench.command(&["plugin", "show", &name]);
        survived(case, &shown);
        fs::remove_file(path).unwrap();
    }
    let seconds = began.elapsed().as_secs_f64();
    row(&format!("{cases} damaged libraries, {seconds:.0} s: {became:?}"));
    assert!(became["passed"] < cases / 2, "most damage must show: {became:?}");
}

/// What became of it, in a word or two.
fn judge(case: usize, ended: &Ended) -> String {
    survived(case, ended);
    let document = ended.json();
    assert_eq!(document["ok"], ended.code() == Some(0), "case {case}: {}", ended.stdout);
    let checks = document["checks"].as_array().unwrap();
    let Some(first) = checks.iter().find(|check| check["ok"] == false) else {
        return "passed".to_owned();
    };
    assert!(first["message"].as_str().is_some_and(|why| why.len() > 10), "case {case}: {first}");
    match first["name"].as_str().unwrap() {
        "file" => "refused by its header".to_owned(),
        "load" => "refused at its first contact".to_owned(),
        _ => "fails a check".to_owned(),
    }
}

/// It ended by itself, with a reason where it did not end well.
#[track_caller]
fn survived(case: usize, ended: &Ended) {
    assert!(
        matches!(ended.code(), Some(0 | 2)),
        "case {case}: `{}` ended with {}:\n{}",
        ended.shown,
        ended.status,
        ended.stderr
    );
    if ended.code() == Some(2) {
        assert!(ended.stderr.contains("error: "), "case {case}: {}", ended.stderr);
    }
}

/// Sound plugins: in C without and with a data set, and in Rust.
fn good(folder: &Path) -> Vec<Vec<u8>> {
    let path = folder.join("good.so");
    let mut all = Vec::new();
    for source in ["tests/fixtures/c/plugin.c", "workbench/abi/examples/gradient.c"] {
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-I"])
            .arg(repository().join("workbench/abi/include"))
            .arg("-o")
            .arg(&path)
            .arg(repository().join(source))
            .arg("-lm")
            .status();
        assert!(compiled.expect("a C compiler").success());
        all.push(fs::read(&path).unwrap());
    }
    let built = Workbench::new().command(&["plugin", "build", "mlp-vae", "--json"]).ok().json();
    all.push(fs::read(built[0]["path"].as_str().unwrap()).unwrap());
    all
}

/// Files that are no plugins, whatever they are called.
fn others() -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = [
        "Cargo.toml",
        "README.md",
        "datasets/digits/images-idx3-ubyte.gz",
        "workbench/docs/loss.png",
        "workbench/abi/include/workbench_plugin.h",
    ]
    .map(|name| repository().join(name))
    .to_vec();
    files.push(workbench_binary().to_owned());
    // Another library, where the system has one there.
    let system = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"];
    files.extend(system.iter().map(PathBuf::from).filter(|path| path.is_file()));
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn truncated(mutator: &mut Mutator, good: &[Vec<u8>]) -> Vec<u8> {
    let bytes = &good[mutator.below(good.len())];
    bytes[..mutator.below(bytes.len())].to_vec()
}

/// One to sixteen bits, anywhere.
fn flipped(mutator: &mut Mutator, good: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = good[mutator.below(good.len())].clone();
    for _ in 0..1 + mutator.below(16) {
        let at = mutator.below(bytes.len());
        bytes[at] ^= 1 << mutator.below(8);
    }
    bytes
}

/// As it is, or without its end.
fn other(mutator: &mut Mutator, others: &[Vec<u8>]) -> Vec<u8> {
    let bytes = &others[mutator.below(others.len())];
    let end = if mutator.below(2) == 0 { bytes.len() } else { mutator.below(bytes.len()) };
    bytes[..end].to_vec()
}

fn library(folder: &Path, name: &str) -> PathBuf {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    folder.join(format!("{prefix}{name}{suffix}"))
}

#[expect(clippy::print_stdout, reason = "a figure is for whoever runs the test")]
fn row(text: &str) {
    println!("{text}");
}
