//! `data`: the data sets that have cards.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use workbench_fetch::Size;
use workbench_host::{Dataset, Medium, Plugins, Role};
use workbench_trainer::Source;

use crate::arguments;
use crate::card::{Card, FileEntry};
use crate::census::Census;
use crate::console::{self, grouped};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::guard;
use crate::source::PluginSource;

pub fn data(context: &Context, command: &arguments::Data) -> Result<()> {
    match command {
        arguments::Data::List { json } => list(context, json.json),
        arguments::Data::Show { name, json } => show(context, name, json.json),
        arguments::Data::Preview(preview) => super::preview::preview(context, preview),
        arguments::Data::Fetch(fetch) => super::fetch::fetch(context, fetch),
        arguments::Data::Verify { name, json } => verify(context, name.as_deref(), json.json),
    }
}

fn list(context: &Context, json: bool) -> Result<()> {
    let (mut cards, mut failed) = (Vec::new(), Vec::new());
    for (name, folder) in Card::folders(context) {
        match Card::read(&name, &folder) {
            Ok(card) => cards.push(card),
            Err(error) => failed.push((name, error.to_string())),
        }
    }
    if json {
        let mut entries: Vec<Value> =
            cards.iter().map(|card| describe(context, card, false)).collect();
        entries.extend(failed.iter().map(|(name, why)| json!({"name": name, "error": why})));
        console::json(&Value::Array(entries));
    } else {
        table(&cards, &failed);
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

fn table(cards: &[Card], failed: &[(String, String)]) {
    let mut rows = vec![["name", "files", "title"].map(str::to_owned).to_vec()];
    for card in cards {
        let files = match card.missing().is_empty() {
            true => "there",
            false if card.content.files.iter().any(FileEntry::can_be_fetched) => "to fetch",
            false => "missing",
        };
        rows.push(vec![card.name.clone(), files.to_owned(), card.content.title.clone()]);
    }
    for (name, why) in failed {
        let why = why.lines().next().unwrap_or_default();
        rows.push(vec![name.clone(), "broken".to_owned(), why.to_owned()]);
    }
    console::table(&rows);
}

fn show(context: &Context, name: &str, json: bool) -> Result<()> {
    let card = Card::find(context, name)?;
    if json {
        console::json(&describe(context, &card, true));
        return Ok(());
    }
    let content = &card.content;
    console::line(format_args!("{}: {}", card.name, content.title));
    console::line(format_args!("{}\n", content.about.trim()));
    console::line(format_args!("licence  {}", content.licence));
    console::line(format_args!("source   {}", content.source));
    console::line(format_args!("reader   {}", content.reader));
    console::line(format_args!("folder   {}", card.folder.display()));
    for file in &content.files {
        let state = card.absence(file).map(|why| format!("  ({why})")).unwrap_or_default();
        let size = match file.size() {
            Size::Exactly(bytes) => format!("{} bytes", grouped(bytes)),
            Size::AtMost(bytes) => format!("at most {} bytes", grouped(bytes)),
        };
        console::line(format_args!("file     {}, {size}{state}", file.path.display()));
    }
    if !card.missing().is_empty() {
        console::line(format_args!("missing  {}", card.remedy()));
        if let Some(instructions) = &content.instructions {
            console::line(format_args!("\n{}", instructions.trim()));
        }
    }
    if card.missing().is_empty() {
        let opened = open(context, &card)?;
        for split in ["train", "valid", "test"] {
            if let Some(n) = opened.len(split).map_err(Failure::usage)? {
                console::line(format_args!("split    {split}, {} items", grouped(n)));
            }
        }
        for field in opened.fields() {
            let classes = content
                .classes
                .as_ref()
                .filter(|_| field.role == Role::Label)
                .unwrap_or(&field.classes);
            let classes = if classes.is_empty() {
                String::new()
            } else {
                format!(": {}", classes.join(", "))
            };
            let medium = match field.role {
                Role::Image(medium) if medium != Medium::Picture => {
                    format!(", a {}", medium.name())
                }
                _ => String::new(),
            };
            console::line(format_args!(
                "field    {} {} {:?}{medium}{classes}",
                field.name, field.dtype, field.dims
            ));
        }
        let source = PluginSource::new(opened, content.classes.clone()).map_err(Failure::usage)?;
        let census = Census::of(&source, "train")?;
        if let Some(line) = census.tone.line() {
            console::line(format_args!("pixels   {line}"));
        }
        if !census.classes.is_empty() {
            let named = source.classes().iter().zip(&census.classes);
            let each = named.map(|(name, &n)| format!("{name} {}", grouped(n)));
            let also = match census.repeat_class()[..] {
                [] => String::new(),
                ref names => format!("; as attribute: {}", names.join(", ")),
            };
            console::line(format_args!("classes  {}{also}", each.collect::<Vec<_>>().join(", ")));
        }
        let lines = census.lines();
        if !lines.is_empty() {
            console::line("\nattributes of train");
            lines.into_iter().for_each(|line| console::line(format_args!("  {line}")));
        }
        if !census.captions.is_empty() {
            console::line("\ncaptions, such as");
            let captions = census.captions.iter();
            captions.for_each(|caption| console::line(format_args!("  {caption}")));
        }
    }
    Ok(())
}

fn verify(context: &Context, name: Option<&str>, json: bool) -> Result<()> {
    let cards = match name {
        Some(name) => vec![Card::find(context, name)?],
        None => {
            let folders = Card::folders(context);
            folders.iter().map(|(name, folder)| Card::read(name, folder)).collect::<Result<_>>()?
        }
    };
    let mut checked = Vec::new();
    for card in &cards {
        for file in &card.content.files {
            let fault = card.fault(file);
            if !json {
                let said = fault
                    .as_deref()
                    .map_or("as its card says".to_owned(), |fault| format!("WRONG: {fault}"));
                console::line(format_args!("{}/{}  {said}", card.name, file.path.display()));
            }
            checked.push((card.name.clone(), file.path.clone(), fault));
        }
    }
    if json {
        let entries = checked.iter().map(|(name, path, fault)| {
            json!({"name": name, "file": path, "ok": fault.is_none(), "message": fault})
        });
        console::json(&Value::Array(entries.collect()));
    }
    match checked.iter().filter(|(_, _, fault)| fault.is_some()).count() {
        0 => Ok(()),
        n => Err(Failure::usage(format_args!(
            "{n} of {} files are not as their cards say: {}",
            checked.len(),
            remedies(&cards, &checked)
        ))),
    }
}

/// What to do about the files that are not right, a data set at a time.
fn remedies(cards: &[Card], checked: &[(String, PathBuf, Option<String>)]) -> String {
    let is_wrong =
        |card: &&Card| checked.iter().any(|(name, _, fault)| fault.is_some() && *name == card.name);
    cards.iter().filter(is_wrong).map(Card::remedy).collect::<Vec<_>>().join("; ")
}

/// `count`: with how many items have each class and each value of each attribute, for which all of them are read.
fn describe(context: &Context, card: &Card, count: bool) -> Value {
    let opened = if card.missing().is_empty() { open(context, card).ok() } else { None };
    let mut splits = Map::new();
    let mut shape = Value::Null;
    let mut classes = json!(card.content.classes.clone().unwrap_or_default());
    let (mut attributes, mut caption, mut medium) = (Vec::new(), Value::Null, Value::Null);
    let (mut pixels, mut balance) = (Value::Null, Value::Null);
    if let Some(opened) = &opened {
        for split in ["train", "valid", "test"] {
            if let Ok(Some(n)) = opened.len(split) {
                splits.insert(split.to_owned(), json!({"n": n}));
            }
        }
        for field in opened.fields() {
            match field.role {
                Role::Image(of) => (shape, medium) = (json!(field.dims), json!(of.name())),
                Role::Label if card.content.classes.is_none() => classes = json!(field.classes),
                Role::Caption => caption = json!({"bytes": field.dims[0]}),
                Role::Attribute | Role::Label => {}
            }
        }
    }
    let source = opened.and_then(|set| PluginSource::new(set, card.content.classes.clone()).ok());
    if let Some(source) = source {
        let census = if count { Census::of(&source, "train").ok() } else { None };
        if let Some(census) = &census {
            pixels = census.tone.json();
            balance = json!(census.classes);
        }
        attributes = match census {
            Some(census) => census.json(),
            None => source.attributes().iter().map(|attribute| json!(attribute)).collect(),
        };
    }
    let files: Vec<_> = card
        .content
        .files
        .iter()
        .map(|file| {
            json!({
                "path": file.path, "bytes": file.bytes, "there": card.absence(file).is_none(),
                "fetchable": file.can_be_fetched(),
            })
        })
        .collect();
    json!({
        "name": card.name, "title": card.content.title, "licence": card.content.licence,
        "about": card.content.about, "source": card.content.source, "reader": card.content.reader,
        "folder": card.folder, "there": card.missing().is_empty(), "splits": splits, "shape": shape,
        "medium": medium, "classes": classes, "class_counts": balance, "pixels": pixels, "attributes": attributes, "caption": caption, "files": files,
        "instructions": card.content.instructions,
    })
}

pub fn open(context: &Context, card: &Card) -> Result<Dataset> {
    open_with(context, &card.content.reader, &card.content.parameters, &card.folder)
}

/// A plugin's data set, with its parameters.
pub fn open_with(
    context: &Context,
    reader: &str,
    parameters: &toml::Table,
    base: &Path,
) -> Result<Dataset> {
    guard::start();
    let plugin = context.plugins.get(reader).map_err(Failure::usage)?;
    let declared = &plugin.dataset(reader).map_err(Failure::usage)?.parameters;
    let values = Plugins::check(declared, parameters, base).map_err(Failure::usage)?;
    plugin.open(reader, values).map_err(Failure::usage)
}
