use std::path::Path;

use crate::paint::paint;
use crate::scene::Scene;
use crate::write::write;
use crate::{BarChart, Error, ImageGrid, LineChart, Scatter, TextBox, csv};

/// Pixels a metre of a screen at 96 pixels an inch, twice.
const PIXELS_PER_METRE: u32 = 7559;

/// A figure: what it shows, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// Curves.
    Lines(LineChart),
    /// Points in the plane.
    Scatter(Scatter),
    /// Pictures in rows and columns.
    Images(ImageGrid),
    /// Bars.
    Bars(BarChart),
}

impl Figure {
    /// Draws the figure and writes it as PNG, aside in the same folder and then renamed. The folder
    /// must exist.
    ///
    /// # Errors
    /// Those of [`Figure::to_png`], and [`Error::Write`].
    pub fn save_png(&self, path: &Path) -> Result<(), Error> {
        write(path, &self.to_png()?)
    }

    /// Writes the numbers behind the figure as CSV, aside and then renamed. The folder must exist.
    ///
    /// The columns are `line,x,y`; `x,y` and, where classes are known, `class`;
    /// `row,column,y,x,channel,value`; or `label,value`.
    ///
    /// # Errors
    /// [`Error::Write`], and those of data that do not fit together.
    pub fn save_csv(&self, path: &Path) -> Result<(), Error> {
        write(path, csv::table(self)?.as_bytes())
    }

    /// Draws the figure: an RGB PNG, at 2× resolution. The same figure gives the same bytes.
    ///
    /// # Errors
    /// When the data do not fit together (picture sizes, class numbers) or the figure would be huge.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        let scene = self.lay_out()?;
        let pixels = paint(&scene)?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, scene.width as u32, scene.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: PIXELS_PER_METRE,
            yppu: PIXELS_PER_METRE,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        Ok(bytes)
    }

    /// The rectangle and words of each text of the figure, in pixels of its PNG.
    ///
    /// # Errors
    /// As [`Figure::to_png`].
    pub fn text_boxes(&self) -> Result<Vec<TextBox>, Error> {
        Ok(self.lay_out()?.texts.into_iter().map(|text| text.bounds).collect())
    }

    /// Width and height of the PNG in pixels.
    ///
    /// # Errors
    /// As [`Figure::to_png`].
    pub fn size(&self) -> Result<(usize, usize), Error> {
        self.lay_out().map(|scene| (scene.width, scene.height))
    }

    pub(crate) fn lay_out(&self) -> Result<Scene, Error> {
        match self {
            Self::Lines(chart) => chart.lay_out(),
            Self::Scatter(scatter) => scatter.lay_out(),
            Self::Images(grid) => grid.lay_out(),
            Self::Bars(chart) => chart.lay_out(),
        }
    }
}
