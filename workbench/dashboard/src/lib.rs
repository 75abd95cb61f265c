//! The terminal dashboard over a run directory: a pure reader, which asks things of the trainer by dropping
//! request files.
//!
//! Elm style: files become [`Message`](message::Message)s in `reader`, `update` folds them into
//! [`State`](state::State), `view` draws the state and does no I/O. Replaying a log gives the same screen.
//!
//! | module | is |
//! |---|---|
//! | `state` | what is known, folded from messages, and what is derived from it; no I/O |
//! | `message`, `update` | what can happen, and what it changes |
//! | `keys` | the one table of keys: dispatch, help screen and README |
//! | `view` | the screens, one a file |
//! | `theme` | colours and glyphs, decided once |
//! | `reader` | the run's files, polled on a thread of its own |
//! | `readers` | all that is read for one dashboard: its run, and those drawn over it |
//! | `run_filter` | which runs of a list are shown: by name, state and setting |
//! | `home` | the screen of a workbench without an argument, in the same style |
//! | `explore` | sliders for the latent space, in the same style |
//! | `preview` | pictures as lines of text, for commands that print |
//! | `save` | what is looked at as a figure, drawn by whoever shows the dashboard |
//! | `terminal` | set-up, restore, signals, and the writing of frames |

use std::ffi::OsString;

mod error;
mod event_loop;
pub mod explore;
mod format;
pub mod home;
mod keys;
mod message;
mod pacing;
mod preview;
mod reader;
mod readers;
mod run_filter;
mod save;
mod state;
#[cfg(test)]
mod synthetic;
mod terminal;
mod theme;
mod update;
mod view;

pub use error::Error;
pub use event_loop::{Outcome, attach, compare};
pub use explore::explore;
pub use home::home;
pub use keys::markdown as keys_markdown;
pub use preview::{Tile, preview};
pub use save::{ColorBy, LatentView, Save};
pub use theme::{Env, Theme};

/// How the dashboard is to look, and what it should know of where it runs.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The colours to use; `None` decides by `env`.
    pub theme: Option<Theme>,
    /// Nothing but ASCII is drawn.
    pub ascii: bool,
    /// No colour is used, whatever `theme` says.
    pub no_color: bool,
    /// The environment variables that tell of the terminal.
    pub env: Env,
    /// The command that attaches again, shown in the help; may be empty.
    pub come_back: String,
    /// Draws what is looked at as a figure; `None` where nothing does.
    pub save: Option<Save>,
    /// The command that explores the run's latent space on this terminal, its program first; empty where there is none.
    pub explore: Vec<OsString>,
}
