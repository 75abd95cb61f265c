//! What may depend on what, as workbench/README.md says it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use workbench_tests::{repository, skip};

/// What a crate of ours may import of ours.
const OURS: &[(&str, &[&str])] = &[
    ("workbench-analysis", &[]),
    ("workbench-abi", &[]),
    ("workbench-graph", &[]),
    ("workbench-sdk", &["workbench-abi"]),
    ("workbench-experiment", &[]),
    ("workbench-runs", &[]),
    ("workbench-fetch", &["workbench-runs"]),
    ("workbench-host", &["workbench-abi", "workbench-graph"]),
    ("workbench-engine", &["workbench-graph"]),
    (
        "workbench-trainer",
        &["workbench-analysis", "workbench-engine", "workbench-runs", "workbench-experiment"],
    ),
    (
        "workbench-evaluate",
        &["workbench-analysis", "workbench-engine", "workbench-runs", "workbench-trainer"],
    ),
    ("workbench-plots", &["workbench-runs"]),
    ("workbench-dashboard", &["workbench-runs"]),
];

/// What only one crate of ours may import, by how its name begins.
const ONLY: &[(&str, &str)] = &[
    ("candle", "workbench-engine"),
    ("ratatui", "workbench-dashboard"),
    ("crossterm", "workbench-dashboard"),
    ("plotters", "workbench-plots"),
    ("libloading", "workbench-host"),
    ("ureq", "workbench-fetch"),
];

/// All that the top level of the repository may hold, dotfiles aside.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "datasets",
    "experiments",
    "plugins",
    "tests",
    "workbench",
];

#[test]
fn crates_import_only_what_they_may() {
    let packages = packages();
    for (name, imports) in &packages {
        let ours: BTreeSet<&str> = imports
            .iter()
            .map(String::as_str)
            .filter(|import| packages.contains_key(*import) || import.starts_with("workbench-"))
            .collect();
        let allowed = match OURS.iter().find(|(known, _)| known == name) {
            Some((_, allowed)) => *allowed,
            None if is_plugin(name) => &["workbench-sdk"],
            // The only wiring, and the tests of it, which import none of what they test but as dev-dependencies.
            None if name == "workbench-cli" => continue,
            None if name == "workbench-tests" => &[],
            None => panic!("{name} is in no table of what may import what"),
        };
        for import in ours {
            assert!(
                allowed.contains(&import),
                "{name} imports {import}; it may import {allowed:?}"
            );
        }
    }
}

#[test]
fn each_foreign_thing_has_one_place() {
    for (name, imports) in packages() {
        for import in imports {
            for (begins, owner) in ONLY {
                assert!(
                    !import.starts_with(begins) || name == *owner,
                    "{name} imports {import}, which only {owner} may"
                );
            }
        }
    }
}

#[test]
fn plugins_and_crates_are_all_members() {
    let packages = packages();
    for folder in ["workbench", "plugins"] {
        for entry in std::fs::read_dir(repository().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if !path.join("Cargo.toml").is_file() {
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            let name =
                if folder == "workbench" { format!("workbench-{name}") } else { name.to_owned() };
            assert!(packages.contains_key(&name), "{} is no member `{name}`", path.display());
        }
    }
}

#[test]
fn the_top_level_holds_what_it_should() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(repository()).output();
    let listed = match listed {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        _ => return skip("no git here to list the repository's files"),
    };
    let top: BTreeSet<&str> = listed
        .split('\0')
        .filter_map(|path| path.split('/').next())
        .filter(|name| !name.is_empty())
        .collect();
    for name in &top {
        assert!(
            name.starts_with('.') || TOP.contains(name),
            "{name} is at the top of the repository"
        );
    }
    if top.is_empty() {
        return skip("git knows no files here");
    }
    for name in TOP {
        assert!(top.contains(name), "{name} is not at the top of the repository");
    }
}

/// Of each member: what it imports when it is built, tests and build scripts aside.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(repository().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo knows the workspace");
    let imports = |package: &Package| {
        let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
        normal.map(|dependency| dependency.name.clone()).collect()
    };
    metadata.packages.iter().map(|package| (package.name.to_string(), imports(package))).collect()
}

fn is_plugin(name: &str) -> bool {
    repository().join("plugins").join(name).is_dir()
}
