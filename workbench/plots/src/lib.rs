//! Figures as plain data, then as PNG pictures and CSV tables.
//!
//! A [`Figure`] holds numbers and words only: it can be compared, tested and written as CSV without
//! being drawn. Drawing has two halves. *Layout* turns a figure into a list of shapes, pictures and
//! texts whose rectangles are known ([`Figure::text_boxes`]), so that a test can prove that no two
//! texts overlap. *Painting* turns that list into pixels: shapes through plotters' bitmap backend at
//! twice the resolution, texts from the bundled DejaVu Sans. The same figure is always the same bytes.
//!
//! Figures are drawn at 2× resolution for a paper's column: at 8 cm of width the smallest text is
//! about 6.5 points. Colours are those of Okabe and Ito for up to eight classes, and the markers
//! differ too, so that classes can be told apart without colour.
//!
//! The figures of this project, from plain numbers, are in [`figures`].

mod animation;
mod axes;
mod bar_chart;
mod csv;
mod eigen;
mod error;
mod figure;
pub mod figures;
mod font;
mod image_grid;
mod legend;
mod line_chart;
mod marker;
mod paint;
mod palette;
mod pca;
mod picture_file;
mod scatter;
mod scene;
mod ticks;
mod write;

pub use animation::Animation;
pub use bar_chart::BarChart;
pub use error::Error;
pub use figure::Figure;
pub use image_grid::{ImageGrid, Picture};
pub use line_chart::{Dash, Line, LineChart, Style};
pub use marker::Marker;
pub use palette::{Color, class_style, ramp};
pub use pca::{Axes, Projection, principal_axes, principal_components};
pub use scatter::{Classes, Scatter, Values};
pub use scene::TextBox;
pub use ticks::{Scale, Tick, Ticks, ticks};
