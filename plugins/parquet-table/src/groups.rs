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

/// Empty until one of the threads that want it has read it.
#[derive(Default)]
struct Held(OnceLock<Read>);

struct Read {
    rows: Result<Vec<Option<ByteArray>>, String>,
    bytes: usize,
}

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
        let after = self.starts.partition_point(|(.., first)| *first <= row);
        let Some(number) = after.checked_sub(1) else { bail!("there are no rows") };
        let (shard, group, first) = self.starts[number];
        let held = self.group(number);
        let mut is_new = false;
        let read = held.0.get_or_init(|| {
            is_new = true;
            let rows = self.shards[shard].bytes(group, self.column[shard]);
            let rows = rows.map_err(|error| error.to_string());
            let bytes = rows.iter().flatten().flatten().map(ByteArray::len).sum();
            Read { rows, bytes }
        });
        if is_new {
            self.make_room();
        }
        let rows = match &read.rows {
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
        let size = |group: &Held| group.0.get().map_or(0, |read| read.bytes);
        let mut all: usize = held.iter().map(|(_, group)| size(group)).sum();
        while all > self.room && held.len() > 1 {
            all -= held.pop_front().map_or(0, |(_, group)| size(&group));
        }
    }
}

#[cfg(test)]
mod tests {
    use workbench_tests::repository;

    use super::*;

    fn groups(room: usize) -> Groups {
        let path = repository().join("tests/fixtures/data/parquet/train-00000-of-00002.parquet");
        let shard = Shard::open(&path).unwrap_or_else(|error| panic!("{error}"));
        let column = shard.column("image").unwrap();
        Groups::new(vec![shard], vec![column], room)
    }

    #[test]
    fn pictures_are_the_same_however_many_groups_are_held() {
        let (all, one) = (groups(1 << 20), groups(0));
        assert_eq!(all.starts.len(), 3, "20 rows in groups of 8");
        for row in (0..20).rev().chain(0..20) {
            let same =
                all.picture(row, |a| one.picture(row, |b| Ok(a == b && a.starts_with(b"\x89PNG"))));
            assert_eq!(same.ok(), Some(true), "row {row}");
        }
        assert_eq!(all.held.lock().unwrap().len(), 3);
        assert_eq!(one.held.lock().unwrap().len(), 1);
    }

    #[test]
    fn threads_read_groups_of_a_file_at_once() {
        let alone = groups(1 << 20);
        let wanted: Vec<Vec<u8>> = (0..20)
            .map(|row| alone.picture(row, |bytes| Ok(bytes.to_vec())).ok().unwrap())
            .collect();
        for _ in 0..50 {
            let together = groups(0);
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let (together, wanted) = (&together, &wanted);
                    scope.spawn(move || {
                        for row in (0..20).map(|row| (row + 8 * thread) % 20) {
                            let same = together.picture(row, |bytes| Ok(bytes == wanted[row]));
                            assert_eq!(
                                same.map_err(|error| error.to_string()),
                                Ok(true),
                                "row {row}"
                            );
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn a_file_without_rows_is_refused() {
        let none = Groups::new(Vec::new(), Vec::new(), 0);
        assert!(none.picture(0, |_| Ok(())).is_err());
    }
}
