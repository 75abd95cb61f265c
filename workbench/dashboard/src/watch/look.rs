//! An image of the latent space as it is looked at: what it is and what the model makes of it. A program of its own
//! answers that, so that what loads a plugin and crashes takes no dashboard with it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::explore::Pixels;

/// An image and its reconstruction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// The step of the checkpoint that reconstructed it.
    pub step: u64,
    pub input: Pixels,
    pub reconstruction: Pixels,
}

/// Longer sides are not looked at in a terminal, and are taken for damage.
const MOST_SIDE: usize = 1 << 14;
/// As much as is kept of what the program says on stderr.
const HEARD: u64 = 1 << 12;

/// Answers one question, as the dashboard reads it: a line, and the pixels behind it.
///
/// # Errors
/// Nobody listens any more.
pub fn answer(out: &mut impl Write, look: &Result<Look, String>) -> io::Result<()> {
    match look {
        Err(why) => writeln!(out, "error {}", why.lines().collect::<Vec<_>>().join(" "))?,
        Ok(look) => {
            let (a, b) = (&look.input, &look.reconstruction);
            writeln!(out, "look {} {} {} {} {}", look.step, a.width, a.height, b.width, b.height)?;
            for picture in [a, b] {
                out.write_all(picture.pixels.as_flattened())?;
            }
        }
    }
    out.flush()
}

/// Reads an answer; the outer error is that of a program that has gone, or speaks of something else.
fn hear(from: &mut impl BufRead) -> io::Result<Result<Look, String>> {
    let mut line = String::new();
    if from.take(HEARD).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if let Some(why) = line.strip_prefix("error ") {
        return Ok(Err(why.trim_end().to_owned()));
    }
    let strange = || io::Error::from(io::ErrorKind::InvalidData);
    let numbers = line.strip_prefix("look ").ok_or_else(strange)?;
    let numbers: Vec<u64> = numbers
        .split_whitespace()
        .map(|n| n.parse().map_err(|_| strange()))
        .collect::<Result<_, _>>()?;
    let [step, sides @ ..] = &numbers[..] else { return Err(strange()) };
    let [aw, ah, bw, bh] = *sides else { return Err(strange()) };
    Ok(Ok(Look {
        step: *step,
        input: picture(from, aw, ah)?,
        reconstruction: picture(from, bw, bh)?,
    }))
}

fn picture(from: &mut impl BufRead, width: u64, height: u64) -> io::Result<Pixels> {
    let side = |n: u64| usize::try_from(n).ok().filter(|&n| n <= MOST_SIDE);
    let (Some(width), Some(height)) = (side(width), side(height)) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    // Grown as it is read: a size that is told is not yet there.
    let mut bytes = Vec::new();
    let length = width * height * 3;
    if from.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (pixels, _) = bytes.as_chunks::<3>();
    Ok(Pixels { width, height, pixels: pixels.to_vec() })
}

/// What became of a point that was asked for.
pub(crate) type Seen = (usize, Result<Look, String>);

/// Asks the program, which is started with the first question and ends with the screen.
pub(crate) struct Looker {
    points: Sender<usize>,
    pub seen: Receiver<Seen>,
}

impl Looker {
    /// `command`: the program and its arguments; empty where there is none.
    pub fn new(command: &[OsString]) -> Looker {
        let (points, asked) = mpsc::channel();
        let (tell, seen) = mpsc::channel();
        let command = command.to_vec();
        let refused = tell.clone();
        let work = move || look(&command, &asked, &tell);
        if thread::Builder::new().name("looker".to_owned()).spawn(work).is_err() {
            let _ = refused.send((0, Err("the system has no thread left".to_owned())));
        }
        Looker { points, seen }
    }

    pub fn ask(&self, point: usize) {
        // Where the thread is gone its reason has been told.
        let _ = self.points.send(point);
    }
}

