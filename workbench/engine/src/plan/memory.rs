//! Where values lie: buffers are assigned by lifetime, once, so that a run allocates nothing.

use std::collections::BTreeMap;

/// Gives out places in one arena; what is given back is used again.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Free places as start → length; no two touch.
    free: BTreeMap<usize, usize>,
    end: usize,
}

/// Buffers start on cache lines: in f32 elements.
const LINE: usize = 16;

impl Memory {
    /// A place for `len` numbers: the smallest that fits, or new ones at the end.
    pub fn take(&mut self, len: usize) -> usize {
        let len = len.max(1).next_multiple_of(LINE);
        let fitting = self.free.iter().filter(|(_, size)| **size >= len);
        let best = fitting.min_by_key(|(_, size)| **size).map(|(&start, &size)| (start, size));
        if let Some((start, size)) = best {
            self.free.remove(&start);
            if size > len {
                self.free.insert(start + len, size - len);
            }
            return start;
        }
        // What is free at the end is grown.
        let last = self.free.iter().next_back().map(|(&start, &size)| (start, size));
        let start = match last {
            Some((start, size)) if start + size == self.end => {
                self.free.remove(&start);
                start
            }
            _ => self.end,
        };
        self.end = start + len;
        start
    }

    /// Gives a place back.
    pub fn release(&mut self, start: usize, len: usize) {
        let mut len = len.max(1).next_multiple_of(LINE);
        let mut start = start;
        if let Some(next) = self.free.remove(&(start + len)) {
            len += next;
        }
        if let Some((&before, &size)) = self.free.range(..start).next_back()
            && before + size == start
        {
            self.free.remove(&before);
            (start, len) = (before, size + len);
        }
        self.free.insert(start, len);
    }

    /// How long the arena must be.
    pub fn len(&self) -> usize {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_used_again_and_neighbours_join() {
        let mut memory = Memory::default();
        let places = [memory.take(16), memory.take(20), memory.take(1)];
        assert_eq!(places, [0, 16, 48]);
        memory.release(0, 16);
        memory.release(16, 20);
        assert_eq!(memory.take(48), 0);
        assert_eq!(memory.len(), 64);
        memory.release(48, 1);
        // The free line at the end is grown.
        assert_eq!(memory.take(32), 48);
        assert_eq!(memory.len(), 80);
    }

    #[test]
    fn no_two_live_buffers_overlap() {
        let mut memory = Memory::default();
        let mut live: Vec<(usize, usize)> = Vec::new();
        let mut state = 7u64;
        for _ in 0..2000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let number = (state >> 33) as usize;
            if number.is_multiple_of(3) && !live.is_empty() {
                let (start, len) = live.swap_remove(number / 3 % live.len());
                memory.release(start, len);
            } else {
                let len = number % 500;
                let start = memory.take(len);
                let overlaps =
                    live.iter().any(|&(s, l)| start < s + l.max(1) && s < start + len.max(1));
                assert!(!overlaps);
                live.push((start, len));
            }
        }
    }
}
