//! `data preview`: items of a data set, drawn in the terminal or as a figure.

use std::io::IsTerminal;

use workbench_dashboard::{Options, Tile};
use workbench_engine::Array;
use workbench_engine::noise::{Key, permutation};
use workbench_host::ParamType;
use workbench_runs::Attribute;
use workbench_trainer::{Items, Pixels, Source, to_bytes};

use super::{attach, data};
use crate::arguments::{Preview, Screen};
use crate::card::Card;
use crate::census;
use crate::conformance::parse_setting;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::image_file;
use crate::source::PluginSource;
use crate::told;

/// As many items as are read at once while looking for certain ones.
const AT_ONCE: usize = 256;

pub fn preview(context: &Context, preview: &Preview) -> Result<()> {
    let source = source(context, &preview.name, &preview.values)?;
    let class = preview.class.as_deref();
    let class = class.map(|class| told::class(class, source.classes())).transpose()?;
    let wanted =
        Wish { class, attributes: told::attributes(&preview.attributes, source.attributes())? };
    let Picked { tiles, words, images } = pick(&source, preview, &wanted)?;
    if tiles.is_empty() {
        return Err(Failure::usage(format_args!(
            "the split `{}` of `{}` has no such item",
            preview.split, preview.name
        )));
    }
    if let Some(output) = &preview.output {
        image_file::save(images, source.medium(), &preview.name, &[], output)?;
        console::line(output.display());
        return Ok(());
    }
    let (size, options) = place()?;
    let drawn = workbench_dashboard::preview(&tiles, size, &options);
    console::line(drawn.trim_end_matches('\n'));
    if !words.is_empty() {
        console::line("");
        words.iter().for_each(console::line);
    }
    Ok(())
}

/// The data set that has a card of this name, or else the plugin's; with parameters as given, else the card's or the defaults.
fn source(context: &Context, name: &str, given: &[String]) -> Result<PluginSource> {
    let given = given.iter().map(|setting| parse_setting(setting));
    let given = given.collect::<Result<toml::Table>>()?;
    if !Card::folders(context).contains_key(name) && context.plugins.find(name).is_ok() {
        let dataset = data::open_with(context, name, &given, &context.base()?)?;
        return PluginSource::new(dataset, None).map_err(Failure::usage);
    }
    let card = Card::find(context, name)?;
    let missing = card.missing();
    if !missing.is_empty() {
        return Err(Failure::usage(format_args!(
            "the files of `{}` are not all there: {}; {}",
            card.name,
            missing.join("; "),
            card.remedy()
        )));
    }
    let reader = &card.content.reader;
    let mut parameters = card.content.parameters.clone();
    parameters.extend(from_here(context, reader, given)?);
    let dataset = data::open_with(context, reader, &parameters, &card.folder)?;
    PluginSource::new(dataset, card.content.classes.clone()).map_err(Failure::usage)
}

/// Paths on the command line start from where those of `plugin check` do, and not from the card.
fn from_here(context: &Context, reader: &str, given: toml::Table) -> Result<toml::Table> {
    let plugin = context.plugins.get(reader).map_err(Failure::usage)?;
    let declared = &plugin.dataset(reader).map_err(Failure::usage)?.parameters;
    let base = context.base()?;
    let is_path =
        |key: &str| declared.iter().any(|param| param.name == key && param.kind == ParamType::Path);
    let absolute = |(key, value): (String, toml::Value)| match value {
        toml::Value::String(path) if is_path(&key) => {
            (key, toml::Value::String(base.join(path).to_string_lossy().into_owned()))
        }
        value => (key, value),
    };
    Ok(given.into_iter().map(absolute).collect())
}

/// Which items are wanted.
struct Wish<'a> {
    class: Option<usize>,
    attributes: Vec<(&'a Attribute, f32)>,
}

impl Wish<'_> {
    fn is_met(&self, source: &PluginSource, items: &Items, i: usize) -> bool {
        let label = items.labels.as_ref().and_then(|labels| usize::try_from(labels[i]).ok());
        let has = |(wanted, value): &(&Attribute, f32)| {
            let at = source.attributes().iter().position(|other| other == *wanted);
            let of = at.map_or(f32::NAN, |at| items.attributes[at][i]);
            of == *value || (of.is_nan() && value.is_nan())
        };
        (self.class.is_none() || label == self.class) && self.attributes.iter().all(has)
    }

    fn is_any(&self) -> bool {
        self.class.is_none() && self.attributes.is_empty()
    }
}

