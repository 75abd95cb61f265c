//! The measures, each in a file of its own.

pub mod asked;
pub mod copies;
pub mod held_out;
pub mod quality;
pub mod recognisable;
pub mod shape;
pub mod sliders;
pub mod support;
