//! A run directory that is made aside and put in place as a whole: one that holds much from the start.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::TempDir;

use crate::{Claim, Error, RunDir, claim, durable, run_dir};

/// What a run is called while it is being made: hidden, so that nothing lists half of one.
const MAKING: &str = ".making-";

/// A run directory that nobody sees yet. It is removed when dropped, unless it was [put in place](Making::put_in_place);
/// what a crash leaves of one is removed by whoever makes the next in that folder.
#[derive(Debug)]
pub struct Making {
    runs: PathBuf,
    run: RunDir,
    dir: TempDir,
    /// Tells others that its maker is alive.
    claim: Option<Claim>,
}

impl Making {
    /// Begins a run directory in the folder of runs, which is made where it is missing.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn begin(runs: &Path) -> Result<Making, Error> {
        durable::make_dir(runs)?;
        let dir = tempfile::Builder::new()
            .prefix(MAKING)
            .permissions(Permissions::from_mode(0o777))
            .tempdir_in(runs)
            .map_err(Error::io("make a run directory in", runs))?;
        let run = RunDir::at(dir.path().to_path_buf(), "a run in the making");
        let claim = Claim::acquire(&run)?;
        remove_leftovers(runs, dir.path());
        Ok(Making { runs: runs.to_path_buf(), run, dir, claim: Some(claim) })
    }

    /// The directory, to be filled.
    pub fn run(&self) -> &RunDir {
        &self.run
    }

    /// Gives it its name, at once and for good: it is on disk when this returns, and of several that take the same
    /// name at once, one gets it. After an error it can be tried again, with another name.
    ///
    /// # Errors
    /// [`Error::Exists`] where the name is taken, [`Error::BadName`], [`Error::Io`].
    pub fn put_in_place(&mut self, name: &str) -> Result<RunDir, Error> {
        run_dir::check_name(name)?;
        let path = self.runs.join(name);
        if let Some(claim) = self.claim.take() {
            claim.release()?;
        }
        durable::sync_dir(self.dir.path())?;
        match rename_to_new(self.dir.path(), &path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::Exists { name: name.to_owned(), path });
            }
            Err(e) => return Err(Error::io("put in place", &path)(e)),
        }
        self.dir.disable_cleanup(true);
        durable::sync_dir(&self.runs)?;
        Ok(RunDir::at(path, name))
    }
}

/// Renames a folder to a name that nothing has.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::EXIST) => Err(io::ErrorKind::AlreadyExists.into()),
        // A network file system may not know how.
        Err(_) => rename_over_empty(from, to),
    }
}

/// The same: to make a folder is exclusive everywhere, and an empty one may be renamed over.
fn rename_over_empty(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::rename(from, to).inspect_err(|_| {
        // Only an empty one can be removed so.
        let _ = fs::remove_dir(to);
    })
}

/// Removes what makers that are provably gone left behind. What cannot be removed only takes space.
fn remove_leftovers(runs: &Path, mine: &Path) {
    let modified = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let (Some(now), Ok(entries)) = (modified(mine), fs::read_dir(runs)) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with(MAKING) || path == mine {
            continue;
        }
        let is_left = match claim::holder(&RunDir::at(path.clone(), &name)) {
            Ok(Some(holder)) => holder.fate() == crate::Fate::Gone,
            // Just before it is claimed, or just before it is put in place.
            Ok(None) => modified(&path)
                .and_then(|then| now.duration_since(then).ok())
                .is_some_and(|age| age > Duration::from_secs(60)),
            Err(_) => false,
        };
        if is_left {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list;

    fn names(runs: &Path) -> Vec<String> {
        let entries = fs::read_dir(runs).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_is_not_there_before_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path().join("runs");
        let mut making = Making::begin(&runs).unwrap();
        making.run().write_text("experiment.toml", "a = 1").unwrap();
        assert!(list(&runs).unwrap().is_empty());
        assert!(names(&runs)[0].starts_with(MAKING));
        let run = making.put_in_place("one").unwrap();
        drop(making);
        assert_eq!(names(&runs), ["one"]);
        assert_eq!(list(&runs).unwrap(), std::slice::from_ref(&run));
        assert_eq!(names(run.path()), ["experiment.toml"], "its claim is given back");
    }

    #[test]
    fn a_name_that_is_taken_stays_as_it_is_and_another_can_be_tried() {
        let dir = tempfile::tempdir().unwrap();
        RunDir::create(dir.path(), "empty").unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        let mut making = Making::begin(dir.path()).unwrap();
        making.run().write_text("experiment.toml", "").unwrap();
        for taken in ["empty", "file"] {
            let error = making.put_in_place(taken).unwrap_err();
            assert!(matches!(error, Error::Exists { .. }), "{error}");
        }
        assert!(matches!(making.put_in_place("../x"), Err(Error::BadName { .. })));
        making.put_in_place("free").unwrap();
        assert_eq!(names(dir.path()), ["empty", "file", "free"]);
        assert!(names(&dir.path().join("empty")).is_empty());
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let making = Making::begin(dir.path()).unwrap();
        making.run().write_text("experiment.toml", "").unwrap();
        drop(making);
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn what_a_crash_left_is_removed_and_what_others_make_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let other = Making::begin(dir.path()).unwrap();
        let left = dir.path().join(".making-left");
        fs::create_dir(&left).unwrap();
        let claim = fs::read_to_string(other.run().path().join("claim.json")).unwrap();
        let mut holder: serde_json::Value = serde_json::from_str(&claim).unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        holder["pid"] = child.id().into();
        holder["started"] = 1.into();
        fs::write(left.join("claim.json"), holder.to_string()).unwrap();
        fs::create_dir(dir.path().join(".making-new")).unwrap();
        let _making = Making::begin(dir.path()).unwrap();
        assert!(!left.exists());
        assert!(other.run().path().exists() && dir.path().join(".making-new").exists());
    }

    #[test]
    fn without_an_exclusive_rename_a_name_is_taken_once_too() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b, to] = ["a", "b", "to"].map(|name| dir.path().join(name));
        fs::create_dir(&a).unwrap();
        fs::create_dir(&b).unwrap();
        fs::write(a.join("x"), "").unwrap();
        rename_over_empty(&a, &to).unwrap();
        let taken = rename_over_empty(&b, &to).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(dir.path()), ["b", "to"]);
        assert_eq!(names(&to), ["x"]);
        let missing = rename_over_empty(&dir.path().join("none"), &dir.path().join("new"));
        assert!(missing.is_err() && names(dir.path()) == ["b", "to"]);
    }
}
