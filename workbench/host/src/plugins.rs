//! The way from a plugin's name to a plugin.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::build::Builder;
use crate::find::{Origin, Source, at, same, sources};
use crate::load::{Plugin, digest, first_contact, load};
use crate::params::{self, nearest};
use crate::{Error, ParamError, ParamInfo, Values};

/// Loads a library for the first time in another process, so that one that crashes takes nothing with it.
pub type Probe = Box<dyn Fn(&Path) -> Result<(), String> + Send + Sync>;

/// Where plugins are looked for, and how they are built.
pub struct Settings {
    /// Holds `plugins/`.
    pub root: Option<PathBuf>,
    /// Folders of built libraries.
    pub search: Vec<PathBuf>,
    /// Where builds and loaded copies go: `target/plugins` of the root, or the user's cache.
    pub target: PathBuf,
    /// "cargo", or what `CARGO` says.
    pub cargo: OsString,
    /// "cc", or what `CC` says; arguments may follow it.
    pub cc: String,
    /// Whether compilers colour their words: they are for a terminal.
    pub color: bool,
    pub probe: Option<Probe>,
    /// Told each line that a builder prints.
    pub progress: Box<dyn Fn(&str) + Send + Sync>,
}

/// Finds, builds and loads plugins; each once.
pub struct Plugins {
    settings: Settings,
    loaded: Mutex<BTreeMap<String, Arc<Plugin>>>,
}

impl Plugins {
    pub fn new(settings: Settings) -> Plugins {
        Plugins { settings, loaded: Mutex::default() }
    }

    /// Every plugin that can be named, by name.
    pub fn sources(&self) -> Vec<Source> {
        sources(self.settings.root.as_deref(), &self.settings.search)
    }

    /// The plugin of this name, found, built where it is source, and loaded.
    ///
    /// # Errors
    /// Each names the plugin and what to do.
    pub fn get(&self, name: &str) -> Result<Arc<Plugin>, Error> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(name) {
            return Ok(plugin.clone());
        }
        let plugin = Arc::new(self.load(&self.find(name)?)?);
        // Not in `load`: whoever examines a plugin wants to see all that is wrong with it.
        let datasets = plugin.datasets().flat_map(|info| &info.parameters);
        let architectures = plugin.architectures().flat_map(|info| &info.parameters);
        let wrong = datasets.chain(architectures).find_map(|param| param.contradiction());
        if let Some(message) = wrong {
            return Err(Error::Declaration { plugin: name.to_owned(), message });
        }
        loaded.insert(name.to_owned(), plugin.clone());
        Ok(plugin)
    }

    /// A plugin that was found, built where it is source, and loaded.
    ///
    /// # Errors
    /// Each names the plugin and what to do.
    pub fn load(&self, source: &Source) -> Result<Plugin, Error> {
        let library = self.build(source)?;
        let copies = self.settings.target.join("loaded");
        load(&source.name, &library, &copies, self.settings.probe.as_ref())
    }

    /// What a path leads to: a library, a C file, or a folder with a plugin's source. `None` where it is none of them.
    pub fn at(path: &Path) -> Option<Source> {
        at(path)
    }

    /// The library of a plugin, brought up to date where it has a source.
    ///
    /// # Errors
    /// The compiler's words.
    pub fn build(&self, source: &Source) -> Result<PathBuf, Error> {
        self.build_telling(source, &*self.settings.progress)
    }

    /// As [`Plugins::build`], with each line that the builder prints told to `progress` instead.
    ///
    /// # Errors
    /// The compiler's words.
    pub fn build_telling(
        &self,
        source: &Source,
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<PathBuf, Error> {
        let builder = Builder {
            cargo: &self.settings.cargo,
            cc: &self.settings.cc,
            color: self.settings.color,
            target: &self.settings.target,
            progress,
        };
        match &source.origin {
            Origin::Crate(folder) => builder.cargo(&source.name, folder),
            Origin::C(place) => builder.c(&source.name, &self.file_name(source), place),
            Origin::Library(path) => Ok(path.clone()),
        }
    }

    /// What a C plugin's library is called, without prefix and suffix. One from elsewhere may have the name of one of the
    /// root's, and must not be taken for it.
    fn file_name(&self, source: &Source) -> String {
        let (Some(root), Origin::C(place)) = (&self.settings.root, &source.origin) else {
            return source.name.clone();
        };
        let folder = root.join("plugins").join(&source.name);
        let same = |a: &Path, b: &Path| a == b || a.canonicalize().ok() == b.canonicalize().ok();
        match same(place, &folder) {
            true => source.name.clone(),
            false => format!("{}-{}", source.name, digest(place)),
        }
    }

    /// What the child process does at a library's first contact.
    ///
    /// # Errors
    /// Why it can't be loaded.
    pub fn first_contact(library: &Path) -> Result<(), String> {
        first_contact(library)
    }

    /// Checks what a user gave against what a plugin declares; see [`ParamError`].
    ///
    /// # Errors
    /// The first key that is wrong.
    pub fn check(
        declared: &[ParamInfo],
        given: &toml::Table,
        base: &Path,
    ) -> Result<Values, ParamError> {
        params::check(declared, given, base)
    }

    /// The plugin of this name, neither built nor loaded.
    ///
    /// # Errors
    /// There is none; the nearest name is told.
    pub fn find(&self, name: &str) -> Result<Source, Error> {
        let sources = self.sources();
        if let Some(source) = sources.iter().find(|source| same(&source.name, name)) {
            return Ok(source.clone());
        }
        let known = sources.iter().map(|source| source.name.as_str());
        let mut searched: Vec<PathBuf> = self.settings.search.clone();
        if let Some(root) = &self.settings.root {
            searched.insert(0, root.join("plugins"));
        }
        Err(Error::NotFound {
            name: name.to_owned(),
            nearest: nearest(name, known).map(str::to_owned),
            searched,
        })
    }
}
