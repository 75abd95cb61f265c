//! `plugin check`: what a plugin promises, tried out.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use workbench_dashboard::Tile;
use workbench_host::{Plugins, Source, inspect};

use crate::arguments::PluginCheck;
use crate::card::Card;
use crate::commands::preview::place;
use crate::conformance::{Kind, Options, Outcome, Report, State, Subject, examine};
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};

/// As long as one call into a plugin takes where nobody says otherwise.
const DEADLINE: Duration = Duration::from_secs(30);

/// `workbench plugin check`.
pub fn check(context: &Context, check: &PluginCheck) -> Result<()> {
    let deadline = Duration::try_from_secs_f64(check.deadline).ok().filter(|d| !d.is_zero());
    let deadline = deadline.ok_or_else(|| {
        Failure::usage("--deadline takes a number of seconds that is larger than 0")
    })?;
    let source = find(context, &check.plugin)?;
    let card = check.data.as_ref().map(|name| Card::find(context, name)).transpose()?;
    let subject = Subject { kind: Kind::Library, name: source.name.clone() };
    let mut shown = Table { json: check.json.json, at: None };
    let built = context.plugins.build(&source);
    let (name, outcome) = match &built {
        Ok(library) => ("file", look_at(library)),
        Err(error) => ("build", Outcome::failed(error.to_string(), "mend what the compiler names")),
    };
    // One that does not build has no path but the one that was asked for.
    let library = built.unwrap_or_else(|_| PathBuf::from(&check.plugin));
    shown.row(&subject, name, &outcome);
    let sound = outcome.state != State::Failed;
    let first = (subject, name.to_owned(), outcome);
    let mut report = Report::default();
    if sound {
        let options = Options {
            name: source.name.clone(),
            library: library.clone(),
            values: check.values.clone(),
            data: card.map(|card| (card.name, card.content.reader)),
            deadline,
        };
        report = examine(context, &options, &mut |subject, name, outcome| {
            shown.row(subject, name, outcome);
        })?;
    }
    report.found.insert(0, first);
    finish(&report, &library, check.json.json, &source.name)
}

/// What is to be mended or looked at in a library that was built, with its parameters' defaults.
///
/// # Errors
/// No process could be started.
pub fn wants(context: &Context, name: &str, library: &Path) -> Result<Vec<String>> {
    let options = Options {
        name: name.to_owned(),
        library: library.to_owned(),
        values: Vec::new(),
        data: None,
        deadline: DEADLINE,
    };
    let report = examine(context, &options, &mut |_, _, _| {})?;
    let is_wanting = |outcome: &Outcome| matches!(outcome.state, State::Failed | State::Warning);
    let wanting = report.found.iter().filter(|(_, _, outcome)| is_wanting(outcome));
    Ok(wanting
        .map(|(subject, name, found)| format!("{subject}: {name}: {}", found.message))
        .collect())
}

/// What PATH|NAME means: a path where it looks like one, else a name.
fn find(context: &Context, given: &str) -> Result<Source> {
    let path = Path::new(given);
    let looks_like_one = path.components().count() > 1 || path.is_absolute() || path.is_file();
    if !looks_like_one && !matches!(given, "." | "..") {
        match context.plugins.find(given) {
            Err(error) if !path.is_dir() => return Err(Failure::usage(error)),
            Err(_) => {}
            found => return found.map_err(Failure::usage),
        }
    }
    Plugins::at(path).ok_or_else(|| {
        Failure::usage(match path.exists() {
            true => format!(
                "{given} holds no plugin: a folder with a Cargo.toml, a Makefile or one C file, a C file or a library is wanted"
            ),
            false => format!("there is no {given}"),
        })
    })
}

