//! An open data set.

use std::ffi::c_void;

use workbench_abi as abi;

use super::call::Call;
use super::describe::Table;
use crate::calls::Announced;
use crate::load::Owner;
use crate::{Error, Values};

/// A data set that a plugin has opened; closed when dropped. Reads may run on many threads.
pub struct Dataset {
    owner: Owner,
    values: Values,
    table: Table<abi::Dataset>,
    handle: *mut c_void,
    fields: Vec<Field>,
}

// SAFETY: the ABI allows every function of an open data set on any thread, and `read` on many at once.
unsafe impl Send for Dataset {}
// SAFETY: as above.
unsafe impl Sync for Dataset {}

/// One part of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub role: Role,
    pub kind: Kind,
    pub dtype: workbench_graph::DType,
    /// Of one item: `[C, H, W]` for a picture, `[C, D, H, W]` for a volume or a clip, `[]` for a label.
    pub dims: Vec<usize>,
    /// Names of a label's or an attribute's values, in order.
    pub classes: Vec<String>,
    /// Between which a real attribute lies, where that is known.
    pub range: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Image(Medium),
    Label,
    Attribute,
    Caption,
}

/// What an image is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// `[C, H, W]`.
    #[default]
    Picture,
    /// `[C, D, H, W]`, D planes from the front to the back.
    Volume,
    /// `[C, T, H, W]`, T frames in the order of time.
    Clip,
}

/// How an attribute's values are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Binary,
    Categorical,
    Ordinal,
    Real,
}

/// One field of several items, item after item.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    U8(Vec<u8>),
    F32(Vec<f32>),
    I64(Vec<i64>),
}

/// Sides, channels and class counts above this are damaged or hostile.
const MAX_SIDE: i64 = 1 << 16;
const MAX_FIELDS: usize = 1024;
const MAX_CLASSES: usize = 1 << 20;
/// Of one item.
const MAX_ELEMENTS: usize = 1 << 28;

impl Dataset {
    pub(crate) fn open(
        owner: &Owner,
        table: Table<abi::Dataset>,
        values: Values,
    ) -> Result<Dataset, Error> {
        let mut handle = std::ptr::null_mut();
        let opened =
            Call::new(owner, &values).run("opening the data set", |host| match table.open {
                // SAFETY: the plugin's function, with a table and a place that live as long as the call.
                Some(open) => unsafe { open(host, &mut handle) },
                None => abi::UNSUPPORTED,
            })?;
        let mut dataset =
            Dataset { owner: owner.clone(), values, table, handle, fields: Vec::new() };
        if !opened {
            return Err(dataset.contract("open answers \"unsupported\"".to_owned()));
        }
        while let Some(field) = dataset.field(dataset.fields.len())? {
            dataset.fields.push(field);
            if dataset.fields.len() > MAX_FIELDS {
                return Err(dataset.contract(format!("more than {MAX_FIELDS} fields")));
            }
        }
        let images = dataset.fields.iter().filter(|field| field.is_image()).count();
        let labels = dataset.fields.iter().filter(|field| field.role == Role::Label).count();
        if images != 1 || labels > 1 {
            return Err(dataset.contract(format!(
                "{images} image fields and {labels} label fields; one image, volume or clip and at most one label are wanted"
            )));
        }
        let captions = dataset.fields.iter().filter(|field| field.role == Role::Caption).count();
        if captions > 1 {
            let message = format!("{captions} caption fields; at most one is wanted");
            return Err(dataset.contract(message));
        }
        for (index, field) in dataset.fields.iter().enumerate() {
            if dataset.fields[..index].iter().any(|before| before.name == field.name) {
                return Err(dataset.contract(format!("two fields are called `{}`", field.name)));
            }
        }
        Ok(dataset)
    }

    pub fn plugin(&self) -> &str {
        &self.owner.name
    }

    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// How many items a split has; `None` where there is no such split.
    ///
    /// # Errors
    /// The plugin's own.
    pub fn len(&self, split: &str) -> Result<Option<u64>, Error> {
        let mut items = 0;
        let there = Call::new(&self.owner, &self.values).run(
            &format!("counting the split `{split}`"),
            |host| match self.table.length {
                // SAFETY: an open handle, and a table, string and place that live as long as the call.
                Some(length) => unsafe {
                    length(self.handle, host, abi::Str::new(split), &mut items)
                },
                None => abi::UNSUPPORTED,
            },
        )?;
        Ok(there.then_some(items))
    }

