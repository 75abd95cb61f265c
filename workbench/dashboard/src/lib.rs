//! The terminal dashboard over a run directory: a pure reader, which asks things of the trainer by dropping
//! request files.
//!
//! Three screens, each a folder in Elm style (messages become state, the state is drawn): `watch`, the dashboard of a
//! run; `home`, the screen of a workbench without an argument; `explore`, sliders for the latent space.
//!
//! | module | is |
//! |---|---|
//! | `watch`, `home`, `explore` | the screens |
//! | `stage` | what every screen does with the terminal: it waits, hears, and shows frames when they are due |
//! | `terminal` | set-up, restore, signals, what is typed, and the writing of frames |
//! | `keys` | tables of keys: dispatch, help screens and docs/keys.md |
//! | `draw` | what the screens draw with: text, axes, dots, pictures |
//! | `latent` | what a snapshot of the latent space tells: which dimensions carry anything, what colours its points |
//! | `theme`, `format` | colours and glyphs, decided once; numbers and names as text |
//! | `run_filter` | which runs of a list are shown: by name, state and setting |
//! | `preview` | pictures as lines of text, for commands that print |

use std::ffi::OsString;

mod draw;
mod error;
pub mod explore;
mod format;
pub mod home;
mod keys;
mod latent;
mod pacing;
mod preview;
mod run_filter;
mod stage;
mod terminal;
mod theme;
pub mod watch;

pub use draw::pixels::Pictures;
pub use error::Error;
pub use explore::explore;
pub use home::home;
pub use latent::ColorBy;
pub use preview::{Tile, preview};
pub use theme::{Env, Ground, Theme};
pub use watch::{LatentView, Look, Outcome, Save, answer_look, attach, compare};

/// How the dashboard is to look, and what it should know of where it runs.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The colours to use; `None` decides by `env`.
    pub theme: Option<Theme>,
    /// What text stands on; `None` decides by `env`.
    pub ground: Option<Ground>,
    /// Nothing but ASCII is drawn.
    pub ascii: bool,
    /// How pictures are drawn.
    pub pictures: Pictures,
    /// No colour is used, whatever `theme` says.
    pub no_color: bool,
    /// The terminal tells of the mouse from the start.
    pub mouse: bool,
    /// The environment variables that tell of the terminal.
    pub env: Env,
    /// The command that attaches again, shown in the help; may be empty.
    pub come_back: String,
    /// Draws what is looked at as a figure; `None` where nothing does.
    pub save: Option<Save>,
    /// The command that explores the run's latent space on this terminal, its program first; empty where there is none.
    pub explore: Vec<OsString>,
    /// The command that answers, by [`answer_look`], every line with the number of a validation item on its stdin.
    pub look: Vec<OsString>,
}
