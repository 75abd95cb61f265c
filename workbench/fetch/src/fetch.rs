//! From the addresses to the file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use workbench_runs::durable;

use crate::connection::{self, Head, Incoming, Request};
use crate::error::{Error, Trouble};
use crate::part::Part;
use crate::proxies::Proxies;
use crate::sums::{self, Digest, Size, Sums};

/// Tries at one address that bring nothing new.
const IDLE_TRIES: u32 = 3;
/// Connections to one address: a server that closes each after a little is not asked for ever.
const CONNECTIONS: u32 = 100;
/// How often the flag is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How addresses are asked.
#[derive(Clone, Debug)]
pub struct Settings {
    pub proxies: Proxies,
    /// Certificates to trust in place of the usual ones, as PEM.
    pub certificates: Option<Vec<u8>>,
    pub user_agent: String,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the next bytes.
    pub silence: Duration,
    /// Before an address that brought nothing is asked again; twice as long each time.
    pub pause: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            proxies: Proxies::default(),
            certificates: None,
            user_agent: format!("workbench/{}", env!("CARGO_PKG_VERSION")),
            connect: Duration::from_secs(20),
            silence: Duration::from_secs(30),
            pause: Duration::from_secs(1),
        }
    }
}

/// A file to get.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// What it is to be called. Its folder is made.
    pub path: PathBuf,
    /// Tried in turn.
    pub addresses: &'a [String],
    pub size: Size,
    pub sums: Sums,
    /// An earlier process's part is thrown away.
    pub anew: bool,
}

/// What happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// Asks an address, for what comes after so many bytes.
    Asks { address: &'a str, from: u64 },
    /// So many bytes are there; of how many, where that is known.
    Has { bytes: u64, of: Option<u64> },
    /// An address failed; whether it is asked again.
    Failed { address: &'a str, trouble: &'a Trouble, again: bool },
}

/// A file that was got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub digest: Digest,
    /// Where its last bytes are from.
    pub address: String,
    /// So many bytes were there from an earlier process.
    pub resumed: u64,
}

/// Gets files.
#[derive(Clone, Debug, Default)]
pub struct Fetcher {
    settings: Settings,
}

/// Why an attempt ended.
enum End {
    Trouble(Trouble),
    Error(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        End::Error(error)
    }
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> End {
        End::Trouble(trouble)
    }
}

impl Fetcher {
    pub fn new(settings: Settings) -> Fetcher {
        Fetcher { settings }
    }

