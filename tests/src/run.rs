//! A run directory, as anyone may read it.

use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};
use serde_json::Value;

/// The files of a run.
pub struct Run {
    path: PathBuf,
}

impl Run {
    /// The run in that folder.
    pub fn at(path: PathBuf) -> Run {
        Run { path }
    }

    /// The run directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// status.json, `None` before there is one.
    pub fn status(&self) -> Option<Value> {
        let text = std::fs::read(self.path.join("status.json")).ok()?;
        Some(serde_json::from_slice(&text).expect("status.json is replaced as a whole"))
    }

    /// What status.json says cannot be saved.
    pub fn storage(&self) -> Option<String> {
        Some(self.status()?["storage"].as_str()?.to_owned())
    }

    /// The state that status.json names, "" before there is one.
    pub fn state(&self) -> String {
        self.status().map_or(String::new(), |status| status["state"].as_str().unwrap().to_owned())
    }

    /// Names of the checkpoints, oldest first.
    pub fn checkpoints(&self) -> Vec<String> {
        let mut names = self.files("checkpoints");
        names.retain(|name| name.starts_with("step-"));
        names
    }

    /// The newest checkpoint's model.safetensors.
    pub fn weights(&self) -> Vec<u8> {
        self.of_newest("model.safetensors")
    }

    /// The newest checkpoint's optimizer.safetensors.
    pub fn optimizer(&self) -> Vec<u8> {
        self.of_newest("optimizer.safetensors")
    }

    fn of_newest(&self, file: &str) -> Vec<u8> {
        let newest = self.checkpoints().pop().expect("a run has a checkpoint");
        let path = self.path.join("checkpoints").join(newest).join(file);
        std::fs::read(path).expect("a checkpoint is whole")
    }

    /// Names of the files in a folder of the run; "" is the run directory itself.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path.join(folder)).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Path of the one event log.
    pub fn event_log(&self) -> PathBuf {
        let mut logs = self.files("");
        logs.retain(|name| name.contains("tfevents"));
        assert_eq!(logs.len(), 1, "{logs:?}");
        self.path.join(&logs[0])
    }

    /// Whether the process that trains is there.
    pub fn is_alive(&self) -> bool {
        self.trainer().is_some_and(|pid| test_kill_process(pid).is_ok())
    }

    fn trainer(&self) -> Option<Pid> {
        Pid::from_raw(self.status()?["pid"].as_i64()?.try_into().ok()?)
    }
}
