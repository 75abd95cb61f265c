//! The parent's side: it starts children, hears what they find, and tells what ended them.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::outcome::{Outcome, State};
use super::protocol::{Kind, Offers, Picture, Request, Subject, Word};
use crate::context::Context;
use crate::failure::{Failure, Result};

/// What is to be examined, and how.
pub struct Options {
    /// The plugin's name, for messages.
    pub name: String,
    pub library: PathBuf,
    /// `key=value` as given.
    pub values: Vec<String>,
    /// A data card's name, and that of the data set that reads it.
    pub data: Option<(String, String)>,
    pub deadline: Duration,
}

/// All that was found.
#[derive(Default)]
pub struct Report {
    pub offers: Offers,
    pub found: Vec<(Subject, String, Outcome)>,
    /// Of each data set.
    pub pictures: Vec<(Subject, Vec<Picture>)>,
}

/// The engine's own work between two checks takes no longer than this, beside the calls into the plugin.
const SLACK: Duration = Duration::from_secs(120);
/// So often it is looked at whether a child has ended.
const LOOK: Duration = Duration::from_millis(20);
/// What a child wrote last is read for so long after its end: something that it left behind may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Of a child's stderr, that many of the last bytes are kept.
const KEPT: usize = 1 << 16;

/// Examines a library. `tell` hears of each result as it comes.
///
/// # Errors
/// No child can be started, or a setting is of no parameter that the plugin declares.
pub fn examine(
    context: &Context,
    options: &Options,
    tell: &mut dyn FnMut(&Subject, &str, &Outcome),
) -> Result<Report> {
    let mut examination = Examination { context, options, tell, report: Report::default() };
    examination.all_of(Subject { kind: Kind::Library, name: options.name.clone() })?;
    let items = examination.report.offers.items.clone();
    for setting in &options.values {
        let (key, _) = super::given::parse(setting)?;
        let declared: Vec<&String> = items.iter().flat_map(|(_, names)| names).collect();
        if !items.is_empty() && !declared.contains(&&key) {
            let near =
                workbench_experiment::nearest(&key, declared.iter().map(|name| name.as_str()));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(Failure::usage(format_args!(
                "plugin `{}` declares no parameter `{key}`{hint}",
                options.name
            )));
        }
    }
    if let Some((card, reader)) = &options.data
        && !items.is_empty()
        && !items.iter().any(|(item, _)| examination.card_of(item).is_some())
    {
        return Err(Failure::usage(format_args!(
            "the data card `{card}` is for the reader `{reader}`, which plugin `{}` does not offer",
            options.name
        )));
    }
    for (subject, _) in items {
        examination.all_of(subject)?;
    }
    Ok(examination.report)
}

struct Examination<'a> {
    context: &'a Context,
    options: &'a Options,
    tell: &'a mut dyn FnMut(&Subject, &str, &Outcome),
    report: Report,
}

impl Examination<'_> {
    /// All checks of a subject: each child goes on where the one before was ended.
    fn all_of(&mut self, subject: Subject) -> Result<()> {
        let mut done: Vec<(String, State)> = Vec::new();
        loop {
            let before = done.len();
            let Some((check, why)) = self.one_child(&subject, &mut done)? else { return Ok(()) };
            // What can't even begin, or begins with the library itself, has nothing to go on with.
            let hopeless = check.is_none() || subject.kind == Kind::Library;
            let check = check.unwrap_or_else(|| "start".to_owned());
            let help = "see `workbench plugin check --help`; a debugger shows the line of a crash";
            let outcome = match why {
                Fate::Told(message) => Outcome::failed(message, ""),
                Fate::Untold(message) => Outcome::failed(message, help),
            };
            self.found(&subject, &check, outcome, &mut done);
            if hopeless || done.len() == before {
                return Ok(());
            }
        }
    }

    fn found(
        &mut self,
        subject: &Subject,
        check: &str,
        outcome: Outcome,
        done: &mut Vec<(String, State)>,
    ) {
        (self.tell)(subject, check, &outcome);
        done.push((check.to_owned(), outcome.state));
        self.report.found.push((subject.clone(), check.to_owned(), outcome));
    }

    /// The data card, where it is for this data set: by its name, or by the plugin's where that has no other.
    fn card_of(&self, subject: &Subject) -> Option<String> {
        let items = &self.report.offers.items;
        let only = items.iter().filter(|(item, _)| item.kind == Kind::Dataset).count() == 1;
        let (card, reader) = self.options.data.as_ref()?;
        // A library's file name can't hold every plugin's name.
        let of_plugin = self.options.name.replace('-', "_") == reader.replace('-', "_");
        let fits = subject.kind == Kind::Dataset && (subject.name == *reader || only && of_plugin);
        fits.then(|| card.clone())
    }

    /// `None` where it came to its end; else the check that it was at, and what became of it.
    fn one_child(
        &mut self,
        subject: &Subject,
        done: &mut Vec<(String, State)>,
    ) -> Result<Option<(Option<String>, Fate)>> {
        let request = Request {
            name: self.options.name.clone(),
            library: self.options.library.clone(),
            subject: subject.clone(),
            values: self.options.values.clone(),
            data: self.card_of(subject),
            deadline: self.options.deadline.as_secs_f64(),
            done: done.clone(),
        };
        let mut running = Running::start(self.context, &request)?;
        let mut at = None;
        loop {
            match running.next(self.options.deadline + SLACK) {
                Heard::Word(Word::Begins(check)) => at = Some(check),
                Heard::Word(Word::Found(check, outcome)) => {
                    at = None;
                    self.found(subject, &check, outcome, done);
                }
                Heard::Word(Word::Offers(offers)) => self.report.offers = offers,
                Heard::Word(Word::Pictures(pictures)) => {
                    self.report.pictures.push((subject.clone(), pictures));
                }
                Heard::Word(Word::Done) => {
                    running.end();
                    return Ok(None);
                }
                Heard::Silence => {
                    running.end();
                    let seconds = (self.options.deadline + SLACK).as_secs();
                    let what = at.as_deref().unwrap_or("its start");
                    let message = format!("`{what}` of {subject} had no end after {seconds} s");
                    return Ok(Some((at, Fate::Untold(message))));
                }
                Heard::End => {
                    let (status, said) = running.ended()?;
                    return Ok(Some((at, fate(&self.options.name, status, &said))));
                }
            }
        }
    }
}

