//! Reading what an architecture hands over for the time of a call.

use workbench_abi as abi;
use workbench_graph::{Attribute, Attributes, Dim, Init, Location, Shape, TraceError};

/// # Safety
/// The string is borrowed for the call.
pub(super) unsafe fn text<'s>(text: abi::Str) -> &'s str {
    // SAFETY: see above.
    unsafe { text.as_str() }.unwrap_or("\u{fffd}")
}

/// # Safety
/// As [`text`].
pub(super) unsafe fn location(place: abi::Loc) -> Location {
    // SAFETY: see above.
    let file = unsafe { text(place.file) };
    Location { file: file.into(), line: place.line, column: place.column }
}

/// The shape and the initialisation of a parameter or buffer.
pub(super) fn declared(
    what: &str,
    name: &str,
    shape: Option<&abi::Shape>,
    init: Option<&abi::Init>,
    location: &Location,
) -> Result<(Vec<usize>, Init), TraceError> {
    let fail = |message: &str| TraceError {
        what: what.to_owned(),
        location: location.clone(),
        message: format!("`{name}`: {message}"),
    };
    let dims = shape.and_then(dims).and_then(|shape| shape.as_fixed());
    let dims =
        dims.ok_or_else(|| fail("its shape is not one of fixed sizes and rank 8 at most"))?;
    let init = init.and_then(|init| match init.kind {
        abi::INIT_CONSTANT => Some(Init::Constant(init.scale)),
        abi::INIT_NORMAL => Some(Init::Normal { std: init.scale }),
        abi::INIT_UNIFORM => Some(Init::Uniform { bound: init.scale }),
        _ => None,
    });
    Ok((dims, init.ok_or_else(|| fail("it has no known initialisation"))?))
}

/// # Safety
/// `n` is 0, or `start` is null or points to `n` values that live for `'a`.
pub(super) unsafe fn list<'a, T>(start: *const T, n: usize) -> &'a [T] {
    match n {
        0 => &[],
        _ if start.is_null() => &[],
        // SAFETY: see above.
        n => unsafe { std::slice::from_raw_parts(start, n) },
    }
}

pub(super) fn dims(shape: &abi::Shape) -> Option<Shape> {
    let dims = shape.dim.get(..shape.rank as usize)?.iter().map(|&n| match n {
        0 => None,
        n if n < 0 => Some(Dim::Batch(usize::try_from(n.unsigned_abs()).ok()?)),
        n => Some(Dim::Fixed(usize::try_from(n).ok()?)),
    });
    dims.collect::<Option<Vec<_>>>().map(Shape)
}

/// # Safety
/// The attributes' strings and numbers are borrowed for the call.
pub(super) unsafe fn attributes(attrs: &[abi::Attr]) -> Result<Attributes, String> {
    attrs
        .iter()
        .map(|attr| {
            // SAFETY: an attribute's strings and numbers are borrowed for the call.
            let (name, value) = unsafe { (text(attr.name), attr.value) };
            let value = match value.ty {
                abi::BOOL | abi::INT => Attribute::Int(value.i),
                abi::FLOAT => Attribute::Float(value.f),
                // SAFETY: as above.
                abi::TEXT => Attribute::Text(unsafe { text(value.s) }.to_owned()),
                // SAFETY: as above.
                abi::INTS => Attribute::Ints(unsafe { list(value.ints, value.n_ints) }.to_vec()),
                other => return Err(format!("attribute `{name}` has the unknown type {other}")),
            };
            Ok((name.to_owned(), value))
        })
        .collect()
}
