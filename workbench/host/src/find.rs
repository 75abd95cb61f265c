//! Where plugins are.

use std::fs;
use std::path::{Path, PathBuf};

/// A plugin that was found, not yet built or loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A folder with a Cargo.toml.
    Crate(PathBuf),
    /// A folder with a Makefile or a single .c file, or such a file.
    C(PathBuf),
    /// A library that is there already.
    Library(PathBuf),
}

/// The plugin folders of a root, and the libraries in the folders of the plugin path; by name, the first of
/// each name only, so that a root's own come before installed ones.
pub(crate) fn sources(root: Option<&Path>, search: &[PathBuf]) -> Vec<Source> {
    let mut found: Vec<Source> = Vec::new();
    let from_root = root.map(|root| entries(&root.join("plugins"))).unwrap_or_default();
    let from_path = search.iter().flat_map(|folder| entries(folder));
    let all = from_root.into_iter().filter_map(source_folder).chain(from_path.filter_map(library));
    for source in all {
        if !found.iter().any(|known| same(&known.name, &source.name)) {
            found.push(source);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A library's file name can't hold every crate's name: `conv-vae` is `libconv_vae.so`.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.replace('-', "_") == b.replace('-', "_")
}

fn source_folder(path: PathBuf) -> Option<Source> {
    let name = path.file_name()?.to_str()?.to_owned();
    // A file beside the folders; a folder that is still being written, or an editor's own.
    if name.starts_with('.') || !path.is_dir() {
        return None;
    }
    let origin = if path.join("Cargo.toml").is_file() {
        Origin::Crate(path)
    } else if path.join("Makefile").is_file() || c_file(&path).is_some() {
        Origin::C(path)
    } else {
        return None;
    };
    Some(Source { name, origin })
}

/// What a path leads to, whatever folder it is in.
pub(crate) fn at(path: &Path) -> Option<Source> {
    if path.is_dir() {
        // A folder may be given as `.`, and a crate of another name than its folder's is built by its own.
        let found = source_folder(path.canonicalize().ok()?)?;
        let name = crate_name(&path.join("Cargo.toml")).unwrap_or(found.name);
        return Some(Source { name, origin: found.origin });
    }
    if !path.is_file() {
        return None;
    }
    if path.extension().is_some_and(|end| end == "c") {
        let name = path.file_stem()?.to_str()?.to_owned();
        return Some(Source { name, origin: Origin::C(path.to_owned()) });
    }
    library(path.to_owned()).or_else(|| {
        let name = path.file_stem()?.to_string_lossy().into_owned();
        Some(Source { name, origin: Origin::Library(path.to_owned()) })
    })
}

fn crate_name(manifest: &Path) -> Option<String> {
    let manifest: toml::Table = fs::read_to_string(manifest).ok()?.parse().ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

/// The one C file of a folder, or the file itself.
pub(crate) fn c_file(folder: &Path) -> Option<PathBuf> {
    if folder.is_file() {
        return Some(folder.to_owned());
    }
    let mut files =
        entries(folder).into_iter().filter(|path| path.extension().is_some_and(|end| end == "c"));
    match (files.next(), files.next()) {
        (Some(file), None) => Some(file),
        _ => None,
    }
}

fn library(path: PathBuf) -> Option<Source> {
    let file = path.file_name()?.to_str()?;
    let name = file
        .strip_prefix(std::env::consts::DLL_PREFIX)?
        .strip_suffix(std::env::consts::DLL_SUFFIX)?;
    Some(Source { name: name.to_owned(), origin: Origin::Library(path) })
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}
