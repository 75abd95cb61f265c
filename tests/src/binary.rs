//! The program under test.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::repository;

/// The `workbench` binary, optimised; built once a test process, into the target folder that the test itself is in.
///
/// `cargo test` builds no binary of another package, and training unoptimised takes minutes.
pub fn workbench_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let target = target_folder();
        let built = Command::new(cargo())
            .args(["build", "--release", "--quiet", "-p", "workbench-cli", "--target-dir"])
            .arg(&target)
            .current_dir(repository())
            .output()
            .expect("cargo starts");
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "workbench-cli does not build:\n{said}");
        let name = format!("workbench{}", std::env::consts::EXE_SUFFIX);
        let binary = target.join("release").join(name);
        assert!(binary.is_file(), "no binary at {}", binary.display());
        binary
    })
}

/// The cargo that runs the tests.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into())
}

/// The target folder of the running test, which is `<target>/<profile>/deps/<test>`.
pub fn target_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let deps = test.parent().expect("a test is in a folder");
    // A documentation test's binary is elsewhere; there are none here.
    assert!(deps.ends_with("deps"), "{} is not in a target folder", test.display());
    deps.ancestors().nth(2).expect("deps/ is in a profile's folder").to_owned()
}
