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
    runs: PathBuf,
    variables: Vec<(String, String)>,
}

impl Workbench {
    /// At the root of this repository.
    pub fn new() -> Workbench {
        Workbench::at(&repository())
    }

    /// At the root of this repository, with its runs in memory where there is such a place. A disk that is slower than an
    /// epoch saves not every state that is due, which a test may need.
    pub fn in_memory() -> Workbench {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Workbench::of(&repository(), folder.expect("a temporary folder"))
    }

    /// At another root.
    pub fn at(root: &Path) -> Workbench {
        Workbench::of(root, tempfile::tempdir().expect("a temporary folder"))
    }

    fn of(root: &Path, folder: TempDir) -> Workbench {
        let runs = folder.path().join("runs");
        Workbench { root: root.to_owned(), folder, runs, variables: Vec::new() }
    }

    /// The same, with its runs elsewhere.
    pub fn with_runs(mut self, runs: &Path) -> Workbench {
        self.runs = runs.to_owned();
        self
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
        self.runs.clone()
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

    /// (tag, step, value) of all scalars of a run, timings and the machine's load aside. A step that was logged again, equally, counts once.
    pub fn curves(&self, run: &str) -> Vec<String> {
        let mut curves = Vec::new();
        for record in self.command(&["log", run, "--json"]).ok().lines() {
            for (tag, value) in record["values"].as_object().expect("a record has values") {
                if value.is_number() && !tag.starts_with("time/") && !tag.starts_with("system/") {
                    curves.push(format!("{tag} {} {value}", record["step"]));
                }
            }
        }
        curves.sort();
        curves.dedup();
        curves
    }

    /// Starts a command.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_as(Command::new(workbench_binary()), arguments)
    }

    /// Starts a command in the place of a shell that has done `first`: which has set a limit, say.
    pub fn start_after(&self, first: &str, arguments: &[&str]) -> Running {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{first} && exec \"$0\" \"$@\"")).arg(workbench_binary());
        self.start_as(shell, arguments)
    }

    fn start_as(&self, mut command: Command, arguments: &[&str]) -> Running {
        command.arg("--runs").arg(self.runs()).args(arguments).current_dir(&self.root);
        // What whoever runs the tests has installed or set must not show.
        command.env("XDG_DATA_HOME", self.folder().join("home"));
        command.env("CARGO_NET_OFFLINE", "true").env_remove("WORKBENCH_PLUGINS");
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file"] {
            command.env_remove(proxy).env_remove(proxy.to_uppercase());
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        Running::start(&mut command)
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        end_all_of(self.folder());
        end_all_of(&self.runs);
    }
}

impl Default for Workbench {
    fn default() -> Workbench {
        Workbench::new()
    }
}
