//! Drawing pictures with soft edges, for data sets that are made on the fly.
//!
//! A [`Canvas`] is one unit wide and high whatever its pixels are: x goes right and y goes down, both from 0 to 1. What is
//! drawn is given by its signed distance to every point, negative inside, as [`ellipse`], [`rounded_box`] and [`segment`]
//! give it; where that distance is within half a pixel of 0 the edge is blended.
//!
//! ```
//! use workbench_sdk::drawing::{Area, Canvas, ellipse};
//!
//! let mut canvas = Canvas::<3>::new(64, |y| move |_| [0.5, 0.7, 1.0 - 0.2 * y]);
//! let sun = |x, y| ellipse(x - 0.7, y - 0.3, 0.1, 0.1);
//! canvas.fill(Area::about(0.7, 0.3, 0.1, 0.1), sun, |_, _| [1.0, 0.9, 0.4]);
//! let mut bytes = [0; 3 * 64 * 64];
//! canvas.write(&mut bytes);
//! assert_eq!([0, 1, 2].map(|plane| bytes[plane * 64 * 64 + 19 * 64 + 45]), [255, 230, 102]);
//! ```

mod canvas;
mod colour;
mod distance;

pub use canvas::{Area, Canvas, Columns};
pub use colour::{Colour, mix, rgb, smoothstep};
pub use distance::{ellipse, rounded_box, segment, turned};
