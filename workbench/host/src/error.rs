//! What can go wrong between a plugin's name and its work.

use std::fmt;
use std::path::PathBuf;

use workbench_graph::TraceError;

/// Each variant names the plugin, and says what to do where that is not plain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no plugin `{name}`{}{}", hint(.nearest), places(.searched))]
    NotFound { name: String, nearest: Option<String>, searched: Vec<PathBuf> },

    #[error("plugin `{name}` does not build:\n{output}")]
    Build { name: String, output: String },

    #[error("plugin `{name}` can't be built: `{program}` does not start ({source}); {help}")]
    Builder { name: String, program: String, help: String, source: std::io::Error },

    #[error("plugin `{name}` can't be loaded: {} {why}; build it anew or replace it", .path.display())]
    Library { name: String, path: PathBuf, why: String },

    #[error(
        "plugin `{name}` speaks version {found} of the plugin ABI, and this workbench version {wanted}: rebuild it \
         against this workbench's SDK or header ({})", .path.display()
    )]
    Abi { name: String, path: PathBuf, found: String, wanted: String },

    #[error(
        "plugin `{name}` has no {kind} `{item}`; it offers {}", listed(.offered)
    )]
    NoItem { name: String, kind: &'static str, item: String, offered: Vec<String> },

    #[error("plugin `{plugin}`, {doing}: {message}{}", at(.place))]
    Failed {
        plugin: String,
        doing: String,
        message: String,
        place: Option<Place>,
        /// It was no answer but a fault of the plugin's code, which was caught there.
        panicked: bool,
    },

    #[error("plugin `{plugin}`, building the graph: {source}")]
    Trace { plugin: String, source: TraceError },

    #[error("plugin `{plugin}` breaks the plugin ABI: {message}")]
    Contract { plugin: String, message: String },

    #[error(
        "plugin `{plugin}` declares its parameters wrongly: {message}; change the default or what is allowed"
    )]
    Declaration { plugin: String, message: String },

    #[error("{}: {source}", .path.display())]
    Io { path: PathBuf, source: std::io::Error },
}

/// A line of the plugin's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        // C knows no columns.
        if self.column > 0 { write!(f, ":{}", self.column) } else { Ok(()) }
    }
}

fn hint(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

fn places(searched: &[PathBuf]) -> String {
    match searched {
        [] => " (there is no folder to search: set WORKBENCH_PLUGINS, or run inside a root)"
            .to_owned(),
        paths => {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            format!(" (searched {})", paths.join(", "))
        }
    }
}

fn listed(offered: &[String]) -> String {
    match offered {
        [] => "nothing".to_owned(),
        names => names.join(", "),
    }
}

fn at(place: &Option<Place>) -> String {
    match place {
        Some(place) => format!(" (at {place})"),
        None => String::new(),
    }
}