    /// Reads items by number, one column a field.
    ///
    /// # Errors
    /// The plugin's own, with the item where it names one.
    pub fn read(&self, split: &str, items: &[u64]) -> Result<Vec<Column>, Error> {
        let mut columns: Vec<Column> =
            self.fields.iter().map(|field| field.column(items.len())).collect();
        let buffers: Vec<abi::Buffer> = columns.iter_mut().map(Column::buffer).collect();
        self.fill(split, items, &buffers)?;
        Ok(columns)
    }

    /// Lets the plugin write items into buffers, each of the size that its field declares for so many items.
    pub(super) fn fill(
        &self,
        split: &str,
        items: &[u64],
        buffers: &[abi::Buffer],
    ) -> Result<(), Error> {
        let doing = format!("reading {} of `{split}`", named(items));
        let read = Call::new(&self.owner, &self.values)
            .run(&doing, |host| match self.table.read {
                // SAFETY: an open handle; the numbers and buffers live as long as the call, and each buffer
                // has the size that its field declares.
                Some(read) => unsafe {
                    let split = abi::Str::new(split);
                    read(
                        self.handle,
                        host,
                        split,
                        items.as_ptr(),
                        items.len(),
                        buffers.as_ptr(),
                        buffers.len(),
                    )
                },
                None => abi::UNSUPPORTED,
            })
            .map_err(|error| named_once(error, split, items))?;
        match read {
            true => Ok(()),
            false => {
                Err(self.contract(format!("read answers \"unsupported\" for the split `{split}`")))
            }
        }
    }

    fn field(&self, index: usize) -> Result<Option<Field>, Error> {
        let shape = abi::Shape { rank: 0, dtype: abi::U8, dim: [0; abi::MAX_RANK] };
        let mut field = abi::Field {
            struct_size: size_of::<abi::Field>(),
            name: abi::Str::EMPTY,
            role: 0,
            kind: 0,
            shape,
            classes: std::ptr::null(),
            n_classes: 0,
            min: 0.0,
            max: 0.0,
        };
        let there =
            Call::new(&self.owner, &self.values).run("describing its fields", |host| match self
                .table
                .field
            {
                // SAFETY: an open handle, and a table and place that live as long as the call.
                Some(describe) => unsafe { describe(self.handle, host, index, &mut field) },
                None => abi::UNSUPPORTED,
            })?;
        match there {
            true => self
                .checked(&field)
                .map(Some)
                .map_err(|why| self.contract(format!("field {index}: {why}"))),
            false => Ok(None),
        }
    }

    fn checked(&self, field: &abi::Field) -> Result<Field, String> {
        let text = |text: abi::Str| {
            // SAFETY: the plugin's promise: a field's strings live as long as the data set is open.
            unsafe { text.as_str() }.map(str::to_owned).ok_or("text that is not UTF-8")
        };
        let role = match field.role {
            abi::ROLE_IMAGE => Role::Image(Medium::Picture),
            abi::ROLE_VOLUME => Role::Image(Medium::Volume),
            abi::ROLE_CLIP => Role::Image(Medium::Clip),
            abi::ROLE_LABEL => Role::Label,
            abi::ROLE_ATTRIBUTE => Role::Attribute,
            abi::ROLE_CAPTION => Role::Caption,
            other => return Err(format!("the unknown role {other}")),
        };
        let kind = match field.kind {
            abi::BINARY => Kind::Binary,
            abi::CATEGORICAL => Kind::Categorical,
            abi::ORDINAL => Kind::Ordinal,
            abi::REAL => Kind::Real,
            other => return Err(format!("the unknown kind {other}")),
        };
        let dtype = match field.shape.dtype {
            abi::U8 => workbench_graph::DType::U8,
            abi::F32 => workbench_graph::DType::F32,
            abi::I64 => workbench_graph::DType::I64,
            other => return Err(format!("the unknown dtype {other}")),
        };
        let rank = field.shape.rank as usize;
        let dims = field.shape.dim.get(..rank).ok_or_else(|| format!("rank {rank}"))?;
        if let Some(bad) = dims.iter().find(|n| !(1..=MAX_SIDE).contains(n)) {
            return Err(format!("a dimension of {bad}; 1 to {MAX_SIDE} are possible"));
        }
        let dims: Vec<usize> = dims.iter().map(|&n| n as usize).collect();
        let elements = dims.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        if elements.is_none_or(|n| n > MAX_ELEMENTS) {
            return Err(format!("{dims:?} is too large for one item"));
        }
        use workbench_graph::DType;
        let fits = match role {
            Role::Image(Medium::Picture) => rank == 3 && dtype != DType::I64,
            Role::Image(_) => rank == 4 && dtype != DType::I64,
            Role::Label => rank == 0 && dtype == DType::I64,
            Role::Attribute => {
                rank == 0 && dtype == if kind == Kind::Real { DType::F32 } else { DType::I64 }
            }
            Role::Caption => rank == 1 && dtype == DType::U8,
        };
        if !fits {
            let wanted = match role {
                Role::Image(Medium::Picture) => "[channels, height, width] of u8 or f32",
                Role::Image(Medium::Volume) => "[channels, depth, height, width] of u8 or f32",
                Role::Image(Medium::Clip) => "[channels, frames, height, width] of u8 or f32",
                Role::Label => "one i64, []",
                Role::Attribute => "one i64, or one f32 where its kind is real, []",
                Role::Caption => "[bytes] of u8",
            };
            let role = role.name();
            return Err(format!("the role is {role}, which is {wanted}, and not {dtype} {dims:?}"));
        }
        if field.n_classes > MAX_CLASSES || (field.n_classes > 0 && field.classes.is_null()) {
            return Err(format!("{} classes", field.n_classes));
        }
        let classes = (0..field.n_classes)
            // SAFETY: the plugin's promise: `n_classes` strings that live as long as the data set is open.
            .map(|i| text(unsafe { *field.classes.add(i) }))
            .collect::<Result<_, _>>()?;
        let classes: Vec<String> = classes;
        if role == Role::Attribute && kind != Kind::Real && classes.is_empty() {
            return Err("an attribute whose values have no names".to_owned());
        }
        if role == Role::Attribute && kind == Kind::Binary && classes.len() != 2 {
            return Err(format!("a binary attribute with {} values", classes.len()));
        }
        let is_range = field.min < field.max && field.min.is_finite() && field.max.is_finite();
        let range = (role == Role::Attribute && kind == Kind::Real && is_range)
            .then_some([field.min, field.max]);
        Ok(Field { name: text(field.name)?, role, kind, dtype, dims, classes, range })
    }

