//! A run directory, its name, and how a run is found by what a person types.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::{Error, Status, durable, log};

/// As many names as an error message lists.
const MAX_CANDIDATES: usize = 10;

/// A directory that holds everything about one run. Cheap to clone: it is only a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    path: PathBuf,
    name: String,
}

impl RunDir {
    /// Makes `runs/name`, and `runs` where it is missing. Of several that make the same name at
    /// once, one wins.
    ///
    /// # Errors
    /// [`Error::Exists`] where the name is taken, [`Error::BadName`], [`Error::Io`].
    pub fn create(runs: &Path, name: &str) -> Result<RunDir, Error> {
        check_name(name)?;
        durable::make_dir(runs)?;
        let path = runs.join(name);
        match fs::create_dir(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Error::Exists { name: name.to_owned(), path });
            }
            Err(e) => return Err(Error::io("create the run directory", &path)(e)),
        }
        durable::sync_dir(runs)?;
        Ok(RunDir { path, name: name.to_owned() })
    }

    /// The directory of that path and name, whatever is there.
    pub(crate) fn at(path: PathBuf, name: &str) -> RunDir {
        RunDir { path, name: name.to_owned() }
    }

    /// A run directory that is there, told by its experiment.toml, status.json or an event file.
    ///
    /// # Errors
    /// [`Error::NotARun`] where it holds none of these, [`Error::Io`] where it cannot be read.
    pub fn open(path: &Path) -> Result<RunDir, Error> {
        let entries = fs::read_dir(path).map_err(Error::io("open the run directory", path))?;
        let is_run = entries.filter_map(Result::ok).any(|entry| {
            let name = entry.file_name();
            name == "experiment.toml" || name == "status.json" || log::is_event_file(&name)
        });
        if !is_run {
            return Err(Error::NotARun { path: path.to_path_buf() });
        }
        let name = match path.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            // Of `.` or `..` only the file system knows the name.
            None => fs::canonicalize(path)
                .map_err(Error::io("open the run directory", path))?
                .file_name()
                .map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned()),
        };
        Ok(RunDir { path: path.to_path_buf(), name })
    }

    /// The last part of the path: what the run is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The experiment as resolved.
    pub fn experiment(&self) -> PathBuf {
        self.path.join("experiment.toml")
    }

    /// Versions, files with their hashes, seed, host, device, command line.
    pub fn provenance(&self) -> PathBuf {
        self.path.join("provenance.toml")
    }

    /// The run's [`Status`].
    pub fn status(&self) -> PathBuf {
        self.path.join("status.json")
    }

    /// What the trainer process and its plugins printed.
    pub fn trainer_log(&self) -> PathBuf {
        self.path.join("trainer.log")
    }

    /// The folder of [checkpoints](crate::checkpoint).
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The folder of [latent snapshots](crate::latents).
    pub fn latents(&self) -> PathBuf {
        self.path.join("latents")
    }

    /// The folder of [samplers](crate::sampler).
    pub fn sampler(&self) -> PathBuf {
        self.path.join("sampler")
    }

    /// The folder of figures.
    pub fn plots(&self) -> PathBuf {
        self.path.join("plots")
    }

    /// The folder of [requests](crate::request).
    pub fn requests(&self) -> PathBuf {
        self.path.join("requests")
    }

    /// Writes a small file of the run, durably and at once for readers.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_text(&self, file: &str, text: &str) -> Result<(), Error> {
        durable::write(&self.path.join(file), text.as_bytes())
    }
}

/// The runs of a folder, oldest first: by the start that their status tells, and before those the
/// ones without a status, by name. A missing folder is an empty list; what is no run is left out.
///
/// # Errors
/// [`Error::Io`] where the folder is there and cannot be read.
pub fn list(runs: &Path) -> Result<Vec<RunDir>, Error> {
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("list the runs in", runs)(e)),
    };
    let mut found: Vec<(Option<jiff::Timestamp>, RunDir)> = entries
        .filter_map(Result::ok)
        // A run in the making, or on its way out, is hidden.
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .filter_map(|entry| RunDir::open(&entry.path()).ok())
        .map(|run| (started(&run), run))
        .collect();
    found.sort_by(|(at, a), (bt, b)| at.cmp(bt).then_with(|| a.name.cmp(&b.name)));
    Ok(found.into_iter().map(|(_, run)| run).collect())
}

/// The one run that `query` means: the name of a run in `runs`, `latest`, a run directory's path,
/// or a part that only one name has.
///
/// # Errors
/// [`Error::NoRuns`], and [`Error::NotFound`] and [`Error::Ambiguous`] with at most ten names, the
/// newest first; [`Error::NotARun`] for the path of another directory.
pub fn find(runs: &Path, query: &str) -> Result<RunDir, Error> {
    if why_not_a_name(query).is_none()
        && let Ok(run) = RunDir::open(&runs.join(query))
    {
        return Ok(run);
    }
    let mut all = list(runs)?;
    if query == "latest" {
        return all.pop().ok_or_else(|| Error::NoRuns { runs: runs.to_path_buf() });
    }
    let path = Path::new(query);
    let is_path = path.components().count() > 1 || path.is_absolute() || query.starts_with('.');
    if path.is_dir() {
        match RunDir::open(path) {
            Ok(run) => return Ok(run),
            // A folder that happens to have a run's short name does not hide that run.
            Err(error) if is_path => return Err(error),
            Err(_) => {}
        }
    }
    let mut matching: Vec<String> = all
        .iter()
        .rev()
        .filter(|run| run.name.contains(query))
        .map(|run| run.name.clone())
        .collect();
    match matching.len() {
        1 if !query.is_empty() => RunDir::open(&runs.join(&matching[0])),
        0 | 1 if all.is_empty() => Err(Error::NoRuns { runs: runs.to_path_buf() }),
        0 | 1 => Err(Error::NotFound {
            query: query.to_owned(),
            runs: runs.to_path_buf(),
            candidates: all.iter().rev().take(MAX_CANDIDATES).map(|run| run.name.clone()).collect(),
            total: all.len(),
        }),
        total => {
            matching.truncate(MAX_CANDIDATES);
            Err(Error::Ambiguous { query: query.to_owned(), candidates: matching, total })
        }
    }
}