    /// Gets a file. One of which no sha256 is known has it [recorded](sums::record) beside it.
    ///
    /// # Errors
    /// [`Error::Stopped`] once `over` is raised, [`Error::Nowhere`] where no address gives the file, [`Error::Io`]. What
    /// had the name before is still as it was.
    pub fn fetch(
        &self,
        wanted: &Wanted,
        over: &AtomicBool,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Fetched, Error> {
        if let Some(folder) = wanted.path.parent() {
            durable::make_dir(folder)?;
        }
        let mut part = Part::open(&wanted.path, wanted.size, &wanted.sums, wanted.anew)?;
        let resumed = part.len();
        let mut troubles = Vec::new();
        for address in wanted.addresses {
            match self.try_address(wanted, address, &mut part, over, tell) {
                Ok(()) => {
                    let digest = part.digest();
                    if wanted.sums.sha256.is_none() {
                        sums::record(&wanted.path, &digest.sha256)?;
                    }
                    let address = part.origin().address.clone();
                    part.put_in_place(&wanted.path)?;
                    return Ok(Fetched { digest, address, resumed });
                }
                Err(End::Error(error)) => {
                    // What went wrong before is what is told.
                    let _ = part.tidy();
                    return Err(error);
                }
                Err(End::Trouble(trouble)) => troubles.push((address.clone(), trouble)),
            }
        }
        part.tidy()?;
        Err(Error::Nowhere { name: name(&wanted.path), troubles })
    }

    /// Until the part is the whole, or this address has nothing more to give.
    fn try_address(
        &self,
        wanted: &Wanted,
        address: &str,
        part: &mut Part,
        over: &AtomicBool,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), End> {
        let (mut idle, mut connections, mut was_mixed) = (0, 0, false);
        loop {
            let before = part.len();
            let attempt = self.attempt(wanted, address, part, over, tell);
            let trouble = match attempt {
                Ok(()) => match part.digest().fault(wanted.size, &wanted.sums) {
                    None => return Ok(()),
                    Some(fault) => Trouble::Wrong(fault),
                },
                Err(End::Trouble(trouble)) => trouble,
                Err(error) => return Err(error),
            };
            connections += 1;
            idle = if part.len() > before { 0 } else { idle + 1 };
            let spoilt = trouble.spoils();
            if spoilt {
                part.restart()?;
            }
            // What was wrong may have been there before, or come from elsewhere: all of it is asked for, once.
            let mixed = spoilt && before > 0 && !was_mixed;
            was_mixed |= mixed;
            let patient = trouble.may_pass(idle == 0) && idle < IDLE_TRIES;
            let again = connections < CONNECTIONS && (mixed || patient);
            tell(Event::Failed { address, trouble: &trouble, again });
            if !again {
                return Err(trouble.into());
            }
            if idle > 0 && !mixed {
                self.pause(idle, wanted, part, over)?;
            }
        }
    }

    /// One connection: ends well where everything came that was to come.
    fn attempt(
        &self,
        wanted: &Wanted,
        address: &str,
        part: &mut Part,
        over: &AtomicBool,
        tell: &mut dyn FnMut(Event),
    ) -> Result<(), End> {
        if wanted.size == Size::Exactly(part.len()) {
            // An earlier process was ended between the last byte and the file's name.
            return Ok(());
        }
        let from = part.len();
        let origin = part.origin();
        let validator = origin.validator.clone().filter(|_| origin.address == address);
        tell(Event::Asks { address, from });
        let request = Request { address: address.to_owned(), from, validator };
        let incoming = connection::ask(&self.settings, request)?;
        let mut whole = None;
        let (mut told, mut told_bytes) = (Instant::now(), from);
        loop {
            if over.load(Ordering::Relaxed) {
                return Err(stopped(wanted, part).into());
            }
            match incoming.recv_timeout(LOOK) {
                Ok(Incoming::Head(head)) if head.status == 416 && head.total == Some(from) => {
                    return Ok(());
                }
                Ok(Incoming::Head(head)) => {
                    whole = begin(wanted.size, address, part, &head)?;
                    tell(Event::Has { bytes: part.len(), of: whole });
                }
                Ok(Incoming::Bytes(bytes)) => {
                    let most = whole.unwrap_or(wanted.size.most());
                    if part.len() + bytes.len() as u64 > most {
                        return Err(Trouble::TooLong(most).into());
                    }
                    part.append(&bytes)?;
                    if told.elapsed() > LOOK {
                        (told, told_bytes) = (Instant::now(), part.len());
                        tell(Event::Has { bytes: told_bytes, of: whole });
                    }
                }
                Ok(Incoming::End) => {
                    tell(Event::Has { bytes: part.len(), of: whole });
                    return match whole {
                        Some(of) if part.len() < of => {
                            Err(Trouble::Short { got: part.len(), of }.into())
                        }
                        _ => Ok(()),
                    };
                }
                Ok(Incoming::Failed(trouble)) => return Err(trouble.into()),
                // A stall is not to leave an old number standing.
                Err(RecvTimeoutError::Timeout) if part.len() != told_bytes => {
                    told_bytes = part.len();
                    tell(Event::Has { bytes: told_bytes, of: whole });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Trouble::Connection("it ended without a word".to_owned()).into());
                }
            }
        }
    }

    fn pause(
        &self,
        tries: u32,
        wanted: &Wanted,
        part: &Part,
        over: &AtomicBool,
    ) -> Result<(), Error> {
        let until = Instant::now() + self.settings.pause * (1 << (tries - 1).min(8));
        while Instant::now() < until {
            if over.load(Ordering::Relaxed) {
                return Err(stopped(wanted, part));
            }
            std::thread::sleep(LOOK.min(self.settings.pause));
        }
        Ok(())
    }
}

/// Makes the part ready for what an answer brings, and gives the size of the whole, where it is known.
fn begin(size: Size, address: &str, part: &mut Part, head: &Head) -> Result<Option<u64>, End> {
    let whole = match head.status {
        200 => {
            // Also where a part was asked for: the server gives none, or has another file now.
            part.restart()?;
            head.length
        }
        206 if head.start == Some(part.len()) => {
            head.total.or(head.length.and_then(|length| part.len().checked_add(length)))
        }
        206 => return Err(Trouble::OtherPart.into()),
        416 => {
            // There are fewer bytes than the part has: it is not of that file.
            part.restart()?;
            return Err(Trouble::OtherPart.into());
        }
        status => return Err(Trouble::Status(status).into()),
    };
    if let Some(says) = whole
        && !size.allows(says)
    {
        return Err(Trouble::OtherSize { says, wanted: size.words() }.into());
    }
    part.comes_from(address, head.validator.as_deref())?;
    Ok(match size {
        Size::Exactly(bytes) => Some(bytes),
        Size::AtMost(_) => whole,
    })
}

fn stopped(wanted: &Wanted, part: &Part) -> Error {
    Error::Stopped { name: name(&wanted.path), kept: part.len() }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
