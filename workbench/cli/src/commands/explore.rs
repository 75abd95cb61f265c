//! `explore`: sliders for the latent space.

use super::attach;
use crate::arguments::{Attach, Explore};
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
    let look = Attach { run: None, theme: explore.theme.clone(), ascii: explore.ascii };
    let options = attach::options(&look)?;
    let model = Model::load(context, &run)?;
    let name = run.name().to_owned();
    let (explorer, space) = Explorer::new(run, model, explore.output.clone())?;
    let explorer = Box::new(explorer);
    let saved = workbench_dashboard::explore(explorer, space, &name, &options, explore.mouse);
    for path in saved.map_err(Failure::usage)? {
        console::line(path.display());
    }
    Ok(())
}
