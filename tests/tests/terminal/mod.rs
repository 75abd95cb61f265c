//! A terminal with a command in it: its keyboard, its screen, and what was written to it.

// Each test file compiles it anew, and uses a part of it.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system,
};
use rustix::process::{Pid, kill_process};
use workbench_tests::{DEADLINE, Signal, Workbench, poll, repository, workbench_binary};

/// A terminal with a command in it. The command is ended when this is dropped.
pub struct Terminal {
    shown: String,
    process: Process,
    /// Kept open, so that how the command left the terminal can be seen.
    slave: Box<dyn SlavePty + Send>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    line_discipline: String,
    seen: Arc<Mutex<Seen>>,
    reader: JoinHandle<()>,
}

/// What came from the command.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    last: Instant,
    /// The reader is to let go of the terminal.
    closing: bool,
}

impl Terminal {
    /// Runs `workbench` in a terminal of that many columns and rows.
    pub fn workbench(workbench: &Workbench, size: (u16, u16), arguments: &[&str]) -> Terminal {
        Terminal::open(size, command(workbench, arguments))
    }

    /// Runs a command in a terminal of that many columns and rows.
    pub fn open((columns, rows): (u16, u16), command: CommandBuilder) -> Terminal {
        let pair = native_pty_system().openpty(measured(columns, rows)).expect("a pseudo-terminal");
        let line_discipline = line_discipline(&*pair.master);
        let words: Vec<_> = command.get_argv().iter().map(|word| word.to_string_lossy()).collect();
        let shown = words[1..].join(" ");
        let process = pair.slave.spawn_command(command).expect("the command starts");
        let seen = Arc::new(Mutex::new(Seen {
            parser: vt100::Parser::new(rows, columns, 0),
            bytes: Vec::new(),
            last: Instant::now(),
            closing: false,
        }));
        let output = pair.master.try_clone_reader().expect("a terminal can be read");
        let reader = std::thread::spawn({
            let seen = Arc::clone(&seen);
            move || read(output, &seen)
        });
        Terminal {
            shown,
            process: Process(process),
            slave: pair.slave,
            keys: pair.master.take_writer().expect("a terminal can be written to"),
            master: pair.master,
            line_discipline,
            seen,
            reader,
        }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("keys");
    }

    /// What is on the screen, row by row, without the blanks at their ends.
    pub fn text(&self) -> String {
        let seen = self.seen();
        let (_, columns) = seen.parser.screen().size();
        let rows = seen.parser.screen().rows(0, columns);
        // A blank that was written and a cell that never was look the same.
        rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// Waits until each of `words` is on the screen, and returns what is there.
    ///
    /// # Panics
    /// The deadline passed, or the command ended without it; the screen is in the message.
    #[track_caller]
    pub fn shows(&mut self, words: &[&str]) -> String {
        self.until(&format!("{words:?}"), |text| words.iter().all(|word| text.contains(word)))
    }

    /// Waits until the screen is as wanted, and returns what is there.
    ///
    /// # Panics
    /// As [`Terminal::shows`].
    #[track_caller]
    pub fn until(&mut self, what: &str, mut wanted: impl FnMut(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            // Before the screen is looked at: what a command shows last is not to be missed.
            let ended = self.process.ended();
            let text = self.text();
            if wanted(&text) {
                return text;
            }
            let late = began.elapsed() > DEADLINE;
            let over = ended.is_some() && began.elapsed() > Duration::from_secs(2);
            assert!(
                !late && !over,
                "no {what} on the screen of `{}` ({ended:?}):\n{text}",
                self.shown
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until nothing has been written for that long, and returns how much was written until then.
    pub fn quiet_for(&self, long: Duration) -> usize {
        poll(&format!("quiet from `{}`", self.shown), || {
            let seen = self.seen();
            (seen.last.elapsed() >= long).then_some(seen.bytes.len())
        })
    }

    /// So many bytes were written so far.
    pub fn written(&self) -> usize {
        self.seen().bytes.len()
    }

    /// The terminal is resized by whoever looks at it.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let mut seen = self.seen();
        // vt100 0.16 panics where a line is continued on a screen of one row; one more row does no harm.
        seen.parser.screen_mut().set_size(rows.max(2), columns);
        self.master.resize(measured(columns, rows)).expect("a terminal can be resized");
    }

    /// Sends the command a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.process.pid(), signal).expect("the command is there");
    }

    /// The most memory that the command has held so far, in bytes; 0 where there is no /proc to look in.
    pub fn peak_memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) * 1024
    }

