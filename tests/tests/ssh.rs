//! Over a real ssh connection: whatever becomes of the connection, the trainer goes on.
//!
//! The server is this machine's own, started by the test on a free port of the loopback interface, with keys and
//! settings of its own. Nothing of the machine's or the user's is read.

mod terminal;

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use portable_pty::CommandBuilder;
use rustix::process::{Pid, kill_process};
use terminal::{Terminal, variables};
use workbench_tests::{
    Run, SMALL_MLP, Signal, Workbench, poll, repository, skip, with, workbench_binary,
};

/// Long enough that the connection is lost in the middle, and over within a test's time.
const LONG: &[&str] = &["train.steps=3000", "architecture.hidden=400"];
const STEPS: u64 = 3000;

#[test]
fn a_killed_client_does_not_reach_the_trainer() {
    survives(|terminal, _| {
        terminal.signal(Signal::KILL);
        terminal.ended();
    });
}

#[test]
fn a_killed_server_session_does_not_reach_the_trainer() {
    survives(|terminal, server| {
        let sessions = server.sessions();
        assert!(!sessions.is_empty(), "no session of the server is known");
        for session in sessions {
            // One that ends with another is not there any more.
            let _ = kill_process(session, Signal::KILL);
        }
        // The client notices.
        assert!(!terminal.ended().status.success());
    });
}

/// Trains in a session, which `lose` then ends somehow, and looks at the run from a new one.
fn survives(lose: impl FnOnce(Terminal, &Server)) {
    let workbench = Workbench::new();
    let Some(server) = Server::start(&workbench) else { return };
    let run = workbench.run("one");
    let train = with(SMALL_MLP, &[LONG, &["--name", "one"]].concat());
    let mut terminal = server.session(&workbench, (80, 24), &train);
    terminal.shows(&["one", "running", "[1 Loss]", "/3000"]);
    poll("some steps", || (step(&run) >= 50).then_some(()));
    assert_eq!(viewers(&workbench), 1);

    lose(terminal, &server);
    let at = step(&run);
    assert_eq!(run.state(), "running", "too few steps for this test");
    poll("the end of the viewer", || (viewers(&workbench) == 0).then_some(()));
    poll("more steps", || (step(&run) > at).then_some(()));
    poll("the end of the run", || (run.state() != "running").then_some(()));
    assert_eq!((run.state().as_str(), step(&run)), ("finished", STEPS));
    let log = workbench.command(&["log", "one", "--json"]).ok();
    let mut steps: Vec<_> = log
        .lines()
        .iter()
        .filter(|record| record["values"].get("train/loss").is_some())
        .map(|record| record["step"].as_u64().unwrap())
        .collect();
    steps.dedup();
    assert_eq!(steps, (1..=STEPS / 10).map(|n| n * 10).collect::<Vec<_>>());

    for size in [(80, 24), (200, 60)] {
        let mut terminal = server.session(&workbench, size, &["attach", "latest"]);
        terminal.shows(&["one", "finished", "3000/3000"]);
        terminal.until("the history", |text| !text.contains("reading history"));
        terminal.press("\x1b[H");
        terminal.shows(&["loss  at 10:"]);
        terminal.press("\x1b[F");
        terminal.until("no cursor", |text| !text.contains("loss  at "));
        terminal.press("\x1b[D");
        terminal.shows(&["loss  at 3000:"]);
        terminal.press("q");
        terminal.ended().exits(0);
    }
}

fn step(run: &Run) -> u64 {
    run.status().and_then(|status| status["step"].as_u64()).unwrap_or(0)
}

/// An ssh server of the test's own. It is ended when this is dropped.
struct Server {
    process: Child,
    port: u16,
    folder: PathBuf,
    ssh: PathBuf,
}

