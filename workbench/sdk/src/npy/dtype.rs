//! What the numbers of an array are.

use crate::{Error, Result};
use half::f16;

/// A NumPy dtype that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DType {
    pub kind: Kind,
    /// Bytes of one value.
    pub size: usize,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
    /// Bytes, padded with zeros.
    Bytes,
    /// Characters of four bytes, padded with zeros.
    Unicode,
}

/// Longer texts are no names and no captions.
const LONGEST_TEXT: usize = 1 << 16;

impl DType {
    /// Reads what NumPy calls `descr`: `<f4`, `|u1`, `<U46`.
    ///
    /// # Errors
    /// It is another type; the message says which.
    pub fn parse(descr: &str) -> Result<DType> {
        let unread = || {
            Error::new(format_args!(
                "holds values of type {descr:?}; read are booleans, whole numbers of 1 to 8 bytes, floating-point numbers of 2, 4 \
                 and 8 bytes, and texts"
            ))
        };
        let mut letters = descr.chars();
        let (Some(order), Some(kind)) = (letters.next(), letters.next()) else {
            return Err(unread());
        };
        let count: usize = letters.as_str().parse().map_err(|_| unread())?;
        let big_endian = match order {
            '<' | '|' | '=' => false,
            '>' => true,
            _ => return Err(unread()),
        };
        let (kind, size) = match (kind, count) {
            ('b', 1) => (Kind::Bool, 1),
            ('u', 1 | 2 | 4 | 8) => (Kind::Unsigned, count),
            ('i', 1 | 2 | 4 | 8) => (Kind::Signed, count),
            ('f', 2 | 4 | 8) => (Kind::Float, count),
            ('S', 1..=LONGEST_TEXT) => (Kind::Bytes, count),
            ('U', 1..=LONGEST_TEXT) => (Kind::Unicode, 4 * count),
            _ => return Err(unread()),
        };
        Ok(DType { kind, size, big_endian })
    }

    pub fn is_text(self) -> bool {
        matches!(self.kind, Kind::Bytes | Kind::Unicode)
    }

    /// The number of one value.
    pub fn number(self, value: &[u8]) -> f64 {
        let mut bytes = [0; 8];
        bytes[..self.size].copy_from_slice(value);
        if self.big_endian {
            bytes[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(bytes);
        match (self.kind, self.size) {
            (Kind::Float, 2) => f16::from_bits(bits as u16).to_f64(),
            (Kind::Float, 4) => f32::from_bits(bits as u32).into(),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Signed, size) => {
                // The sign bit is moved to the top and back.
                let shift = 64 - 8 * size as u32;
                (((bits << shift) as i64) >> shift) as f64
            }
            (Kind::Bool, _) => f64::from(u8::from(bits != 0)),
            _ => bits as f64,
        }
    }

    /// One value as a text: numbers too.
    pub fn text(self, value: &[u8]) -> String {
        match self.kind {
            Kind::Bytes => String::from_utf8_lossy(value).trim_end_matches('\0').to_owned(),
            Kind::Unicode => {
                let letters = value.chunks_exact(4).map(|four| {
                    let four = [four[0], four[1], four[2], four[3]];
                    let code = if self.big_endian {
                        u32::from_be_bytes(four)
                    } else {
                        u32::from_le_bytes(four)
                    };
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                });
                letters.collect::<String>().trim_end_matches('\0').to_owned()
            }
            _ => self.number(value).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dtype(descr: &str) -> DType {
        DType::parse(descr).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn numbers_of_every_type_and_order_are_read() {
        assert_eq!(dtype("|b1").number(&[1]), 1.0);
        assert_eq!(dtype("|u1").number(&[200]), 200.0);
        assert_eq!(dtype("|i1").number(&[0xff]), -1.0);
        assert_eq!(dtype("<i2").number(&[0xfe, 0xff]), -2.0);
        assert_eq!(dtype(">i2").number(&[0xff, 0xfe]), -2.0);
        assert_eq!(dtype(">u4").number(&[0, 0, 1, 0]), 256.0);
        assert_eq!(dtype("<i8").number(&(-3i64).to_le_bytes()), -3.0);
        assert_eq!(dtype("<f2").number(&[0x00, 0x38]), 0.5);
        assert_eq!(dtype(">f4").number(&0.25f32.to_be_bytes()), 0.25);
        assert_eq!(dtype("<f8").number(&(-0.1f64).to_le_bytes()), -0.1);
    }

    #[test]
    fn texts_lose_their_padding() {
        assert_eq!(dtype("|S4").text(b"ab\0\0"), "ab");
        let wide: Vec<u8> =
            ['h', 'é', '\0'].iter().flat_map(|&c| (c as u32).to_le_bytes()).collect();
        assert_eq!(dtype("<U3").text(&wide), "hé");
        assert_eq!(dtype("<i4").text(&7i32.to_le_bytes()), "7");
    }

    #[test]
    fn other_types_are_named() {
        for descr in
            ["|O", "<c8", "<M8[ns]", "", "<", "<f16", "|u3", "<U99999999999999999999", "?b1", "<S0"]
        {
            let error = DType::parse(descr).expect_err(descr);
            assert!(error.to_string().contains("holds values of type"), "{error}");
        }
    }
}
