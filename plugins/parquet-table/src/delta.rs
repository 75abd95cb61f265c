//! Pages whose texts are told by their lengths, or by what they share with the text before.

use workbench_sdk::prelude::*;

use crate::page_header::{varint, zigzag};

/// How many bytes the texts of a page have together, each being so much of the one before and so much of its own.
///
/// # Errors
/// The page is damaged, or tells more lengths than `most`.
pub fn shared_bytes(page: &[u8], most: u64) -> Result<u64> {
    let mut rest = page;
    let shared = lengths(&mut rest, most)?;
    let own = lengths(&mut rest, most)?;
    Ok(shared.saturating_add(own))
}

/// Checks the lengths that a page begins with.
///
/// # Errors
/// The page is damaged, or tells more of them than `most`.
pub fn check_lengths(page: &[u8], most: u64) -> Result<()> {
    lengths(&mut &*page, most).map(drop)
}

/// The sum of lengths that are packed as the differences between one and the next, in blocks (DELTA_BINARY_PACKED).
fn lengths(rest: &mut &[u8], most: u64) -> Result<u64> {
    sum(rest, most).ok_or_else(|| Error::new("is damaged: the lengths of its values make no sense"))
}

fn sum(rest: &mut &[u8], most: u64) -> Option<u64> {
    let (block, parts, count) = (varint(rest)?, varint(rest)?, varint(rest)?);
    let mut value = zigzag(rest)?;
    let part = block.checked_div(parts)?;
    let bounded = count <= most && block <= 1 << 20 && part % 32 == 0 && part > 0;
    if !bounded {
        return None;
    }
    let mut left = count;
    let mut all = 0u64;
    if left > 0 {
        all = u64::try_from(value).ok()?;
        left -= 1;
    }
    while left > 0 {
        let least = zigzag(rest)?;
        let widths;
        (widths, *rest) = rest.split_at_checked(usize::try_from(parts).ok()?)?;
        for &width in widths {
            if left == 0 {
                break;
            }
            if width > 32 {
                return None;
            }
            let packed;
            let size = usize::try_from(part).ok()? / 8 * usize::from(width);
            // The last one may be cut off where its values end.
            (packed, *rest) = rest.split_at(size.min(rest.len()));
            for at in 0..part.min(left) {
                let step = least.checked_add(bits(packed, at * u64::from(width), width)?)?;
                value = value.checked_add(step)?;
                all = all.checked_add(u64::try_from(value).ok()?)?;
            }
            left -= part.min(left);
        }
    }
    Some(all)
}

/// The number in `width` bits, at most 32, from bit `from` on.
fn bits(bytes: &[u8], from: u64, width: u8) -> Option<i64> {
    if width == 0 {
        return Some(0);
    }
    let first = usize::try_from(from / 8).ok()?;
    let shift = from % 8;
    let end = first + (shift as usize + usize::from(width)).div_ceil(8);
    let mut word = [0; 8];
    let there = bytes.get(first..end)?;
    word[..there.len()].copy_from_slice(there);
    Some((u64::from_le_bytes(word) >> shift & ((1 << width) - 1)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_added_up() {
        // 7, 5, 3, 1, 2, 3, 4, 5: the format's own example; the least difference is -2, two bits each.
        let block = [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0];
        assert_eq!(sum(&mut &block[..], 8), Some(30));
        assert_eq!(sum(&mut &block[..], 7), None, "more than there may be");
        assert_eq!(sum(&mut &block[..11], 8), None, "cut off");
        let twice = [&block[..], &block[..]].concat();
        assert_eq!(shared_bytes(&twice, 8).ok(), Some(60));
        // Four billion values of no bits.
        let many = [0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 15, 0, 0, 0, 0, 0, 0];
        assert!(check_lengths(&many, 1000).is_err());
    }
}
