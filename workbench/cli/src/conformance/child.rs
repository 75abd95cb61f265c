//! The child's side: it loads the plugin, and tells what it finds.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use workbench_host::{Origin, Plugin, Source};

use super::architecture::Architecture;
use super::data::Data;
use super::given::Given;
use super::outcome::{Outcome, State};
use super::protocol::{Kind, Offers, Request, Subject, Word};
use super::{architecture, data, parameters};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::guard;

/// A check of a subject.
pub struct Check<S> {
    pub name: &'static str,
    /// What must not have failed or been skipped before.
    pub needs: &'static [&'static str],
    pub run: fn(&mut S, &mut Line) -> Outcome,
}

/// Where the child tells.
pub struct Line(UnixStream);

impl Line {
    pub fn tell(&mut self, word: &Word) {
        // Where nobody hears any more there is nothing left to do, and the process is ended soon.
        if let Ok(mut text) = serde_json::to_vec(word) {
            text.push(b'\n');
            let _ = self.0.write_all(&text);
        }
    }
}

/// Does what the parent asks over stdin, which is a socket.
pub fn in_the_child(context: &Context) -> Result<()> {
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut asked = String::new();
    BufReader::new(socket.try_clone()?).read_line(&mut asked)?;
    let request: Request = serde_json::from_str(&asked).map_err(Failure::usage)?;
    guard::start();
    guard::allow_by("--deadline", Duration::try_from_secs_f64(request.deadline)?);
    let mut line = Line(socket);
    match request.subject.kind {
        Kind::Library => library(context, &request, &mut line)?,
        Kind::Dataset => {
            let mut subject = Data::new(load(context, &request)?, Given::new(context, &request)?)?;
            run(data::CHECKS, &mut subject, &request.done, &mut line);
        }
        Kind::Architecture => {
            let plugin = load(context, &request)?;
            let mut subject = Architecture::new(plugin, Given::new(context, &request)?)?;
            run(architecture::CHECKS, &mut subject, &request.done, &mut line);
        }
    }
    Ok(())
}

fn load(context: &Context, request: &Request) -> Result<Plugin> {
    let origin = Origin::Library(request.library.clone());
    let source = Source { name: request.name.clone(), origin };
    context.plugins.load(&source).map_err(Failure::usage)
}

/// Loads it, and tells what it offers.
fn library(context: &Context, request: &Request, line: &mut Line) -> Result<()> {
    line.tell(&Word::Begins("load".to_owned()));
    let plugin = load(context, request)?;
    let message = format!("version {}, plugin ABI {}", plugin.version, plugin.abi);
    line.tell(&Word::Found("load".to_owned(), Outcome::passed(message)));
    line.tell(&Word::Begins("offers".to_owned()));
    line.tell(&Word::Found("offers".to_owned(), parameters::offers(&plugin)));
    let named = |parameters: &[workbench_host::ParamInfo]| {
        parameters.iter().map(|param| param.name.clone()).collect()
    };
    let datasets = plugin.datasets().map(|info| {
        (Subject { kind: Kind::Dataset, name: info.name.clone() }, named(&info.parameters))
    });
    let architectures = plugin.architectures().map(|info| {
        (Subject { kind: Kind::Architecture, name: info.name.clone() }, named(&info.parameters))
    });
    line.tell(&Word::Offers(Offers {
        items: datasets.chain(architectures).collect(),
        name: plugin.name.clone(),
        version: plugin.version.clone(),
        abi: plugin.abi.clone(),
    }));
    line.tell(&Word::Done);
    Ok(())
}

/// All checks that were not done before.
fn run<S>(checks: &[Check<S>], subject: &mut S, done: &[(String, State)], line: &mut Line) {
    let mut done = done.to_vec();
    for check in checks {
        let state = |name: &str| done.iter().find(|(known, _)| known == name).map(|(_, s)| *s);
        if state(check.name).is_some() {
            continue;
        }
        let name = check.name.to_owned();
        let bad = |need: &&&str| matches!(state(need), Some(State::Failed | State::Skipped));
        let outcome = match check.needs.iter().find(bad) {
            Some(need) => Outcome::skipped(format!("not tried, for want of `{need}`")),
            None => {
                line.tell(&Word::Begins(name.clone()));
                (check.run)(subject, line)
            }
        };
        done.push((name.clone(), outcome.state));
        line.tell(&Word::Found(name, outcome));
    }
    // While the subject is there: that it can be taken down is a check of its own.
    line.tell(&Word::Done);
}
