//! `attach`: the dashboard.

use std::io::IsTerminal;
use std::path::Path;

use workbench_dashboard::{Env, Options, Outcome, Theme};
use workbench_runs::State;

use crate::arguments::Attach;
use crate::console;
use crate::context::Context;
use crate::failure::{DIVERGED, Failure, Result, STOPPED};

/// `workbench attach`: a run, or any folder with a TensorBoard log.
pub fn attach(context: &Context, attach: &Attach) -> Result<()> {
    let query = attach.run.as_deref().unwrap_or("latest");
    let path = match (context.run(query), Path::new(query)) {
        (Ok(run), _) => run.path().to_owned(),
        (Err(_), folder) if folder.is_dir() => folder.to_owned(),
        (Err(error), _) => return Err(error),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Outcome::Detached = show(&path, &name, attach)? {
        come_back(&name);
    }
    Ok(())
}

/// Shows a run whose trainer this process has started; the exit code is the run's own if it ended, `None` where it
/// was left running.
pub fn follow(path: &Path, name: &str) -> Result<Option<u8>> {
    Ok(match show(path, name, &Attach::default())? {
        Outcome::Detached => {
            come_back(name);
            None
        }
        Outcome::Ended(State::Diverged) => Some(DIVERGED),
        Outcome::Ended(State::Stopped) => Some(STOPPED),
        Outcome::Ended(State::Failed) => Some(1),
        Outcome::Ended(_) => Some(0),
    })
}

/// Whether there is a terminal that a dashboard can be drawn on.
pub fn possible() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !dumb
}

fn show(path: &Path, name: &str, attach: &Attach) -> Result<Outcome> {
    let options = Options { come_back: attach_command(name), ..options(attach)? };
    workbench_dashboard::attach(path, options).map_err(Failure::usage)
}

/// How things are to look on this terminal.
pub fn options(attach: &Attach) -> Result<Options> {
    let theme =
        attach.theme.as_deref().map(str::parse::<Theme>).transpose().map_err(Failure::usage)?;
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Ok(Options {
        theme,
        ascii: attach.ascii,
        no_color: false,
        env: Env {
            term: variable("TERM"),
            colorterm: variable("COLORTERM"),
            no_color: variable("NO_COLOR"),
            lc_all: variable("LC_ALL"),
            lc_ctype: variable("LC_CTYPE"),
            lang: variable("LANG"),
        },
        come_back: String::new(),
    })
}

/// What a person types to come back to a run.
pub fn attach_command(name: &str) -> String {
    format!("workbench attach {name}")
}

fn come_back(name: &str) {
    console::note(format_args!(
        "training goes on without you: come back with `{}`",
        attach_command(name)
    ));
}
