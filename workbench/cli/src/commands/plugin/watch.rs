//! `plugin build --watch`: builds and loads a plugin again at each save.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use workbench_host::{Origin, Source};

use super::build::{Unbuilt, one, sources};
use super::check;
use crate::arguments::BuildPlugin;
use crate::context::Context;
use crate::failure::Result;
use crate::{console, probe};

/// How often folders are looked at. Every file system can be looked at; one that is mounted over the network tells
/// nobody of a save that was made on another machine.
const EVERY: Duration = Duration::from_millis(300);

/// Files with the time and size of each.
type Files = BTreeMap<PathBuf, (SystemTime, u64)>;

/// Ends, with success, at Ctrl-C.
pub fn watch(context: &Context, build: &BuildPlugin) -> Result<()> {
    let over = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, over.clone())?;
    }
    let mut seen: BTreeMap<String, Files> = BTreeMap::new();
    let mut wanted = sources(context, &build.name)?;
    while !over.load(Ordering::Relaxed) {
        let mut built = false;
        for source in &wanted {
            let files = files(source);
            if seen.get(&source.name) == Some(&files) || !is_at_rest(source, &files) {
                continue;
            }
            // As it was before: a save during the build is one that the next round sees.
            seen.insert(source.name.clone(), files);
            round(context, source, build.json, &over);
            built = true;
            if over.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        if built && !build.json {
            console::note("waiting for a save; Ctrl-C ends this");
        }
        std::thread::sleep(EVERY);
        if build.name == "all" {
            wanted = sources(context, &build.name)?;
        }
    }
    Ok(())
}

/// Builds, loads in another process, which says of a library that it is a plugin, and checks.
fn round(context: &Context, source: &Source, json: bool, over: &AtomicBool) {
    let began = Instant::now();
    let failed = |why: String| Unbuilt { unsaid: why.clone(), whole: why };
    let result = one(context, source).and_then(|path| {
        let loads = probe::in_another_process(&path);
        let loads =
            loads.map_err(|why| failed(format!("plugin `{}` can't be loaded: {why}", source.name)));
        loads.map(|()| (path, began.elapsed().as_secs_f64()))
    });
    let result = result.and_then(|(path, seconds)| {
        let wants = check::wants(context, &source.name, &path);
        wants.map(|wants| (wants, seconds)).map_err(|why| failed(why.to_string()))
    });
    if over.load(Ordering::Relaxed) {
        // Ctrl-C ended the compiler too.
        return;
    }
    let rounded = |seconds: f64| (seconds * 10.0).round() / 10.0;
    let seconds = rounded(began.elapsed().as_secs_f64());
    match (result, json) {
        (Ok((wants, built)), false) => {
            let built = format!("{}: built in {built:.1} s", source.name);
            match wants.is_empty() {
                true => console::line(format_args!("{built}, passes all checks")),
                false => {
                    console::line(format_args!("{built}, `plugin check {}` finds", source.name));
                    wants.iter().for_each(|want| console::line(format_args!("  {want}")));
                }
            }
        }
        (Ok((wants, built)), true) => console::json(
            &json!({"name": source.name, "ok": wants.is_empty(), "seconds": rounded(built), "found": wants}),
        ),
        (Err(why), false) => console::error(&why.unsaid),
        (Err(why), true) => console::json(
            &json!({"name": source.name, "ok": false, "seconds": seconds, "error": workbench_host::plain(&why.whole)}),
        ),
    }
}

/// Whether nothing changes any more: editors save in several steps, and several files one after another.
fn is_at_rest(source: &Source, files: &Files) -> bool {
    std::thread::sleep(EVERY / 3);
    self::files(source) == *files
}

/// What a plugin is made of. Hidden files and those that end in `~` are an editor's own.
fn files(source: &Source) -> Files {
    let mut found = Files::new();
    match &source.origin {
        Origin::Crate(folder) | Origin::C(folder) => collect(folder, &mut found),
        Origin::Library(path) => note(path, &mut found),
    }
    found
}

fn collect(folder: &Path, found: &mut Files) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || name.ends_with('~') || name == "target" {
            continue;
        }
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&path, found),
            _ => note(&path, found),
        }
    }
}

fn note(path: &Path, found: &mut Files) {
    if let Ok(meta) = std::fs::metadata(path) {
        let time = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        found.insert(path.to_owned(), (time, meta.len()));
    }
}
