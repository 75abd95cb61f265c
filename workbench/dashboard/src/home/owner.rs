use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What Home asks of the program that shows it. Called from several threads, and off the one that draws but for
/// [`editor`](Owner::editor); nothing may be written to the terminal meanwhile.
pub trait Owner: Send + Sync {
    /// The experiments that there are, in the order to show.
    fn experiments(&self) -> Vec<ExperimentEntry>;

    /// The data sets that there are.
    fn data_sets(&self) -> Vec<DataSetEntry>;

    /// The plugins as far as that is quickly told: without building or loading any.
    fn plugins(&self) -> Vec<PluginEntry>;

    /// The plugins in full; may take as long as building them.
    fn described_plugins(&self) -> Vec<PluginEntry>;

    /// Pre-flight of an experiment: what it will do.
    ///
    /// # Errors
    /// What is wrong with it, in lines to be shown as they are.
    fn check(&self, experiment: &Path) -> Result<String, String>;

    /// Starts a run of an experiment in a process of its own, after checking it, and returns its directory.
    ///
    /// # Errors
    /// As [`check`](Owner::check).
    fn start(&self, experiment: &Path) -> Result<PathBuf, String>;

    /// Goes on with a run in a process of its own.
    ///
    /// # Errors
    /// Why that cannot be, likewise.
    fn resume(&self, run: &Path) -> Result<(), String>;

    /// The command that edits a file with the person's own editor.
    fn editor(&self, file: &Path) -> Command;

    /// The command that explores a run's latent space on this terminal, its program first.
    fn explorer(&self, run: &Path) -> Vec<OsString>;

    /// The command that answers for a run's images, as [`Options::look`](crate::Options::look) says.
    fn looker(&self, run: &Path) -> Vec<OsString>;

    /// What a person types to come back to a run, for the help of its dashboard.
    fn come_back(&self, run: &str) -> String;
}

/// An experiment file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExperimentEntry {
    pub path: PathBuf,
    /// As a person names it: the file's name without its ending.
    pub name: String,
    /// The comment on its first line.
    pub about: String,
    pub data_set: String,
    pub architecture: String,
    /// The file as it is.
    pub text: String,
    /// What is wrong with it, as far as that is told without loading anything.
    pub error: Option<String>,
}

/// A data set with a card.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataSetEntry {
    pub name: String,
    pub title: String,
    /// Files that are missing, or are not as the card says; empty where all is there.
    pub missing: Vec<String>,
    /// The card's own words, and where it is.
    pub details: String,
}

/// Something that a plugin offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PluginEntry {
    pub name: String,
    /// `architecture`, `dataset`, or nothing where that is not known yet.
    pub kind: String,
    pub about: String,
    /// Parameters and knobs, or why it cannot be loaded.
    pub details: String,
    pub is_broken: bool,
}
