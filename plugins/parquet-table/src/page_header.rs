//! The head of a page, as much of it as tells what reading the page will take.

use workbench_sdk::prelude::*;

/// What a page says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageHeader {
    /// Of the header itself, in bytes.
    pub length: u64,
    pub kind: i64,
    /// Bytes of the page once it is unpacked.
    pub unpacked: u64,
    /// Bytes of the page in the file, after the header.
    pub packed: u64,
    /// Bytes before the values that are never packed, of a page of the second version.
    pub levels: u64,
}

/// What [`PageHeader::kind`] is of a page that readers pass over.
pub const INDEX: i64 = 1;
/// Structures in structures.
const DEEPEST: u8 = 8;

/// Reads a header in Thrift's compact protocol, as the Parquet format has it: a field is a byte, whose high half says how
/// far its number is from that of the field before and whose low half its type; whole numbers are zigzag varints.
///
/// `None`: the bytes end before the header does, or are none.
pub fn read(bytes: &[u8]) -> Option<PageHeader> {
    let mut rest = bytes;
    let mut header = PageHeader::default();
    let mut number = 0;
    while let Some(kind) = field(&mut rest, &mut number)? {
        match (number, kind) {
            (1, I32) => header.kind = zigzag(&mut rest)?,
            (2, I32) => header.unpacked = zigzag(&mut rest)?.try_into().ok()?,
            (3, I32) => header.packed = zigzag(&mut rest)?.try_into().ok()?,
            (8, STRUCTURE) => header.levels = levels(&mut rest)?,
            _ => skip(&mut rest, kind, DEEPEST)?,
        }
    }
    header.length = (bytes.len() - rest.len()) as u64;
    Some(header)
}

const I32: u8 = 5;
const STRUCTURE: u8 = 12;

/// Bytes of both kinds of levels, as the header of a page of the second version says them.
fn levels(rest: &mut &[u8]) -> Option<u64> {
    let (mut number, mut bytes) = (0, 0u64);
    while let Some(kind) = field(rest, &mut number)? {
        match (number, kind) {
            (5 | 6, I32) => bytes += u64::try_from(zigzag(rest)?).ok()?,
            _ => skip(rest, kind, DEEPEST)?,
        }
    }
    Some(bytes)
}

/// The type of the next field, whose number is put into `number`; `None` at the end of a structure.
fn field(rest: &mut &[u8], number: &mut i64) -> Option<Option<u8>> {
    let head = byte(rest)?;
    if head == 0 {
        return Some(None);
    }
    *number = match head >> 4 {
        0 => zigzag(rest)?,
        further => number.checked_add(further.into())?,
    };
    Some(Some(head & 15))
}

fn skip(rest: &mut &[u8], kind: u8, depth: u8) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    match kind {
        // Booleans are in the type.
        1 | 2 => {}
        3 => {
            byte(rest)?;
        }
        4..=6 => {
            varint(rest)?;
        }
        7 => *rest = rest.get(8..)?,
        8 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            *rest = rest.get(length..)?;
        }
        9 | 10 => {
            let head = byte(rest)?;
            let n = if head >> 4 == 15 { varint(rest)? } else { u64::from(head >> 4) };
            for _ in 0..n {
                match head & 15 {
                    1 | 2 => skip(rest, 3, depth)?,
                    kind => skip(rest, kind, depth)?,
                }
            }
        }
        STRUCTURE => {
            let mut number = 0;
            while let Some(kind) = field(rest, &mut number)? {
                skip(rest, kind, depth)?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

/// A number in groups of seven bits, the lowest first.
pub fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = byte(rest)?;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

/// A [`varint`] whose lowest bit is the sign.
pub fn zigzag(rest: &mut &[u8]) -> Option<i64> {
    let number = varint(rest)?;
    Some((number >> 1) as i64 ^ -((number & 1) as i64))
}

/// What a page may unpack to: pages are cut at about a megabyte, and only pictures that are not packed make larger ones.
///
/// # Errors
/// It says that it unpacks to more.
pub fn check(header: &PageHeader) -> Result<()> {
    let most = SMALL.max(header.packed.saturating_mul(MOST_TIMES));
    ensure!(
        header.unpacked <= most,
        "is damaged, or no column of pictures: a page of {} bytes says that it unpacks to {}",
        header.packed,
        header.unpacked
    );
    Ok(())
}

/// So many bytes are believed of any page.
const SMALL: u64 = 1 << 24;
/// Of a larger one, so many times its size.
const MOST_TIMES: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_with_what_it_holds_besides() {
        // type 0, unpacked 300, packed 100; a crc; a data page of five values, with statistics of one text.
        let bytes = [
            0x15, 0, 0x15, 0xd8, 4, 0x15, 0xc8, 1, 0x15, 7, 0x1c, 0x15, 10, 0x15, 0, 0x15, 6, 0x15,
            6, 0x1c, 0x18, 3, b'a', b'b', b'c', 0x11, 0, 0, 0, b'x',
        ];
        let length = bytes.len() as u64 - 1;
        let wanted = PageHeader { length, kind: 0, unpacked: 300, packed: 100, levels: 0 };
        assert_eq!(read(&bytes), Some(wanted));
        for end in 0..bytes.len() - 1 {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
        let second = [0x15, 6, 0x15, 4, 0x15, 2, 0x5c, 0x15, 2, 0x45, 8, 0x15, 10, 0x11, 0, 0];
        assert_eq!(read(&second).map(|header| header.levels), Some(9), "4 and 5");
        assert_eq!(read(&[0x15, 0, 0x15, 1, 0x15, 0, 0]), None, "less than nothing");
        assert_eq!(read(&[0x1c; 100]), None, "without an end");
    }

    #[test]
    fn a_page_may_unpack_to_some_times_its_size() {
        let header = |packed, unpacked| PageHeader { packed, unpacked, ..PageHeader::default() };
        assert!(check(&header(1, 16 << 20)).is_ok());
        assert!(check(&header(1 << 20, 64 << 20)).is_ok());
        assert!(check(&header(1, (16 << 20) + 1)).is_err());
        assert!(check(&header(1 << 20, (64 << 20) + 1)).is_err());
    }
}