    /// Waits for the end of the command.
    ///
    /// # Panics
    /// The deadline passed; the screen is in the message.
    #[track_caller]
    pub fn ended(mut self) -> Left {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.process.ended() {
                break status;
            }
            let (shown, text) = (&self.shown, self.text());
            assert!(began.elapsed() < DEADLINE, "`{shown}` does not end:\n{text}");
            std::thread::sleep(Duration::from_millis(2));
        };
        let restored = line_discipline(&*self.master) == self.line_discipline;
        // The last one that writes to the terminal: the reader comes to the end of it.
        drop(self.slave);
        self.reader.join().expect("the reader of a terminal");
        let seen = self.seen.lock().expect("the reader does not panic");
        let screen = seen.parser.screen();
        Left {
            shown: self.shown,
            status,
            text: screen.contents(),
            bytes: seen.bytes.clone(),
            restored: restored && !screen.alternate_screen() && !screen.hide_cursor(),
        }
    }

    /// The terminal goes away, as when its window or its connection is closed; the command is there still.
    pub fn close(mut self, last_key: &str) -> Process {
        // The reader waits for output, and holds the terminal open for that long: so there has to be some.
        self.seen().closing = true;
        self.press(last_key);
        self.reader.join().expect("the reader of a terminal");
        drop((self.keys, self.master));
        self.process
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("the reader does not panic")
    }
}

/// The process of a terminal's command, which is ended when this is dropped.
pub struct Process(Box<dyn Child + Send + Sync>);

impl Process {
    /// How it ended, `None` while it is there.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child can be waited for")
    }

    fn pid(&self) -> Pid {
        let pid = self.0.process_id().and_then(|pid| pid.try_into().ok());
        pid.and_then(Pid::from_raw).expect("a command that runs has a process")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A command that has ended, and was waited for, must not be signalled: its number may be another's.
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.0.wait();
        }
    }
}

/// What a command left behind in its terminal.
pub struct Left {
    pub shown: String,
    pub status: ExitStatus,
    /// What is on the screen.
    pub text: String,
    /// Everything that was ever written.
    pub bytes: Vec<u8>,
    /// The terminal is as it was: its modes, its own screen, its cursor.
    pub restored: bool,
}

impl Left {
    /// Itself, where the command ended with `code` and the terminal is as it was.
    #[track_caller]
    pub fn exits(self, code: u32) -> Left {
        assert!(
            self.status.signal().is_none() && self.status.exit_code() == code,
            "`{}`: {} instead of code {code}\n{}",
            self.shown,
            self.status,
            self.text
        );
        assert!(self.restored, "`{}` leaves the terminal changed:\n{}", self.shown, self.text);
        self
    }
}

/// `workbench` with its arguments, as [`Workbench::start`] would start it, on a terminal that can do much.
fn command(workbench: &Workbench, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(workbench_binary());
    command.arg("--runs");
    command.arg(workbench.runs());
    command.args(arguments);
    command.cwd(repository());
    for (name, value) in variables(workbench) {
        command.env(name, value);
    }
    for name in ["NO_COLOR", "LC_ALL", "LC_CTYPE", "WORKBENCH_PLUGINS"] {
        command.env_remove(name);
    }
    command
}

/// What the dashboard's look depends on, and what whoever runs the tests must not change.
pub fn variables(workbench: &Workbench) -> Vec<(&'static str, String)> {
    vec![
        ("TERM", "xterm-256color".to_owned()),
        ("COLORTERM", "truecolor".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("CARGO_NET_OFFLINE", "true".to_owned()),
        ("XDG_DATA_HOME", workbench.folder().join("home").display().to_string()),
    ]
}

/// The same command on another kind of terminal.
pub fn on_a(terminal: &str, workbench: &Workbench, arguments: &[&str]) -> CommandBuilder {
    let mut command = command(workbench, arguments);
    command.env("TERM", terminal);
    command
}

fn read(mut output: Box<dyn Read + Send>, seen: &Mutex<Seen>) {
    let mut buffer = [0; 1 << 16];
    // An error is how a terminal ends that nobody writes to any more.
    while let Ok(n @ 1..) = output.read(&mut buffer) {
        let mut seen = seen.lock().expect("whoever looks does not panic holding it");
        if seen.closing {
            return;
        }
        seen.parser.process(&buffer[..n]);
        seen.bytes.extend_from_slice(&buffer[..n]);
        seen.last = Instant::now();
    }
}

/// With cells of 8 by 16 pixels.
fn measured(cols: u16, rows: u16) -> PtySize {
    PtySize { cols, rows, pixel_width: cols * 8, pixel_height: rows * 16 }
}

/// Echo, line editing, signals from keys: as text, to be compared.
fn line_discipline(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("a terminal has modes"))
}
