use std::io;
use std::path::PathBuf;

/// Why a figure could not be drawn or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A picture's buffer does not hold height × width × channels bytes.
    #[error(
        "picture {index} has {found} bytes, but {width} × {height} pixels of {channels} channels need {expected}; give its pixels as height × width × channels"
    )]
    PictureSize {
        /// Position of the picture in its grid, from 0.
        index: usize,
        /// Declared width in pixels.
        width: usize,
        /// Declared height in pixels.
        height: usize,
        /// Declared channels.
        channels: usize,
        /// The bytes that these need.
        expected: usize,
        /// The bytes that there are.
        found: usize,
    },
    /// A picture is neither grey (1 channel) nor RGB (3 channels).
    #[error(
        "picture {index} has {channels} channels; only 1 (grey) and 3 (RGB) can be drawn, so convert it first"
    )]
    PictureChannels {
        /// Position of the picture in its grid, from 0.
        index: usize,
        /// Declared channels.
        channels: usize,
    },
    /// A picture has no pixels.
    #[error("picture {index} is empty ({width} × {height} pixels); leave it out of the grid")]
    PictureEmpty {
        /// Position of the picture in its grid, from 0.
        index: usize,
        /// Declared width in pixels.
        width: usize,
        /// Declared height in pixels.
        height: usize,
    },
    /// There are more pictures than cells.
    #[error(
        "{pictures} pictures do not fit in a grid of {rows} × {columns}; add rows or drop pictures"
    )]
    GridSize {
        /// Pictures given.
        pictures: usize,
        /// Rows of the grid.
        rows: usize,
        /// Columns of the grid.
        columns: usize,
    },
    /// The figure would be larger than is drawn.
    #[error(
        "the figure would be {width} × {height} pixels, more than the {limit} a side or the 40 million in all that are drawn; show fewer or smaller pictures"
    )]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The most pixels a side.
        limit: usize,
    },
    /// The classes of a scatter plot do not match its points.
    #[error("{points} points have {classes} class numbers; give one for each point")]
    ClassCount {
        /// Points given.
        points: usize,
        /// Class numbers given.
        classes: usize,
    },
    /// The numbers that colour a scatter plot do not match its points.
    #[error("{points} points have {values} numbers to colour them by; give one for each point")]
    ValueCount {
        /// Points given.
        points: usize,
        /// Numbers given.
        values: usize,
    },
    /// A point's class has no name.
    #[error("point {point} is of class {class}, but only {names} classes are named; name them all")]
    ClassNumber {
        /// Position of the point, from 0.
        point: usize,
        /// Its class.
        class: usize,
        /// Names given.
        names: usize,
    },
    /// The bundled font could not be read.
    #[error("the bundled font cannot be read ({0}); this build of the workbench is damaged")]
    Font(String),
    /// The drawing backend failed.
    #[error("the figure could not be drawn: {0}")]
    Draw(String),
    /// The pixels could not be encoded.
    #[error("the figure could not be encoded as PNG: {0}")]
    Encode(#[from] png::EncodingError),
    /// An animation without a figure.
    #[error("there is nothing to animate")]
    Empty,
    /// Figures that can't follow each other.
    #[error(
        "figures of {sizes:?} pixels can't be one GIF: all must have one size, 65535 pixels a side at most"
    )]
    Animated {
        /// Width and height of each.
        sizes: Vec<(usize, usize)>,
    },
    /// The frames could not be encoded.
    #[error("the figures could not be encoded as GIF: {0}")]
    EncodeGif(#[from] gif::EncodingError),
    /// The file could not be written.
    #[error("{path} could not be written: {source}; check that its folder exists and has room")]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
