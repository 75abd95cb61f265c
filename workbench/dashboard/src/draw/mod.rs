//! What all screens draw with.

pub(crate) mod areas;
pub(crate) mod axis;
pub(crate) mod canvas;
pub(crate) mod half_blocks;
pub(crate) mod heat;
pub(crate) mod paint;
pub(crate) mod picture;
pub(crate) mod pictures;
pub(crate) mod pixels;
pub(crate) mod table;
