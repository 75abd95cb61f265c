//! Data sets.

use workbench_abi as abi;

use crate::{Config, Param, Result};

/// A source of items: images, and where there are some, labels and attributes.
///
/// One value serves many threads at once: `read` takes `&self`.
pub trait Dataset: Sized + Send + Sync + 'static {
    const NAME: &str;
    /// One sentence.
    const ABOUT: &str;
    const PARAMS: &[Param] = &[];

    /// Opens the data: checks that they are there and whole.
    fn open(config: &Config) -> Result<Self>;

    /// What an item consists of; the same for every item and split.
    fn fields(&self) -> Vec<Field>;

    /// How many items a split has, `None` where there is no such split. "train" and "test" must be there.
    fn len(&self, split: &str) -> Option<u64>;

    /// Fills `item` with number `index` of a split, `index < len(split)`. The same number gives the same item.
    fn read(&self, split: &str, index: u64, item: &mut Item) -> Result<()>;
}

/// One part of an item.
#[derive(Clone, Debug)]
pub struct Field {
    pub(crate) name: String,
    pub(crate) role: abi::Role,
    pub(crate) kind: abi::Kind,
    pub(crate) dtype: abi::DType,
    pub(crate) dims: Vec<usize>,
    pub(crate) classes: Vec<String>,
    /// Both 0 where it is not known.
    pub(crate) range: [f64; 2],
}

/// How the values of an attribute are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two values, the first of them "no".
    Binary,
    /// Values without an order.
    Categorical,
    /// Values in order.
    Ordinal,
    /// A number.
    Real,
}

/// What an index that is not known is set to.
pub(crate) const UNKNOWN: i64 = -1;

impl Field {
    /// A picture `[channels, height, width]` of bytes, 0 to 255.
    pub fn image(channels: usize, height: usize, width: usize) -> Field {
        Field::pixels(abi::ROLE_IMAGE, abi::U8, &[channels, height, width])
    }

    /// A picture `[channels, height, width]` of numbers in 0..1.
    pub fn image_f32(channels: usize, height: usize, width: usize) -> Field {
        Field::pixels(abi::ROLE_IMAGE, abi::F32, &[channels, height, width])
    }

    /// In place of a picture, a volume `[channels, depth, height, width]` of bytes, 0 (empty) to 255: planes from
    /// the front to the back, rows from the top to the bottom.
    pub fn volume(channels: usize, depth: usize, height: usize, width: usize) -> Field {
        Field::pixels(abi::ROLE_VOLUME, abi::U8, &[channels, depth, height, width])
    }

    /// As [`Field::volume`], of numbers in 0..1.
    pub fn volume_f32(channels: usize, depth: usize, height: usize, width: usize) -> Field {
        Field::pixels(abi::ROLE_VOLUME, abi::F32, &[channels, depth, height, width])
    }

    /// In place of a picture, a clip `[channels, frames, height, width]` of bytes, 0 to 255: frames in the order of
    /// time.
    pub fn clip(channels: usize, frames: usize, height: usize, width: usize) -> Field {
        Field::pixels(abi::ROLE_CLIP, abi::U8, &[channels, frames, height, width])
    }

    /// As [`Field::clip`], of numbers in 0..1.
    pub fn clip_f32(channels: usize, frames: usize, height: usize, width: usize) -> Field {
        Field::pixels(abi::ROLE_CLIP, abi::F32, &[channels, frames, height, width])
    }

    /// The class of the item, an index into `classes`.
    pub fn label<S: ToString>(classes: &[S]) -> Field {
        Field {
            classes: classes.iter().map(S::to_string).collect(),
            ..Field::new("label", abi::ROLE_LABEL, abi::CATEGORICAL, abi::I64)
        }
    }

    /// A named property with one of a few values, an index into `values`; of a real one there are none.
    pub fn attribute<S: ToString>(name: &str, kind: Kind, values: &[S]) -> Field {
        let (kind, dtype) = match kind {
            Kind::Binary => (abi::BINARY, abi::I64),
            Kind::Categorical => (abi::CATEGORICAL, abi::I64),
            Kind::Ordinal => (abi::ORDINAL, abi::I64),
            Kind::Real => (abi::REAL, abi::F32),
        };
        Field {
            classes: values.iter().map(S::to_string).collect(),
            ..Field::new(name, abi::ROLE_ATTRIBUTE, kind, dtype)
        }
    }

    /// A named property that is a number. Give it a [`range`](Field::range) where one is known.
    pub fn real(name: &str) -> Field {
        Field::new(name, abi::ROLE_ATTRIBUTE, abi::REAL, abi::F32)
    }

    /// Between which a real attribute lies: architectures are given it scaled to -1..1, and palettes span it.
    #[must_use]
    pub fn range(self, min: f64, max: f64) -> Field {
        Field { range: [min, max], ..self }
    }

