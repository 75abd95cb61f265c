//! `plugin`: what there is and what each takes; beginning one and building are in files of their own.

mod build;
mod check;
mod new;
mod watch;

use std::sync::Arc;

use serde_json::{Value, json};
use workbench_host::{KnobInfo, ParamInfo, Plugin};

use crate::arguments;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::guard;

pub fn plugin(context: &Context, command: &arguments::Plugin) -> Result<()> {
    guard::start();
    match command {
        arguments::Plugin::List { json } => list(context, json.json),
        arguments::Plugin::Show { name, json } => show(context, name, json.json),
        arguments::Plugin::New(new) => new::new(context, new),
        arguments::Plugin::Build(build) if build.watch => watch::watch(context, build),
        arguments::Plugin::Build(build) => build::build(context, build),
        arguments::Plugin::Check(check) => check::check(context, check),
    }
}

fn list(context: &Context, json: bool) -> Result<()> {
    let mut entries = Vec::new();
    let mut failed = Vec::new();
    for source in context.plugins.sources() {
        match context.plugins.get(&source.name) {
            Ok(plugin) => entries.extend(describe(&plugin).into_iter().map(|mut entry| {
                entry["plugin"] = source.name.as_str().into();
                entry
            })),
            Err(error) => failed.push((source.name, error.to_string())),
        }
    }
    if json {
        entries.extend(
            failed.iter().map(|(name, why)| json!({"name": name, "plugin": name, "error": why})),
        );
        console::json(&Value::Array(entries));
    } else {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let head = ["name", "kind", "version", "about"].map(str::to_owned).to_vec();
        let rows = entries.iter().map(|entry| {
            let mut row = ["name", "kind", "version", "about"].map(|key| text(&entry[key]));
            // Everything else wants the plugin's name, which is its folder's.
            let plugin = text(&entry["plugin"]);
            if plugin.replace('-', "_") != row[0].replace('-', "_") {
                row[0] = format!("{} (plugin `{plugin}`)", row[0]);
            }
            row.to_vec()
        });
        console::table(&[head].into_iter().chain(rows).collect::<Vec<_>>());
    }
    // One that is broken does not hide the others.
    match failed.is_empty() {
        true => Ok(()),
        false => {
            let words: Vec<String> = failed.into_iter().map(|(_, why)| why).collect();
            Err(Failure::usage(words.join("\nerror: ")))
        }
    }
}

fn show(context: &Context, name: &str, json: bool) -> Result<()> {
    let plugin = context.plugins.get(name).map_err(Failure::usage)?;
    if json {
        console::json(&Value::Array(describe(&plugin)));
        return Ok(());
    }
    console::line(format_args!("{} {}, plugin ABI {}", plugin.name, plugin.version, plugin.abi));
    console::line(plugin.path.display());
    for info in plugin.datasets() {
        console::line(format_args!("\ndata set `{}`: {}", info.name, info.about));
        parameters(&info.parameters);
    }
    for info in plugin.architectures() {
        console::line(format_args!("\narchitecture `{}`: {}", info.name, info.about));
        parameters(&info.parameters);
        knobs(&info.knobs);
    }
    Ok(())
}

fn describe(plugin: &Arc<Plugin>) -> Vec<Value> {
    let entry = |name: &str,
                 kind: &str,
                 about: &str,
                 parameters: &[ParamInfo],
                 knobs: &[KnobInfo]| {
        json!({
            "name": name, "kind": kind, "version": plugin.version, "path": plugin.path, "abi": plugin.abi,
            "about": about, "parameters": parameters, "knobs": knobs,
        })
    };
    let datasets = plugin
        .datasets()
        .map(|info| entry(&info.name, "dataset", &info.about, &info.parameters, &[]));
    let architectures = plugin
        .architectures()
        .map(|info| entry(&info.name, "architecture", &info.about, &info.parameters, &info.knobs));
    datasets.chain(architectures).collect()
}

fn parameters(parameters: &[ParamInfo]) {
    let rows: Vec<Vec<String>> = parameters
        .iter()
        .map(|param| {
            let default = match &param.default {
                None => "(needed)".to_owned(),
                Some(default) => serde_json::to_string(default).unwrap_or_default(),
            };
            let allowed = if param.range.is_some() || !param.choices.is_empty() {
                param.allowed()
            } else {
                String::new()
            };
            vec![format!("  {}", param.name), default, allowed, param.about.clone()]
        })
        .collect();
    console::table(&rows);
}

fn knobs(knobs: &[KnobInfo]) {
    let rows: Vec<Vec<String>> = knobs
        .iter()
        .map(|knob| {
            let allowed = format!("from {} to {}", knob.min, knob.max);
            vec![
                format!("  knob {}", knob.name),
                knob.default.to_string(),
                allowed,
                knob.about.clone(),
            ]
        })
        .collect();
    console::table(&rows);
}
