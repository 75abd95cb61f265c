//! The workbench's figures, each from plain numbers.

mod kl;
mod latent;
mod loss;
mod reconstructions;
mod samples;

pub use kl::kl;
pub use latent::latent;
pub use loss::loss;
pub use reconstructions::reconstructions;
pub use samples::samples;

/// The number as it prints: 0.1f32 is 0.1 in a table, and not 0.10000000149011612.
fn exact(value: f32) -> f64 {
    // What a float prints always parses.
    value.to_string().parse().unwrap_or(f64::NAN)
}