/// Items in the order that the seed gives, until there are enough of those wanted.
fn pick(source: &PluginSource, preview: &Preview, wanted: &Wish) -> Result<Picked> {
    let len = source.len(&preview.split).map_err(Failure::usage)?;
    let Some(len) = len else {
        let there = ["train", "valid", "test"]
            .into_iter()
            .filter(|split| source.len(split).is_ok_and(|len| len.is_some()));
        return Err(Failure::usage(format_args!(
            "there is no split `{}`: there are {}",
            preview.split,
            there.collect::<Vec<_>>().join(", ")
        )));
    };
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    let order = permutation(Key::new(preview.seed, "preview", 0, 0), len);
    let n = preview.n as usize;
    let at_once = if wanted.is_any() { n.min(AT_ONCE) } else { AT_ONCE };
    let size: usize = source.image().iter().product();
    let (mut tiles, mut words, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for places in order.chunks(at_once.max(1)) {
        let places: Vec<u64> = places.iter().map(|&place| u64::from(place)).collect();
        let items = source.read(&preview.split, &places).map_err(Failure::usage)?;
        let met: Vec<usize> =
            (0..places.len()).filter(|&i| wanted.is_met(source, &items, i)).collect();
        let images = images_of(source, &items);
        for &i in &met {
            numbers.extend_from_slice(&images.data[i * size..(i + 1) * size]);
        }
        let all = tiles_of(source, &items, &places).into_iter().enumerate();
        tiles.extend(all.filter(|(i, _)| met.contains(i)).map(|(_, tile)| tile));
        words.extend(met.iter().filter_map(|&i| words_of(source, &items, i, places[i])));
        if tiles.len() >= n {
            break;
        }
    }
    tiles.truncate(n);
    words.truncate(n);
    numbers.truncate(n * size);
    let shape = [&[tiles.len()], source.image()].concat();
    Ok(Picked { tiles, words, images: Array { shape, data: numbers } })
}

/// Items that were found, with what is known of them in words.
struct Picked {
    tiles: Vec<Tile>,
    words: Vec<String>,
    images: Array,
}

/// What is known of an item besides its picture: "17: hollow yes, light 0.4: a small disc".
fn words_of(source: &PluginSource, items: &Items, i: usize, number: u64) -> Option<String> {
    let attributes = source.attributes().iter().zip(&items.attributes);
    let each: Vec<String> = attributes
        .filter(|(_, values)| !values[i].is_nan())
        .map(|(attribute, values)| format!("{} {}", attribute.name, attribute.show(values[i])))
        .collect();
    let caption = items.captions.chunks_exact(source.caption().max(1)).nth(i);
    let caption = caption.map(census::caption).filter(|caption| !caption.is_empty());
    if each.is_empty() && caption.is_none() {
        return None;
    }
    let parts = [Some(each.join(", ")).filter(|text| !text.is_empty()), caption];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    Some(format!("{number}: {text}"))
}

/// Items as pictures; `places` are their numbers.
pub fn tiles_of(source: &PluginSource, items: &Items, places: &[u64]) -> Vec<Tile> {
    let pictures = source.medium().drawn(images_of(source, items));
    let label = |i: usize| Some(items.labels.as_ref()?[i]).and_then(|label| label.try_into().ok());
    let tile = |(i, (width, height, channels, bytes)): (usize, (usize, usize, usize, Vec<u8>))| {
        let pixels = bytes.chunks_exact(channels).map(|pixel| match *pixel {
            [red, green, blue] => [red, green, blue],
            _ => [pixel[0]; 3],
        });
        let caption = match label(i).and_then(|label: usize| source.classes().get(label)) {
            Some(name) => name.clone(),
            None => places[i].to_string(),
        };
        Tile { width, height, pixels: pixels.collect(), caption }
    };
    to_bytes(&pictures).into_iter().enumerate().map(tile).collect()
}

/// In 0..1.
fn images_of(source: &PluginSource, items: &Items) -> Array {
    let data: Vec<f32> = match &items.pixels {
        Pixels::U8(bytes) => bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
        Pixels::F32(numbers) => numbers.clone(),
    };
    let n = data.len() / source.image().iter().product::<usize>().max(1);
    Array { shape: [&[n], source.image()].concat(), data }
}

/// How much room there is, and how to draw on it: ASCII without colour where stdout is no terminal.
pub fn place() -> Result<((u16, u16), Options)> {
    let stdout = std::io::stdout();
    let options = attach::options(&Screen::default())?;
    if !stdout.is_terminal() {
        return Ok(((80, 60), Options { ascii: true, no_color: true, ..options }));
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok();
    let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
    // The prompt wants a row.
    Ok((size.map_or((80, 23), |size| (size.ws_col, size.ws_row - 1)), options))
}
