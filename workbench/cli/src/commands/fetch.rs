//! `data fetch`: a data set's files, from the addresses in its card.

mod progress;
mod surroundings;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use progress::Progress;
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use workbench_fetch::{Error, Fetcher, Member, Settings, Wanted};

use crate::arguments::Fetch;
use crate::card::{Card, FileEntry};
use crate::console;
use crate::context::Context;
use crate::failure::{Failure, Result, STOPPED};

/// What there was to do about one file.
struct Done {
    path: std::path::PathBuf,
    /// there, fetched, unpacked
    state: &'static str,
    bytes: u64,
    sha256: Option<String>,
    address: Option<String>,
    resumed: u64,
}

/// A fetch under way.
struct Errand<'a> {
    card: &'a Card,
    fetcher: Fetcher,
    over: Arc<AtomicBool>,
    force: bool,
    /// Nothing but JSON goes to stdout.
    quiet: bool,
}

pub fn fetch(context: &Context, fetch: &Fetch) -> Result<()> {
    let card = Card::find(context, &fetch.name)?;
    let claim = workbench_fetch::claim(&card.folder).map_err(|error| failure(&card, error))?;
    let settings = Settings {
        proxies: surroundings::proxies(),
        certificates: surroundings::certificates()?,
        silence: Duration::from_secs(fetch.timeout),
        connect: Duration::from_secs(fetch.timeout.min(20)),
        ..Settings::default()
    };
    let over = Arc::new(AtomicBool::new(false));
    // First, so that the first INT finds the flag still down.
    flag::register_conditional_shutdown(SIGINT, STOPPED.into(), over.clone())?;
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, over.clone())?;
    }
    let fetcher = Fetcher::new(settings);
    let (force, quiet) = (fetch.force, fetch.json.json);
    let done = Errand { card: &card, fetcher, over, force, quiet }.run()?;
    drop(claim);
    let fetched = done.iter().filter(|done| done.state != "there").count();
    if quiet {
        console::json(&described(&card, &done));
    } else if fetched == 0 {
        console::line(format_args!("{}: every file is there, as its card says", card.name));
    }
    Ok(())
}

