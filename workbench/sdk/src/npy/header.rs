//! The header of a .npy file: a magic word, a version, and a Python dictionary of dtype, order and shape.

use std::io::Read;

use crate::{Error, Result, bail, ensure};

use super::dtype::DType;

/// What the header says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub dtype: DType,
    /// The first index varies fastest.
    pub fortran: bool,
    pub dims: Vec<usize>,
    /// Bytes before the values.
    pub before: u64,
    /// Bytes of all the values.
    pub bytes: u64,
}

/// NumPy writes 128 bytes; what is longer than this is no header.
const LONGEST: usize = 1 << 16;
/// NumPy's own limit was 32 for long.
const MOST_DIMS: usize = 32;
/// More than this is not read: it is a damaged header rather than a data set.
const MAX_BYTES: u64 = 1 << 40;

/// Reads a header, and nothing after it.
///
/// # Errors
/// It is none, is cut short, or says what can't be; the message continues "FILE".
pub fn read(file: &mut impl Read) -> Result<Header> {
    let mut start = [0; 8];
    exact(file, &mut start)?;
    ensure!(start[..6] == *b"\x93NUMPY", "is not a .npy file: it begins with {:02x?}", &start[..6]);
    let (length, before) = match start[6] {
        1 => {
            let mut length = [0; 2];
            exact(file, &mut length)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            exact(file, &mut length)?;
            (u32::from_le_bytes(length) as usize, 12)
        }
        other => bail!("is of .npy version {other}; 1 to 3 are read"),
    };
    ensure!(length <= LONGEST, "has a header of {length} bytes, which is too much to be true");
    let mut text = vec![0; length];
    exact(file, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let (dtype, fortran, dims) = dictionary(text.trim_end())?;
    let bytes = dims.iter().try_fold(dtype.size as u64, |bytes, &n| bytes.checked_mul(n as u64));
    let Some(bytes) = bytes.filter(|&bytes| bytes <= MAX_BYTES) else {
        bail!("says that it holds {dims:?} values, which is too much to be true")
    };
    Ok(Header { dtype, fortran, dims, before: (before + length) as u64, bytes })
}

fn exact(file: &mut impl Read, into: &mut [u8]) -> Result<()> {
    match file.read_exact(into) {
        Ok(()) => Ok(()),
        Err(error) => bail!("is truncated or damaged in its header: {error}"),
    }
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, in any order.
fn dictionary(text: &str) -> Result<(DType, bool, Vec<usize>)> {
    let unclear =
        || Error::new(format_args!("has a header that is not understood: {:?}", shortened(text)));
    let inner = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let mut rest = inner.ok_or_else(unclear)?.trim_start();
    let (mut dtype, mut fortran, mut dims) = (None, None, None);
    while !rest.is_empty() {
        let (key, after) = quoted(rest).ok_or_else(unclear)?;
        let value = after.trim_start().strip_prefix(':').ok_or_else(unclear)?.trim_start();
        rest = match key {
            "descr" => match quoted(value) {
                Some((descr, after)) => {
                    dtype = Some(DType::parse(descr)?);
                    after
                }
                None => bail!("is an array of records; arrays of one type are read"),
            },
            "fortran_order" => {
                let (value, after) = match value.strip_prefix("True") {
                    Some(after) => (true, after),
                    None => (false, value.strip_prefix("False").ok_or_else(unclear)?),
                };
                fortran = Some(value);
                after
            }
            "shape" => {
                let (inside, after) = value
                    .strip_prefix('(')
                    .and_then(|text| text.split_once(')'))
                    .ok_or_else(unclear)?;
                let sizes = inside.split(',').map(str::trim).filter(|size| !size.is_empty());
                let sizes: Option<Vec<usize>> = sizes.map(|size| size.parse().ok()).collect();
                dims = Some(sizes.filter(|dims| dims.len() <= MOST_DIMS).ok_or_else(unclear)?);
                after
            }
            _ => return Err(unclear()),
        };
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    match (dtype, fortran, dims) {
        (Some(dtype), Some(fortran), Some(dims)) => Ok((dtype, fortran, dims)),
        _ => Err(unclear()),
    }
}

/// A text in quotation marks at the start, and what comes after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mark = text.chars().next().filter(|mark| "'\"".contains(*mark))?;
    text[1..].split_once(mark)
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.bytes());
        bytes
    }

    fn said(bytes: &[u8]) -> String {
        read(&mut &*bytes).unwrap_err().to_string()
    }

    #[test]
    fn a_header_is_read_whatever_the_order_of_its_keys() {
        let text = "{'shape': (2, 3,), \"descr\": '>f8', 'fortran_order': True}   \n";
        let header = read(&mut &*file(text)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((header.dims, header.fortran, header.bytes), (vec![2, 3], true, 48));
        assert_eq!(header.before, 10 + text.len() as u64);
        let scalar = read(&mut &*file("{'descr': '|u1', 'fortran_order': False, 'shape': ()}"));
        assert!(scalar.is_ok_and(|header| header.dims.is_empty() && header.bytes == 1));
    }

    #[test]
    fn what_is_no_header_is_named() {
        let whole = file("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }");
        for end in 0..whole.len() {
            assert!(said(&whole[..end]).contains("truncated"), "{end}");
        }
        assert!(said(b"PK\x03\x04aaaaaaaa").contains("not a .npy file"));
        assert!(said(b"\x93NUMPY\x09\x00aaaa").contains("version 9"));
        assert!(said(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").contains("too much to be true"));
        let of = |shape: &str| {
            said(&file(&format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}")))
        };
        assert!(of("(9999999999, 9999999999)").contains("too much"));
        assert!(of("(99999999999999999999999, 2)").contains("not understood"));
        assert!(of("(-1, 2)").contains("not understood"));
        assert!(of("(2, 3").contains("not understood"));
        assert!(
            said(&file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"))
                .contains("records")
        );
        assert!(
            said(&file("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}"))
                .contains("type \"|O\"")
        );
        assert!(said(&file("{'descr': '|u1'}")).contains("not understood"));
        assert!(said(&file("{'é")).contains("not understood"));
    }
}
