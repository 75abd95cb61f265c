//! What a new plugin's files hold: the files in `templates/`, with the names filled in.

use std::path::Path;

use crate::arguments::{Language, PluginKind};
use crate::card::Card;
use crate::context::Context;

const MANIFEST: &str = include_str!("../../templates/Cargo.toml");
const DATASET: &str = include_str!("../../templates/dataset/lib.rs");
const DATASET_EXPERIMENT: &str = include_str!("../../templates/dataset/experiment.toml");
const ARCHITECTURE: &str = include_str!("../../templates/architecture/lib.rs");
const ARCHITECTURE_EXPERIMENT: &str = include_str!("../../templates/architecture/experiment.toml");
const C_SOURCE: &str = include_str!("../../templates/dataset-c/plugin.c");
const C_MAKEFILE: &str = include_str!("../../templates/dataset-c/Makefile");

/// The name that the templates have.
const PLACEHOLDER: &str = "my-plugin";

/// The files of a new plugin.
pub struct Texts {
    /// By their path in the plugin's folder.
    pub plugin: Vec<(String, String)>,
    pub experiment: String,
}

/// What the new plugin is tried with: a data set needs an architecture, an architecture needs data.
pub struct Partner {
    /// As the experiment writes it in its table: a card by `name`, a plugin by `plugin`.
    key: &'static str,
    name: &'static str,
    /// Whether there is such a thing here.
    pub is_here: bool,
}

impl Partner {
    /// The first of the shipped ones that is here.
    pub fn find(context: &Context, kind: PluginKind) -> Partner {
        let plugin = |name: &'static str| {
            let is_here = context.plugins.find(name).is_ok();
            Partner { key: "plugin", name, is_here }
        };
        let card = |name: &'static str| {
            let is_here = Card::folders(context).contains_key(name);
            Partner { key: "name", name, is_here }
        };
        let (first, second) = match kind {
            PluginKind::Dataset => (plugin("mlp-vae"), plugin("conv-vae")),
            PluginKind::Architecture => (card("digits"), plugin("noise")),
        };
        if second.is_here && !first.is_here { second } else { first }
    }

    /// What to do where it is not here.
    pub fn advice(&self) -> String {
        let shown = self.shown();
        let elsewhere = match self.key {
            "plugin" => ", or put its library on WORKBENCH_PLUGINS",
            _ => ", or a plugin by `plugin = \"…\"`",
        };
        format!(
            "the experiment names the {shown}, which is not here: name another in it{elsewhere}"
        )
    }

    /// ``plugin `mlp-vae` ``.
    fn shown(&self) -> String {
        let kind = if self.key == "name" { "data set" } else { "plugin" };
        format!("{kind} `{}`", self.name)
    }
}

pub fn texts(
    root: &Path,
    kind: PluginKind,
    language: Language,
    name: &str,
    partner: &Partner,
) -> Texts {
    let named = |template: &str| template.replace(PLACEHOLDER, name);
    let (source, experiment) = match kind {
        PluginKind::Dataset => (DATASET, DATASET_EXPERIMENT),
        PluginKind::Architecture => (ARCHITECTURE, ARCHITECTURE_EXPERIMENT),
    };
    let experiment = named(experiment)
        .replace("@partner@", partner.name)
        .replace("@dataset@", &format!("{} = \"{}\"", partner.key, partner.name))
        .replace("@data@", &partner.shown());
    let plugin = match language {
        Language::Rust => {
            vec![
                ("Cargo.toml".to_owned(), named(MANIFEST)),
                ("src/lib.rs".to_owned(), named(source)),
            ]
        }
        Language::C => {
            vec![
                ("Makefile".to_owned(), makefile(root, name)),
                (format!("{name}.c"), named(C_SOURCE)),
            ]
        }
    };
    Texts { plugin, experiment }
}

fn makefile(root: &Path, name: &str) -> String {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    // Where there is no source of the workbench, the header is what the first build wrote.
    let own = "workbench/abi/include";
    let header = match root.join(own).join("workbench_plugin.h").is_file() {
        true => own,
        false => "target/plugins/include",
    };
    C_MAKEFILE
        .replace("@root@", "../..")
        .replace("@include@", &format!("../../{header}"))
        .replace("@library@", &format!("{prefix}{name}{suffix}"))
}
