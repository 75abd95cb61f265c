//! `sample`: pictures drawn from a trained model.

use workbench_trainer::{Medium, Source, condition};

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
    let classes = model.prepared.source.classes().len();
    let n = sample.n as usize;
    let z = model.session.prior(n, sample.seed, 0).map_err(Failure::usage)?;
    let others = condition(&told::items(&model, n)?, n, classes, &wanted);
    let drawn = model.session.decode(&z, &others).map_err(Failure::usage)?;
    let medium = model.prepared.source.medium();
    if sample.csv.is_some() && medium != Medium::Picture {
        let why = "--csv holds the pixels of pictures; of volumes and clips, `-o FILE.npy` holds the numbers";
        return Err(Failure::usage(why));
    }
    let figure = image_file::save(drawn, medium, "", &sample.output)?;
    console::line(sample.output.display());
    if let Some(csv) = &sample.csv {
        save_csv(&figure, csv)?;
    }
    Ok(())
}
