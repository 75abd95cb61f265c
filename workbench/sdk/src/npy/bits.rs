//! Bytes that are 0 or one other value, held as bits.

/// Grows while nothing else comes.
#[derive(Default)]
pub struct Bits {
    /// Eight values each, the first in the lowest bit.
    packed: Vec<u8>,
    len: usize,
    /// The value that is not 0; 0 until it has come.
    one: u8,
}

impl Bits {
    /// Adds values, a multiple of eight of them but for the last ones. `false`, and nothing is added, where a third value
    /// is among them.
    pub fn push(&mut self, values: &[u8]) -> bool {
        let one = match self.one {
            0 => values.iter().copied().find(|&value| value != 0).unwrap_or(0),
            one => one,
        };
        if !self.len.is_multiple_of(8) || !values.iter().all(|&value| value == 0 || value == one) {
            return false;
        }
        self.one = one;
        self.len += values.len();
        let bits = |eight: &[u8]| {
            eight.iter().rev().fold(0, |bits, &value| bits << 1 | u8::from(value != 0))
        };
        self.packed.extend(values.chunks(8).map(bits));
        true
    }

    /// The values from a place on.
    ///
    /// # Panics
    /// There are fewer.
    pub fn unpack(&self, from: usize, into: &mut [u8]) {
        assert!(from + into.len() <= self.len, "{} values from {from} of {}", into.len(), self.len);
        let shift = from % 8;
        for (at, eight) in into.chunks_mut(8).enumerate() {
            let at = from / 8 + at;
            let low = u16::from(self.packed[at]);
            let high = u16::from(self.packed.get(at + 1).copied().unwrap_or(0));
            let bits = (low | high << 8) >> shift;
            for (bit, value) in eight.iter_mut().enumerate() {
                *value = self.one * (bits >> bit & 1) as u8;
            }
        }
    }

    /// All values, as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len];
        self.unpack(0, &mut bytes);
        bytes
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn shrink_to_fit(&mut self) {
        self.packed.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_come_back_from_any_place() {
        let values: Vec<u8> = (0..1000u32).map(|i| 7 * (i * i / 7 % 3 == 1) as u8).collect();
        let mut bits = Bits::default();
        for chunk in values.chunks(64) {
            assert!(bits.push(chunk));
        }
        assert_eq!((bits.len(), bits.packed.len()), (1000, 125));
        assert_eq!(bits.bytes(), values);
        for from in [0, 1, 7, 8, 100, 991, 1000] {
            for len in [0, 1, 8, 9, 500] {
                let end = values.len().min(from + len);
                let mut some = vec![1; end - from];
                bits.unpack(from, &mut some);
                assert_eq!(some, values[from..end], "{len} from {from}");
            }
        }
    }

    #[test]
    fn a_third_value_is_not_taken() {
        let mut bits = Bits::default();
        assert!(bits.push(&[0; 16]) && bits.push(&[0, 0, 0, 5, 5, 0, 0, 0]));
        assert!(!bits.push(&[0, 5, 6, 0, 0, 0, 0, 0]) && !bits.push(&[1; 8]));
        assert_eq!(bits.bytes().len(), 24);
        assert!(bits.push(&[5, 0, 5]) && !bits.push(&[0; 8]), "only at the end is one not full");
    }
}
