//! `attach`: the dashboard.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::Path;
use std::process::Child;

use workbench_dashboard::{Env, Ground, Options, Outcome, Pictures, Save, Theme};
use workbench_runs::{RunDir, State, Status, looks_dead};

use crate::arguments::{Attach, Screen};
use crate::console;
use crate::context::Context;
use crate::failure::{DIVERGED, Failure, Result, STOPPED};
use crate::latent_view;

/// `workbench attach`: a run, or any folder with a TensorBoard log.
pub fn attach(context: &Context, attach: &Attach) -> Result<()> {
    let query = attach.run.as_deref().unwrap_or("latest");
    match (context.run(query), Path::new(query)) {
        (Ok(run), _) => {
            show(context, run.path(), run.name(), &attach.screen)?;
            say_goodbye(context, &run)?;
        }
        (Err(_), folder) if folder.is_dir() => {
            show(context, folder, query, &attach.screen)?;
        }
        (Err(error), _) => return Err(error),
    }
    Ok(())
}

/// Shows a run whose trainer this process has started; the exit code is the run's own if it ended, `None` where it
/// was left running.
pub fn follow(context: &Context, run: &RunDir, mut trainer: Child) -> Result<Option<u8>> {
    // Waited for, so that an ended trainer does not stay behind as a zombie while its run is looked at.
    std::thread::spawn(move || trainer.wait());
    Ok(match show(context, run.path(), run.name(), &Screen::default())? {
        Outcome::Detached if say_goodbye(context, run)? => None,
        Outcome::Detached => Some(1),
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

fn show(context: &Context, path: &Path, name: &str, screen: &Screen) -> Result<Outcome> {
    let come_back = attach_command(context, name);
    let options = Options { come_back, ..run_options(context, path, screen)? };
    workbench_dashboard::attach(path, options).map_err(Failure::usage)
}

/// The same, and the commands that ask the model of a run; a foreign log has none.
pub fn run_options(context: &Context, path: &Path, screen: &Screen) -> Result<Options> {
    let options = options(screen)?;
    if !path.join("experiment.toml").is_file() {
        return Ok(options);
    }
    let explore = explore_command(context, path, screen);
    Ok(Options { explore, look: look_command(context, path), ..options })
}

/// How things are to look on this terminal.
pub fn options(screen: &Screen) -> Result<Options> {
    let (mut theme, mut ground) = (None, None);
    for name in screen.theme.iter().flat_map(|names| names.split(',')) {
        match (name.parse::<Ground>(), name.parse::<Theme>()) {
            (Ok(named), _) => ground = Some(named),
            (_, Ok(named)) => theme = Some(named),
            _ => {
                return Err(Failure::usage(format_args!(
                    "`{name}` is no theme; there are truecolor, 256, 16 and none, and dark and light: --theme light,256"
                )));
            }
        }
    }
    let pictures = screen.pictures.as_deref().map(str::parse::<Pictures>).transpose();
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Ok(Options {
        theme,
        ground,
        ascii: screen.ascii,
        no_color: false,
        pictures: pictures.map_err(Failure::usage)?.unwrap_or_default(),
        mouse: screen.mouse,
        env: Env {
            term: variable("TERM"),
            colorterm: variable("COLORTERM"),
            colorfgbg: variable("COLORFGBG"),
            no_color: variable("NO_COLOR"),
            lc_all: variable("LC_ALL"),
            lc_ctype: variable("LC_CTYPE"),
            lang: variable("LANG"),
        },
        come_back: String::new(),
        save: Some(Save::new(latent_view::save)),
        explore: Vec::new(),
        look: Vec::new(),
    })
}

/// The command that explores a run, as another process: what loads a plugin and crashes takes no dashboard with it.
pub fn explore_command(context: &Context, run: &Path, screen: &Screen) -> Vec<OsString> {
    let mut words = run_command(context, "explore", run);
    words.extend(screen.theme.iter().flat_map(|theme| ["--theme".into(), theme.into()]));
    words.extend(screen.pictures.iter().flat_map(|way| ["--pictures".into(), way.into()]));
    words.extend(screen.ascii.then(|| "--ascii".into()));
    words.extend(screen.mouse.then(|| "--mouse".into()));
    words
}

/// The command that answers for the images of a run, for the same reason.
pub fn look_command(context: &Context, run: &Path) -> Vec<OsString> {
    run_command(context, "__look", run)
}

/// A command of this program on a run.
fn run_command(context: &Context, command: &str, run: &Path) -> Vec<OsString> {
    let Ok(executable) = std::env::current_exe() else { return Vec::new() };
    let mut words = vec![executable.into_os_string()];
    if let Some(root) = &context.root {
        words.extend(["--root".into(), root.into()]);
    }
    words.extend(["--runs".into(), context.runs.clone().into(), command.into(), run.into()]);
    words
}

/// What a person types to come back to a run.
pub fn attach_command(context: &Context, name: &str) -> String {
    format!("workbench{} attach {name}", context.places())
}

/// Says what becomes of a run that someone looked away from; false where its trainer is gone.
fn say_goodbye(context: &Context, run: &RunDir) -> Result<bool> {
    let Some(status) = Status::read(run)?.filter(|status| status.state.is_live()) else {
        return Ok(true);
    };
    let (name, places) = (run.name(), context.places());
    if looks_dead(&status) {
        console::note(format_args!(
            "the trainer of {name} is gone: go on with `workbench{places} resume {name}`"
        ));
        return Ok(false);
    }
    console::note(format_args!(
        "training goes on without you: come back with `{}`",
        attach_command(context, name)
    ));
    Ok(true)
}
