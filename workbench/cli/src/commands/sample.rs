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

pub fn sample(context: &Context, sample: &Sample) -> Result<()> {
    let run = context.run(&sample.run.run)?;
    let model = Model::load(context, &run)?;
    let classes = model.prepared.source.classes();
    let class = sample.class.as_deref().map(|class| number(class, classes)).transpose()?;
    if class.is_some() && !model.session.graph().inputs().iter().any(|input| input.name == "label")
    {
        return Err(Failure::usage(format_args!(
            "architecture `{}` is not conditioned on a class: it can't draw one by name",
            model.prepared.experiment.architecture.plugin
        )));
    }
    let n = sample.n as usize;
    let z = model.session.prior(n, sample.seed, 0).map_err(Failure::usage)?;
    let drawn =
        model.session.decode(&z, &condition(n, classes.len(), class)).map_err(Failure::usage)?;
    let figure = figures::samples(&pictures(&drawn));
    figure.save_png(&sample.output).map_err(Failure::usage)?;
    console::line(sample.output.display());
    if let Some(csv) = &sample.csv {
        save_csv(&figure, csv)?;
    }
    Ok(())
}

/// A class by its name, or its number.
pub fn number(class: &str, classes: &[String]) -> Result<usize> {
    let named = classes.iter().position(|name| name == class);
    let numbered = || class.parse().ok().filter(|number| *number < classes.len());
    named.or_else(numbered).ok_or_else(|| match classes {
        [] => Failure::usage("the data have no classes"),
        classes => Failure::usage(format_args!(
            "there is no class `{class}`: there are {}",
            classes.join(", ")
        )),
    })
}