/// What ended a child.
enum Fate {
    /// In its own words.
    Told(String),
    Untold(String),
}

fn fate(plugin: &str, status: ExitStatus, said: &str) -> Fate {
    let lines: Vec<&str> = said.lines().collect();
    if let Some(at) = lines.iter().rposition(|line| line.starts_with("error: ")) {
        let words = lines[at..].join("\n");
        return Fate::Told(words.trim_start_matches("error: ").trim_end().to_owned());
    }
    let last = lines.iter().rev().find(|line| !line.trim().is_empty());
    let last = last.map(|line| format!("; its last words: {}", line.trim())).unwrap_or_default();
    Fate::Untold(format!("plugin `{plugin}` ended the process that checks it ({status}){last}"))
}

/// A child, and the parent's end of its stdin.
struct Running {
    child: Child,
    hear: BufReader<UnixStream>,
    /// Of a line that has not come to its end.
    begun: Vec<u8>,
    said: Receiver<Vec<u8>>,
}

enum Heard {
    Word(Word),
    /// It has ended, and all that it told was heard.
    End,
    /// It has told nothing for too long.
    Silence,
}

impl Running {
    fn start(context: &Context, request: &Request) -> Result<Running> {
        let (mut ours, theirs) = UnixStream::pair()?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(context.arguments())
            .arg("__conformance")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let (tell, said) = channel();
        let stderr = child.stderr.take();
        std::thread::spawn(move || {
            let mut all = Vec::new();
            let mut part = [0; 4096];
            let Some(mut pipe) = stderr else { return };
            while let Ok(n @ 1..) = pipe.read(&mut part) {
                all.extend_from_slice(&part[..n]);
                let surplus = all.len().saturating_sub(KEPT);
                all.drain(..surplus);
                // Nobody hears any more: then nobody needs it.
                let _ = tell.send(all.clone());
            }
        });
        let mut asked = serde_json::to_vec(request)?;
        asked.push(b'\n');
        // A child that is gone already is found out below.
        let _ = ours.write_all(&asked);
        ours.set_read_timeout(Some(LOOK))?;
        Ok(Running { child, hear: BufReader::new(ours), begun: Vec::new(), said })
    }

    fn next(&mut self, patience: Duration) -> Heard {
        let began = Instant::now();
        let mut ended = false;
        loop {
            match self.hear.read_until(b'\n', &mut self.begun) {
                Ok(n) if n > 0 && self.begun.ends_with(b"\n") => {
                    let line = std::mem::take(&mut self.begun);
                    // Something else that writes there is not the child's word.
                    if let Ok(word) = serde_json::from_slice(&line) {
                        return Heard::Word(word);
                    }
                }
                Err(error) if is_wait(error.kind()) => {
                    if ended {
                        return Heard::End;
                    }
                    // Looked at once more after its end: what it told last may have come meanwhile.
                    ended = !matches!(self.child.try_wait(), Ok(None));
                    if !ended && began.elapsed() > patience {
                        return Heard::Silence;
                    }
                }
                _ => return Heard::End,
            }
        }
    }

    fn ended(&mut self) -> Result<(ExitStatus, String)> {
        let status = self.child.wait()?;
        let mut said = Vec::new();
        while let Ok(all) = self.said.recv_timeout(LAST_WORDS) {
            said = all;
        }
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }

    fn end(&mut self) {
        // Fails where it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn is_wait(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
