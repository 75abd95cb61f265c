//! What the end-to-end tests share: the built `workbench`, a place to run it in, and a deadline on every command.
//!
//! The tests are in `tests/`, one file a subject. They know of the program what its user knows: commands, files and
//! messages.

mod binary;
mod command;
mod deadline;
mod disk;
mod experiments;
mod left_behind;
mod mutate;
mod records;
mod root;
mod run;
mod skip;
mod workbench;

pub use binary::{cargo, target_folder, workbench_binary};
pub use command::{Ended, Running};
pub use deadline::{DEADLINE, poll};
pub use disk::Disk;
pub use experiments::{SMALL_CONV, SMALL_MLP, with};
pub use mutate::Mutator;
pub use records::{Records, records};
pub use root::{Root, repository};
pub use run::Run;
pub use rustix::process::Signal;
pub use skip::skip;
pub use workbench::Workbench;
