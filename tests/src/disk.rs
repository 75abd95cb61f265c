//! Small disks, to be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::skip;

/// A small file system in memory, mounted for a test.
pub struct Disk {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    /// `None` where it may not be mounted: then this test says so, or has been run elsewhere, where it may.
    pub fn mounted(name: &str, options: &str) -> Option<Disk> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        fs::create_dir(&path).expect("a folder");
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path).output();
        match mount {
            Ok(done) if done.status.success() => Some(Disk { path, _folder: folder }),
            _ => {
                elsewhere();
                None
            }
        }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fills it with a file, and leaves room for so many bytes.
    pub fn fill(&self, leave: u64) {
        let mut ballast = File::create(self.path.join("ballast")).expect("a file on the disk");
        while ballast.write_all(&[1; 1 << 12]).is_ok() {}
        let length = ballast.metadata().expect("a file's length").len();
        ballast.set_len(length.saturating_sub(leave)).expect("a shorter file");
    }

    /// Takes that file away.
    pub fn free(&self) {
        let ballast = self.path.join("ballast");
        // Emptied first: a process that another test is just starting may hold it open for a moment.
        let file =
            File::options().write(true).open(&ballast).expect("the file that fills the disk");
        file.set_len(0).expect("a file can be emptied");
        fs::remove_file(&ballast).expect("the file that fills the disk");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It goes with the mount namespace, or at the next boot, where this fails.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

/// Runs the test that calls it in namespaces of its own, where mounting is allowed, as far as the system has such.
fn elsewhere() {
    const INSIDE: &str = "WORKBENCH_TESTS_UNSHARED";
    let possible =
        Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|s| s.success());
    if std::env::var_os(INSIDE).is_some() || !possible {
        return skip("a file system can't be mounted here, neither with unshare");
    }
    let thread = std::thread::current();
    let test = thread.name().expect("a test has a name");
    let run = Command::new("unshare")
        .arg("-rm")
        .arg(std::env::current_exe().expect("a test has a path"))
        .args(["--ignored", "--exact", "--nocapture", test])
        .env(INSIDE, "1")
        .status()
        .expect("unshare starts");
    assert!(run.success(), "{test} failed in namespaces of its own");
}
