//! The explorer: a palette for the latent space of a run's model, decoded while sliders move.
//!
//! Elm style, as the dashboard. The model is asked through a [`Decoder`], which the program that shows the explorer
//! gives it.
//!
//! | module | is |
//! |---|---|
//! | `decoder` | what the explorer asks of a model, and what it is told |
//! | `work` | the decoder at work, on a thread of its own: the newest wish counts |
//! | `space` | the latent space as sliders see it: coordinates, their order and reach |
//! | `state`, `update` | what is chosen and shown, and what a key or an answer changes |
//! | `travel`, `mouse` | parts of `update`: the map's cursor, and the mouse |
//! | `keys` | the one table of the explorer's keys |
//! | `view` | the screens |
//! | `event_loop` | keys, answers and frames |

mod decoder;
mod event_loop;
mod keys;
mod mouse;
mod space;
mod state;
mod travel;
mod update;
mod vectors;
mod view;
mod work;

pub use decoder::{
    Code, Decoder, Directions, DrawFrom, Item, Moments, Origin, Pixels, Random, Space, Work,
};
pub use event_loop::{Begin, explore};
pub use keys::markdown as keys_markdown;

#[cfg(test)]
mod tests;
