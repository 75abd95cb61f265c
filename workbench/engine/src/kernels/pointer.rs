//! Places in the plan's memory, shared between the threads that fill them.

#![expect(unsafe_code, reason = "tasks write disjoint parts of one buffer")]

/// Numbers that tasks read. Cheap to copy; the plan keeps what it points to.
#[derive(Debug)]
pub(crate) struct Source<T = f32> {
    start: *const T,
    len: usize,
}

/// Numbers that tasks write, each its own part.
#[derive(Debug)]
pub(crate) struct Target<T = f32> {
    start: *mut T,
    len: usize,
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Source<T> {}

impl<T> Clone for Target<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Target<T> {}

// SAFETY: a source is only read, and nothing writes what it points to while it is in use (see `Source::new`).
unsafe impl<T: Sync> Send for Source<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Source<T> {}
// SAFETY: parts are only handed out by `Target::part`, whose callers promise that no two overlap.
unsafe impl<T: Send> Send for Target<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Target<T> {}

impl<T> Source<T> {
    /// # Safety
    /// `start .. start + len` is initialised, lives as long as the result is used, and is not written meanwhile.
    pub unsafe fn new(start: *const T, len: usize) -> Source<T> {
        Source { start, len }
    }

    pub fn of(data: &[T]) -> Source<T> {
        Source { start: data.as_ptr(), len: data.len() }
    }

    pub fn slice<'a>(self) -> &'a [T] {
        // SAFETY: by the promise of `new`; `of` is only used by callers that outlive the kernel call.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T> Target<T> {
    /// # Safety
    /// `start .. start + len` is initialised, lives as long as the result is used, and nothing else reads or writes it
    /// meanwhile.
    pub unsafe fn new(start: *mut T, len: usize) -> Target<T> {
        Target { start, len }
    }

    pub fn of(data: &mut [T]) -> Target<T> {
        Target { start: data.as_mut_ptr(), len: data.len() }
    }

    pub fn len(self) -> usize {
        self.len
    }

    /// Elements `from .. from + len`.
    ///
    /// # Safety
    /// No other part in use overlaps this one.
    pub unsafe fn part<'a>(self, from: usize, len: usize) -> &'a mut [T] {
        assert!(from <= self.len && len <= self.len - from, "a part lies inside its buffer");
        // SAFETY: inside the buffer, which `new` promised; disjoint by this function's own promise.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(from), len) }
    }

    /// All of it.
    ///
    /// # Safety
    /// No part is in use.
    pub unsafe fn whole<'a>(self) -> &'a mut [T] {
        // SAFETY: by this function's own promise.
        unsafe { self.part(0, self.len) }
    }
}