impl Errand<'_> {
    fn run(&self) -> Result<Vec<Done>> {
        let files = &self.card.content.files;
        let mut done = Vec::new();
        let mut wanted = Vec::new();
        for file in files {
            match self.is_to_come(file)? {
                true => wanted.push(file),
                false => done.push(there(self.card, file)),
            }
        }
        if let Some(by_hand) = wanted.iter().find(|file| !file.can_be_fetched()) {
            return Err(self.unfetchable(by_hand, &done));
        }
        for file in wanted.iter().filter(|file| file.archive.is_none()) {
            done.push(self.one(file)?);
        }
        for archive in &self.card.content.archives {
            let is_of_it = |file: &&&FileEntry| file.archive.as_ref() == Some(&archive.path);
            let members: Vec<_> = wanted.iter().filter(is_of_it).copied().collect();
            if !members.is_empty() {
                done.extend(self.members(archive, &members)?);
            }
        }
        Ok(done)
    }

    /// Whether a file is to be got; says why where something else has its name.
    fn is_to_come(&self, file: &FileEntry) -> Result<bool> {
        let exists = self.card.path(file).exists();
        if !exists || (self.force && file.can_be_fetched()) {
            return Ok(true);
        }
        let fault = self.card.fault(file);
        if self.over.load(Ordering::Relaxed) {
            return Err(failure(self.card, stopped(file)));
        }
        if let Some(fault) = &fault {
            console::note(format_args!("{} is not as its card says: {fault}", file.path.display()));
        }
        Ok(fault.is_some())
    }

    fn one(&self, file: &FileEntry) -> Result<Done> {
        let path = self.card.path(file);
        let sums = self.card.sums(file);
        let is_first = sums.sha256.is_none();
        let mut progress = Progress::new(&file.path);
        let wanted = Wanted {
            path: path.clone(),
            addresses: &file.addresses,
            size: file.size(),
            sums,
            anew: self.force,
        };
        let fetched = self.fetcher.fetch(&wanted, &self.over, &mut |event| progress.tell(&event));
        progress.end();
        let fetched = fetched.map_err(|error| failure(self.card, error))?;
        if is_first {
            trusted(file, &fetched.digest.sha256);
        }
        self.say(&path);
        Ok(Done {
            path: file.path.clone(),
            state: "fetched",
            bytes: fetched.digest.bytes,
            sha256: Some(fetched.digest.sha256),
            address: Some(fetched.address),
            resumed: fetched.resumed,
        })
    }

    /// The archive is fetched where it is not there, and removed once all is out of it, where it can be had again.
    fn members(&self, archive: &FileEntry, members: &[&FileEntry]) -> Result<Vec<Done>> {
        let path = self.card.path(archive);
        if self.is_to_come(archive)? {
            if archive.addresses.is_empty() {
                return Err(self.unfetchable(archive, &[]));
            }
            self.one(archive)?;
        }
        let mut done = Vec::new();
        for file in members {
            let sums = self.card.sums(file);
            let is_first = sums.sha256.is_none();
            let member = Member {
                name: file.member.clone().unwrap_or_default(),
                path: self.card.path(file),
                size: file.size(),
                sums,
            };
            console::note(format_args!("unpacking {}", file.path.display()));
            let digest = workbench_fetch::unpack(&path, &member, &self.over)
                .map_err(|error| failure(self.card, error))?;
            if is_first {
                trusted(file, &digest.sha256);
            }
            self.say(&member.path);
            done.push(Done {
                path: file.path.clone(),
                state: "unpacked",
                bytes: digest.bytes,
                sha256: Some(digest.sha256),
                address: None,
                resumed: 0,
            });
        }
        if !archive.addresses.is_empty() {
            std::fs::remove_file(&path)?;
        }
        Ok(done)
    }

    /// A file that the card has no address for.
    fn unfetchable(&self, file: &FileEntry, done: &[Done]) -> Failure {
        let card = self.card;
        let Some(instructions) = &card.content.instructions else {
            return Failure::usage(format_args!(
                "the card of `{}` has no address for {}: get it from the source that the card names, into {}",
                card.name,
                file.path.display(),
                card.folder.display()
            ));
        };
        match self.quiet {
            true => console::json(&described(card, done)),
            false => console::line(console::plain(instructions.trim_end())),
        }
        Failure::usage(format_args!(
            "`{}` cannot be fetched by a command: its files are to be put into {} as its card says",
            card.name,
            card.folder.display()
        ))
    }

    fn say(&self, path: &Path) {
        if !self.quiet {
            console::line(path.display());
        }
    }
}

fn there(card: &Card, file: &FileEntry) -> Done {
    let bytes = std::fs::metadata(card.path(file)).map_or(0, |meta| meta.len());
    let (path, sha256) = (file.path.clone(), None);
    Done { path, state: "there", bytes, sha256, address: None, resumed: 0 }
}

fn trusted(file: &FileEntry, sha256: &str) {
    console::note(format_args!(
        "{0}: its card has no sha256; that of what came is kept in {0}.sha256, and held against it from now on: {sha256}",
        file.path.display()
    ));
}

fn stopped(file: &FileEntry) -> Error {
    Error::Stopped { name: file.path.display().to_string(), kept: 0 }
}

fn described(card: &Card, done: &[Done]) -> Value {
    let files: Vec<_> = done
        .iter()
        .map(|done| {
            json!({
                "path": done.path, "state": done.state, "bytes": done.bytes, "sha256": done.sha256,
                "address": done.address, "resumed": done.resumed,
            })
        })
        .collect();
    json!({
        "name": card.name, "folder": card.folder, "files": files,
        "instructions": card.content.instructions,
    })
}

fn failure(card: &Card, error: Error) -> Failure {
    match error {
        Error::Stopped { name, kept } => Failure::with_code(
            Some(STOPPED.into()),
            format_args!(
                "stopped; {} of {name} are kept, and `workbench data fetch {}` goes on from there",
                console::bytes(kept),
                card.name
            ),
        ),
        Error::Busy(_) | Error::Certificates(_) => Failure::usage(error),
        error => Failure::running(console::plain(&error.to_string())),
    }
}
