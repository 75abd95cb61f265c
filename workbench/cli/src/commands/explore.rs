//! `explore`: sliders for the latent space.

use workbench_dashboard::explore::Begin;

use super::attach;
use workbench_runs::Snapshot;

use crate::arguments::Explore;
use crate::console;
use crate::context::Context;
use crate::explorer::Explorer;
use crate::failure::{Failure, Result};
use crate::model::Model;

pub fn explore(context: &Context, explore: &Explore) -> Result<()> {
    let run = context.run(&explore.run.run)?;
    if !attach::possible() {
        return Err(Failure::usage(format_args!(
            "exploring needs a terminal on stdin and stdout; `workbench{} sample {} -o FILE` draws pictures without one",
            context.places(),
            run.name()
        )));
    }
    let options = attach::options(&explore.screen)?;
    let model = Model::load(context, &run)?;
    let name = run.name().to_owned();
    let (explorer, space) = Explorer::new(run, model, explore.output.clone())?;
    let points = space.snapshot.as_ref().map_or(0, Snapshot::len);
    if let Some(point) = explore.point.filter(|point| *point >= points) {
        return Err(Failure::usage(format_args!(
            "--point {point}: the newest latent snapshot has {points} points, from 0"
        )));
    }
    let begin = Begin { mouse: explore.screen.mouse, point: explore.point };
    let explorer = Box::new(explorer);
    let saved = workbench_dashboard::explore(explorer, space, &name, &options, begin);
    for path in saved.map_err(Failure::usage)? {
        console::line(path.display());
    }
    Ok(())
}
