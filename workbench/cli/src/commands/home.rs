//! `workbench` alone: Home on a terminal, a plain listing elsewhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use workbench_dashboard::home::{DataSetEntry, ExperimentEntry, Owner, PluginEntry};
use workbench_experiment::{DatasetSource, Experiment};
use workbench_runs::toml_text;

use super::{attach, runs};
use crate::arguments::Screen;
use crate::card::Card;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::prepare;

pub fn home(context: Context) -> Result<()> {
    let asker = Asker { executable: std::env::current_exe()?, context };
    if !attach::possible() {
        return list(&asker);
    }
    let (runs, options) = (asker.context.runs.clone(), attach::options(&Screen::default())?);
    workbench_dashboard::home(Arc::new(asker), &runs, &options).map_err(Failure::usage)
}

/// The same four sections as lines.
fn list(asker: &Asker) -> Result<()> {
    let section = |title: &str, head: &[&str], rows: Vec<Vec<String>>| {
        console::line(title);
        match rows.is_empty() {
            true => console::line("(none)"),
            false => {
                let head = head.iter().map(|&word| word.to_owned()).collect();
                console::table(&[vec![head], rows].concat());
            }
        }
    };
    let mut table = runs::table(&workbench_runs::list(&asker.context.runs)?);
    let head = table.remove(0);
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    section("Runs", &head, table);
    let rows = asker.experiments().into_iter().map(|entry| {
        let about = entry.error.map_or(entry.about, |error| first_line(&error));
        vec![entry.name, entry.data_set, entry.architecture, about]
    });
    section("\nExperiments", &["experiment", "data set", "architecture", "about"], rows.collect());
    let rows = asker.data_sets().into_iter().map(|entry| {
        let files = if entry.missing.is_empty() { "there" } else { "missing" };
        vec![entry.name, files.to_owned(), entry.title]
    });
    section("\nData sets", &["data set", "files", "title"], rows.collect());
    let rows = asker.described_plugins().into_iter();
    let rows = rows.map(|entry| vec![entry.name, entry.kind, entry.about]);
    section("\nPlugins", &["plugin", "kind", "about"], rows.collect());
    Ok(())
}

/// Whatever loads a plugin, trains or fails happens in another process that runs this binary: what it prints is caught
/// and does not scramble the screen, and what crashes takes nothing with it.
struct Asker {
    executable: PathBuf,
    context: Context,
}

impl Asker {
    /// What a command prints on stdout.
    ///
    /// # Errors
    /// What it says on stderr, where it does not end well.
    fn ask(&self, arguments: &[&str], path: Option<&Path>) -> Result<String, String> {
        let mut command = Command::new(&self.executable);
        if let Some(root) = &self.context.root {
            command.arg("--root").arg(root);
        }
        command.arg("--runs").arg(&self.context.runs).args(arguments).args(path);
        command.stdin(Stdio::null());
        let output =
            command.output().map_err(|error| format!("{}: {error}", self.executable.display()))?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        match (output.status.success(), said(&output.stderr)) {
            (true, _) => Ok(said(&output.stdout)),
            (false, why) if why.is_empty() => Err(format!("it ended with {}", output.status)),
            (false, why) => Err(why),
        }
    }

    fn describe(&self, name: &str) -> Result<Vec<PluginEntry>, String> {
        let text = self.ask(&["plugin", "show", name, "--json"], None)?;
        let entries: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(entries.as_array().into_iter().flatten().map(described).collect())
    }
}

impl Owner for Asker {
    fn experiments(&self) -> Vec<ExperimentEntry> {
        let Some(root) = &self.context.root else { return Vec::new() };
        let folder = root.join("experiments");
        let names = prepare::stems(&folder).into_iter();
        names.map(|name| experiment(folder.join(format!("{name}.toml")), name)).collect()
    }

    fn data_sets(&self) -> Vec<DataSetEntry> {
        let folders = Card::folders(&self.context);
        folders.iter().map(|(name, folder)| data_set(name, folder)).collect()
    }

    fn plugins(&self) -> Vec<PluginEntry> {
        let about = "not looked at yet: it may have to be built".to_owned();
        let sources = self.context.plugins.sources().into_iter();
        sources
            .map(|source| PluginEntry {
                name: source.name,
                about: about.clone(),
                ..PluginEntry::default()
            })
            .collect()
    }

    fn described_plugins(&self) -> Vec<PluginEntry> {
        let sources = self.context.plugins.sources().into_iter();
        let entries = sources.flat_map(|source| {
            self.describe(&source.name).unwrap_or_else(|why| {
                let about = first_line(&why);
                let (name, kind) = (source.name.clone(), String::new());
                vec![PluginEntry { name, kind, about, details: why, is_broken: true }]
            })
        });
        entries.collect()
    }

    fn check(&self, experiment: &Path) -> Result<String, String> {
        self.ask(&["check"], Some(experiment))
    }

    fn start(&self, experiment: &Path) -> Result<PathBuf, String> {
        let said = self.ask(&["train", "--detach"], Some(experiment))?;
        match said.lines().last() {
            Some(run) => Ok(PathBuf::from(run)),
            None => Err("the trainer started, and did not say where its run is".to_owned()),
        }
    }

