//! `__look`: answers for the images of a latent snapshot, for a dashboard that loads no model itself.

use std::io::{self, BufRead, BufWriter};

use workbench_dashboard::{Look, answer_look};

use crate::context::Context;
use crate::explorer::Explorer;
use crate::failure::Result;
use crate::model::Model;

/// Each line on stdin is the number of a point, from 0; what is answered is on stdout. Ends with stdin.
pub fn look(context: &Context, run: &str) -> Result<()> {
    let run = context.run(run)?;
    let model = Model::load(context, &run)?;
    let (mut explorer, _) = Explorer::new(run, model, None)?;
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let look: std::result::Result<Look, String> = match line.trim().parse() {
            Ok(point) => explorer.look(point),
            Err(_) => Err(format!("`{line}` is no number of a point")),
        };
        // Nobody listens any more: the dashboard was left.
        if answer_look(&mut out, &look).is_err() {
            break;
        }
    }
    Ok(())
}
