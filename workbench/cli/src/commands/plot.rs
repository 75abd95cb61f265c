//! `plot`: a figure of a run.

use std::path::Path;

use workbench_runs::{History, Parent, Snapshot};
use workbench_trainer::{Binarizer, Media, Source, Splits};

use crate::arguments::Plot;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::figures::{KINDS, Material, check};
use crate::model::Model;

pub fn plot(context: &Context, plot: &Plot) -> Result<()> {
    let (Some(query), Some(name), false) = (&plot.run, &plot.figure, plot.list) else {
        let rows: Vec<Vec<String>> =
            KINDS.iter().map(|kind| vec![kind.name.to_owned(), kind.about.to_owned()]).collect();
        console::table(&rows);
        return Ok(());
    };
    let kind = check(name).map_err(|(message, help)| {
        Failure::usage(format_args!(
            "{message}{}",
            help.map(|help| format!("; {help}")).unwrap_or_default()
        ))
    })?;
    let run = context.run(query)?;
    let history = History::read(run.path())?;
    let classes = history.texts.get("data/classes").and_then(|texts| texts.last());
    let classes: Vec<String> =
        classes.map(|(_, text)| text.lines().map(str::to_owned).collect()).unwrap_or_default();
    let mut material = Material {
        history,
        snapshot: Snapshot::newest(&run)?,
        media: None,
        classes,
        forked_at: Parent::of(&run).map(|parent| parent.step),
    };
    if kind.needs_model {
        let model = Model::load(context, &run)?;
        let splits = Splits::load(&model.prepared.experiment, &model.prepared.source, &|_, _| {})?;
        let fixed = Binarizer::fixed(&model.prepared.experiment);
        let classes = model.prepared.source.classes().len();
        let snapshot = material.snapshot.as_ref();
        material.media = Media::make(&model.session, &splits.valid, classes, fixed, snapshot)?;
    }
    let figure = kind
        .draw(&material)
        .map_err(|why| Failure::usage(format_args!("{}: {why}", run.name())))?;
    let output = plot.output.clone().unwrap_or_else(|| run.plots().join(format!("{name}.png")));
    if plot.output.is_none() {
        std::fs::create_dir_all(run.plots())?;
    }
    figure.save_png(&output).map_err(Failure::usage)?;
    console::line(output.display());
    if let Some(csv) = &plot.csv {
        save_csv(&figure, csv)?;
    }
    Ok(())
}

/// Writes the numbers behind a figure, and says where.
pub fn save_csv(figure: &workbench_plots::Figure, path: &Path) -> Result<()> {
    figure.save_csv(path).map_err(Failure::usage)?;
    console::line(path.display());
    Ok(())
}
