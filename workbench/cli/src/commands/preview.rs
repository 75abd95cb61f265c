//! `data preview`: items of a data set, drawn in the terminal or as a figure.

use std::io::IsTerminal;

use workbench_dashboard::{Options, Tile};
use workbench_engine::Array;
use workbench_engine::noise::{Key, permutation};
use workbench_plots::{Figure, Picture, figures};
use workbench_trainer::{Items, Pixels, Source, to_bytes};

use super::{attach, data, sample};
use crate::arguments::{Preview, Screen};
use crate::card::Card;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::source::PluginSource;

/// As many items as are read at once while looking for a class.
const AT_ONCE: usize = 256;

pub fn preview(context: &Context, preview: &Preview) -> Result<()> {
    let source = source(context, &preview.name)?;
    let class = preview.class.as_deref();
    let class = class.map(|class| sample::number(class, source.classes())).transpose()?;
    let tiles = pick(&source, preview, class)?;
    if tiles.is_empty() {
        return Err(Failure::usage(format_args!(
            "the split `{}` of `{}` has no such item",
            preview.split, preview.name
        )));
    }
    if let Some(output) = &preview.output {
        figure(&preview.name, &tiles).save_png(output).map_err(Failure::usage)?;
        console::line(output.display());
        return Ok(());
    }
    let (size, options) = place()?;
    let drawn = workbench_dashboard::preview(&tiles, size, &options);
    console::line(drawn.trim_end_matches('\n'));
    Ok(())
}

fn figure(name: &str, tiles: &[Tile]) -> Figure {
    let picture = |tile: &Tile| Picture {
        width: tile.width,
        height: tile.height,
        channels: 3,
        pixels: tile.pixels.as_flattened().to_vec(),
    };
    let mut figure = figures::samples(&tiles.iter().map(picture).collect::<Vec<_>>());
    if let Figure::Images(grid) = &mut figure {
        grid.title = name.to_owned();
    }
    figure
}

/// The data set that has a card of this name, or else the plugin's, with its defaults.
fn source(context: &Context, name: &str) -> Result<PluginSource> {
    if !Card::folders(context).contains_key(name) && context.plugins.find(name).is_ok() {
        let dataset = data::open_with(context, name, &toml::Table::new(), &context.base()?)?;
        return PluginSource::new(dataset, None).map_err(Failure::usage);
    }
    let card = Card::find(context, name)?;
    let missing = card.missing();
    if !missing.is_empty() {
        return Err(Failure::usage(format_args!(
            "the files of `{}` are not all there: {}; they belong into {}",
            card.name,
            missing.join("; "),
            card.folder.display()
        )));
    }
    let dataset = data::open(context, &card)?;
    PluginSource::new(dataset, card.content.classes.clone()).map_err(Failure::usage)
}

/// Items in the order that the seed gives, until there are enough of those wanted.
fn pick(source: &PluginSource, preview: &Preview, class: Option<usize>) -> Result<Vec<Tile>> {
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
    let wanted = preview.n as usize;
    let at_once = if class.is_some() { AT_ONCE } else { wanted.min(AT_ONCE) };
    let mut tiles = Vec::new();
    for places in order.chunks(at_once.max(1)) {
        let places: Vec<u64> = places.iter().map(|&place| u64::from(place)).collect();
        let items = source.read(&preview.split, &places).map_err(Failure::usage)?;
        tiles.extend(tiles_of(source, &items, &places, class));
        if tiles.len() >= wanted {
            break;
        }
    }
    tiles.truncate(wanted);
    Ok(tiles)
}

/// Items as pictures, of one class or of all; `places` are their numbers.
pub fn tiles_of(
    source: &PluginSource,
    items: &Items,
    places: &[u64],
    class: Option<usize>,
) -> Vec<Tile> {
    let [channels, height, width] = source.image();
    let data = match &items.pixels {
        Pixels::U8(bytes) => bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
        Pixels::F32(numbers) => numbers.clone(),
    };
    let pictures = Array { shape: vec![places.len(), channels, height, width], data };
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
    let tiles = to_bytes(&pictures).into_iter().enumerate();
    tiles.filter(|(i, _)| class.is_none() || label(*i) == class).map(tile).collect()
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
