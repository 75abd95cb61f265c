//! The dashboard of a run: its curves, pictures and latent space, live, with other runs drawn over it.
//!
//! Elm style: files become [`Message`](message::Message)s in `reader`, `update` folds them into
//! [`State`](state::State), `view` draws the state and does no I/O. Replaying a log gives the same screen.
//!
//! | module | is |
//! |---|---|
//! | `state` | what is known, folded from messages, and what is derived from it; no I/O |
//! | `message`, `update` | what can happen, and what it changes |
//! | `keys`, `mouse` | the table of its keys, and what the mouse does where it is wanted |
//! | `view` | the screens, one a file |
//! | `reader` | the run's files, polled on a thread of its own |
//! | `readers` | all that is read for one dashboard: its run, and those drawn over it |
//! | `look` | an image of the latent space and its reconstruction, from a program that has the model |
//! | `save` | what is looked at as a figure, drawn by whoever shows the dashboard |

mod event_loop;
pub(crate) mod keys;
mod look;
pub(crate) mod message;
mod mouse;
pub(crate) mod reader;
mod readers;
mod save;
pub(crate) mod state;
#[cfg(test)]
pub(crate) mod synthetic;
mod update;
mod view;

pub(crate) use event_loop::follow;
pub use event_loop::{Outcome, attach, compare};
pub use keys::markdown as keys_markdown;
pub use look::{Look, answer as answer_look};
pub use save::{LatentView, Save};
