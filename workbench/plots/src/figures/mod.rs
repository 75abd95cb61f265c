//! The workbench's figures, each from plain numbers.

mod interpolation;
mod kl;
mod latent;
mod loss;
mod reconstructions;
mod samples;
mod traversal;

pub use interpolation::interpolation;
pub use kl::kl;
pub use latent::{Colors, latent, latent_view};
pub use loss::loss;
pub use reconstructions::reconstructions;
pub use samples::samples;
pub use traversal::traversal;

/// The number as it prints: 0.1f32 is 0.1 in a table, and not 0.10000000149011612.
fn exact(value: f32) -> f64 {
    // What a float prints always parses.
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// z with its number, counted from 1, as a subscript: z₁₂.
fn latent_name(number: usize) -> String {
    let subscript =
        |digit: char| char::from_u32(0x2080 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit);
    format!("z{}", number.to_string().chars().map(subscript).collect::<String>())
}
