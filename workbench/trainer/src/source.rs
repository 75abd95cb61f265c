//! Where items come from.

use workbench_runs::Attribute;

use crate::Medium;

/// A data set as the trainer sees it; the binary gives it one that calls a plugin. Called from many
/// threads at once.
pub trait Source: Send + Sync {
    /// `[C, H, W]` of every image, or `[C, D, H, W]`: see [`Medium`].
    fn image(&self) -> &[usize];

    /// What the images are.
    fn medium(&self) -> Medium {
        Medium::Picture
    }

    /// Bytes of a pixel: 1 for [`Pixels::U8`], 4 for [`Pixels::F32`].
    fn pixel_bytes(&self) -> usize;

    /// Names of the classes, in the order of their numbers; empty where there are no labels.
    fn classes(&self) -> &[String];

    /// The attributes of every item, in the order of [`Items::attributes`].
    fn attributes(&self) -> &[Attribute] {
        &[]
    }

    /// Bytes of a caption; 0 where there are none.
    fn caption(&self) -> usize {
        0
    }

    /// How many items a split has; `None` where there is no such split.
    ///
    /// # Errors
    /// The data set's own.
    fn len(&self, split: &str) -> Result<Option<u64>, SourceError>;

    /// Items by number, in order.
    ///
    /// # Errors
    /// The data set's own, with the item where it is known.
    fn read(&self, split: &str, items: &[u64]) -> Result<Items, SourceError>;
}

/// What a data set says when it fails.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Some items, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items {
    pub pixels: Pixels,
    /// One number an item, where the data set has labels.
    pub labels: Option<Vec<i64>>,
    /// A column an attribute, each with one value an item: the number of a real one, else the position of the value
    /// among its names; NaN where it is not known.
    pub attributes: Vec<Vec<f32>>,
    /// [`Source::caption`] bytes an item, UTF-8 padded with zeros.
    pub captions: Vec<u8>,
}

/// An image an item. Bytes stay bytes until they are batched, which keeps four times as many in memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// 0..255.
    U8(Vec<u8>),
    /// 0..1.
    F32(Vec<f32>),
}

impl Pixels {
    /// Numbers, not items.
    pub fn len(&self) -> usize {
        match self {
            Pixels::U8(bytes) => bytes.len(),
            Pixels::F32(numbers) => numbers.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Items {
    /// Adds more items of the same data set.
    pub fn append(&mut self, more: Items) {
        match (&mut self.pixels, more.pixels) {
            (Pixels::U8(all), Pixels::U8(more)) => all.extend(more),
            (Pixels::F32(all), Pixels::F32(more)) => all.extend(more),
            // A field has one type, so that only the empty default is of another one.
            (all, more) => *all = more,
        }
        if let Some(more) = more.labels {
            self.labels.get_or_insert_default().extend(more);
        }
        self.attributes.resize_with(more.attributes.len().max(self.attributes.len()), Vec::new);
        for (all, more) in self.attributes.iter_mut().zip(more.attributes) {
            all.extend(more);
        }
        self.captions.extend(more.captions);
    }
}

impl Default for Pixels {
    fn default() -> Pixels {
        Pixels::U8(Vec::new())
    }
}
