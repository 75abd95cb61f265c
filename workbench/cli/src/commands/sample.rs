//! `sample`: pictures drawn from a trained model.

use serde_json::json;
use workbench_engine::Batch;
use workbench_trainer::{
    Medium, SampleCount, SampleFrom, SampleRows, Source, Wanted, condition, decoded, draw_for,
    sample_rows,
};

use crate::arguments::Sample;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::image_file;
use crate::model::Model;
use crate::{sampling, told};

pub fn sample(context: &Context, sample: &Sample) -> Result<()> {
    let run = context.run(&sample.run.run)?;
    let model = Model::load(context, &run)?;
    let wanted = told::wanted(&model, sample.class.as_deref(), &sample.attributes)?;
    let n = usize::try_from(sample.n).unwrap_or(usize::MAX);
    let medium = model.prepared.source.medium();
    if sample.csv.is_some() && medium != Medium::Picture {
        let why = "--csv holds the pixels of pictures; of volumes and clips, `-o FILE.npy` holds the numbers";
        return Err(Failure::usage(why));
    }
    image_file::check_count(n, &sample.output)?;
    let sampler = sampling::sampler(&model, &run, sample.from.into())?;
    let from = SampleFrom::of(sampler.as_ref());
    let items = sampling::items(&model, n)?;
    let SampleRows { rows, others } = conditioned(&model, &items, &wanted, n);
    let drawn = draw_for(&model.session, sampler.as_ref(), others, (n, sample.seed))
        .map_err(Failure::usage)?;
    let images = decoded(&model.session, &drawn).map_err(Failure::usage)?;
    if let Some(csv) = &sample.csv {
        image_file::grid(&images, from.title(), &rows).save_csv(csv).map_err(Failure::usage)?;
    }
    image_file::save(images, medium, from.title(), &rows, &sample.output)?;
    if sample.json.json {
        console::json(&json!({
            "run": run.name(), "step": model.session.step(), "n": n, "seed": sample.seed,
            "from": from.name(), "path": sample.output, "csv": sample.csv,
        }));
        return Ok(());
    }
    console::line(sample.output.display());
    if let Some(csv) = &sample.csv {
        console::line(csv.display());
    }
    console::note(match &sampler {
        Some(sampler) => format!("samples of z: {}", sampler.words()),
        None => "samples of the prior N(0, I)".to_owned(),
    });
    Ok(())
}

/// What is sampled is conditioned on: what is wanted; in rows by class or attribute where nothing is.
fn conditioned(model: &Model, items: &Batch, wanted: &Wanted, n: usize) -> SampleRows {
    let source = &model.prepared.source;
    let is_open = wanted.class.is_none() && wanted.attributes.is_empty();
    let count = SampleCount::InAll(n);
    let rows = || sample_rows(&model.session, items, source.attributes(), source.classes(), count);
    is_open.then(rows).flatten().unwrap_or_else(|| SampleRows {
        rows: Vec::new(),
        others: condition(items, n, source.classes().len(), wanted),
    })
}
