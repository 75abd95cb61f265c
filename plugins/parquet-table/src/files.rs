//! The files of a data set, and the splits that their names tell.

use std::path::{Path, PathBuf};

use workbench_sdk::prelude::*;

/// Files in the order of their rows: those of the training split first.
pub struct Files {
    pub paths: Vec<PathBuf>,
    /// The split of each, where the names tell.
    splits: Option<Vec<&'static str>>,
}

/// What the names of a split's files begin with.
const SPLITS: [(&str, &[&str]); 3] =
    [("train", &["train"]), ("valid", &["valid", "val"]), ("test", &["test"])];
/// More files are no data set.
const MOST_FILES: usize = 10_000;

/// A file, or the .parquet files of a folder.
///
/// # Errors
/// There is none.
pub fn find(path: &Path) -> Result<Files> {
    look(path).map_err(|error| error.context(path.display()))
}

fn look(path: &Path) -> Result<Files> {
    if !path.metadata()?.is_dir() {
        return Ok(Files { paths: vec![path.to_owned()], splits: None });
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "parquet") && path.is_file() {
            paths.push(path);
        }
        ensure!(paths.len() <= MOST_FILES, "holds more than {MOST_FILES} files");
    }
    ensure!(!paths.is_empty(), "holds no .parquet file");
    paths.sort();
    let split = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        SPLITS.iter().position(|(_, begins)| begins.iter().any(|begin| name.starts_with(begin)))
    };
    let told: Vec<Option<usize>> = paths.iter().map(split).collect();
    let has = |number: usize| told.contains(&Some(number));
    if !(has(0) && has(2)) {
        return Ok(Files { paths, splits: None });
    }
    // Files of no split are left out, where others tell theirs.
    let mut of: Vec<(usize, PathBuf)> =
        told.into_iter().zip(paths).filter_map(|(split, path)| Some((split?, path))).collect();
    of.sort();
    let splits = of.iter().map(|(split, _)| SPLITS[*split].0).collect();
    Ok(Files { paths: of.into_iter().map(|(_, path)| path).collect(), splits: Some(splits) })
}

impl Files {
    /// The rows of each split, from those of each file.
    pub fn apart(&self, rows: &[u64]) -> Option<Vec<(&'static str, u64)>> {
        let splits = self.splits.as_ref()?;
        let count = |name: &str| {
            splits.iter().zip(rows).filter(|(split, _)| **split == name).map(|(_, rows)| rows).sum()
        };
        Some(SPLITS.iter().map(|(name, _)| (*name, count(name))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_splits() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "test-0.parquet",
            "train-1.parquet",
            "train-0.parquet",
            "validation.parquet",
            "notes.txt",
            "other.parquet",
        ] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let files = find(folder.path()).ok().unwrap();
        let names: Vec<_> =
            files.paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(
            names,
            ["train-0.parquet", "train-1.parquet", "validation.parquet", "test-0.parquet"]
        );
        assert_eq!(files.apart(&[1, 2, 3, 4]), Some(vec![("train", 3), ("valid", 3), ("test", 4)]));
        std::fs::remove_file(folder.path().join("test-0.parquet")).unwrap();
        let files = find(folder.path()).ok().unwrap();
        assert_eq!((files.paths.len(), files.apart(&[1; 4])), (4, None));
        assert!(find(&folder.path().join("none")).is_err());
    }
}
