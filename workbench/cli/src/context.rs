//! Where things are: the root, the runs, the plugins.

use std::path::{Path, PathBuf};

use workbench_host::{Plugins, Settings};
use workbench_runs::RunDir;

use crate::arguments::Places;
use crate::failure::{Failure, Result};
use crate::{console, probe};

/// The places that a command works with.
pub struct Context {
    /// Holds plugins/, datasets/ and experiments/; `None` for an installed workbench outside of any.
    pub root: Option<PathBuf>,
    pub runs: PathBuf,
    pub plugins: Plugins,
    /// The user's own folder: data sets and libraries for use outside of any root.
    pub home: Option<PathBuf>,
    given: Places,
}

impl Context {
    pub fn new(places: &Places) -> Result<Context> {
        let root = match &places.root {
            Some(root) if is_root(root) => Some(absolute(root)?),
            Some(root) => {
                return Err(Failure::usage(format_args!(
                    "{} is no root: a root holds plugins/ and experiments/",
                    root.display()
                )));
            }
            None => std::env::current_dir()?
                .ancestors()
                .find(|folder| is_root(folder))
                .map(Path::to_owned),
        };
        let home = user_folder("XDG_DATA_HOME", ".local/share");
        let runs = match (&places.runs, &root, &home) {
            (Some(runs), ..) => absolute(runs)?,
            (None, Some(root), _) => root.join("runs"),
            (None, None, Some(home)) => home.join("runs"),
            (None, None, None) => {
                return Err(Failure::usage(
                    "there is no root above this folder: give --root DIR or --runs DIR",
                ));
            }
        };
        let target = match (&root, user_folder("XDG_CACHE_HOME", ".cache")) {
            (Some(root), _) => root.join("target/plugins"),
            (None, Some(cache)) => cache.join("plugins"),
            (None, None) => std::env::temp_dir().join("workbench-plugins"),
        };
        let settings = Settings {
            root: root.clone(),
            search: search_path(home.as_deref()),
            target,
            cargo: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
            cc: std::env::var("CC").unwrap_or_else(|_| "cc".to_owned()),
            color: console::has_color(),
            probe: Some(Box::new(probe::in_another_process)),
            progress: Box::new(show_progress),
        };
        Ok(Context { root, runs, plugins: Plugins::new(settings), home, given: places.clone() })
    }

    /// The run that a RUN argument means.
    pub fn run(&self, query: &str) -> Result<RunDir> {
        workbench_runs::find(&self.runs, query).map_err(Failure::usage)
    }

    /// Folders that hold a folder for each data set.
    pub fn dataset_folders(&self) -> Vec<PathBuf> {
        [&self.root, &self.home]
            .into_iter()
            .flatten()
            .map(|folder| folder.join("datasets"))
            .collect()
    }

    /// ` --runs DIR` and the like, as this command was given them: for a command that is to find the same run.
    pub fn places(&self) -> String {
        let option = |name: &str, given: &Option<PathBuf>| match given {
            Some(folder) => format!(" --{name} {}", folder.display()),
            None => String::new(),
        };
        option("root", &self.given.root) + &option("runs", &self.given.runs)
    }

    /// The same, for another process of this program.
    pub fn arguments(&self) -> Vec<std::ffi::OsString> {
        let option = |name: &str, given: &Option<PathBuf>| {
            given.iter().flat_map(|folder| [name.into(), folder.clone().into()]).collect::<Vec<_>>()
        };
        [option("--root", &self.given.root), option("--runs", &self.given.runs)].concat()
    }

    /// What relative paths in an experiment start from.
    pub fn base(&self) -> Result<PathBuf> {
        match &self.root {
            Some(root) => Ok(root.clone()),
            None => Ok(std::env::current_dir()?),
        }
    }
}

fn is_root(folder: &Path) -> bool {
    folder.join("plugins").is_dir() && folder.join("experiments").is_dir()
}

fn absolute(path: &Path) -> Result<PathBuf> {
    Ok(std::path::absolute(path)?)
}

/// $WORKBENCH_PLUGINS, beside the executable, and the user's data folder.
fn search_path(home: Option<&Path>) -> Vec<PathBuf> {
    let asked = std::env::var_os("WORKBENCH_PLUGINS");
    let mut search: Vec<PathBuf> = asked.iter().flat_map(std::env::split_paths).collect();
    search.retain(|folder| !folder.as_os_str().is_empty());
    if let Ok(executable) = std::env::current_exe()
        && let Some(folder) = executable.parent()
    {
        search.push(folder.join("plugins"));
    }
    search.extend(home.map(|home| home.join("plugins")));
    search
}

fn user_folder(variable: &str, otherwise: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(otherwise));
    set.or_else(home).map(|folder| folder.join("workbench"))
}

/// Shows what a builder is at, but not its silence: cargo says nothing worth reading when nothing changed.
fn show_progress(line: &str) {
    let text = workbench_host::plain(line);
    let word = text.trim_start();
    if ["Compiling ", "Downloading ", "Downloaded ", "Blocking "]
        .iter()
        .any(|start| word.starts_with(start))
    {
        console::note(line);
    }
}
