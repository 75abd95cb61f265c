//! `plugin build`: brings libraries up to date with their source.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use workbench_host::{Error, Origin, Source};

use crate::arguments::BuildPlugin;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};

pub fn build(context: &Context, build: &BuildPlugin) -> Result<()> {
    let mut built = Vec::new();
    let mut failed = Vec::new();
    for source in sources(context, &build.name)? {
        match one(context, &source) {
            Ok(path) if build.json => built.push(json!({"name": source.name, "path": path})),
            Ok(path) => console::line(path.display()),
            Err(why) => failed.push(why.unsaid),
        }
    }
    if build.json {
        console::json(&Value::Array(built));
    }
    // One that is broken does not keep the others from being built.
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::usage(failed.join("\nerror: "))),
    }
}

/// The plugins of that name, or all that have a source.
pub(super) fn sources(context: &Context, name: &str) -> Result<Vec<Source>> {
    if name != "all" {
        return Ok(vec![context.plugins.find(name).map_err(Failure::usage)?]);
    }
    let mut sources = context.plugins.sources();
    sources.retain(|source| !matches!(source.origin, Origin::Library(_)));
    Ok(sources)
}

/// Builds one. What its builder prints goes to stderr as it comes.
pub(super) fn one(context: &Context, source: &Source) -> Result<PathBuf, Unbuilt> {
    let said = Mutex::new(String::new());
    let show = |line: &str| {
        console::note(line);
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push_str(line);
        said.push('\n');
    };
    context.plugins.build_telling(source, &show).map_err(|error| {
        let said = said.into_inner().unwrap_or_else(PoisonError::into_inner);
        let unsaid = match &error {
            Error::Build { name, output } if said.contains(output.lines().next().unwrap_or("")) => {
                format!("plugin `{name}` does not build")
            }
            error => error.to_string(),
        };
        Unbuilt { unsaid, whole: error.to_string() }
    })
}

/// Why a plugin could not be built: what its builder's words on stderr leave to be said, and all of it.
pub(super) struct Unbuilt {
    pub unsaid: String,
    pub whole: String,
}
