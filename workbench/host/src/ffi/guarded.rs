//! Reading into buffers that show what a plugin does to them.

use workbench_abi as abi;
use workbench_graph::DType;

use super::dataset::{Dataset, Field};
use crate::Error;

/// What became of a read into guarded buffers.
#[derive(Debug)]
pub struct Guarded {
    /// The plugin's answer.
    pub read: Result<(), Error>,
    /// One field after the other, item after item, as the plugin left them.
    pub columns: Vec<Vec<u8>>,
    /// Bytes that were written beside the buffers.
    pub breaches: Vec<Breach>,
}

/// A write outside of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub field: String,
    /// Before the buffer's first byte, or after its last.
    pub before: bool,
    /// So many bytes there were changed.
    pub bytes: usize,
    /// How far from the buffer the nearest one is; 1 is beside it.
    pub distance: usize,
}

/// Of the guard on each side, at the least: a row too many of a large picture is to be seen, not to crash.
const LEAST: usize = 4096;
const MOST: usize = 1 << 22;
/// The guards' size is a multiple of it, so that the buffer is aligned as any is.
const ALIGNMENT: usize = 64;

impl Dataset {
    /// Reads items into buffers that were filled with `fill` and lie between guards: to find out what the plugin leaves
    /// unwritten, and what it writes outside. [`Dataset::read`] is what trains.
    pub fn read_guarded(&self, split: &str, items: &[u64], fill: u8) -> Guarded {
        let mut guards: Vec<Guard> =
            self.fields().iter().map(|field| Guard::new(field, items.len(), fill)).collect();
        let buffers: Vec<abi::Buffer> = guards.iter_mut().map(Guard::buffer).collect();
        let read = self.fill(split, items, &buffers);
        let breaches = self.fields().iter().zip(&guards);
        let breaches = breaches.flat_map(|(field, guard)| guard.breaches(&field.name)).collect();
        Guarded { read, columns: guards.iter().map(Guard::content).collect(), breaches }
    }
}

impl Field {
    /// Of one item.
    pub fn bytes(&self) -> usize {
        let size = match self.dtype {
            DType::U8 => 1,
            DType::F32 => 4,
            DType::I64 => 8,
        };
        size * self.dims.iter().product::<usize>()
    }
}

/// A buffer between two guards, whose bytes are known.
struct Guard {
    /// In words, so that it is aligned for every type.
    memory: Vec<u64>,
    side: usize,
    bytes: usize,
}

impl Guard {
    fn new(field: &Field, items: usize, fill: u8) -> Guard {
        let bytes = items * field.bytes();
        let side = (4 * field.bytes()).clamp(LEAST, MOST).next_multiple_of(ALIGNMENT);
        let all = (2 * side + bytes).next_multiple_of(size_of::<u64>());
        let words = (0..all / size_of::<u64>()).map(|word| {
            let byte = |i: usize| match word * size_of::<u64>() + i {
                at if (side..side + bytes).contains(&at) => fill,
                at => canary(at),
            };
            u64::from_ne_bytes(std::array::from_fn(byte))
        });
        Guard { memory: words.collect(), side, bytes }
    }

    fn buffer(&mut self) -> abi::Buffer {
        let start = self.memory.as_mut_ptr().cast::<u8>();
        // SAFETY: `side` and `bytes` after it are within the memory. The pointer keeps its right to all of it, so that a
        // plugin that writes outside of its buffer writes to the guards.
        abi::Buffer { data: unsafe { start.add(self.side) }.cast(), bytes: self.bytes }
    }

    fn all(&self) -> &[u8] {
        let bytes = self.memory.len() * size_of::<u64>();
        // SAFETY: words are bytes, so many of them, and no call runs that writes there.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), bytes) }
    }

    fn content(&self) -> Vec<u8> {
        self.all()[self.side..self.side + self.bytes].to_vec()
    }

    fn breaches(&self, field: &str) -> Vec<Breach> {
        let changed = |range: std::ops::Range<usize>| -> Vec<usize> {
            range.filter(|&at| self.all()[at] != canary(at)).collect()
        };
        let (start, end) = (self.side, self.side + self.bytes);
        let breach = |before, places: Vec<usize>| {
            let distances = places.iter().map(|&at| if before { start - at } else { at + 1 - end });
            Some(Breach {
                field: field.to_owned(),
                before,
                bytes: places.len(),
                distance: distances.min()?,
            })
        };
        let sides = [(true, changed(0..start)), (false, changed(end..self.all().len()))];
        sides.into_iter().filter_map(|(before, places)| breach(before, places)).collect()
    }
}

/// What stands at a place of the guards: no two neighbours alike, and no common value such as 0 or 255.
fn canary(at: usize) -> u8 {
    0x41 + (at % 61) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Medium, Role};

    #[test]
    fn what_is_written_beside_a_buffer_is_seen_and_what_is_written_into_it_is_not() {
        let field = Field {
            name: "image".to_owned(),
            role: Role::Image(Medium::Picture),
            kind: Kind::Real,
            dtype: DType::U8,
            dims: vec![1, 3, 3],
            classes: Vec::new(),
            range: None,
        };
        let mut guard = Guard::new(&field, 3, 0xa5);
        assert_eq!(guard.content(), [0xa5; 27]);
        let mut write = |offset: isize, values: &[u8]| {
            let start = guard.buffer().data.cast::<u8>();
            for (i, value) in values.iter().enumerate() {
                // SAFETY: within the guard's memory, whose sides are 4096 bytes at the least.
                unsafe { start.offset(offset + i as isize).write(*value) };
            }
            (guard.content(), guard.breaches("image"))
        };
        let (content, breaches) = write(0, &[1; 27]);
        assert_eq!((content, breaches), (vec![1; 27], vec![]));
        let breach =
            |before, bytes, distance| Breach { field: "image".to_owned(), before, bytes, distance };
        let (_, breaches) = write(29, &[0; 4]);
        assert_eq!(breaches, [breach(false, 4, 3)]);
        let (content, breaches) = write(-2, &[0; 2]);
        assert_eq!(breaches, [breach(true, 2, 1), breach(false, 4, 3)]);
        assert_eq!(content, [1; 27]);
    }
}