    fn contract(&self, message: String) -> Error {
        Error::Contract { plugin: self.owner.name.clone(), message }
    }
}

impl Drop for Dataset {
    fn drop(&mut self) {
        if let Some(close) = self.table.close
            && !self.handle.is_null()
        {
            let _announced =
                Announced::new(&self.owner.name, "closing the data set", &self.owner.library);
            // SAFETY: opened once, closed once, and no call runs: they borrow `self`.
            unsafe { close(self.handle) };
        }
    }
}

/// "items 0 to 511", where they follow each other.
/// An SDK names the item that it failed at; where one alone was read, the call has named it.
fn named_once(error: Error, split: &str, items: &[u64]) -> Error {
    let (Error::Failed { plugin, doing, message, place, panicked }, [item]) = (&error, items)
    else {
        return error;
    };
    match message.strip_prefix(&format!("item {item} of `{split}`: ")) {
        Some(message) => Error::Failed {
            plugin: plugin.clone(),
            doing: doing.clone(),
            message: message.to_owned(),
            place: place.clone(),
            panicked: *panicked,
        },
        None => error,
    }
}

fn named(items: &[u64]) -> String {
    match items {
        [item] => format!("item {item}"),
        [first, .., last] if last.wrapping_sub(*first) == items.len() as u64 - 1 => {
            format!("items {first} to {last}")
        }
        [first, .., last] => format!("{} items ({first} to {last})", items.len()),
        [] => "no items".to_owned(),
    }
}

impl Medium {
    pub fn name(self) -> &'static str {
        match self {
            Medium::Picture => "picture",
            Medium::Volume => "volume",
            Medium::Clip => "clip",
        }
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Image(Medium::Picture) => "image",
            Role::Image(medium) => medium.name(),
            Role::Label => "label",
            Role::Attribute => "attribute",
            Role::Caption => "caption",
        }
    }
}

impl Field {
    pub fn is_image(&self) -> bool {
        matches!(self.role, Role::Image(_))
    }

    fn column(&self, items: usize) -> Column {
        let n = items * self.dims.iter().product::<usize>();
        match self.dtype {
            workbench_graph::DType::U8 => Column::U8(vec![0; n]),
            workbench_graph::DType::F32 => Column::F32(vec![0.0; n]),
            workbench_graph::DType::I64 => Column::I64(vec![0; n]),
        }
    }
}

impl Column {
    fn buffer(&mut self) -> abi::Buffer {
        let (data, bytes) = match self {
            Column::U8(values) => (values.as_mut_ptr().cast(), size_of_val(&values[..])),
            Column::F32(values) => (values.as_mut_ptr().cast(), size_of_val(&values[..])),
            Column::I64(values) => (values.as_mut_ptr().cast(), size_of_val(&values[..])),
        };
        abi::Buffer { data, bytes }
    }
}