/// Without loading it.
fn look_at(library: &Path) -> Outcome {
    let bytes = match std::fs::read(library) {
        Ok(bytes) => bytes,
        Err(error) => {
            return Outcome::failed(format!("{}: {error}", library.display()), "build it anew");
        }
    };
    match inspect::inspect(&bytes) {
        Ok(header) => Outcome::passed(format!(
            "a plugin for this machine, ABI {}.{}, {}",
            header.major,
            header.minor,
            console::bytes(bytes.len() as u64)
        )),
        Err(inspect::Refusal::NotAPlugin(why)) => {
            Outcome::failed(format!("{} {why}", library.display()), "build it anew or replace it")
        }
        Err(inspect::Refusal::Version(found)) => Outcome::failed(
            format!(
                "{} speaks version {found} of the plugin ABI, and this workbench another",
                library.display()
            ),
            "rebuild it against this workbench's SDK or header",
        ),
    }
}

fn finish(report: &Report, library: &Path, as_json: bool, name: &str) -> Result<()> {
    let count =
        |state| report.found.iter().filter(|(_, _, outcome)| outcome.state == state).count();
    let failed = count(State::Failed);
    if as_json {
        console::json(&document(report, library, name));
    } else {
        pictures(report)?;
        console::line("");
        let part = |n, what: &str| if n > 0 { format!(", {n} {what}") } else { String::new() };
        console::line(format_args!(
            "{} passed{}{}{}: {}",
            count(State::Passed),
            part(count(State::Warning), "to look at"),
            part(count(State::Skipped), "skipped"),
            part(failed, "FAILED"),
            library.display()
        ));
    }
    match failed {
        0 => Ok(()),
        n => Err(Failure::usage(format_args!(
            "plugin `{name}` fails {n} of {} checks",
            report.found.len()
        ))),
    }
}

fn document(report: &Report, library: &Path, name: &str) -> Value {
    let checks = report.found.iter().map(|(subject, name, outcome)| {
        json!({
            "kind": subject.kind, "of": subject.name, "name": name, "ok": outcome.state != State::Failed,
            "state": outcome.state, "message": outcome.message, "help": outcome.help,
        })
    });
    json!({
        "path": library, "name": name, "version": report.offers.version, "abi": report.offers.abi,
        "ok": report.found.iter().all(|(_, _, outcome)| outcome.state != State::Failed), "checks": checks.collect::<Vec<_>>(),
    })
}

/// Where stdout is a terminal.
fn pictures(report: &Report) -> Result<()> {
    if !std::io::stdout().is_terminal() {
        return Ok(());
    }
    for (subject, pictures) in &report.pictures {
        let tiles: Vec<Tile> = pictures
            .iter()
            .map(|picture| Tile {
                width: picture.width,
                height: picture.height,
                pixels: picture.pixels.clone(),
                caption: picture.caption.clone(),
            })
            .collect();
        let ((columns, rows), options) = place()?;
        // Half of the screen, so that the table stays in sight.
        let drawn = workbench_dashboard::preview(&tiles, (columns, rows / 2), &options);
        console::line(format_args!("\n{subject}"));
        console::line(drawn.trim_end_matches('\n'));
    }
    Ok(())
}

/// The results for people, as they come.
struct Table {
    json: bool,
    /// What the last row was of.
    at: Option<Subject>,
}

impl Table {
    fn row(&mut self, subject: &Subject, name: &str, outcome: &Outcome) {
        if self.json {
            return;
        }
        if self.at.as_ref() != Some(subject) {
            let gap = if self.at.is_some() { "\n" } else { "" };
            console::line(format_args!("{gap}{subject}"));
            self.at = Some(subject.clone());
        }
        let mark = match outcome.state {
            State::Passed => '✓',
            State::Warning => '!',
            State::Failed => '✗',
            State::Skipped => '–',
        };
        let message = outcome.message.replace('\n', "\n                  ");
        console::line(format_args!("  {mark} {name:<12}  {message}"));
        if let Some(help) = &outcome.help {
            console::line(format_args!("                  = {help}"));
        }
    }
}
