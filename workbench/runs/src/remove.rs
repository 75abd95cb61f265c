//! Removing a run for good.

use std::fs;
use std::io;
use std::path::Path;

use crate::{Claim, Error, RunDir, durable};

/// What a run is called on its way out: hidden, so that nothing lists half of one.
const REMOVED: &str = ".removed-";

/// Removes a run directory: it is renamed aside within its folder, which makes it gone at once and for good, then
/// deleted. What an earlier removal left behind in a crash goes too. A run that someone writes is not touched.
///
/// # Errors
/// [`Error::Claimed`] where a trainer is or may be at work on it, [`Error::Damaged`] where its claim cannot be
/// understood, [`Error::Io`].
pub fn remove(run: &RunDir) -> Result<(), Error> {
    // Of `.` only the file system knows where it hangs.
    let path = fs::canonicalize(run.path()).map_err(Error::io("remove", run.path()))?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::NotARun { path });
    };
    let claim = Claim::acquire(run)?;
    // A claim's token is in no other name, so that nothing that lies aside already is in the way.
    let aside = folder.join(format!("{REMOVED}{}-{}", claim.token(), name.to_string_lossy()));
    fs::rename(&path, &aside).map_err(Error::io("remove", &path))?;
    durable::sync_dir(folder)?;
    remove_leftovers(folder)?;
    // What it would give back was deleted with the run.
    drop(claim);
    Ok(())
}

/// Several at once may delete the same leftovers: what is gone already is no error.
fn remove_leftovers(folder: &Path) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(Error::io("list", folder))?;
    for entry in entries.filter_map(Result::ok) {
        if !entry.file_name().to_string_lossy().starts_with(REMOVED) {
            continue;
        }
        match fs::remove_dir_all(entry.path()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(Error::io("delete", &entry.path()))?,
        }
    }
    Ok(())
}

/// Bytes of all files in a folder and below, as far as they can be read.
pub fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list;

    fn run(runs: &Path, name: &str) -> RunDir {
        let run = RunDir::create(runs, name).unwrap();
        run.write_text("experiment.toml", "1234").unwrap();
        fs::create_dir(run.path().join("plots")).unwrap();
        run.write_text("plots/loss.png", "123456").unwrap();
        run
    }

    fn names(runs: &Path) -> Vec<String> {
        let entries = fs::read_dir(runs).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_goes_whole_and_takes_leftovers_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let (one, _two) = (run(dir.path(), "one"), run(dir.path(), "two"));
        assert_eq!(size(one.path()), 10);
        let leftover = dir.path().join(".removed-0-old");
        fs::rename(run(dir.path(), "old").path(), &leftover).unwrap();
        let listed: Vec<String> =
            list(dir.path()).unwrap().iter().map(|run| run.name().to_owned()).collect();
        assert_eq!(listed, ["one", "two"], "what lies aside is no run");
        remove(&one).unwrap();
        assert_eq!(names(dir.path()), ["two"]);
    }

    #[test]
    fn a_run_that_someone_writes_stays() {
        let dir = tempfile::tempdir().unwrap();
        let one = run(dir.path(), "one");
        let claim = Claim::acquire(&one).unwrap();
        assert!(matches!(remove(&one), Err(Error::Claimed { .. })));
        assert_eq!(names(dir.path()), ["one"]);
        assert_eq!(size(&one.path().join("plots")), 6);
        drop(claim);
        remove(&one).unwrap();
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_run_that_is_a_link_is_removed_where_it_lies() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let real = run(elsewhere.path(), "real");
        std::os::unix::fs::symlink(real.path(), dir.path().join("link")).unwrap();
        remove(&RunDir::open(&dir.path().join("link")).unwrap()).unwrap();
        assert!(names(elsewhere.path()).is_empty());
        assert!(list(dir.path()).unwrap().is_empty());
    }
}
