//! Architectures.

use crate::{Config, Graph, Knob, Param, Result};

/// A model, as a recording of what it computes. See the crate's example.
pub trait Architecture: 'static {
    const NAME: &str;
    /// One sentence.
    const ABOUT: &str;
    const PARAMS: &[Param] = &[];
    /// Live scalars, read in `build` with [`Graph::knob`].
    const KNOBS: &[Knob] = &[];

    /// Records the model on `g`: from the picture to the losses. Called once a run.
    fn build(g: &Graph, config: &Config) -> Result<()>;
}
