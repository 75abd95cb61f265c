//! Pixels in memory, black and white ones as bits.

use crate::Pixels;
use crate::transform::Raw;

/// `[C, H, W]` an item, of many items.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Held {
    /// 0 or 255: eight to a byte, the first in the lowest bit; each item begins with a byte of its own.
    Bits(Vec<u8>),
    Whole(Pixels),
}

impl Held {
    /// As few bytes as they fit into; `size` is that of an item.
    pub fn pack(pixels: Pixels, size: usize) -> Held {
        match pixels {
            Pixels::U8(bytes) if bytes.iter().all(|&byte| byte == 0 || byte == 255) => {
                let bits = |eight: &[u8]| eight.iter().rev().fold(0, |bits, &x| bits << 1 | x & 1);
                Held::Bits(
                    bytes.chunks(size.max(1)).flat_map(|item| item.chunks(8).map(bits)).collect(),
                )
            }
            pixels => Held::Whole(pixels),
        }
    }

    /// As [`pack`](Held::pack) was given them.
    pub fn unpack(self, size: usize) -> Pixels {
        match self {
            Held::Bits(bits) => {
                let bytes = bits.chunks(size.max(1).div_ceil(8)).flat_map(|item| {
                    (0..size).map(|at| if item[at / 8] >> (at % 8) & 1 == 1 { 255 } else { 0 })
                });
                Pixels::U8(bytes.collect())
            }
            Held::Whole(pixels) => pixels,
        }
    }

    /// Those of all, in order; as bits where all are.
    pub fn join(parts: Vec<Held>, size: usize) -> Held {
        let is_bits = |part: &Held| matches!(part, Held::Bits(_));
        let all_bits = parts.iter().all(is_bits);
        // What is moved is let go, so that little is there twice; and room is made once.
        let len = |part: &Held| match part {
            Held::Bits(bits) if all_bits => bits.len(),
            Held::Bits(bits) => bits.len() / size.max(1).div_ceil(8) * size,
            Held::Whole(pixels) => pixels.len(),
        };
        let room = parts.iter().map(len).sum();
        if all_bits {
            let mut all = Vec::with_capacity(room);
            for part in parts {
                if let Held::Bits(bits) = part {
                    all.extend(bits);
                }
            }
            return Held::Bits(all);
        }
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        for part in parts {
            match part.unpack(size) {
                Pixels::U8(more) => {
                    bytes.reserve_exact(room.saturating_sub(bytes.len()));
                    bytes.extend(more);
                }
                Pixels::F32(more) => {
                    numbers.reserve_exact(room.saturating_sub(numbers.len()));
                    numbers.extend(more);
                }
            }
        }
        // A field has one type.
        Held::Whole(if numbers.is_empty() { Pixels::U8(bytes) } else { Pixels::F32(numbers) })
    }

    /// The pixels of an item, `size` of them; `unpacked` is room for those of bits.
    pub fn item<'a>(&'a self, item: usize, size: usize, unpacked: &'a mut Vec<u8>) -> Raw<'a> {
        match self {
            Held::Bits(bits) => {
                let bits = &bits[item * size.div_ceil(8)..];
                unpacked.resize(size, 0);
                for (eight, bits) in unpacked.chunks_mut(8).zip(bits) {
                    for (at, x) in eight.iter_mut().enumerate() {
                        *x = 255 * (bits >> at & 1);
                    }
                }
                Raw::U8(unpacked)
            }
            Held::Whole(Pixels::U8(bytes)) => Raw::U8(&bytes[item * size..][..size]),
            Held::Whole(Pixels::F32(numbers)) => Raw::F32(&numbers[item * size..][..size]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 13;

    fn pixels(items: usize, value: fn(usize) -> u8) -> Pixels {
        Pixels::U8((0..items * SIZE).map(value).collect())
    }

    fn read(held: &Held, items: usize) -> Vec<f32> {
        let mut unpacked = vec![7; 3];
        let mut all = Vec::new();
        for item in 0..items {
            match held.item(item, SIZE, &mut unpacked) {
                Raw::U8(bytes) => all.extend(bytes.iter().map(|&byte| f32::from(byte) / 255.0)),
                Raw::F32(numbers) => all.extend(numbers),
            }
        }
        all
    }

    #[test]
    fn black_and_white_takes_a_bit_and_is_read_as_it_was() {
        let black_and_white = |at: usize| if at * at % 7 == 1 { 255 } else { 0 };
        let packed = Held::pack(pixels(20, black_and_white), SIZE);
        assert!(matches!(&packed, Held::Bits(bits) if bits.len() == 40));
        let whole = Held::Whole(pixels(20, black_and_white));
        assert_eq!(read(&packed, 20), read(&whole, 20));
        assert_eq!(Held::Whole(packed.unpack(SIZE)), whole);
    }

    #[test]
    fn parts_are_joined_whatever_they_are() {
        let (bits, grey) =
            (|at: usize| if at.is_multiple_of(3) { 255 } else { 0 }, |at: usize| at as u8);
        let parts = |values: &[fn(usize) -> u8]| -> Vec<Held> {
            values.iter().map(|&value| Held::pack(pixels(4, value), SIZE)).collect()
        };
        let whole = |values: &[fn(usize) -> u8]| -> Vec<f32> {
            values.iter().flat_map(|&value| read(&Held::Whole(pixels(4, value)), 4)).collect()
        };
        for values in [&[bits as fn(usize) -> u8, bits] as &[_], &[bits, grey, bits], &[grey], &[]]
        {
            let joined = Held::join(parts(values), SIZE);
            assert_eq!(read(&joined, 4 * values.len()), whole(values));
        }
        let numbers = |x: f32| Held::pack(Pixels::F32(vec![x; SIZE]), SIZE);
        let joined = Held::join(vec![numbers(0.25), numbers(1.0)], SIZE);
        assert_eq!(read(&joined, 2), [[0.25; SIZE], [1.0; SIZE]].concat());
    }
}