    fn resume(&self, run: &Path) -> Result<(), String> {
        self.ask(&["resume", "--detach"], Some(run)).map(|_| ())
    }

    fn editor(&self, file: &Path) -> Command {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        // The variable may hold arguments too; the shell takes it apart as it does for everyone else.
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec {editor} \"$1\"")).arg("sh").arg(file);
        command
    }

    fn explorer(&self, run: &Path) -> Vec<OsString> {
        attach::explore_command(&self.context, run, &Screen::default())
    }

    fn looker(&self, run: &Path) -> Vec<OsString> {
        attach::look_command(&self.context, run)
    }

    fn come_back(&self, run: &str) -> String {
        attach::attach_command(&self.context, run)
    }
}

/// As large as an experiment may be.
const LARGEST_EXPERIMENT: u64 = 1 << 20;

fn experiment(path: PathBuf, name: String) -> ExperimentEntry {
    // What can't be read, or is no experiment, says so below.
    let text = toml_text::read_text(&path, LARGEST_EXPERIMENT).ok().flatten().unwrap_or_default();
    let about = text.lines().next().and_then(|line| line.strip_prefix('#'));
    let about = about.unwrap_or_default().trim().to_owned();
    let (data_set, architecture, error) = match Experiment::load(&path, &[]) {
        Ok(experiment) => {
            let data_set = match experiment.dataset.source {
                DatasetSource::Card { name } => name,
                DatasetSource::Plugin { plugin } => plugin,
            };
            (data_set, experiment.architecture.plugin, None)
        }
        Err(error) => (String::new(), String::new(), Some(error.to_string())),
    };
    ExperimentEntry { path, name, about, data_set, architecture, text, error }
}

fn data_set(name: &str, folder: &Path) -> DataSetEntry {
    match Card::read(name, folder) {
        Ok(card) => {
            let content = &card.content;
            let missing = card.missing();
            let remedy = match missing.is_empty() {
                true => String::new(),
                false => format!("\n\n{}", card.remedy()),
            };
            let details = format!(
                "\n{}\n\nlicence  {}\nsource   {}\nreader   {}\nfolder   {}{remedy}",
                content.about.trim(),
                content.licence,
                content.source,
                content.reader,
                folder.display()
            );
            DataSetEntry { name: name.to_owned(), title: content.title.clone(), missing, details }
        }
        Err(error) => {
            let missing = vec![error.to_string()];
            let title = first_line(&missing[0]);
            DataSetEntry { name: name.to_owned(), title, missing, details: String::new() }
        }
    }
}

/// A plugin as `plugin show --json` tells of it.
fn described(entry: &Value) -> PluginEntry {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |key: &str| entry[key].as_array().cloned().unwrap_or_default();
    let mut details =
        vec![format!("version {}, {}", text(&entry["version"]), text(&entry["path"]))];
    for parameter in list("parameters") {
        let default = match &parameter["default"] {
            Value::Null => "needed".to_owned(),
            default => default.to_string(),
        };
        let (name, about) = (text(&parameter["name"]), text(&parameter["about"]));
        details.push(format!("  {name} = {default}  {about}"));
    }
    for knob in list("knobs") {
        let (name, about) = (text(&knob["name"]), text(&knob["about"]));
        details.push(format!("  knob {name} = {}  {about}", knob["default"]));
    }
    PluginEntry {
        name: text(&entry["name"]),
        kind: text(&entry["kind"]),
        about: text(&entry["about"]),
        details: details.join("\n"),
        is_broken: false,
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_experiment_tells_of_itself_or_of_its_mistake() {
        let folder = std::env::temp_dir().join(format!("workbench-home-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("a.toml");
        let text = "# A short one.\n[dataset]\nname = \"digits\"\n[architecture]\nplugin = \"mlp-vae\"\n[train]\nsteps = 2\n";
        std::fs::write(&path, text).unwrap();
        let entry = experiment(path.clone(), "a".to_owned());
        assert_eq!(entry.error, None);
        assert_eq!(entry.about, "A short one.");
        assert_eq!((&*entry.data_set, &*entry.architecture), ("digits", "mlp-vae"));
        std::fs::write(&path, text.replace("steps", "stepps")).unwrap();
        let entry = experiment(path, "a".to_owned());
        assert!(entry.error.unwrap().contains("stepps"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_plugin_is_told_with_its_parameters() {
        let entry = serde_json::json!({
            "name": "mlp-vae", "kind": "architecture", "version": "1", "path": "/x.so", "about": "An MLP.",
            "parameters": [{"name": "latent", "type": "int", "default": 20, "about": "Dimensions."}],
            "knobs": [{"name": "beta", "default": 1.0, "about": "Weight."}],
        });
        let entry = described(&entry);
        assert_eq!((&*entry.name, &*entry.kind), ("mlp-vae", "architecture"));
        assert!(entry.details.contains("latent = 20  Dimensions."), "{}", entry.details);
        assert!(entry.details.contains("knob beta = 1.0"), "{}", entry.details);
        assert_eq!(first_line("error: no\nmore"), "no");
    }
}
