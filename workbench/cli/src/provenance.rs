//! Where a run comes from: enough to tell whether it could be made again.

use std::path::Path;
use std::process::Command;

use toml::{Table, Value};
use workbench_runs::{Group, Parent, RunDir, toml_text};

use crate::context::Context;
use crate::prepare::Prepared;

/// `provenance.toml`: versions, plugins and data by checksum, source revision, seed, host, command line, group, parent.
pub fn describe(
    context: &Context,
    prepared: &Prepared,
    group: Option<&Group>,
    parent: Option<&Parent>,
) -> String {
    let mut table = Table::new();
    let mut set = |key: &str, value: Value| table.insert(key.to_owned(), value);
    let started = jiff::ZonedDateTime::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let command: Vec<Value> = std::env::args_os()
        .map(|word| Value::String(word.to_string_lossy().into_owned()))
        .collect();
    set("workbench", env!("CARGO_PKG_VERSION").into());
    set("started", started.into());
    set("command", Value::Array(command));
    set("seed", Value::String(prepared.experiment.seed.to_string()));
    set("host", rustix::system::uname().nodename().to_string_lossy().into_owned().into());
    set("system", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH).into());
    set("threads", Value::Integer(rayon::current_num_threads() as i64));
    set("instructions", instructions().into());
    if let Some(root) = &context.root
        && let Some(revision) = revision(root)
    {
        set("revision", revision.into());
    }
    let plugins = [("dataset", &prepared.reader), ("architecture", &prepared.architecture)];
    let plugins = plugins.map(|(role, plugin)| {
        let entry: [(&str, &str); 4] = [
            ("name", &plugin.name),
            ("version", &plugin.version),
            ("abi", &plugin.abi),
            ("sha256", &plugin.sha256),
        ];
        let entry = entry.map(|(key, value)| (key.to_owned(), Value::String(value.to_owned())));
        (role.to_owned(), Value::Table(entry.into_iter().collect()))
    });
    set("plugin", Value::Table(plugins.into_iter().collect()));
    // For those who set knobs while the run trains, also where its plugin is not at hand.
    let knobs = prepared.graph.knobs().iter().map(|knob| {
        let range = [("min", knob.min), ("max", knob.max)];
        let range = range.map(|(key, value)| (key.to_owned(), Value::Float(value)));
        (knob.name.clone(), Value::Table(range.into_iter().collect()))
    });
    set("knobs", Value::Table(knobs.collect()));
    if let Some(card) = &prepared.card {
        let mut data = Table::new();
        data.insert("name".to_owned(), card.name.clone().into());
        data.insert("card_sha256".to_owned(), card.sha256.clone().into());
        let files = card.content.files.iter().filter_map(|file| {
            Some((file.path.display().to_string(), Value::String(card.likely_sha256(file)?)))
        });
        data.insert("files".to_owned(), Value::Table(files.collect()));
        set("data", Value::Table(data));
    }
    if let Some(group) = group {
        set("group", Value::Table(group.to_table()));
    }
    if let Some(parent) = parent {
        set("parent", Value::Table(parent.to_table()));
    }
    table.to_string()
}

/// What is not as it was when the run began: a plugin or a data card of the same name and other content.
pub fn differences(run: &RunDir, prepared: &Prepared) -> Vec<String> {
    let before = toml_text::read_table(&run.provenance(), toml_text::MAX_PROVENANCE);
    let before = before.ok().flatten().unwrap_or_default();
    let said = |path: [&str; 3]| {
        before.get(path[0])?.get(path[1])?.get(path[2])?.as_str().map(str::to_owned)
    };
    let mut differences = Vec::new();
    for (role, plugin) in [("dataset", &prepared.reader), ("architecture", &prepared.architecture)]
    {
        // A fork may have another plugin on purpose.
        if said(["plugin", role, "name"]).is_some_and(|name| name == plugin.name)
            && said(["plugin", role, "sha256"]).is_some_and(|sha256| sha256 != plugin.sha256)
        {
            differences.push(format!(
                "plugin `{}` is not the one that {} was begun with: its library has changed",
                plugin.name,
                run.name()
            ));
        }
    }
    let data = |key: &str| before.get("data")?.get(key)?.as_str();
    if let Some(card) = &prepared.card
        && data("name") == Some(card.name.as_str())
        && data("card_sha256").is_some_and(|was| was != card.sha256)
    {
        differences.push(format!(
            "the card of data set `{}` has changed since {} was begun",
            card.name,
            run.name()
        ));
    }
    differences
}

/// The commit that the root is at, with "+changes" where files differ from it.
fn revision(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])
        .is_some_and(|text| !text.is_empty());
    Some(if changes { format!("{commit}+changes") } else { commit })
}

/// The vector instructions that decide which kernels run, and so the last bits of results.
fn instructions() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let found = [
            ("avx2", std::is_x86_feature_detected!("avx2")),
            ("fma", std::is_x86_feature_detected!("fma")),
            ("avx512f", std::is_x86_feature_detected!("avx512f")),
        ];
        found
            .into_iter()
            .filter(|(_, there)| *there)
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .join(" ")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        "baseline".to_owned()
    }
}
