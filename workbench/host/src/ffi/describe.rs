//! Reading a plugin's tables into owned declarations.

use workbench_abi as abi;

use crate::params::{ArchitectureInfo, DatasetInfo, KnobInfo, ParamInfo, ParamType, Value};

/// A plugin's declarations, each with the table that they were read from.
pub(crate) struct Described {
    pub name: String,
    pub version: String,
    pub datasets: Vec<(DatasetInfo, Table<abi::Dataset>)>,
    pub architectures: Vec<(ArchitectureInfo, Table<abi::Architecture>)>,
}

/// A table of a library that is never unloaded.
pub(crate) type Table<T> = &'static T;

/// No list in a table is longer.
const MAX_LIST: usize = 4096;

/// Reads everything that the plugin declares.
///
/// # Errors
/// What breaks the ABI: text that is not UTF-8, missing functions, tables that are too small.
pub(crate) fn describe(plugin: Table<abi::Plugin>) -> Result<Described, String> {
    let mut datasets = Vec::new();
    for table in pointers(plugin.datasets, plugin.n_datasets)? {
        datasets.push((dataset(table)?, table));
    }
    let mut architectures = Vec::new();
    for table in pointers(plugin.architectures, plugin.n_architectures)? {
        architectures.push((architecture(table)?, table));
    }
    Ok(Described {
        name: text(plugin.name)?,
        version: text(plugin.version)?,
        datasets,
        architectures,
    })
}

fn dataset(table: &abi::Dataset) -> Result<DatasetInfo, String> {
    let name = text(table.name)?;
    let complete = table.open.is_some()
        && table.close.is_some()
        && table.field.is_some()
        && table.length.is_some()
        && table.read.is_some();
    if !complete {
        return Err(format!(
            "data set `{name}` lacks a function: open, close, field, length and read are needed"
        ));
    }
    let parameters = params(table.params, table.n_params, table.param_size)?;
    Ok(DatasetInfo { name, about: text(table.about)?, parameters })
}

fn architecture(table: &abi::Architecture) -> Result<ArchitectureInfo, String> {
    let name = text(table.name)?;
    if table.build.is_none() {
        return Err(format!("architecture `{name}` lacks the function build"));
    }
    let knobs = strided(table.knobs, table.n_knobs, table.knob_size)?
        .map(|knob| {
            Ok(KnobInfo {
                name: text(knob.name)?,
                about: text(knob.about)?,
                default: knob.fallback,
                min: knob.min,
                max: knob.max,
            })
        })
        .collect::<Result<_, String>>()?;
    let parameters = params(table.params, table.n_params, table.param_size)?;
    Ok(ArchitectureInfo { name, about: text(table.about)?, parameters, knobs })
}

fn params(start: *const abi::Param, n: usize, size: usize) -> Result<Vec<ParamInfo>, String> {
    strided(start, n, size)?.map(param).collect()
}

fn param(param: abi::Param) -> Result<ParamInfo, String> {
    let name = text(param.name)?;
    let (kind, value) = match param.fallback.ty {
        abi::BOOL => (ParamType::Bool, Value::Bool(param.fallback.i != 0)),
        abi::INT => (ParamType::Int, Value::Int(param.fallback.i)),
        abi::FLOAT => (ParamType::Float, Value::Float(param.fallback.f)),
        abi::TEXT => (ParamType::Text, Value::Text(text(param.fallback.s)?)),
        abi::PATH => (ParamType::Path, Value::Text(text(param.fallback.s)?)),
        abi::INTS => {
            let ints = strided(param.fallback.ints, param.fallback.n_ints, size_of::<i64>())?;
            (ParamType::Ints, Value::Ints(ints.collect()))
        }
        abi::TEXTS => {
            let value = param.fallback;
            let texts = strided(value.as_texts(), value.n_ints, size_of::<abi::Str>())?;
            (ParamType::Texts, Value::Texts(texts.map(text).collect::<Result<_, _>>()?))
        }
        other => return Err(format!("parameter `{name}` has the unknown type {other}")),
    };
    let bounded = param.min > f64::NEG_INFINITY || param.max < f64::INFINITY;
    let choices = strided(param.choices, param.n_choices, size_of::<abi::Str>())?;
    Ok(ParamInfo {
        kind,
        default: (param.required == 0).then_some(value),
        // A C author who leaves both at zero means that there are no bounds.
        range: (bounded && (param.min, param.max) != (0.0, 0.0)).then_some([param.min, param.max]),
        choices: choices.map(text).collect::<Result<_, _>>()?,
        about: text(param.about)?,
        name,
    })
}

/// The tables that a list of pointers leads to. Each begins with its size.
fn pointers<T>(start: *const *const T, n: usize) -> Result<Vec<Table<T>>, String> {
    let table = |pointer: *const T| {
        if pointer.is_null() || !pointer.is_aligned() {
            return Err("a table's pointer is null or misaligned".to_owned());
        }
        // SAFETY: the plugin's promise: the pointer leads to a table, whose first field is its size. No more than that
        // is touched before the size is known to be enough.
        unsafe {
            sized(pointer.cast::<usize>().read(), size_of::<T>())?;
            Ok(&*pointer)
        }
    };
    strided(start, n, size_of::<*const T>())?.map(table).collect()
}

/// The elements of a list whose elements are at least as large as this side knows them.
fn strided<T: Copy>(
    start: *const T,
    n: usize,
    size: usize,
) -> Result<impl ExactSizeIterator<Item = T>, String> {
    if n > 0 {
        sized(size, size_of::<T>())?;
    }
    if n > MAX_LIST || (n > 0 && (start.is_null() || !size.is_multiple_of(align_of::<T>()))) {
        return Err(format!("a list of {n} elements is null, misaligned or too long"));
    }
    // SAFETY: the plugin's promise: `n` elements, `size` bytes apart, constants of the library.
    Ok((0..n).map(move |i| unsafe { start.byte_add(i * size).read() }))
}

fn sized(size: usize, wanted: usize) -> Result<(), String> {
    match size >= wanted {
        true => Ok(()),
        false => Err(format!(
            "a table says that it has {size} bytes, and version 1 needs {wanted}: its struct_size (of a list, param_size \
             or knob_size) is to be sizeof the table"
        )),
    }
}

fn text(text: abi::Str) -> Result<String, String> {
    // SAFETY: the plugin's promise: strings in tables are constants of the library.
    let text = unsafe { text.as_str() }.ok_or("a text is not UTF-8")?;
    Ok(text.to_owned())
}