fn started(run: &RunDir) -> Option<jiff::Timestamp> {
    Status::read(run).ok()??.started.parse().ok()
}

/// # Errors
/// [`Error::BadName`].
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    match why_not_a_name(name) {
        Some(why) => Err(Error::BadName { name: name.to_owned(), why }),
        None => Ok(()),
    }
}

/// A name is one plain, visible part of a path, so that no name leads out of the folder of runs.
fn why_not_a_name(name: &str) -> Option<&'static str> {
    let mut parts = Path::new(name).components();
    let plain = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(part)), None) if part == name
    );
    if name.is_empty() {
        Some("it is empty")
    } else if !plain || name.contains('\\') {
        Some("a name is one part of a path, without slashes")
    } else if name.starts_with(['.', '-']) {
        Some("it starts with a dot or a dash")
    } else if name.chars().any(char::is_control) {
        Some("it holds a control character")
    } else if name.len() > 200 {
        Some("it is longer than 200 bytes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runs: &Path, name: &str, started: Option<&str>) -> RunDir {
        let run = RunDir::create(runs, name).unwrap();
        run.write_text("experiment.toml", "").unwrap();
        if let Some(started) = started {
            let status = Status { started: started.into(), ..Status::starting(1, 1) };
            status.write(&run).unwrap();
        }
        run
    }

    fn names(runs: &Path) -> Vec<String> {
        list(runs).unwrap().iter().map(|run| run.name().to_owned()).collect()
    }

    #[test]
    fn a_name_that_is_taken_is_an_error_that_names_resume() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path().join("a/b/runs");
        RunDir::create(&runs, "one").unwrap();
        let error = RunDir::create(&runs, "one").unwrap_err();
        assert!(matches!(error, Error::Exists { .. }));
        assert!(error.to_string().contains("workbench resume one"), "{error}");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["", ".", "..", "../x", "a/b", "/a", "a/", "./a", ".hidden", "-x", "a\nb", "a\\b"]
        {
            let made = RunDir::create(dir.path(), name);
            assert!(matches!(made, Err(Error::BadName { .. })), "{name:?}");
        }
        assert!(RunDir::create(dir.path(), "ä β-VAE (2)").is_ok());
    }

    #[test]
    fn a_folder_without_a_runs_files_is_no_run() {
        let dir = tempfile::tempdir().unwrap();
        let error = RunDir::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("not a run directory"), "{error}");
        fs::write(dir.path().join("events.out.tfevents.1.h"), "").unwrap();
        assert_eq!(RunDir::open(dir.path()).unwrap().path(), dir.path());
        assert!(matches!(RunDir::open(&dir.path().join("none")), Err(Error::Io { .. })));
    }

    #[test]
    fn runs_are_listed_oldest_first() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path();
        assert!(names(&runs.join("missing")).is_empty());
        run(runs, "a", Some("2026-11-24T18:03:00Z"));
        // The same second, written in another zone, is later by half a second.
        run(runs, "b", Some("2026-11-24T19:03:00.5+01:00"));
        run(runs, "c", Some("2025-01-01T00:00:00Z"));
        run(runs, "z", None);
        run(runs, "y", None);
        fs::write(runs.join("notes.txt"), "").unwrap();
        fs::create_dir(runs.join("other")).unwrap();
        assert_eq!(names(runs), ["y", "z", "c", "a", "b"]);
        assert_eq!(find(runs, "latest").unwrap().name(), "b");
    }

    #[test]
    fn a_run_is_found_by_name_part_and_path() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path();
        run(runs, "digits", None);
        run(runs, "digits-conv", None);
        let path = run(runs, "faces", None).path().to_path_buf();
        assert_eq!(find(runs, "digits").unwrap().name(), "digits");
        assert_eq!(find(runs, "conv").unwrap().name(), "digits-conv");
        assert_eq!(find(runs, path.to_str().unwrap()).unwrap().name(), "faces");
        assert_eq!(find(runs, &format!("{}/", path.display())).unwrap().name(), "faces");
        let error = find(runs, runs.to_str().unwrap()).unwrap_err();
        assert!(matches!(error, Error::NotARun { .. }), "{error}");
    }

    #[test]
    fn what_is_not_found_is_told_with_at_most_ten_candidates() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path();
        let error = find(runs, "x").unwrap_err();
        assert!(error.to_string().contains("workbench train"), "{error}");
        assert!(matches!(find(runs, "latest"), Err(Error::NoRuns { .. })));
        for i in 10..23 {
            run(runs, &format!("run-{i}"), None);
        }
        let error = find(runs, "faces").unwrap_err().to_string();
        assert!(error.contains("matches `faces`; there are run-22, run-21"), "{error}");
        assert!(error.ends_with("run-13 and 3 more"), "{error}");
        let error = find(runs, "run-").unwrap_err().to_string();
        assert!(error.starts_with("`run-` is part of 13 names"), "{error}");
        assert!(!error.contains("run-12"), "{error}");
        assert!(matches!(find(runs, ""), Err(Error::Ambiguous { .. })));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_a_typed_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(RunDir::create(&file, "a"), Err(Error::Io { .. })));
        assert!(matches!(list(&file), Err(Error::Io { .. })));
    }
}
