//! Decoded pictures, as many as there is room for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use workbench_sdk::prelude::*;

/// A place for each picture; what came first stays.
pub struct Cache {
    pictures: Vec<OnceLock<Box<[u8]>>>,
    /// Pictures that may still be put in.
    room: AtomicU64,
}

impl Cache {
    /// For so many pictures of so many bytes, in `bytes` of memory.
    pub fn new(pictures: usize, size: usize, bytes: u64) -> Cache {
        let room = bytes / size.max(1) as u64;
        let places = if room == 0 { 0 } else { pictures };
        Cache {
            pictures: (0..places).map(|_| OnceLock::new()).collect(),
            room: AtomicU64::new(room),
        }
    }

    /// Fills `into` with a picture, made by `make` where it is not held.
    ///
    /// # Errors
    /// What `make` says.
    pub fn fill(
        &self,
        place: usize,
        into: &mut [u8],
        make: impl FnOnce(&mut [u8]) -> Result<()>,
    ) -> Result<()> {
        let held = self.pictures.get(place);
        if let Some(picture) = held.and_then(OnceLock::get) {
            into.copy_from_slice(picture);
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

    #[test]
    fn a_picture_is_made_once_while_there_is_room() {
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
        assert!(none.pictures.is_empty());
        assert!(cache.fill(2, &mut [0; 4], |_| bail!("no")).is_err());
    }
}
