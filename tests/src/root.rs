//! Roots: folders with plugins/ and experiments/.

use std::fs;
use std::path::{Path, PathBuf};

use crate::target_folder;

/// The root of this repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the repository").to_owned()
}

/// A root of the tests' own, whose plugins build against this repository's SDK.
///
/// It is kept in the target folder, so that only what changed is built again. Every test names its own.
pub struct Root {
    path: PathBuf,
}

impl Root {
    /// An empty root by that name; what an earlier test run built there stays built.
    pub fn new(name: &str) -> Root {
        let path = target_folder().join("tmp").join(name);
        let root = Root { path };
        for folder in ["plugins", "experiments", "datasets"] {
            fs::create_dir_all(root.path.join(folder)).expect("a folder in the target folder");
        }
        root
    }

    /// A copy of this repository, as far as plugins are built and trained in it. What a test left there is gone.
    pub fn of_repository(name: &str) -> Root {
        let root = Root::new(name);
        for folder in ["plugins", "experiments"] {
            for entry in fs::read_dir(root.path.join(folder)).expect("a folder").flatten() {
                if !repository().join(folder).join(entry.file_name()).exists() {
                    let path = entry.path();
                    let gone = if path.is_dir() {
                        fs::remove_dir_all(path)
                    } else {
                        fs::remove_file(path)
                    };
                    gone.expect("an earlier test's files can be removed");
                }
            }
        }
        for part in [
            "Cargo.toml",
            "Cargo.lock",
            "plugins",
            "experiments",
            "datasets/digits",
            "workbench",
            "tests",
        ] {
            copy(&repository().join(part), &root.path.join(part));
        }
        root
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a file there. One that is there already, and equal, keeps its time, so that nothing is built for it.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path.join(name);
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return;
        }
        fs::create_dir_all(path.parent().expect("a file in a root")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// Puts a file of this repository there.
    pub fn copy(&self, from: &str, to: &str) {
        let source = repository().join(from);
        let text = fs::read_to_string(&source)
            .unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        self.write(to, &text);
    }

    /// Puts a plugin of this repository there.
    pub fn copy_plugin(&self, name: &str) {
        for file in ["Cargo.toml", "src/lib.rs"] {
            let file = format!("plugins/{name}/{file}");
            self.copy(&file, &file);
        }
    }

    /// Makes it a cargo workspace of these plugins.
    pub fn workspace(&self, plugins: &[&str]) {
        let members: Vec<_> = plugins.iter().map(|name| format!("\"plugins/{name}\"")).collect();
        let sdk = repository().join("workbench/sdk");
        let manifest = format!(
            r#"[workspace]
resolver = "3"
members = [{}]

[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "1.91"
license = "MIT"
publish = false

[workspace.dependencies]
workbench-sdk = {{ path = {sdk:?} }}

[workspace.lints]

[profile.plugin]
inherits = "release"
panic = "unwind"
"#,
            members.join(", ")
        );
        self.write("Cargo.toml", &manifest);
    }
}

/// Files that are there already, and equal, keep their time, so that nothing is built for them.
fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        let bytes = fs::read(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        if fs::read(to).is_ok_and(|there| there == bytes) {
            return;
        }
        fs::create_dir_all(to.parent().expect("a file in a root")).expect("a folder");
        return fs::write(to, bytes).expect("a file");
    }
    for entry in fs::read_dir(from).expect("a folder of the repository").flatten() {
        if entry.file_name() != "target" && entry.file_name() != "docs" {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    }
}
