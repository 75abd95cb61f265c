//! The parameters that a plugin is checked with.

use std::path::PathBuf;

use workbench_host::{ParamInfo, ParamType, Plugins, Values};

use super::outcome::Outcome;
use super::protocol::Request;
use crate::card::Card;
use crate::context::Context;
use crate::failure::{Failure, Result};

/// What the user gave, and what to start relative paths from.
pub struct Given {
    /// The plugin's item that they are for.
    pub item: String,
    from_command_line: toml::Table,
    card: Option<Card>,
    base: PathBuf,
    /// Names of the cards that this plugin reads.
    readable: Vec<String>,
}

impl Given {
    pub fn new(context: &Context, request: &Request) -> Result<Given> {
        let card = request.data.as_ref().map(|name| Card::find(context, name)).transpose()?;
        let cards = Card::folders(context);
        let cards = cards.iter().filter_map(|(name, folder)| Card::read(name, folder).ok());
        let item = request.subject.name.clone();
        let readable = cards.filter(|card| card.content.reader == item).map(|card| card.name);
        let mut from_command_line = toml::Table::new();
        for setting in &request.values {
            let (key, value) = parse(setting)?;
            from_command_line.insert(key, value);
        }
        Ok(Given {
            readable: readable.collect(),
            item,
            from_command_line,
            card,
            base: context.base()?,
        })
    }

    /// Checked against what is declared, defaults filled in.
    pub fn values(&self, declared: &[ParamInfo]) -> Result<Values, Outcome> {
        self.with(declared, None)
    }

    /// The same, with another value for one key. Parameters of other items of the plugin are left out.
    pub fn with(
        &self,
        declared: &[ParamInfo],
        other: Option<(&str, &toml::Value)>,
    ) -> Result<Values, Outcome> {
        let mut table =
            self.card.as_ref().map(|card| card.content.parameters.clone()).unwrap_or_default();
        for (key, value) in &self.from_command_line {
            let Some(param) = declared.iter().find(|param| param.name == *key) else { continue };
            // A card's own paths start from the card.
            let value = match value {
                toml::Value::String(text) if param.kind == ParamType::Path => {
                    toml::Value::String(self.base.join(text).to_string_lossy().into_owned())
                }
                value => value.clone(),
            };
            table.insert(key.clone(), value);
        }
        if let Some((key, value)) = other {
            table.insert(key.to_owned(), value.clone());
        }
        let base = self.card.as_ref().map_or(&self.base, |card| &card.folder);
        Plugins::check(declared, &table, base).map_err(|error| {
            let needed = declared.iter().find(|param| param.name == error.key);
            let needed = needed.is_some_and(|param| param.default.is_none());
            match needed && !table.contains_key(&error.key) {
                true => Outcome::failed(
                    format!("`{}` has no default and was not given", error.key),
                    &self.ask_for(&error.key),
                ),
                false => Outcome::failed(error.message, error.help.as_deref().unwrap_or_default()),
            }
        })
    }

    /// The names that the card gives to the classes.
    pub fn classes(&self) -> Option<Vec<String>> {
        self.card.as_ref()?.content.classes.clone()
    }

    /// "with its defaults".
    pub fn in_words(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.card.as_ref().map(|card| format!("the data card `{}`", card.name)));
        parts.extend(self.from_command_line.iter().map(|(key, value)| format!("{key} = {value}")));
        match parts.is_empty() {
            true => "with its defaults".to_owned(),
            false => format!("with {}", parts.join(", ")),
        }
    }

    fn ask_for(&self, key: &str) -> String {
        let cards = match &self.readable[..] {
            [] => "of a data card that names it as its reader".to_owned(),
            names => format!("here {}", names.join(", ")),
        };
        format!("give `{key}=…`, or the name of a data card: --data NAME ({cards})")
    }
}

/// A setting as the command line has it: TOML where it is TOML, else a text.
pub fn parse(setting: &str) -> Result<(String, toml::Value)> {
    let Some((key, value)) = setting.split_once('=') else {
        return Err(Failure::usage(format_args!(
            "`{setting}` is no setting: write it as in side=32"
        )));
    };
    let parsed = format!("x = {value}").parse::<toml::Table>().ok();
    let value = parsed.and_then(|mut table| (table.len() == 1).then(|| table.remove("x"))?);
    let text = || toml::Value::String(setting[key.len() + 1..].to_owned());
    Ok((key.trim().to_owned(), value.unwrap_or_else(text)))
}
