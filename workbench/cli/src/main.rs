//! The `workbench` binary: the only place where the crates meet, where stdout, the environment and the home
//! directory are touched. One file a subcommand under `commands`.

mod arguments;
mod branch;
mod card;
mod census;
mod changes;
mod commands;
mod conformance;
mod console;
mod context;
mod detached;
mod explorer;
mod failure;
mod figures;
mod guard;
mod headless;
mod image_file;
mod input;
mod judged;
mod latent_view;
mod loading;
mod model;
mod prepare;
mod probe;
mod process;
mod provenance;
mod quality;
mod sampling;
mod scaffold;
mod source;
mod speed;
mod told;
mod tone;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    process::tune_allocator();
    let arguments = arguments::Arguments::parse();
    // What libraries and plugins have to say goes to stderr; that of a detached trainer is the run's trainer.log.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .with_target(false)
        // Where stderr takes nothing, on a full disk say, there is nowhere to say so.
        .log_internal_errors(false)
        .init();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
