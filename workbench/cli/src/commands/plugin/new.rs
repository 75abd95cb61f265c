//! `plugin new`: begins a plugin.

use std::path::Path;

use serde_json::json;

use crate::arguments::NewPlugin;
use crate::context::Context;
use crate::failure::Result;
use crate::{console, scaffold};

pub fn new(context: &Context, new: &NewPlugin) -> Result<()> {
    let name = &new.name;
    let scaffold = scaffold::write(context, new.kind, new.lang, name)?;
    let next = [
        (
            format!("workbench plugin check {name}"),
            "tries everything that the workbench will ask of it",
        ),
        (format!("workbench train {name}"), "builds what changed, and trains"),
        (format!("workbench plugin build {name} --watch"), "says at each save whether it builds"),
    ];
    if !scaffold.partner.is_here {
        console::warning(scaffold.partner.advice());
    }
    if new.json.json {
        let next: Vec<&String> = next.iter().map(|(command, _)| command).collect();
        console::json(&json!({
            "name": name, "written": scaffold.files, "changed": scaffold.changed, "next": next,
        }));
        return Ok(());
    }
    for file in &scaffold.files {
        console::line(shown(file).display());
    }
    if let Some(manifest) = &scaffold.changed {
        let manifest = shown(manifest);
        console::line(format_args!("{} has the member plugins/{name}", manifest.display()));
    }
    console::line("\nnext:");
    let rows = next.map(|(command, about)| vec![format!("  {command}"), about.to_owned()]);
    console::table(&rows);
    Ok(())
}

/// Without the current folder's path before it.
fn shown(path: &Path) -> &Path {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}
