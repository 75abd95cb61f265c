//! `plot`: a figure of a run.

use std::path::Path;

use workbench_dashboard::LatentView;
use workbench_plots::Figure;
use workbench_runs::{History, Parent, RunDir, Snapshot};
use workbench_trainer::{Media, SampleFrom, Source, Splits, Transform};

use crate::arguments::Plot;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::figures::{KINDS, Material, check};
use crate::latent_view;
use crate::model::{Model, experiment};
use crate::prepare::Prepared;
use crate::sampling;

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
    if plot.above_floor && name != "loss" {
        let text = format!("--above-floor is of the figure `loss`, not of `{name}`");
        return Err(Failure::usage(text));
    }
    if plot.step.is_some() || plot.color.is_some() || !plot.axes.is_empty() {
        return view(&run, name, plot);
    }
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
        above_floor: plot.above_floor,
    };
    if kind.needs_model {
        let model = Model::load(context, &run)?;
        let source = model.prepared.source.shared();
        let splits = Splits::open(&model.prepared.experiment, source)?;
        let fixed = Transform::fixed(&model.prepared.experiment);
        let classes = model.prepared.source.classes();
        let snapshot = material.snapshot.as_ref();
        let sampler = match name == "samples" {
            true => sampling::sampler(&model, &run, SampleFrom::Fitted)?,
            false => None,
        };
        let (session, valid) = (&model.session, &splits.valid);
        let media = Media::make(session, valid, classes, fixed, snapshot, sampler.as_ref())?;
        material.media = Some(media);
    }
    let figure = kind.draw(&material).map_err(|why| {
        let why = lacking(context, &run, name).unwrap_or(why);
        Failure::usage(format_args!("{}: {why}", run.name()))
    })?;
    write(&run, &figure, name, plot)
}

/// What the run's architecture lacks for a figure, for whatever reason it can be told.
fn lacking(context: &Context, run: &RunDir, figure: &str) -> Option<String> {
    let prepared = Prepared::new(context, experiment(run).ok()?).ok()?;
    let lacks = prepared.graph.undrawable();
    let lack = lacks.iter().find(|lack| lack.figures.contains(&figure))?;
    Some(format!("{}; without it there is no figure `{figure}`", lack.why))
}

/// The latent space on chosen axes, of a chosen step, in chosen colours.
fn view(run: &RunDir, name: &str, plot: &Plot) -> Result<()> {
    if name != "latent" {
        let text =
            format!("--step, --axes and --color are of the figure `latent`, not of `{name}`");
        return Err(Failure::usage(text));
    }
    let axes = match plot.axes[..] {
        [] => None,
        [x, y] => Some((usize::from(x) - 1, usize::from(y) - 1)),
        _ => return Err(Failure::usage("--axes takes two dimensions, such as --axes 1,2")),
    };
    let snapshots = Snapshot::list(run)?;
    let step = plot.step.or(snapshots.last().map(|(step, _)| *step)).unwrap_or(0);
    let color = match (&plot.color, snapshots.iter().find(|(of, _)| *of == step)) {
        (Some(word), Some((_, path))) => {
            let snapshot = Snapshot::load(path)?;
            latent_view::color(word, &snapshot)
                .map_err(|why| Failure::usage(format_args!("{}: {why}", run.name())))?
        }
        _ => None,
    };
    let view = LatentView { run: run.path().to_path_buf(), step, axes, color };
    let figure = latent_view::draw(&view)
        .map_err(|why| Failure::usage(format_args!("{}: {why}", run.name())))?;
    write(run, &figure, name, plot)
}

/// Writes a figure to where the command says, and says where.
fn write(run: &RunDir, figure: &Figure, name: &str, plot: &Plot) -> Result<()> {
    let output = plot.output.clone().unwrap_or_else(|| run.plots().join(format!("{name}.png")));
    if plot.output.is_none() {
        std::fs::create_dir_all(run.plots())?;
    }
    figure.save_png(&output).map_err(Failure::usage)?;
    console::line(output.display());
    if let Some(csv) = &plot.csv {
        save_csv(figure, csv)?;
    }
    Ok(())
}

/// Writes the numbers behind a figure, and says where.
pub fn save_csv(figure: &workbench_plots::Figure, path: &Path) -> Result<()> {
    figure.save_csv(path).map_err(Failure::usage)?;
    console::line(path.display());
    Ok(())
}
