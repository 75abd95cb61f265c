//! C code that answers in the system's place.

use std::path::{Path, PathBuf};
use std::process::Command;

use workbench_tests::repository;

/// Compiles `tests/fixtures/c/<name>.c` into a library for LD_PRELOAD; `None` where there is no such thing.
pub fn compile(name: &str, folder: &Path) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        workbench_tests::skip("LD_PRELOAD is of Linux");
        return None;
    }
    let library = folder.join(format!("{name}.so"));
    let compiled = Command::new("cc")
        .args(["-std=gnu11", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(repository().join(format!("tests/fixtures/c/{name}.c")))
        .args(["-ldl", "-lpthread"])
        .output()
        .expect("a C compiler");
    let said = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{name}.c: {said}");
    Some(library)
}
