//! `sample`: pictures drawn from a trained model.

use serde_json::json;
use workbench_trainer::{Medium, SampleFrom, Source, decoded};

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
    let drawn = sampling::drawn(&model, sampler.as_ref(), (n, sample.seed), &wanted)?;
    let images = decoded(&model.session, &drawn).map_err(Failure::usage)?;
    if let Some(csv) = &sample.csv {
        image_file::grid(&images, from.title()).save_csv(csv).map_err(Failure::usage)?;
    }
    image_file::save(images, medium, from.title(), &sample.output)?;
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
