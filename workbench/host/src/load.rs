//! From a library's file to a plugin that can be used.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use workbench_abi as abi;
use workbench_graph::Graph;

use crate::calls::Announced;
use crate::ffi::{self, Dataset, Described, Linked, Task};
use crate::inspect::{Refusal, inspect};
use crate::plugins::Probe;
use crate::{ArchitectureInfo, DatasetInfo, Error, Values};

/// A loaded plugin.
pub struct Plugin {
    pub name: String,
    pub version: String,
    /// The library as it was found or built; empty for a linked plugin.
    pub path: PathBuf,
    /// Of the library's bytes, in hexadecimal; empty for a linked plugin.
    pub sha256: String,
    /// ABI version, "1.0".
    pub abi: String,
    described: Described,
}

impl Plugin {
    /// A plugin that is part of this program, without a library to find, build or load.
    ///
    /// # Errors
    /// [`Error::Contract`], where the table breaks the ABI.
    pub fn linked(table: Linked) -> Result<Plugin, Error> {
        let table = table.table();
        let described = ffi::describe(table).map_err(|message| Error::Contract {
            plugin: "linked into this program".to_owned(),
            message,
        })?;
        Ok(Plugin {
            name: described.name.clone(),
            version: described.version.clone(),
            path: PathBuf::new(),
            sha256: String::new(),
            abi: format!("{}.{}", table.major, table.minor),
            described,
        })
    }

    pub fn datasets(&self) -> impl Iterator<Item = &DatasetInfo> {
        self.described.datasets.iter().map(|(info, _)| info)
    }

    pub fn architectures(&self) -> impl Iterator<Item = &ArchitectureInfo> {
        self.described.architectures.iter().map(|(info, _)| info)
    }

    /// The data set of this name, or the only one.
    ///
    /// # Errors
    /// [`Error::NoItem`] lists what there is.
    pub fn dataset(&self, name: &str) -> Result<&DatasetInfo, Error> {
        Ok(&self.pick("data set", &self.described.datasets, |info| &info.name, name)?.0)
    }

    /// The architecture of this name, or the only one.
    ///
    /// # Errors
    /// [`Error::NoItem`] lists what there is.
    pub fn architecture(&self, name: &str) -> Result<&ArchitectureInfo, Error> {
        Ok(&self.pick("architecture", &self.described.architectures, |info| &info.name, name)?.0)
    }

    /// Opens a data set with checked values.
    ///
    /// # Errors
    /// The plugin's own, and breaches of the ABI.
    pub fn open(&self, name: &str, values: Values) -> Result<Dataset, Error> {
        let (_, table) =
            self.pick("data set", &self.described.datasets, |info| &info.name, name)?;
        Dataset::open(&self.owner(), table, values)
    }

    /// Traces an architecture with checked values.
    ///
    /// # Errors
    /// The plugin's own, shapes that do not fit, and breaches of the ABI.
    pub fn trace(&self, name: &str, values: &Values, task: &Task) -> Result<Graph, Error> {
        let (info, table) =
            self.pick("architecture", &self.described.architectures, |info| &info.name, name)?;
        ffi::trace(&self.owner(), info, table, values, task)
    }

    fn owner(&self) -> Owner {
        Owner { name: self.name.clone(), library: self.path.clone() }
    }

    fn pick<'a, I, T>(
        &self,
        kind: &'static str,
        items: &'a [(I, T)],
        name_of: impl Fn(&I) -> &String,
        name: &str,
    ) -> Result<&'a (I, T), Error> {
        let only = match items {
            [only] => Some(only),
            _ => None,
        };
        items.iter().find(|(info, _)| name_of(info) == name).or(only).ok_or_else(|| {
            let datasets = self.datasets().map(|info| format!("the data set `{}`", info.name));
            let architectures =
                self.architectures().map(|info| format!("the architecture `{}`", info.name));
            let offered = datasets.chain(architectures).collect();
            Error::NoItem { name: self.name.clone(), kind, item: name.to_owned(), offered }
        })
    }
}

/// Eight digits that tell a path from others.
pub(crate) fn digest(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let sum = Sha256::digest(path.as_os_str().as_encoded_bytes());
    sum.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Debug information and linked libraries included.
const MAX_BYTES: u64 = 1 << 30;

/// Whose code a call runs.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub name: String,
    /// As it was found or built; empty for a linked plugin.
    pub library: PathBuf,
}

/// Looks at a library, copies it to a path made of its content, lets `probe` load it first in another
/// process where its content was not seen before, and loads it.
///
/// # Errors
/// Why it is refused, with the plugin's name.
pub(crate) fn load(
    name: &str,
    path: &Path,
    loaded: &Path,
    probe: Option<&Probe>,
) -> Result<Plugin, Error> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let refuse = |why: String| Error::Library { name: name.to_owned(), path: path.to_owned(), why };
    let length = fs::metadata(path).map_err(io(path))?.len();
    if length > MAX_BYTES {
        return Err(refuse(format!(
            "is {length} bytes long, and no plugin is larger than {MAX_BYTES}"
        )));
    }
    let bytes = fs::read(path).map_err(io(path))?;
    let header = inspect(&bytes).map_err(|refusal| match refusal {
        Refusal::NotAPlugin(why) => refuse(why),
        Refusal::Version(found) => Error::Abi {
            name: name.to_owned(),
            path: path.to_owned(),
            found,
            wanted: abi::MAJOR.to_string(),
        },
    })?;
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::create_dir_all(loaded).map_err(io(loaded))?;
    let file = format!("{}-{name}{}", &sha256[..16], std::env::consts::DLL_SUFFIX);
    let copy = loaded.join(file);
    // One that a crash has left half-written is not trusted.
    if !fs::read(&copy).is_ok_and(|there| there == bytes) {
        let mut aside = tempfile::NamedTempFile::new_in(loaded).map_err(io(loaded))?;
        aside.write_all(&bytes).map_err(io(aside.path()))?;
        if let Some(probe) = probe {
            probe(aside.path()).map_err(refuse)?;
        }
        // Only what survived its first contact gets the name under which it is trusted afterwards.
        aside
            .persist(&copy)
            .map_err(|error| Error::Io { path: copy.clone(), source: error.error })?;
    }
    let announced = Announced::new(name, "loading it", path);
    let table = ffi::open(&copy).map_err(refuse)?;
    let described = ffi::describe(table)
        .map_err(|message| Error::Contract { plugin: name.to_owned(), message })?;
    drop(announced);
    Ok(Plugin {
        name: described.name.clone(),
        version: described.version.clone(),
        path: path.to_owned(),
        sha256,
        abi: format!("{}.{}", header.major, header.minor),
        described,
    })
}

/// Loads a library in this process and reads its declarations: what the child does at first contact.
///
/// # Errors
/// Why it can't be loaded.
pub(crate) fn first_contact(path: &Path) -> Result<(), String> {
    ffi::open(path).and_then(ffi::describe).map(|_| ())
}
