//! `compare`: the dashboard of several runs.

use std::path::{Path, PathBuf};

use super::{attach, group};
use crate::arguments::Compare;
use crate::context::Context;
use crate::failure::{Failure, Result};

/// `workbench compare`: runs, groups of seeds, or folders with a TensorBoard log.
pub fn compare(context: &Context, compare: &Compare) -> Result<()> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for query in &compare.named {
        for path in found(context, query)? {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    let Some((first, others)) = paths.split_first() else {
        return Err(Failure::usage("name the runs to compare; `workbench runs` lists them"));
    };
    let mut options = attach::run_options(context, first, &compare.screen)?;
    options.come_back =
        format!("workbench{} compare {}", context.places(), compare.named.join(" "));
    workbench_dashboard::compare(first, others, options).map_err(Failure::usage)?;
    Ok(())
}

fn found(context: &Context, query: &str) -> Result<Vec<PathBuf>> {
    if let Some((_, members)) = group::find(context, query)? {
        return Ok(members.iter().map(|run| run.path().to_path_buf()).collect());
    }
    match context.run(query) {
        Ok(run) => Ok(vec![run.path().to_path_buf()]),
        Err(_) if Path::new(query).is_dir() => Ok(vec![PathBuf::from(query)]),
        Err(error) => Err(error),
    }
}