impl Server {
    /// `None`, and why is said, where this machine lacks what it takes.
    fn start(workbench: &Workbench) -> Option<Server> {
        let [sshd, ssh, ssh_keygen] = ["sshd", "ssh", "ssh-keygen"].map(program);
        let (Some(sshd), Some(ssh), Some(ssh_keygen)) = (sshd, ssh, ssh_keygen) else {
            skip("sshd, ssh or ssh-keygen is missing (Debian: apt-get install openssh-server)");
            return None;
        };
        // Started by root, it wants this one folder, which its service would make.
        if rustix::process::getuid().is_root() && fs::create_dir_all("/run/sshd").is_err() {
            skip("/run/sshd, which sshd wants, can't be made");
            return None;
        }
        let folder = workbench.folder().join("ssh");
        fs::create_dir(&folder).unwrap();
        for key in ["host_key", "key"] {
            let mut make = Command::new(&ssh_keygen);
            make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(key));
            assert!(make.stdin(Stdio::null()).status().unwrap().success(), "no key was made");
        }
        fs::copy(folder.join("key.pub"), folder.join("authorized_keys")).unwrap();
        let mut server = Server::listen(&sshd, &ssh, &folder);
        // Another process may have taken the port meanwhile.
        for _ in 0..5 {
            if server.is_listening() {
                break;
            }
            server = Server::listen(&sshd, &ssh, &folder);
        }
        assert!(server.is_listening(), "{}", server.log());
        server.lets_in().then_some(server)
    }

    fn listen(sshd: &Path, ssh: &Path, folder: &Path) -> Server {
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
        let port = free.expect("a free port").port();
        let place = folder.display();
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host_key\n\
             AuthorizedKeysFile {place}/authorized_keys\nPubkeyAuthentication yes\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nStrictModes no\nUsePAM no\nPidFile none\n\
             PrintMotd no\nPrintLastLog no\nLogLevel VERBOSE\n"
        );
        fs::write(folder.join("sshd_config"), settings).unwrap();
        let log = File::create(folder.join("sshd.log")).unwrap();
        let mut command = Command::new(sshd);
        command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().expect("sshd starts");
        Server { process, port, folder: folder.to_owned(), ssh: ssh.to_owned() }
    }

    /// Waits until it listens, or has ended.
    fn is_listening(&mut self) -> bool {
        poll("sshd", || {
            let ended = self.process.try_wait().expect("a child can be waited for").is_some();
            match self.log().contains("Server listening on") {
                true => Some(true),
                false => ended.then_some(false),
            }
        })
    }

    /// Whether this user may come in at all: no server lets those in whose account is locked.
    fn lets_in(&self) -> bool {
        let mut command = Command::new(&self.ssh);
        command.args(self.client()).arg("true").stdin(Stdio::null());
        let said = command.output().expect("ssh starts");
        if said.status.success() {
            return true;
        }
        let log = self.log();
        assert!(
            log.contains("account is locked"),
            "{}\n{log}",
            String::from_utf8_lossy(&said.stderr)
        );
        skip("sshd lets nobody in whose account is locked, as this user's is");
        false
    }

    /// `workbench` in a new connection's terminal of that size.
    fn session(&self, workbench: &Workbench, size: (u16, u16), arguments: &[&str]) -> Terminal {
        // A file, so that no shell on the way takes the arguments apart.
        let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
        let mut lines = vec![format!("cd {} || exit", quoted(&repository().to_string_lossy()))];
        for (name, value) in variables(workbench) {
            lines.push(format!("export {name}={}", quoted(&value)));
        }
        // For cargo, which `train` has build the plugins.
        let path = std::env::var("PATH").expect("a test has a PATH");
        lines.push(format!("export PATH={}", quoted(&path)));
        let (binary, runs) = (workbench_binary().display().to_string(), workbench.runs());
        let words = [&binary, "--runs", &runs.to_string_lossy()].map(quoted);
        let arguments = arguments.iter().map(|word| quoted(word));
        let words: Vec<_> = words.into_iter().chain(arguments).collect();
        lines.push(format!("exec {}", words.join(" ")));
        let script = self.folder.join("session.sh");
        fs::write(&script, lines.join("\n")).unwrap();

        let mut command = CommandBuilder::new(&self.ssh);
        command.env("TERM", "xterm-256color");
        command.arg("-tt");
        command.args(self.client());
        command.arg("sh");
        command.arg(script);
        Terminal::open(size, command)
    }

    /// What every client is told: to read nothing of the user's, and to ask nobody anything.
    fn client(&self) -> Vec<String> {
        let settings = [
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "LogLevel=ERROR",
        ];
        let key = self.folder.join("key").display().to_string();
        let port = self.port.to_string();
        let mut words = vec!["-F", "none", "-i", &key, "-p", &port];
        words.extend(settings.iter().flat_map(|setting| ["-o", setting]));
        words.push("127.0.0.1");
        words.into_iter().map(str::to_owned).collect()
    }

    /// The processes that serve the connections there are; what runs in a connection is not among them.
    fn sessions(&self) -> Vec<Pid> {
        let mut served = vec![self.process.id() as i32];
        let all = processes();
        let mut looked_at = 0;
        while looked_at < served.len() {
            let parent = served[looked_at];
            let children = all.iter().filter(|process| process.parent == parent);
            served.extend(children.filter(|child| child.name.contains("sshd")).map(|it| it.pid));
            looked_at += 1;
        }
        served.into_iter().skip(1).filter_map(Pid::from_raw).collect()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("sshd.log")).expect("the server's log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// So many dashboards look at this test's runs.
fn viewers(workbench: &Workbench) -> usize {
    let runs = workbench.runs().display().to_string();
    let all = processes();
    let ours = |words: &str| words.contains(&runs) && !words.contains("__trainer");
    all.iter().filter(|it| it.name == "workbench" && ours(&it.words)).count()
}

struct Process {
    pid: i32,
    parent: i32,
    name: String,
    words: String,
}

/// What /proc knows of.
fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let process = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let parent = rest.split_whitespace().nth(1)?.parse().ok()?;
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        Some(Process { pid, parent, name: name.to_owned(), words })
    };
    entries.filter_map(process).collect()
}

/// The path of an installed program.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Where a server is, and not all users look.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_absolute() && file.is_file())
}
