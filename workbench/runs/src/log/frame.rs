//! TFRecord framing: length (u64), masked CRC-32C of the length (u32), data, masked CRC-32C of the data
//! (u32), all little-endian.

/// No record is longer than this, so that a damaged or crafted length cannot ask for the memory.
pub(super) const MAX_RECORD: usize = 64 << 20;
/// What comes before and after a record's data.
pub(super) const OVERHEAD: usize = 16;
const HEADER: usize = 12;

/// Adds a record with this data.
pub(super) fn append(buffer: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    buffer.extend_from_slice(&length);
    buffer.extend_from_slice(&masked_crc(&length).to_le_bytes());
    buffer.extend_from_slice(data);
    buffer.extend_from_slice(&masked_crc(data).to_le_bytes());
}

/// What a buffer starts with.
#[derive(Debug, PartialEq)]
pub(super) enum Next<'a> {
    /// A whole record, `OVERHEAD` bytes longer than its data.
    Record(&'a [u8]),
    /// The beginning of a record; at least `needs` bytes are needed to tell more.
    Short { needs: usize },
    /// No record.
    Damaged,
}

pub(super) fn next(buffer: &[u8]) -> Next<'_> {
    let Some((header, rest)) = buffer.split_at_checked(HEADER) else {
        return Next::Short { needs: HEADER };
    };
    let (length, crc) = header.split_at(8);
    if masked_crc(length).to_le_bytes() != crc {
        return Next::Damaged;
    }
    let length = length.iter().rev().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
    if length > MAX_RECORD as u64 {
        return Next::Damaged;
    }
    let length = length as usize;
    let Some((data, rest)) = rest.split_at_checked(length) else {
        return Next::Short { needs: length + OVERHEAD };
    };
    match rest.get(..4) {
        None => Next::Short { needs: length + OVERHEAD },
        Some(crc) if masked_crc(data).to_le_bytes() == crc => Next::Record(data),
        Some(_) => Next::Damaged,
    }
}

/// As TensorFlow masks it: a CRC of data that holds CRCs is a poor one.
fn masked_crc(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_framing_is_tensorflows() {
        let mut buffer = Vec::new();
        append(&mut buffer, &[0; 72]);
        // The head of a record of 72 bytes in a file that TensorBoard's own writer made.
        assert_eq!(buffer[..HEADER], [72, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x92, 0x48, 0x9d]);
        // RFC 3720, B.4: the CRC-32C of 32 zeros.
        let unmasked = masked_crc(&[0; 32]).wrapping_sub(0xa282_ead8).rotate_left(15);
        assert_eq!(unmasked, 0x8a91_36aa);
    }

    #[test]
    fn a_cut_record_is_short_and_tells_what_it_needs() {
        let mut buffer = Vec::new();
        append(&mut buffer, b"data");
        assert_eq!(next(&buffer), Next::Record(b"data"));
        for len in 0..buffer.len() {
            let needs = if len < HEADER { HEADER } else { buffer.len() };
            assert_eq!(next(&buffer[..len]), Next::Short { needs });
        }
    }

    #[test]
    fn every_flipped_bit_is_damage() {
        let mut whole = Vec::new();
        append(&mut whole, b"data");
        for bit in 0..whole.len() * 8 {
            let mut buffer = whole.clone();
            buffer[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(next(&buffer), Next::Damaged, "{bit}");
        }
        let mut huge = (u64::MAX / 2).to_le_bytes().to_vec();
        huge.extend(masked_crc(&huge).to_le_bytes());
        assert_eq!(next(&huge), Next::Damaged);
        assert_eq!(next(&[0; 64]), Next::Damaged);
    }
}
