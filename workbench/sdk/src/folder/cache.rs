//! Decoded items, as many as there is room for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Result;

/// The bytes of decoded items, a place for each; what came first stays.
pub struct Cache {
    items: Vec<OnceLock<Box<[u8]>>>,
    /// Items that may still be put in.
    room: AtomicU64,
}

impl Cache {
    /// For so many items of so many bytes, in `bytes` of memory.
    pub fn new(items: usize, size: usize, bytes: u64) -> Cache {
        let room = bytes / size.max(1) as u64;
        let places = if room == 0 { 0 } else { items };
        Cache { items: (0..places).map(|_| OnceLock::new()).collect(), room: AtomicU64::new(room) }
    }

    /// Fills `into` with the bytes of an item, made by `make` where they are not held.
    ///
    /// # Errors
    /// What `make` says.
    pub fn fill(
        &self,
        place: usize,
        into: &mut [u8],
        make: impl FnOnce(&mut [u8]) -> Result<()>,
    ) -> Result<()> {
        let held = self.items.get(place);
        if let Some(bytes) = held.and_then(OnceLock::get) {
            into.copy_from_slice(bytes);
            return Ok(());
        }
        make(into)?;
        let Some(free) = held else { return Ok(()) };
        let taken = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(1));
        if taken.is_ok() && free.set((&*into).into()).is_err() {
            // Another thread was faster.
            self.room.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bail;

    #[test]
    fn a_bytes_is_made_once_while_there_is_room() {
        let cache = Cache::new(3, 4, 8);
        let mut made = 0;
        for place in [0, 1, 2, 0, 1, 2, 2] {
            let mut into = [0; 4];
            let filled = cache.fill(place, &mut into, |into| {
                made += 1;
                into.fill(place as u8 + 1);
                Ok(())
            });
            assert!(filled.is_ok() && into == [place as u8 + 1; 4]);
        }
        assert_eq!(made, 5, "the third never finds room");
        let none = Cache::new(3, 4, 3);
        assert!(none.items.is_empty());
        assert!(cache.fill(2, &mut [0; 4], |_| bail!("no")).is_err());
    }
}