fn look(command: &[OsString], asked: &Receiver<usize>, tell: &Sender<Seen>) {
    let mut program = None;
    while let Ok(point) = asked.recv() {
        // Whoever moves on wants to see where they are now.
        let point = asked.try_iter().last().unwrap_or(point);
        let look = ask(command, &mut program, point);
        if tell.send((point, look)).is_err() {
            return;
        }
    }
}

/// A program at work, which ends when this is dropped.
struct Program {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

fn ask(command: &[OsString], program: &mut Option<Program>, point: usize) -> Result<Look, String> {
    if program.is_none() {
        *program = Some(start(command)?);
    }
    let Some(at_work) = program else { return Err("it did not start".to_owned()) };
    match at_work.ask(point) {
        Ok(look) => look,
        // The next question starts another.
        Err(error) => Err(program.take().map_or(error.to_string(), |gone| gone.last_words(&error))),
    }
}

fn start(command: &[OsString]) -> Result<Program, String> {
    let [name, arguments @ ..] = command else {
        return Err("this log is no run of ours: there is no model to ask".to_owned());
    };
    let piped = Command::new(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = piped.map_err(|error| format!("{}: {error}", name.display()))?;
    let questions = child.stdin.take();
    let answers = child.stdout.take().ok_or("it has no stdout")?;
    Ok(Program { child, questions, answers: BufReader::new(answers) })
}

impl Program {
    fn ask(&mut self, point: usize) -> io::Result<Result<Look, String>> {
        if let Some(questions) = &mut self.questions {
            writeln!(questions, "{point}")?;
            questions.flush()?;
        }
        hear(&mut self.answers)
    }

    /// Why it ended: what it said of it, or else how.
    fn last_words(mut self, error: &io::Error) -> String {
        self.questions = None;
        let mut said = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(HEARD).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        let line = said.lines().find(|line| line.starts_with("error: ")).or(said.lines().last());
        match (line, self.child.wait()) {
            (Some(line), _) => line.strip_prefix("error: ").unwrap_or(line).to_owned(),
            (None, Ok(status)) => format!("what asks the model ended with {status}"),
            (None, Err(_)) => format!("what asks the model has gone: {error}"),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its questions end, and with them the program; one that hangs is ended.
        self.questions = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(width: usize, height: usize) -> Pixels {
        let pixels = (0..width * height).map(|i| [i as u8, 2 * i as u8, 255]).collect();
        Pixels { width, height, pixels }
    }

    #[test]
    fn what_is_answered_is_what_is_heard() {
        let look = Look { step: 12, input: pixels(3, 2), reconstruction: pixels(1, 4) };
        let mut bytes = Vec::new();
        answer(&mut bytes, &Ok(look.clone())).unwrap();
        answer(&mut bytes, &Err("no such\npoint".to_owned())).unwrap();
        let mut from = &bytes[..];
        assert_eq!(hear(&mut from).unwrap(), Ok(look));
        assert_eq!(hear(&mut from).unwrap(), Err("no such point".to_owned()));
        assert!(hear(&mut from).is_err());
    }

    #[test]
    fn nonsense_is_an_error_and_takes_no_memory() {
        for text in [
            "look 1 2",
            "look 1 9999999999 9999999999 1 1",
            "look 1 2 2 2 2\nab",
            "what\n",
            "look a b c d e",
        ] {
            assert!(hear(&mut text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_program_that_fails_is_quoted_and_started_again() {
        let words = |script: &str| ["sh".into(), "-c".into(), script.into()];
        let looker = Looker::new(&words("read x; echo error: no model >&2; exit 2"));
        for point in [3, 4] {
            looker.ask(point);
            assert_eq!(looker.seen.recv().unwrap(), (point, Err("no model".to_owned())));
        }
        let looker = Looker::new(&words("kill -9 $$"));
        looker.ask(1);
        assert!(looker.seen.recv().unwrap().1.unwrap_err().contains("signal"));
        let looker = Looker::new(&[]);
        looker.ask(1);
        assert!(looker.seen.recv().unwrap().1.unwrap_err().contains("no run of ours"));
    }
}
