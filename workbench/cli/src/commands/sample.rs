//! `sample`: pictures drawn from a trained model.

use workbench_engine::Batch;
use workbench_trainer::{Medium, SampleCount, SampleRows, Source, Wanted, condition, sample_rows};

use super::plot::save_csv;
use crate::arguments::Sample;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::image_file;
use crate::model::Model;
use crate::told;

pub fn sample(context: &Context, sample: &Sample) -> Result<()> {
    let run = context.run(&sample.run.run)?;
    let model = Model::load(context, &run)?;
    let wanted = told::wanted(&model, sample.class.as_deref(), &sample.attributes)?;
    let n = sample.n as usize;
    let z = model.session.prior(n, sample.seed, 0).map_err(Failure::usage)?;
    let SampleRows { rows, others } = conditioned(&model, &told::items(&model, n)?, &wanted, n);
    let drawn = model.session.decode(&z, &others).map_err(Failure::usage)?;
    let medium = model.prepared.source.medium();
    if sample.csv.is_some() && medium != Medium::Picture {
        let why = "--csv holds the pixels of pictures; of volumes and clips, `-o FILE.npy` holds the numbers";
        return Err(Failure::usage(why));
    }
    let figure = image_file::save(drawn, medium, "", &rows, &sample.output)?;
    console::line(sample.output.display());
    if let Some(csv) = &sample.csv {
        save_csv(&figure, csv)?;
    }
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
