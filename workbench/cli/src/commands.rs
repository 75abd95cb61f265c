//! One file a subcommand.

mod ask;
mod attach;
mod bench;
mod check;
mod compare;
mod data;
mod eval;
mod explore;
mod fetch;
mod fork;
mod group;
mod home;
mod log;
mod look;
mod plot;
mod plugin;
pub mod preview;
mod prune;
mod remove;
mod runs;
mod sample;
mod seeds;
mod show;
mod train;

use std::process::ExitCode;

use clap::CommandFactory;
use workbench_runs::Request;

use crate::arguments::{Arguments, Command};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::{conformance, console, probe};

/// Carries a command out.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let Some(command) = arguments.command else {
        home::home(Context::new(&arguments.places)?)?;
        return Ok(ExitCode::SUCCESS);
    };
    // What needs no place at all comes first.
    match command {
        Command::Probe { library } => {
            workbench_host::Plugins::first_contact(&library).map_err(Failure::usage)?;
            console::line(probe::SURVIVED);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "workbench", &mut std::io::stdout());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let context = Context::new(&arguments.places)?;
    match command {
        Command::Train(train) => return train::train(&context, &train),
        Command::Resume(resume) => return train::resume(&context, &resume),
        Command::Fork(fork) => return fork::fork(&context, &fork),
        Command::Trainer { run } => return train::in_background(&context, &run),
        Command::Attach(attach) => attach::attach(&context, &attach)?,
        Command::Compare(compare) => compare::compare(&context, &compare)?,
        Command::Check(check) => check::check(&context, &check)?,
        Command::Bench(bench) => bench::bench(&context, &bench)?,
        Command::Runs { json } => runs::runs(&context, json.json)?,
        Command::Show { run, json } => show::show(&context, &run.run, json.json)?,
        Command::Log { run, follow, json } => log::log(&context, &run.run, follow, json.json)?,
        Command::Remove(remove) => remove::remove(&context, &remove)?,
        Command::Prune(prune) => prune::prune(&context, &prune)?,
        Command::Stop(run) => ask::ask(&context, &run.run, &Request::Stop)?,
        Command::Pause(run) => ask::ask(&context, &run.run, &Request::Pause)?,
        Command::Continue(run) => ask::ask(&context, &run.run, &Request::Continue)?,
        Command::Save(run) => ask::ask(&context, &run.run, &Request::Save)?,
        Command::Set { run, assignment } => ask::set(&context, &run.run, &assignment)?,
        Command::Plot(plot) => plot::plot(&context, &plot)?,
        Command::Sample(sample) => sample::sample(&context, &sample)?,
        Command::Explore(explore) => explore::explore(&context, &explore)?,
        Command::Look(run) => look::look(&context, &run.run)?,
        Command::Eval(eval) => eval::eval(&context, &eval)?,
        Command::Plugin(plugin) => plugin::plugin(&context, &plugin)?,
        Command::Conformance => conformance::in_the_child(&context)?,
        Command::Data(data) => data::data(&context, &data)?,
        Command::Probe { .. } | Command::Completions { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}