    /// A text about the item, at most `bytes` long in UTF-8. At most one.
    pub fn caption(bytes: usize) -> Field {
        let caption = Field::new("caption", abi::ROLE_CAPTION, abi::CATEGORICAL, abi::U8);
        Field { dims: vec![bytes], ..caption }
    }

    fn new(name: &str, role: abi::Role, kind: abi::Kind, dtype: abi::DType) -> Field {
        Field {
            name: name.to_owned(),
            role,
            kind,
            dtype,
            dims: Vec::new(),
            classes: Vec::new(),
            range: [0.0; 2],
        }
    }

    fn pixels(role: abi::Role, dtype: abi::DType, dims: &[usize]) -> Field {
        Field { dims: dims.to_vec(), ..Field::new("image", role, abi::REAL, dtype) }
    }

    pub(crate) fn is_image(&self) -> bool {
        matches!(self.role, abi::ROLE_IMAGE | abi::ROLE_VOLUME | abi::ROLE_CLIP)
    }

    pub(crate) fn elements(&self) -> usize {
        self.dims.iter().product()
    }
}

/// The buffers of one item, to be filled.
pub struct Item<'a> {
    pub(crate) fields: &'a [Field],
    pub(crate) slots: Vec<Slot<'a>>,
}

pub(crate) enum Slot<'a> {
    U8(&'a mut [u8]),
    F32(&'a mut [f32]),
    I64(&'a mut [i64]),
}

impl<'a> Item<'a> {
    /// The bytes of the picture, row by row, channel by channel `[C, H, W]`, or of the volume or clip `[C, D, H, W]`;
    /// zero before.
    ///
    /// # Panics
    /// The data set declares no [`Field::image`], [`Field::volume`] or [`Field::clip`].
    #[track_caller]
    pub fn image(&mut self) -> &mut [u8] {
        match self.slot("image") {
            Slot::U8(slot) => slot,
            _ => panic!("`image` is not made of bytes; use image_f32()"),
        }
    }

    /// The numbers of the picture, as [`Item::image`].
    ///
    /// # Panics
    /// The data set declares no [`Field::image_f32`], [`Field::volume_f32`] or [`Field::clip_f32`].
    #[track_caller]
    pub fn image_f32(&mut self) -> &mut [f32] {
        match self.slot("image") {
            Slot::F32(slot) => slot,
            _ => panic!("`image` is not made of f32; use image()"),
        }
    }

    /// Sets the class.
    ///
    /// # Panics
    /// The data set declares no [`Field::label`].
    #[track_caller]
    pub fn label(&mut self, class: i64) {
        self.set("label", class);
    }

    /// Sets a label or an attribute that is an index.
    ///
    /// # Panics
    /// The data set declares no such field of that type.
    #[track_caller]
    pub fn set(&mut self, name: &str, value: i64) {
        match self.slot(name) {
            Slot::I64(slot) => slot[0] = value,
            _ => panic!("`{name}` does not hold an index; use set_real()"),
        }
    }

    /// Sets an attribute that is a number.
    ///
    /// # Panics
    /// The data set declares no such field of that type.
    #[track_caller]
    pub fn set_real(&mut self, name: &str, value: f32) {
        match self.slot(name) {
            Slot::F32(slot) => slot[0] = value,
            _ => panic!("`{name}` does not hold a number; use set()"),
        }
    }

    /// Says that an attribute is not known of this item. Such ones are left out of figures and measures, and
    /// architectures are told.
    ///
    /// # Panics
    /// The data set declares no such attribute.
    #[track_caller]
    pub fn unknown(&mut self, name: &str) {
        match self.slot(name) {
            Slot::I64(slot) => slot[0] = UNKNOWN,
            Slot::F32(slot) if slot.len() == 1 => slot[0] = f32::NAN,
            _ => panic!("`{name}` is not an attribute"),
        }
    }

    /// Sets the caption. What is longer than declared is cut, between characters.
    ///
    /// # Panics
    /// The data set declares no [`Field::caption`].
    #[track_caller]
    pub fn caption(&mut self, text: &str) {
        match self.slot("caption") {
            Slot::U8(slot) => {
                let end = text.floor_char_boundary(slot.len());
                slot.fill(0);
                slot[..end].copy_from_slice(&text.as_bytes()[..end]);
            }
            _ => panic!("`caption` is not made of bytes; use Field::caption()"),
        }
    }

    // A wrong name is a mistake in the plugin's own code: the panic is caught in the plugin, and its
    // message and line reach the user.
    #[track_caller]
    fn slot(&mut self, name: &str) -> &mut Slot<'a> {
        match self.fields.iter().position(|field| field.name == name) {
            Some(index) => &mut self.slots[index],
            None => panic!("the data set declares no field `{name}`"),
        }
    }
}
