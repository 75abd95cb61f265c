//! What a plugin's author uses.
//!
//! A data set implements [`Dataset`], an architecture implements [`Architecture`], and
//! [`export_plugin!`] makes the library that the workbench loads. An architecture never computes: it
//! records what is to be computed on symbolic [`Tensor`]s; the host checks the shapes as it goes and
//! names the line where they do not fit.
//!
//! ```
//! use workbench_sdk::prelude::*;
//!
//! struct LinearVae;
//!
//! impl Architecture for LinearVae {
//!     const NAME: &str = "linear-vae";
//!     const ABOUT: &str = "One matrix in, one matrix out.";
//!     const PARAMS: &[Param] = &[param::int("latent", "Dimensions of the latent space.", 20).range(1, 4096)];
//!
//!     fn build(g: &Graph, config: &Config) -> Result<()> {
//!         let latent: usize = config.get("latent")?;
//!         let x = g.image();
//!         let (mean, log_variance) = x.flatten().linear("encoder", 2 * latent).halves();
//!         let z = g.port("z", reparameterise(mean, log_variance));
//!         let logits = z.linear("decoder", x.flatten().size(1)).output().reshape_like(x);
//!         g.posterior(mean, log_variance);
//!         g.logits(logits);
//!         let recon = g.metric("recon", bce_with_logits(logits, x));
//!         let kl = g.metric("kl", gaussian_kl(mean, log_variance));
//!         g.loss("loss", recon + kl);
//!         Ok(())
//!     }
//! }
//!
//! export_plugin! { architectures: [LinearVae] }
//! # fn main() {}
//! ```

mod activations;
mod architecture;
mod attention;
mod attributes;
mod classes;
mod column;
mod composites;
mod config;
mod conv_stack;
mod dataset;
mod declaration;
pub mod drawing;
mod dropout;
mod error;
#[doc(hidden)]
pub mod export;
#[cfg(feature = "folder")]
pub mod folder;
mod graph;
#[cfg(feature = "idx")]
pub mod idx;
mod init;
pub mod knob;
mod layer;
mod likelihood;
mod norms;
#[cfg(feature = "npy")]
pub mod npy;
pub mod param;
#[cfg(feature = "pictures")]
pub mod pictures;
mod places;
mod pools;
mod random;
mod res_stack;
mod sizes;
mod splits;
mod stack;
mod tensor;

pub use architecture::Architecture;
pub use attention::attention;
pub use attributes::Attribute;
pub use column::Column;
pub use composites::{bce_with_logits, gaussian_kl, reparameterise};
pub use config::{Config, FromValue};
pub use conv_stack::ConvStack;
pub use dataset::{Dataset, Field, Item, Kind};
pub use declaration::Declaration;
pub use error::{Error, Result};
pub use graph::Graph;
pub use init::{Scheme, Weights};
pub use knob::Knob;
pub use layer::Layer;
pub use likelihood::{Likelihood, Scale};
pub use param::Param;
pub use random::Random;
pub use res_stack::ResStack;
pub use splits::Splits;
pub use stack::Stack;
pub use tensor::{Dim, Tensor};

/// Everything that a plugin needs, for `use workbench_sdk::prelude::*`.
pub mod prelude {
    pub use crate::{
        Architecture, Attribute, Column, Config, ConvStack, Dataset, Declaration, Dim, Error,
        Field, Graph, Item, Kind, Knob, Layer, Likelihood, Param, ResStack, Result, Scheme, Splits,
        Stack, Tensor, Weights, attention, bail, bce_with_logits, ensure, export_plugin,
        gaussian_kl, knob, param, params, reparameterise,
    };
}
