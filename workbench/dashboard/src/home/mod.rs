//! Home: the screen of a workbench without an argument, with its runs, experiments, data sets and plugins.
//!
//! Elm style, as the dashboard. The runs are read here; of experiments, data sets and plugins, and how a run is
//! started, an [`Owner`] knows.
//!
//! | module | is |
//! |---|---|
//! | `owner` | what Home asks of the program that shows it |
//! | `scan` | the runs as their directories tell, read on a thread of its own |
//! | `work` | what takes a while, on a thread of its own |
//! | `state`, `update` | what is known and chosen, and what a key or a find changes |
//! | `keys` | the one table of Home's keys |
//! | `view` | the screen |
//! | `event_loop` | keys, finds and frames; the dashboard and the editor in between |

mod event_loop;
mod keys;
mod owner;
pub(crate) mod scan;
mod state;
mod update;
pub(crate) mod view;
mod work;

pub use event_loop::home;
pub use keys::markdown as keys_markdown;
pub use owner::{DataSetEntry, ExperimentEntry, Owner, PluginEntry};
pub(crate) use scan::RunEntry;

#[cfg(test)]
mod tests;
