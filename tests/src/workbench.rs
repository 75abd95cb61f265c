//! The program in a place of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::left_behind::end_all_of;
use crate::{Ended, Run, Running, repository, workbench_binary};

/// Runs `workbench` with a root and a fresh, empty runs folder.
pub struct Workbench {
    root: PathBuf,
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Workbench {
    /// At the root of this repository.
    pub fn new() -> Workbench {
        Workbench::at(&repository())
    }

    /// At another root.
    pub fn at(root: &Path) -> Workbench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Workbench { root: root.to_owned(), folder, variables: Vec::new() }
    }

    /// The same, with an environment variable set.
    pub fn with(mut self, variable: &str, value: &Path) -> Workbench {
        self.variables.push((variable.to_owned(), value.display().to_string()));
        self
    }

    /// A folder for the test's own files, gone at its end.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The runs folder; made by the first run.
    pub fn runs(&self) -> PathBuf {
        self.folder().join("runs")
    }

    /// The run of that name.
    pub fn run(&self, name: &str) -> Run {
        Run::at(self.runs().join(name))
    }

    /// The names in the runs folder.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.runs()).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs a command to its end.
    pub fn command(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).ended()
    }

    /// Starts a command.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(workbench_binary());
        command.arg("--runs").arg(self.runs()).args(arguments).current_dir(&self.root);
        // What whoever runs the tests has installed or set must not show.
        command.env("XDG_DATA_HOME", self.folder().join("home"));
        command.env("CARGO_NET_OFFLINE", "true").env_remove("WORKBENCH_PLUGINS");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Running::start(&mut command)
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        end_all_of(self.folder());
    }
}

impl Default for Workbench {
    fn default() -> Workbench {
        Workbench::new()
    }
}
