//! Pictures as they stand in the files, row group by row group: the last few stay in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use parquet::data_type::ByteArray;
use workbench_sdk::prelude::*;

use crate::shard::Shard;

/// Files whose rows follow each other, and the column of pictures.
pub struct Groups {
    pub shards: Vec<Shard>,
    column: Vec<usize>,
    /// Of each row group: its file, its number there, and its first row among all.
    starts: Vec<(usize, usize, usize)>,
    held: Mutex<VecDeque<(usize, Arc<Held>)>>,
    /// Bytes that may be held.
    room: usize,
}

#[derive(Default)]
struct Held(OnceLock<Result<Vec<Option<ByteArray>>, String>>);

impl Groups {
    /// `column`: that of the pictures, in each file.
    pub fn new(shards: Vec<Shard>, column: Vec<usize>, room: usize) -> Groups {
        let mut starts = Vec::new();
        let mut row = 0;
        for (shard, file) in shards.iter().enumerate() {
            for (group, &rows) in file.groups.iter().enumerate() {
                if rows > 0 {
                    starts.push((shard, group, row));
                }
                row += rows;
            }
        }
        Groups { shards, column, starts, held: Mutex::default(), room }
    }

    /// The file of the picture in a row, handed to `look`.
    ///
    /// # Errors
    /// There is none, or the file that it is in is damaged.
    pub fn picture<T>(&self, row: usize, look: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let number = self.starts.partition_point(|(.., first)| *first <= row) - 1;
        let (shard, group, first) = self.starts[number];
        let held = self.group(number);
        // Only the first of the threads that want it reads it.
        let read = held.0.get_or_init(|| {
            self.shards[shard].bytes(group, self.column[shard]).map_err(|error| error.to_string())
        });
        self.make_room();
        let rows = match read {
            Ok(rows) => rows,
            Err(message) => bail!("{message}"),
        };
        let named = || format!("{}, row {}", self.shards[shard].path.display(), row - first);
        match rows.get(row - first) {
            Some(Some(bytes)) => look(bytes.data()).map_err(|error| error.context(named())),
            _ => bail!("{}: there is no picture in it", named()),
        }
    }

    fn group(&self, number: usize) -> Arc<Held> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, group)) = held.iter().find(|(at, _)| *at == number) {
            return group.clone();
        }
        let group = Arc::<Held>::default();
        held.push_back((number, group.clone()));
        group
    }

    /// Lets the oldest go while there is too much; the newest stays.
    fn make_room(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let size = |group: &Held| match group.0.get() {
            Some(Ok(rows)) => rows.iter().flatten().map(ByteArray::len).sum(),
            _ => 0,
        };
        let mut all: usize = held.iter().map(|(_, group)| size(group)).sum();
        while all > self.room && held.len() > 1 {
            all -= held.pop_front().map_or(0, |(_, group)| size(&group));
        }
    }
}
