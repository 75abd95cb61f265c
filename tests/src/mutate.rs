//! Files as a bad disk, a torn copy or an ill wind would leave them: the same ones for the same number.

/// Damages bytes in every way that parsers are known to fall over.
pub struct Mutator {
    state: u64,
}

/// Numbers that lengths, counts and offsets are overwritten with; those of the file's own size are added.
const NUMBERS: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// What is put into texts.
const WORDS: [&str; 26] = [
    "../",
    "/etc/passwd",
    "..",
    "\0",
    "9223372036854775807",
    "-9223372036854775809",
    "1e999",
    "-1",
    "nan",
    "inf",
    "[[[[[[[[",
    "{{{{{{{{",
    "\"\"\"",
    "'''",
    "\\",
    "\\u0000",
    "\u{202e}",
    "\"",
    "]",
    "}",
    ",",
    ".",
    "=",
    "null",
    "\n",
    "a.b.c.d = ",
];

/// No mutation makes a file longer than this by repeating parts of it, or it is as long already.
const LONGEST: usize = 1 << 16;

impl Mutator {
    /// The mutator of a number: what it does follows from the number alone.
    pub fn new(number: u64) -> Mutator {
        Mutator { state: number }
    }

    /// A random number below `bound`, 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // SplitMix64 (Steele, Lea and Flood 2014).
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    /// One of `seeds`, damaged in one to four ways.
    pub fn damaged(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..1 + self.below(2) * self.below(4) {
            self.damage(&mut bytes, seeds);
        }
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.place(bytes.len());
        match self.below(11) {
            0 => bytes.truncate(at),
            1 => {
                for _ in 0..1 + self.below(8) {
                    let at = self.place(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
            2 => {
                let fill = [0x00, 0xff, b' ', b'9'][self.below(4)];
                let end = self.end(at, bytes.len());
                bytes[at..end].fill(fill);
            }
            3 => self.number(bytes, at),
            4 => self.digits(bytes),
            5 => {
                let part = self.part(bytes);
                bytes.splice(at..at, part);
            }
            6 => {
                let part = self.part(bytes);
                let end = (at + part.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&part[..end - at]);
            }
            7 => {
                let part = self.part(bytes);
                let room = LONGEST.saturating_sub(bytes.len()) / part.len().max(1);
                let times = self.below(room.min(1000) + 1);
                bytes.splice(at..at, part.repeat(times));
            }
            8 => {
                let end = self.end(at, bytes.len());
                bytes.drain(at..end);
            }
            9 => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(at..at, word.bytes());
            }
        }
    }

    /// A place in so many bytes; every second one near their start, where headers are.
    fn place(&mut self, length: usize) -> usize {
        match self.below(2) {
            0 => self.below(length.min(64)),
            _ => self.below(length),
        }
    }

    fn end(&mut self, at: usize, length: usize) -> usize {
        let longest = if self.below(4) == 0 { length } else { 16 };
        (at + 1 + self.below(longest)).min(length)
    }

    fn part(&mut self, bytes: &[u8]) -> Vec<u8> {
        let at = self.place(bytes.len());
        let end = self.end(at, bytes.len());
        bytes[at.min(end)..end].to_vec()
    }

    /// Overwrites a number of one to eight bytes, of either byte order.
    fn number(&mut self, bytes: &mut [u8], at: usize) {
        let length = bytes.len() as u64;
        let number = match self.below(NUMBERS.len() + 3) {
            0 => length,
            1 => length + 1,
            2 => length.wrapping_sub(1),
            known => NUMBERS[known - 3],
        };
        let width = [1, 2, 4, 8][self.below(4)];
        let little = number.to_le_bytes();
        let mut number = little[..width].to_vec();
        if self.below(2) == 0 {
            number.reverse();
        }
        for (place, byte) in bytes.iter_mut().skip(at).zip(number) {
            *place = byte;
        }
    }

    /// Replaces a number that is written in digits by another.
    fn digits(&mut self, bytes: &mut Vec<u8>) {
        let starts: Vec<usize> = (0..bytes.len())
            .filter(|&i| bytes[i].is_ascii_digit() && (i == 0 || !bytes[i - 1].is_ascii_digit()))
            .collect();
        let Some(&start) = starts.get(self.below(starts.len())) else { return };
        let n = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = match self.below(4) {
            0 => "9".repeat(1 + self.below(40)),
            1 => format!("-{}", NUMBERS[self.below(NUMBERS.len())]),
            _ => NUMBERS[self.below(NUMBERS.len())].to_string(),
        };
        bytes.splice(start..start + n, number.bytes());
    }
}
