//! The decoder at work, on a thread of its own: what is wished for first is done first, but of pictures only the
//! newest wish counts.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::decoder::{Code, Decoder, DrawFrom, Item, Pixels, Random, Space, Work};
use crate::Error;

/// How often it is looked whether the run has a newer checkpoint.
const LOOK: Duration = Duration::from_secs(1);

/// Something wished of the decoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Job {
    Picture {
        version: u64,
        code: Code,
    },
    Strip {
        version: u64,
        codes: Vec<Code>,
    },
    /// An item, to begin from it or only to show it anew.
    Item {
        item: usize,
        begin: bool,
    },
    Random {
        draw: u64,
        what: Drawn,
        /// What the random code is to be conditioned on.
        of: Code,
        from: DrawFrom,
    },
    /// How images are shown from now on.
    Show(Option<usize>),
    Save(Box<Work>),
}

/// What a random code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// It is where sliders begin.
    Start,
    /// It moves those that are not locked.
    Unlocked,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Answer {
    Picture { version: u64, picture: Result<Pixels, String> },
    Strip { version: u64, pictures: Result<Vec<Pixels>, String> },
    Item { item: usize, begin: bool, read: Result<Item, String> },
    Random { draw: u64, what: Drawn, from: DrawFrom, made: Result<Random, String> },
    Saved(Result<Vec<PathBuf>, String>),
    Newer(Result<Box<Space>, String>),
}

/// The ends that the screen holds of its worker, which ends when they are dropped.
pub(crate) struct Worker {
    pub jobs: Sender<Job>,
    pub answers: Receiver<Answer>,
    /// Has something to read when there are answers.
    pub bell: UnixStream,
}

/// Starts a worker.
///
/// # Errors
/// [`Error::Reader`] where the system has no thread or no pair of sockets left.
pub(crate) fn start(decoder: Box<dyn Decoder>) -> Result<Worker, Error> {
    let (jobs, todo) = mpsc::channel();
    let (tell, answers) = mpsc::channel();
    let (bell, mut ring) = UnixStream::pair().map_err(|_| Error::Reader)?;
    bell.set_nonblocking(true).map_err(|_| Error::Reader)?;
    // A bell that has rung often enough rings already.
    ring.set_nonblocking(true).map_err(|_| Error::Reader)?;
    let answer = move |answer| {
        let told = tell.send(answer).is_ok();
        let _ = ring.write(&[0]);
        told
    };
    let spawned =
        thread::Builder::new().name("decoder".to_owned()).spawn(|| work(decoder, todo, answer));
    spawned.map_err(|_| Error::Reader)?;
    Ok(Worker { jobs, answers, bell })
}

fn work(
    mut decoder: Box<dyn Decoder>,
    todo: Receiver<Job>,
    mut answer: impl FnMut(Answer) -> bool,
) {
    let mut looked = Instant::now();
    let mut trouble = None;
    loop {
        let mut jobs = Vec::new();
        match todo.recv_timeout(LOOK.saturating_sub(looked.elapsed())) {
            Ok(job) => jobs.push(job),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        jobs.extend(todo.try_iter());
        for job in newest(jobs) {
            if carry_out(&mut *decoder, job).is_some_and(|done| !answer(done)) {
                return;
            }
        }
        if looked.elapsed() >= LOOK {
            let found = decoder.newer();
            // The same trouble is told once.
            let is_new = !matches!(&found, Err(why) if Some(why) == trouble.as_ref());
            trouble = found.as_ref().err().cloned();
            let told = match found.transpose() {
                Some(found) if is_new => answer(Answer::Newer(found.map(Box::new))),
                _ => true,
            };
            if !told {
                return;
            }
            looked = Instant::now();
        }
    }
}

/// The jobs without those that a later one of the same kind makes idle.
fn newest(jobs: Vec<Job>) -> Vec<Job> {
    let kind = |job: &Job| match job {
        Job::Picture { .. } => Some(0),
        Job::Strip { .. } => Some(1),
        Job::Item { begin, .. } => Some(2 + i32::from(*begin)),
        Job::Show(_) => Some(4),
        Job::Random { .. } | Job::Save(_) => None,
    };
    let last = |wanted| jobs.iter().rposition(|job| kind(job) == wanted);
    let kept: Vec<bool> = (0..jobs.len())
        .map(|i| kind(&jobs[i]).is_none() || last(kind(&jobs[i])) == Some(i))
        .collect();
    jobs.into_iter().zip(kept).filter_map(|(job, kept)| kept.then_some(job)).collect()
}

/// Does it; not everything has an answer.
pub(crate) fn carry_out(decoder: &mut dyn Decoder, job: Job) -> Option<Answer> {
    Some(match job {
        Job::Picture { version, code } => {
            let picture = decoder.decode(&[code]).and_then(|mut pictures| {
                pictures.pop().ok_or_else(|| "the model made no picture".to_owned())
            });
            Answer::Picture { version, picture }
        }
        Job::Strip { version, codes } => {
            Answer::Strip { version, pictures: decoder.decode(&codes) }
        }
        Job::Item { item, begin } => Answer::Item { item, begin, read: decoder.item(item) },
        Job::Random { draw, what, of, from } => {
            Answer::Random { draw, what, from, made: decoder.random(draw, &of, from) }
        }
        Job::Save(work) => Answer::Saved(decoder.save(&work)),
        Job::Show(moment) => {
            decoder.show(moment);
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_picture_is_decoded_and_nothing_else_is_lost() {
        let picture = |version| Job::Picture { version, code: Code::default() };
        let strip = |version| Job::Strip { version, codes: Vec::new() };
        let (of, from) = (Code::default(), DrawFrom::Fitted);
        let noise = |draw| Job::Random { draw, what: Drawn::Start, of: of.clone(), from };
        let kept = newest(vec![picture(1), noise(1), strip(1), picture(2), noise(2), strip(2)]);
        assert_eq!(kept, [noise(1), picture(2), noise(2), strip(2)]);
    }
}
