//! `sample`: pictures drawn from a trained model.

use workbench_plots::figures;
use workbench_trainer::{Source, condition};

use super::plot::save_csv;
use crate::arguments::Sample;
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::figures::pictures;
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
    let figure = figures::samples(&pictures(&drawn));
    figure.save_png(&sample.output).map_err(Failure::usage)?;
    console::line(sample.output.display());
    if let Some(csv) = &sample.csv {
        save_csv(&figure, csv)?;
    }
    Ok(())
}
