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
}

/// How the values of an attribute are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Binary,
    Categorical,
    Ordinal,
}

impl Field {
    /// A picture `[channels, height, width]` of bytes, 0 to 255.
    pub fn image(channels: usize, height: usize, width: usize) -> Field {
        Field::picture(abi::U8, channels, height, width)
    }

    /// A picture `[channels, height, width]` of numbers in 0..1.
    pub fn image_f32(channels: usize, height: usize, width: usize) -> Field {
        Field::picture(abi::F32, channels, height, width)
    }

    /// The class of the item, an index into `classes`.
    pub fn label<S: ToString>(classes: &[S]) -> Field {
        Field {
            name: "label".to_owned(),
            role: abi::ROLE_LABEL,
            kind: abi::CATEGORICAL,
            dtype: abi::I64,
            dims: Vec::new(),
            classes: classes.iter().map(S::to_string).collect(),
        }
    }

    /// A named property with one of a few values, an index into `values`.
    pub fn attribute<S: ToString>(name: &str, kind: Kind, values: &[S]) -> Field {
        Field {
            name: name.to_owned(),
            role: abi::ROLE_ATTRIBUTE,
            kind: match kind {
                Kind::Binary => abi::BINARY,
                Kind::Categorical => abi::CATEGORICAL,
                Kind::Ordinal => abi::ORDINAL,
            },
            dtype: abi::I64,
            dims: Vec::new(),
            classes: values.iter().map(S::to_string).collect(),
        }
    }

    /// A named property that is a number.
    pub fn real(name: &str) -> Field {
        Field {
            name: name.to_owned(),
            role: abi::ROLE_ATTRIBUTE,
            kind: abi::REAL,
            dtype: abi::F32,
            dims: Vec::new(),
            classes: Vec::new(),
        }
    }

    fn picture(dtype: abi::DType, channels: usize, height: usize, width: usize) -> Field {
        Field {
            name: "image".to_owned(),
            role: abi::ROLE_IMAGE,
            kind: abi::REAL,
            dtype,
            dims: vec![channels, height, width],
            classes: Vec::new(),
        }
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
    /// The bytes of the picture, row by row, channel by channel `[C, H, W]`; zero before.
    ///
    /// # Panics
    /// The data set declares no [`Field::image`].
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
    /// The data set declares no [`Field::image_f32`].
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
